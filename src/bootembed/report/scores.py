"""Reading the scores of the whole grid into one tidy table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import UNTRAINED, cell_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.schema import Grid


@dataclass(frozen=True)
class Score:
    """The main score of one cell on one split of a task; `gain` is over the untrained encoder."""

    recipe: str
    kind: str
    language: str
    encoder: str
    task: str
    split: str
    main_score: float
    gain: float

    @property
    def cell(self) -> str:
        """The name of its cell."""
        return cell_name(self.recipe, self.language, self.encoder)


@dataclass(frozen=True)
class Geometry:
    """Alignment and uniformity of one cell on one split of a task; None where the split has no pairs for it."""

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

    `triplets` holds those of generation, `oracle` those of the oracle: empty for a seed without triplets.
    """

    scores: list[Score]
    geometry: list[Geometry]
    triplets: dict[tuple[str, str], list[dict[str, float]]]
    oracle: dict[tuple[str, str], list[dict[str, float]]]


def read_results(
    scores_dir: Path, triplets_dir: Path, grid: Grid, *, oracle_dir: Path, judged: Sequence[str]
) -> Results:
    """Read what the grid names; files of other grids are ignored.

    Args:
        scores_dir: Scores, a file for each recipe, language and encoder.
        triplets_dir: Metrics of generated triplets, a file for each strategy and language.
        grid: The axes of the experiment.
        oracle_dir: What the oracle found in these triplets; may be missing where no language is judged.
        judged: Languages whose triplets the oracle judged.

    Raises:
        DataError: A cell's file is missing or unreadable.
    """
    scores: list[Score] = []
    geometry: list[Geometry] = []
    for language in grid.languages:
        for encoder in grid.encoders:
            base = read_scores(scores_dir, UNTRAINED, language, encoder)
            kinds = dict.fromkeys(grid.baselines, "baseline") | dict.fromkeys(grid.strategies, "strategy")
            for recipe, kind in kinds.items():
                found = read_scores(scores_dir, str(recipe), language, encoder)
                scores += [
                    Score(str(recipe), kind, language, encoder, task, split, value,
                          value - base[task][split])
                    for task, splits in found.items()
                    for split, value in splits.items()
                ]  # fmt: skip
                geometry += _read_geometry(scores_dir, str(recipe), language, encoder)
    triplets = _read_cells(triplets_dir, grid.strategies, grid.languages, "generate_triplets")
    oracle = _read_cells(oracle_dir, grid.strategies, judged, "judge_triplets")
    return Results(scores, geometry, triplets, oracle)


def _read_cells(
    folder: Path, strategies: Sequence[str], languages: Sequence[str], stage: str
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """(strategy, language) -> the metrics of each generator seed."""
    return {
        (str(strategy), language): list(_read(folder / f"{strategy}-{language}.json", stage).values())
        for strategy in strategies
        for language in languages
    }


def read_scores(scores_dir: Path, recipe: str, language: str, encoder: str) -> dict[str, dict[str, float]]:
    """Main scores of one cell: task -> split -> score.

    Raises:
        DataError: The file is missing or unreadable.
    """
    found: dict[str, dict[str, float]] = _read_cell(scores_dir, recipe, language, encoder)["scores"]
    return found


def _read_geometry(scores_dir: Path, recipe: str, language: str, encoder: str) -> list[Geometry]:
    found = _read_cell(scores_dir, recipe, language, encoder)["geometry"]
    return [
        Geometry(recipe, language, encoder, task, split, measured.get("alignment"), measured.get("uniformity"))
        for task, splits in found.items()
        for split, measured in splits.items()
    ]


def _read_cell(scores_dir: Path, recipe: str, language: str, encoder: str) -> Any:
    return _read(scores_dir / f"{cell_name(recipe, language, encoder)}.json", "evaluate_embedder")


def _read(path: Path, stage: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage {stage}@{path.stem}") from error
