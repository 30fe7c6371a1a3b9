"""Versions of registered models: each with its scores, its lineage and its answers to the validation set.

Registering is idempotent: a model whose content is already registered is not registered again. It may stop at any
point, when a store goes away, and be begun again.
"""

from __future__ import annotations

import importlib.metadata
import io
from contextlib import redirect_stderr
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.registry.champion import CHALLENGER, SCORE, VALIDATION_FILE, Champion, Contender
from bootembed.registry.descriptions import SCORES, describe
from bootembed.registry.lookup import LANGUAGE, connect, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bootembed.registry.candidates import EmbedderCandidate

LINEAGE_FILE = "lineage.json"  # artifact of a version's run: its `Origin`
CONTENT = "content_hash"  # tag of a version
_REQUIREMENTS = ("sentence-transformers", "transformers", "torch")


def register(
    candidates: Sequence[EmbedderCandidate],
    name: str,
    *,
    alias: str,
    language: str | None = None,
    provenance: Mapping[str, str] | None = None,
) -> None:
    """Register all candidates of a language under `name`, and choose champion and challenger among its versions.

    Args:
        candidates: At least one.
        name: Of the registered model.
        alias: Of the champion.
        language: Its name and code, for the description; None: as it was.
        provenance: Commit, experiment and the like that they are from, as tags; None: the present ones.

    Raises:
        StoreError: The store cannot be used.
        DataError: `alias` is that of the challenger.
    """
    if alias == CHALLENGER:
        raise DataError(f"register_models.alias: {alias} is the alias of the second best; choose another one")
    client = connect(begins=True)
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)
    present = {found.tags.get(CONTENT): found for found in client.search_model_versions(f"name='{name}'")}
    provenance = tracking.provenance_tags() if provenance is None else provenance
    contenders = []
    for candidate in candidates:
        digest = content_hash(candidate.folder)
        tags = {**provenance, **_tags(candidate), CONTENT: digest}
        version = present.get(digest) or _add_version(client, candidate, name, tags)
        _update(client, candidate, version)
        contenders.append(Contender(str(version.version), candidate.name, candidate.validation))
    Champion(client, name, alias, contenders).choose()
    if language is not None:
        client.set_registered_model_tag(name, LANGUAGE, language)
    describe(client, name, alias)


def _tags(candidate: EmbedderCandidate) -> dict[str, str]:
    embedder = candidate.validation.median
    return {
        "recipe": candidate.recipe,
        "encoder": candidate.encoder,
        "embedder": str(embedder),
        "training_set": str(embedder.training_set),
        "seed": str(embedder.seed),
        **({} if candidate.origin is None else candidate.origin.tags),
    }


def _add_version(client: Any, candidate: EmbedderCandidate, name: str, tags: dict[str, str]) -> Any:
    """A version appears with all its tags at once: one without a content hash would be registered again."""
    import mlflow
    from sentence_transformers import SentenceTransformer

    mlflow.set_tracking_uri(tracking.tracking_uri())
    embedder = SentenceTransformer(str(candidate.folder), device="cpu")
    run_name = f"register_models-{name}-{candidate.name}"
    with mlflow.start_run(experiment_id=tracking.experiment_id(client), run_name=run_name, tags=tags):
        logged = mlflow.sentence_transformers.log_model(
            embedder,
            name=candidate.name,
            pip_requirements=[f"{package}=={_plain_version(package)}" for package in _REQUIREMENTS],
            signature=_signature(embedder),
        )
        if candidate.origin is not None:
            mlflow.log_dict(asdict(candidate.origin), LINEAGE_FILE)
        with redirect_stderr(io.StringIO()):  # it prints each time that there is such a model, as if that were odd
            version = mlflow.register_model(logged.model_uri, name, tags=tags)
    return client.get_model_version(name, version.version)


def _signature(embedder: Any) -> Any:
    """Texts in, one vector each out: MLflow's UI shows it, and a server of the model reads its input by it."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    vectors = TensorSpec(np.dtype(np.float32), (-1, embedder.get_embedding_dimension()))
    return ModelSignature(inputs=Schema([ColSpec("string")]), outputs=Schema([vectors]))


def _update(client: Any, candidate: EmbedderCandidate, version: Any) -> None:
    """Tag a version with its current scores, and with its lineage if it has none.

    A model that was registered earlier may have been scored again, or be from before lineage was recorded.
    """
    validation = candidate.validation
    tags = {f"{t}.{split}": f"{s:.6f}" for t, splits in candidate.scores.items() for split, s in splits.items()}
    tags |= {SCORE: repr(validation.score), "validation_deviation": repr(validation.deviation)}
    tags |= {"validation_task": validation.task, "validation_embedders": str(len(validation.embedders))}
    tags[SCORES] = ", ".join(f"{identity} {own.score:.4f}" for identity, own in validation.embedders.items())
    files = {VALIDATION_FILE: validation.as_json()}
    if candidate.origin is not None and "cell" not in version.tags:
        tags |= candidate.origin.tags
        files[LINEAGE_FILE] = asdict(candidate.origin)
    run = run_of(client, version)
    if run is not None and run.info.lifecycle_stage == "active":  # one that somebody deleted takes no files
        for name, content in files.items():
            client.log_dict(version.run_id, content, name)
    for key, value in tags.items():
        if version.tags.get(key) != value:
            client.set_model_version_tag(version.name, version.version, key, value)


def _plain_version(package: str) -> str:
    """A package's version without a local part such as `+cpu`, which package indexes do not have."""
    return importlib.metadata.version(package).split("+")[0]
