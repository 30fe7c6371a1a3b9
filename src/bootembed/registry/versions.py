"""Versions of registered models: each with its scores and answers, one of them under the alias.

The champion keeps the alias until another version is significantly better, by the report's bootstrap over seeds and
items; each version stores all embedders' answers to the validation set. Registering is idempotent: a model whose
content is already registered is not registered again.
"""

from __future__ import annotations

import importlib.metadata
import logging
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.evaluation.answers import resample
from bootembed.evaluation.statistics import Resampled, compare, over_seeds
from bootembed.registry.candidates import Validation, best_candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.registry.candidates import EmbedderCandidate

logger = logging.getLogger(__name__)
_VALIDATION_FILE = "validation.json"  # artifact of a version's run
_REQUIREMENTS = ("sentence-transformers", "transformers", "torch")


def register(candidates: Sequence[EmbedderCandidate], name: str, *, alias: str) -> None:
    """Register all candidates of a language under `name` and point `alias` to the best version.

    The alias moves only to a version that is significantly better than its holder: the 95 % interval of their
    difference on the validation set lies above zero. A holder that was chosen by another validation set keeps it.

    Raises:
        DataError: The store cannot be used.
    """
    client = tracking.client()
    from mlflow.exceptions import MlflowException

    try:
        with tracking.short_patience():
            if not client.search_registered_models(f"name='{name}'"):
                client.create_registered_model(name)
    except MlflowException as error:
        raise DataError(
            f"MLflow store {tracking.shown_uri()} cannot be used: {tracking.without_passwords(error)}; start it, "
            "choose another one with MLFLOW_TRACKING_URI, or disable tracking with BOOTEMBED_TRACKING=off"
        ) from error
    present = {v.tags.get("content_hash"): v for v in client.search_model_versions(f"name='{name}'")}
    versions = {}
    for candidate in candidates:
        digest = content_hash(candidate.folder)
        found = present.get(digest)
        versions[candidate.name] = found or _add_version(client, candidate, name, digest)
        _tag_scores(client, candidate, versions[candidate.name])
    best = best_candidate(candidates)
    _promote(client, alias, versions[best.name], best.validation)


def _add_version(client: Any, candidate: EmbedderCandidate, name: str, digest: str) -> Any:
    import mlflow
    from sentence_transformers import SentenceTransformer

    mlflow.set_tracking_uri(tracking.tracking_uri())
    requirements = [f"{package}=={_plain_version(package)}" for package in _REQUIREMENTS]
    run_name = f"register_models-{name}-{candidate.name}"
    with mlflow.start_run(experiment_id=tracking.experiment_id(client), run_name=run_name):
        logged = mlflow.sentence_transformers.log_model(
            SentenceTransformer(str(candidate.folder), device="cpu"),
            name=candidate.name,
            registered_model_name=name,
            pip_requirements=requirements,
            signature=False,
        )
    version = str(logged.registered_model_version)
    embedder = candidate.validation.median
    tags = {"recipe": candidate.recipe, "encoder": candidate.encoder, "embedder": str(embedder)}
    tags |= {"training_set": str(embedder.training_set), "seed": str(embedder.seed), **tracking.provenance_tags()}
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    client.set_model_version_tag(
        name, version, "content_hash", digest
    )  # last: without it a version is registered again
    return client.get_model_version(name, version)


def _tag_scores(client: Any, candidate: EmbedderCandidate, version: Any) -> None:
    """Tag a version with its current scores: a model that was registered earlier may have been scored again."""
    validation = candidate.validation
    scores = {f"{t}.{split}": f"{s:.6f}" for t, splits in candidate.scores.items() for split, s in splits.items()}
    scores |= {"validation_score": repr(validation.score), "validation_deviation": repr(validation.deviation)}
    for key, value in scores.items():
        client.set_model_version_tag(version.name, version.version, key, value)
    client.log_dict(version.run_id, validation.as_json(), _VALIDATION_FILE)


def _plain_version(package: str) -> str:
    """A package's version without a local part such as `+cpu`, which package indexes do not have."""
    return importlib.metadata.version(package).split("+")[0]


def _promote(client: Any, alias: str, version: Any, validation: Validation) -> None:
    from mlflow.exceptions import MlflowException

    name = version.name
    try:
        holder = client.get_model_version_by_alias(name, alias)
    except MlflowException:
        holder = None
    if holder is not None and str(holder.version) == str(version.version):
        return
    obstacle = None if holder is None else _obstacle(validation, _validation_of(holder))
    if holder is not None and obstacle:
        logger.info("%s: version %s stays %s: %s", name, holder.version, alias, obstacle)
        return
    client.set_registered_model_alias(name, alias, version.version)
    before = f"version {holder.version}" if holder else "none"
    client.set_model_version_tag(name, version.version, "promoted", f"{alias}, before: {before}")
    logger.info("%s: version %s is %s (before: %s)", name, version.version, alias, before)


def _validation_of(version: Any) -> Validation | None:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(tracking.tracking_uri())
    try:
        found: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{_VALIDATION_FILE}")
    except (MlflowException, OSError):
        return None
    return Validation.from_json(found)


def _obstacle(new: Validation, present: Validation | None) -> str | None:
    """Why the new version does not replace the present champion; None if it does."""
    if present is None or not _is_same_set(new, present):
        return (
            f"it was not chosen by the present validation set of {new.task}, so the scores cannot be compared; remove "
            "its alias to choose the champion again"
        )
    if new.score <= present.score:
        return f"no new one scores higher than its {present.score:.4f}"
    if not new.answers:
        return None  # nothing to resample: the scores decide
    found = compare(*_means(new, present))
    if found.low > 0:
        return None
    return (
        f"the best new one is {found.difference:+.4f} on {new.task}, which may be noise "
        f"(95 % interval {found.low:+.4f} to {found.high:+.4f})"
    )


def _means(new: Validation, present: Validation) -> list[Resampled]:
    """The mean of each over its embedders, resampled together."""
    answers = {(side, i): own for side, one in enumerate((new, present)) for i, own in one.answers.items()}
    resampled = resample(answers, seed=0)
    return [over_seeds({i: found for (of, i), found in resampled.items() if of == side}, seed=side) for side in (0, 1)]


def _is_same_set(new: Validation, present: Validation) -> bool:
    if new.task != present.task or bool(new.answers) != bool(present.answers):
        return False
    sets = [(found.gold, len(found.values)) for one in (new, present) for found in one.answers.values()]
    return all(found == sets[0] for found in sets)
