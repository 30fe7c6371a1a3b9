"""The MLflow model registry: one registered model a language, a version a recipe and encoder, one champion.

The champion is chosen by the validation score, never by the test score, and keeps its alias until another version has
a higher one. Registering is idempotent: a model whose content is registered already is not registered again.
"""

from __future__ import annotations

import importlib.metadata
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.errors import DataError
from bootembed.hashing import content_hash
from bootembed.report.scores import read_scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.params import Grid

logger = logging.getLogger(__name__)
_REQUIREMENTS = ("sentence-transformers", "transformers", "torch")


@dataclass(frozen=True)
class Candidate:
    """An embedder to register; `scores` are task -> split -> main score."""

    recipe: str
    encoder: str
    folder: Path
    validation_score: float
    scores: dict[str, dict[str, float]]

    @property
    def name(self) -> str:
        """Recipe and encoder in one word."""
        return f"{self.recipe}-{self.encoder}"


def best_candidate(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the highest validation score; of equal ones the first by name."""
    return min(candidates, key=lambda candidate: (-candidate.validation_score, candidate.name))


def register(candidates: Sequence[Candidate], name: str, *, alias: str) -> None:
    """Register all candidates of a language under `name` and see that `alias` points to the best version ever.

    The alias moves only to a version with a higher validation score than the one that holds it.
    """
    client = tracking.client()
    from mlflow.exceptions import MlflowException

    try:
        if not client.search_registered_models(f"name='{name}'"):
            client.create_registered_model(name)
    except MlflowException as error:
        raise DataError(
            f"MLflow store {tracking.shown_uri()} cannot be used: {error}; start it, choose another one by "
            "MLFLOW_TRACKING_URI, or do without by BOOTEMBED_TRACKING=off"
        ) from error
    present = {v.tags.get("content_hash"): v for v in client.search_model_versions(f"name='{name}'")}
    versions = {}
    for candidate in candidates:
        digest = content_hash(candidate.folder)
        found = present.get(digest)
        versions[candidate.name] = found.version if found else _add_version(client, candidate, name, digest)
    best = best_candidate(candidates)
    _promote(client, name, alias, versions[best.name], best.validation_score)


def _add_version(client: Any, candidate: Candidate, name: str, digest: str) -> str:
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
    tags = {
        "recipe": candidate.recipe,
        "encoder": candidate.encoder,
        "content_hash": digest,
        "validation_score": repr(candidate.validation_score),
        **tracking.provenance_tags(),
        **{f"{t}.{split}": f"{s:.6f}" for t, splits in candidate.scores.items() for split, s in splits.items()},
    }
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    return version


def _plain_version(package: str) -> str:
    """Without a local part such as `+cpu`, which no package index knows."""
    return importlib.metadata.version(package).split("+")[0]


def _promote(client: Any, name: str, alias: str, version: str, validation_score: float) -> None:
    from mlflow.exceptions import MlflowException

    try:
        holder = client.get_model_version_by_alias(name, alias)
    except MlflowException:
        holder = None
    if holder is not None and str(holder.version) == str(version):
        return
    if holder is not None and float(holder.tags.get("validation_score", "-inf")) >= validation_score:
        logger.info("%s: version %s stays %s, no new one scores higher", name, holder.version, alias)
        return
    client.set_registered_model_alias(name, alias, version)
    before = f"version {holder.version}" if holder else "none"
    client.set_model_version_tag(name, version, "promoted", f"{alias}, before: {before}")
    logger.info("%s: version %s is %s (before: %s)", name, version, alias, before)


def read_candidates(embedders_dir: Path, scores_dir: Path, grid: Grid, *, language: str, task: str) -> list[Candidate]:
    """The embedders of a language with their scores; `task` names the one whose validation split counts.

    Raises:
        DataError: A score file is missing.
    """
    candidates = []
    for recipe in grid.recipes:
        for encoder in grid.encoders:
            scores = read_scores(scores_dir, str(recipe), language, encoder)
            folder = embedders_dir / f"{recipe}-{language}-{encoder}"
            candidates.append(Candidate(str(recipe), encoder, folder, scores[task]["validation"], scores))
    return candidates
