"""Reading the scores of the whole grid into one tidy table."""

from __future__ import annotations

import functools
import itertools
import json
import math
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import UNTRAINED, EmbedderId, cell_name
from bootembed.report.cells import GridCell, embedder_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bootembed.settings.schema import Grid

_GEOMETRY = ("alignment", "uniformity")


@dataclass(frozen=True)
class Score(GridCell):
    """The main score of one embedder of a cell on one split of a task; `gain` is over the untrained encoder."""

    training_set: int
    seed: int
    task: str
    split: str
    main_score: float
    gain: float

    @property
    def embedder(self) -> EmbedderId:
        """Which of its cell's embedders it is."""
        return EmbedderId(self.training_set, self.seed)


@dataclass(frozen=True)
class CellScore(GridCell):
    """The main scores of a cell's embedders on one split of a task, together.

    Attributes:
        task: Its name.
        split: The split.
        embedders: Embedder -> main score.
        gain: Of the mean, over the untrained encoder.
    """

    task: str
    split: str
    embedders: dict[EmbedderId, float]
    gain: float

    @property
    def mean(self) -> float:
        """Over the embedders."""
        return mean(self.embedders.values())

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the embedders; None if there is one."""
        return stdev(self.embedders.values()) if len(self.embedders) > 1 else None


@dataclass(frozen=True)
class Geometry:
    """Alignment and uniformity on one split of a task, means over a cell's embedders; None where it has no pairs."""

    recipe: str
    language: str
    encoder: str
    task: str
    split: str
    alignment: float | None
    uniformity: float | None


@dataclass(frozen=True)
class Results:
    """All scores, the geometry behind them, and by (strategy, language) the metrics of each generator seed.

    `triplets` holds those of generation, `oracle` those of the oracle: empty for a seed without triplets. `not_run`
    names the cells of dvc.yaml whose results are not there.
    """

    scores: list[Score]
    geometry: list[Geometry]
    triplets: dict[tuple[str, str], list[dict[str, float]]]
    oracle: dict[tuple[str, str], list[dict[str, float]]]
    not_run: list[str] = field(default_factory=list)


def read_results(
    scores_dir: Path, triplets_dir: Path, grid: Grid, *, oracle_dir: Path, judged: Sequence[str]
) -> Results:
    """Read what there is of the grid; files of other grids are ignored.

    Args:
        scores_dir: Scores, a file for each recipe, language and encoder.
        triplets_dir: Metrics of generated triplets, a file for each strategy and language.
        grid: The axes of the experiment.
        oracle_dir: What the oracle found in these triplets; may be missing where no language is judged.
        judged: Languages whose triplets the oracle judged.

    Raises:
        DataError: A cell's file is unreadable.
    """
    scores: list[Score] = []
    geometry: list[Geometry] = []
    not_run: list[str] = []
    base_of = functools.cache(functools.partial(_gain_base, scores_dir))  # all recipes of an encoder share it
    for cell in embedder_cells(grid):
        if not (scores_dir / f"{cell.name}.json").exists():
            not_run.append(f"evaluate_embedder@{cell.name}")
            continue
        base = base_of(cell.language, cell.encoder)
        scores += [
            Score(*cell.axes, embedder.training_set, embedder.seed, task, split, value, value - base(task, split))
            for embedder, tasks in read_scores(scores_dir, cell.recipe, cell.language, cell.encoder).items()
            for task, splits in tasks.items()
            for split, value in splits.items()
        ]
        geometry += _read_geometry(scores_dir, cell.recipe, cell.language, cell.encoder)
    triplets = _read_cells(triplets_dir, grid.strategies, grid.languages, "generate_triplets", not_run)
    oracle = _read_cells(oracle_dir, grid.strategies, judged, "judge_triplets", not_run)
    return Results(scores, geometry, triplets, oracle, not_run)


def _gain_base(scores_dir: Path, language: str, encoder: str) -> Callable[[str, str], float]:
    """(task, split) -> the score of the untrained encoder; NaN where it was not scored."""
    there = (scores_dir / f"{cell_name(UNTRAINED, language, encoder)}.json").exists()
    base = read_scores(scores_dir, UNTRAINED, language, encoder) if there else {}

    def score(task: str, split: str) -> float:
        found = [own[task][split] for own in base.values() if split in own.get(task, {})]
        return mean(found) if found else math.nan

    return score


def _read_cells(
    folder: Path, strategies: Sequence[str], languages: Sequence[str], stage: str, not_run: list[str]
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """(strategy, language) -> the metrics of each generator seed; cells without a file are added to `not_run`."""
    found = {}
    for strategy, language in itertools.product(strategies, languages):
        path = folder / f"{strategy}-{language}.json"
        if path.exists():
            found[str(strategy), language] = list(_read(path, stage).values())
        else:
            not_run.append(f"{stage}@{path.stem}")
    return found


def read_scores(
    scores_dir: Path, recipe: str, language: str, encoder: str
) -> dict[EmbedderId, dict[str, dict[str, float]]]:
    """Main scores of one cell: embedder -> task -> split -> score.

    Raises:
        DataError: The file is missing or unreadable.
    """
    return read_cell_scores(scores_dir / f"{cell_name(recipe, language, encoder)}.json")


def read_cell_scores(path: Path) -> dict[EmbedderId, dict[str, dict[str, float]]]:
    """As `read_scores`, by the cell's file."""
    embedders = _read(path, "evaluate_embedder")["embedders"]
    return {EmbedderId.parse(name): found["scores"] for name, found in embedders.items()}


def together(scores: Sequence[Score]) -> list[CellScore]:
    """The scores of each cell's embedders on each split of a task, together, in the order in which they come."""
    groups: dict[tuple[str, str, str, str, str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((*score.axes, score.task, score.split), []).append(score)
    return [
        CellScore(
            *of_what, embedders={one.embedder: one.main_score for one in group}, gain=mean(one.gain for one in group)
        )
        for of_what, group in groups.items()
    ]


def _read_geometry(scores_dir: Path, recipe: str, language: str, encoder: str) -> list[Geometry]:
    embedders = [found["geometry"] for found in _read_cell(scores_dir, recipe, language, encoder)["embedders"].values()]

    def over_embedders(task: str, split: str, name: str) -> float | None:
        return mean(found[task][split][name] for found in embedders) if name in embedders[0][task][split] else None

    return [
        Geometry(recipe, language, encoder, task, split, *(over_embedders(task, split, n) for n in _GEOMETRY))
        for task, splits in embedders[0].items()
        for split in splits
    ]


def _read_cell(scores_dir: Path, recipe: str, language: str, encoder: str) -> Any:
    return _read(scores_dir / f"{cell_name(recipe, language, encoder)}.json", "evaluate_embedder")


def _read(path: Path, stage: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage {stage}@{path.stem}") from error
