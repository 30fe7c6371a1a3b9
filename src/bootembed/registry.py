"""The MLflow model registry: one registered model a language, a version a recipe and encoder, one champion.

The champion is chosen by its validation score, never by its test score. It keeps the alias until another version is
significantly better, by a paired bootstrap over the items of the validation set; each version stores its answers to
them. Registering is idempotent: a model whose content is already registered is not registered again.
"""

from __future__ import annotations

import importlib.metadata
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.names import UNTRAINED, cell_name
from bootembed.evaluation.answers import Answers, read_answers, resample
from bootembed.evaluation.statistics import compare
from bootembed.report.scores import read_scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.schema import Grid

logger = logging.getLogger(__name__)
_VALIDATION_FILE = "validation.json"  # artifact of a version's run
_REQUIREMENTS = ("sentence-transformers", "transformers", "torch")


@dataclass(frozen=True)
class Validation:
    """The result on the validation set, by which the champion is chosen.

    Attributes:
        task: Its name.
        score: The main score on its validation split.
        answers: To every item of the split; None if the kind of task stores none (`evaluation.answers`).
    """

    task: str
    score: float
    answers: Answers | None


@dataclass(frozen=True)
class EmbedderCandidate:
    """An embedder to register; `scores` are task -> split -> main score."""

    recipe: str
    encoder: str
    folder: Path
    validation: Validation
    scores: dict[str, dict[str, float]]

    @property
    def name(self) -> str:
        """Recipe and encoder."""
        return f"{self.recipe}-{self.encoder}"


def best_candidate(candidates: Sequence[EmbedderCandidate]) -> EmbedderCandidate:
    """The candidate with the highest validation score; ties go to the first by name."""
    return min(candidates, key=lambda candidate: (-candidate.validation.score, candidate.name))


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
    tags = {"recipe": candidate.recipe, "encoder": candidate.encoder, **tracking.provenance_tags()}
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    client.set_model_version_tag(
        name, version, "content_hash", digest
    )  # last: without it a version is registered again
    return client.get_model_version(name, version)


def _tag_scores(client: Any, candidate: EmbedderCandidate, version: Any) -> None:
    """Tag a version with its current scores: a model that was registered earlier may have been scored again."""
    scores = {f"{t}.{split}": f"{s:.6f}" for t, splits in candidate.scores.items() for split, s in splits.items()}
    for key, value in {**scores, "validation_score": repr(candidate.validation.score)}.items():
        client.set_model_version_tag(version.name, version.version, key, value)
    client.log_dict(version.run_id, asdict(candidate.validation), _VALIDATION_FILE)


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
    answers = found["answers"] and Answers(**{"statistic": "", **found["answers"]})  # older versions name none
    return Validation(found["task"], found["score"], answers)


def _obstacle(new: Validation, present: Validation | None) -> str | None:
    """Why the new version does not replace the present champion; None if it does."""
    if present is None or not _is_same_set(new, present):
        return (
            f"it was not chosen by the present validation set of {new.task}, so the scores cannot be compared; remove "
            "its alias to choose the champion again"
        )
    if new.score <= present.score:
        return f"no new one scores higher than its {present.score:.4f}"
    if new.answers is None or present.answers is None:
        return None  # nothing to resample: the scores decide
    resampled = resample({"new": new.answers, "present": present.answers}, seed=0)
    found = compare(resampled["new"], resampled["present"])
    if found.low > 0:
        return None
    return (
        f"the best new one is {found.difference:+.4f} on {new.task}, which may be noise "
        f"(95 % interval {found.low:+.4f} to {found.high:+.4f})"
    )


def _is_same_set(new: Validation, present: Validation) -> bool:
    if new.task != present.task or (new.answers is None) != (present.answers is None):
        return False
    if new.answers is None or present.answers is None:
        return True
    return new.answers.gold == present.answers.gold and len(new.answers.values) == len(present.answers.values)


def read_candidates(
    embedders_dir: Path, scores_dir: Path, results_dir: Path, grid: Grid, *, language: str, task: str
) -> list[EmbedderCandidate]:
    """The trained embedders of a language with their scores; the validation split of `task` counts.

    Args:
        embedders_dir: One folder a cell.
        scores_dir: One JSON file a cell.
        results_dir: One folder a cell, with its answers.
        grid: Recipes and encoders.
        language: Of the cells.
        task: Key of the scores.

    Raises:
        DataError: A score file is missing.
    """
    candidates = []
    for recipe in (recipe for recipe in grid.recipes if recipe != UNTRAINED):
        for encoder in grid.encoders:
            scores = read_scores(scores_dir, str(recipe), language, encoder)
            cell = cell_name(recipe, language, encoder)
            answers = read_answers(results_dir / cell, split="validation").get(task)
            validation = Validation(task, scores[task]["validation"], answers)
            candidates.append(EmbedderCandidate(str(recipe), encoder, embedders_dir / cell, validation, scores))
    return candidates
