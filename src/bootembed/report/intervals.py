"""Paired bootstrap intervals of STS differences: to the untrained encoder and to the best baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.evaluation.significance import Interval, paired_bootstrap
from bootembed.params import UNTRAINED
from bootembed.seeding import derive_seed
from bootembed.tables import PREDICTIONS, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.report.scores import Score

RESAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """The difference in Spearman correlation of one recipe to another on the test split of a task."""

    language: str
    encoder: str
    task: str
    recipe: str
    against: str
    interval: Interval


def compare(scores: Sequence[Score], results_dir: Path, *, seed: int) -> list[Comparison]:
    """Compare every recipe with the untrained encoder, and every strategy with the best baseline.

    Args:
        scores: All scores; the test split decides which baseline is the best.
        results_dir: One folder a cell, each with the `predictions.parquet` of its STS tasks.
        seed: Of the resampling.
    """
    comparisons = []
    cells = sorted({(score.language, score.encoder) for score in scores})
    for language, encoder in cells:
        of_cell = [s for s in scores if (s.language, s.encoder, s.split) == (language, encoder, "test")]
        recipes = list(dict.fromkeys(score.recipe for score in of_cell))
        similarities = {r: _similarities(results_dir / f"{r}-{language}-{encoder}") for r in recipes}
        for task in similarities[UNTRAINED]:
            for recipe, against in _pairs([score for score in of_cell if score.task == task]):
                gold, system = similarities[recipe][task]
                _, other = similarities[against][task]
                chance = derive_seed(seed, "bootstrap", task, language)
                interval = paired_bootstrap(gold, system, other, resamples=RESAMPLES, seed=chance)
                comparisons.append(Comparison(language, encoder, task, recipe, against, interval))
    return comparisons


def _pairs(scores: Sequence[Score]) -> list[tuple[str, str]]:
    trained = [score for score in scores if score.recipe != UNTRAINED]
    baselines = [score for score in scores if score.kind == "baseline"]
    pairs = [(score.recipe, UNTRAINED) for score in trained]
    if baselines:
        best = max(baselines, key=lambda score: score.main_score).recipe
        pairs += [(score.recipe, best) for score in scores if score.kind == "strategy"]
    return pairs


def _similarities(folder: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Task -> (gold scores, similarities) of the test split."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in read_table(folder / "predictions.parquet", PREDICTIONS):
        if row["split"] == "test":
            gold, similarity = found.setdefault(row["task"], ([], []))
            gold.append(row["gold"])
            similarity.append(row["similarity"])
    return found
