"""Scoring an embedder with `mteb`, with results that are the same bytes for the same model."""

from __future__ import annotations

import copy
import json
import logging
import math
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.names import EmbedderId, cell_name
from bootembed.core.seeding import seed_everything
from bootembed.core.tables import read_table
from bootembed.evaluation.answers import AnswerWriter
from bootembed.evaluation.geometry import task_geometry
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.tasks import build_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sentence_transformers import SentenceTransformer

    from bootembed.evaluation.tasks import Task
    from bootembed.settings.evaluation import EvaluateEmbedder, TaskSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What one embedder scores on the tasks of its language.

    Attributes:
        scores: Task -> split -> main score.
        geometry: Task -> split -> `alignment` and `uniformity`, of kinds that have positive pairs.
    """

    scores: dict[str, dict[str, float]]
    geometry: dict[str, dict[str, dict[str, float]]]

    @property
    def metrics(self) -> dict[str, float]:
        """Scores and geometry as flat names."""
        flat = {f"{task}.{split}": score for task, by in self.scores.items() for split, score in by.items()}
        for task, by_split in self.geometry.items():
            for split, measured in by_split.items():
                flat |= {f"{task}.{split}.{name}": value for name, value in measured.items()}
        return flat


def as_json(cell: Mapping[str, str], embedders: Mapping[EmbedderId, Evaluation]) -> str:
    """The scores of a cell's embedders as a DVC metrics file; `cell` are its recipe, language and encoder."""
    content = {**cell, "embedders": {str(identity): asdict(found) for identity, found in embedders.items()}}
    return json.dumps(content, indent=2) + "\n"


def read_tasks(evaluation_dir: Path, specs: Mapping[str, TaskSpec], *, language: str, script: str) -> list[Task]:
    """The tasks of every table in a folder, in the order of their names; none where a language has no evaluation set.

    Raises:
        DataError: A table cannot be used.
        ParamsError: A table belongs to no task of `specs`, or its task does not know the language.
    """
    files = sorted(evaluation_dir.glob("*.parquet"))
    if not files:
        logger.warning("%s has no evaluation set: its embedders are not scored; name one in `corpora`", language)
    tasks = []
    for file in files:
        if file.stem not in specs:
            raise ParamsError(f"evaluate_embedder.tasks: {file.stem!r} of {file} is not configured; add it there")
        spec = specs[file.stem]
        rows = read_table(file, task_kind(spec.kind).schema)
        tasks.append(build_task(file.stem, spec, rows, language=language, script=script))
    return tasks


def evaluate_embedders(
    embedders_dir: Path,
    tasks: Sequence[Task],
    settings: EvaluateEmbedder,
    *,
    recipe: str,
    language: str,
    encoder: str,
    results_dir: Path,
    seed: int,
) -> dict[EmbedderId, Evaluation]:
    """Score all embedders of a cell on tasks that hold their data.

    Args:
        embedders_dir: A folder for each embedder, named by its `EmbedderId`.
        tasks: As `read_tasks` makes them.
        settings: Batch size and precision.
        recipe: Strategy or baseline; with the next two the name under which the embedders are scored.
        language: Code of the tasks' language.
        encoder: Key of the base encoder.
        results_dir: Gets a folder for each embedder, as `evaluate_embedder` fills it.
        seed: As in `evaluate_embedder`.

    Raises:
        DataError: There are no embedders, or one has collapsed.
    """
    identities = sorted(EmbedderId.parse(folder.name) for folder in embedders_dir.glob("[0-9]*-[0-9]*"))
    if not identities:
        raise DataError(f"{embedders_dir}: no embedders; run stage train_embedder first")
    return {
        identity: evaluate_embedder(
            embedders_dir / str(identity),
            tasks,
            settings,
            name=f"{cell_name(recipe, language, encoder)}-{identity}",
            results_dir=results_dir / str(identity),
            seed=seed,
        )
        for identity in identities
    }


def evaluate_embedder(
    model_dir: Path,
    tasks: Sequence[Task],
    settings: EvaluateEmbedder,
    *,
    name: str,
    results_dir: Path,
    seed: int,
    model: SentenceTransformer | None = None,
) -> Evaluation:
    """Score a model on tasks that hold their data.

    Args:
        model_dir: Sentence Transformers folder, used as it is.
        tasks: As `read_tasks` makes them; they stay as they are.
        settings: Batch size and precision.
        name: Of the model, in the organisation `bootembed`.
        results_dir: Gets the answer table of each kind that has one (`predictions.parquet`, the similarity of every STS
            pair; `nearest.parquet`, the sentence found for every one of bitext mining), and a cache of mteb, which
            `mteb.ResultCache(results_dir)` reads: below `results/<organisation>__<model>/<revision>/`, the layout of
            mteb's results repository, a file a task and the model's metadata; run times and dates are zeroed.
        seed: Of the choice of sentences for uniformity; mteb's tasks keep their own seed, part of their protocol.
        model: What is in the folder, if it has to be loaded in another way (an export).

    Raises:
        DataError: The folder holds no model, or the model has collapsed.
    """
    import mteb

    from bootembed.evaluation.encoder import RememberingEncoder

    logging.getLogger("mteb").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"mteb\.")  # deprecations inside mteb's own code
    seed_everything(seed)
    batch = settings.batch_size
    encoder = RememberingEncoder(
        model or _load(model_dir),
        name=f"bootembed/{name}",
        revision=content_hash(model_dir),
        batch_size=batch,
        bf16=settings.bf16,
    )
    encoding = {"batch_size": batch, "show_progress_bar": False}
    cache = mteb.ResultCache(results_dir)
    scores: dict[str, dict[str, float]] = {}
    geometry: dict[str, dict[str, dict[str, float]]] = {}
    answers = AnswerWriter()
    for task in tasks:
        with tempfile.TemporaryDirectory() as folder:
            found = mteb.evaluate(
                encoder,
                _as_built(task),
                cache=None,  # DVC is the cache; this one gets the results as they are to stay
                co2_tracker=False,
                encode_kwargs=encoding,
                prediction_folder=Path(folder) if task.kind.answers else None,
                show_progress_bar=False,
            )
            answers.read(task, Path(folder))
        result = found.task_results[0]
        scores[task.name] = _main_scores(task, result)
        cache.save_to_cache(_steady(result), encoder.mteb_model_meta, encode_kwargs=encoding)
        if measured := task_geometry(task, encoder.embed, seed=seed):
            geometry[task.name] = measured
    answers.write(results_dir)
    logger.info("%s: %s", name, scores)
    return Evaluation(scores, geometry)


def require_embedder(folder: Path) -> None:
    """Refuse a folder that Sentence Transformers does not load.

    Raises:
        DataError: It has no `modules.json`.
    """
    if not (folder / "modules.json").is_file():
        raise DataError(f"{folder}: no Sentence Transformers folder; run the stage that makes it first")


def _load(model_dir: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    require_embedder(model_dir)
    return SentenceTransformer(str(model_dir))


def _as_built(task: Task) -> Any:
    """A task of mteb with random generators of its own: clustering draws from them, the same for each model."""
    fresh = copy.copy(task.mteb)
    fresh.rng_state, fresh.np_rng = copy.deepcopy((task.mteb.rng_state, task.mteb.np_rng))
    return fresh


def _main_scores(task: Task, result: Any) -> dict[str, float]:
    """Main score by split, rounded as in mteb's own files."""
    scores = {ours: float(result.scores[theirs][0]["main_score"]) for ours, theirs in task.splits.items()}
    for split, score in scores.items():
        if not math.isfinite(score):
            raise DataError(
                f"{task.name}, split {split!r}: the score is {score}: all similarities are equal, the model has "
                "collapsed; lower train_embedder.learning_rate, or check its base model and training set"
            )
    return {split: round(score, 6) for split, score in scores.items()}


def _steady(result: Any) -> Any:
    """A result of mteb without what differs between two runs of the same model."""
    return result.model_copy(update={"evaluation_time": 0.0, "date": None, "evaluation_phases": None})
