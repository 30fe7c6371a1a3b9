"""Which differences are more than chance: every recipe against untrained, every strategy against every baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.names import UNTRAINED
from bootembed.core.seeding import derive_seed
from bootembed.core.tables import NEAREST, PREDICTIONS, read_table
from bootembed.evaluation.statistics import Difference, compare, holm, resample_correlations, resample_means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.evaluation.statistics import Resampled
    from bootembed.report.scores import Score

RESAMPLES = 10_000  # the least p-value is 0.0002: small enough to outlast Holm's correction of 15 comparisons


@dataclass(frozen=True)
class Comparison:
    """The difference of one recipe to another on the test split of a task.

    Attributes:
        language: Code of the language.
        encoder: Key of the base encoder.
        task: Its name.
        statistic: What differs: Spearman correlation, or the share of sentences whose translation is nearest.
        recipe: The one.
        against: The other.
        difference: With interval and p-value.
        corrected: The p-value after Holm's correction, over all comparisons of this language, encoder and task.
    """

    language: str
    encoder: str
    task: str
    statistic: str
    recipe: str
    against: str
    difference: Difference
    corrected: float


@dataclass(frozen=True)
class Answers:
    """What one embedder answered on a split of a task: gold scores are there for STS only."""

    values: list[float]
    gold: list[float]


def compare_recipes(scores: Sequence[Score], results_dir: Path, *, seed: int) -> list[Comparison]:
    """Compare every recipe with the untrained encoder, and every strategy with every baseline.

    Args:
        scores: All scores; they say which recipe is a strategy and which a baseline.
        results_dir: One folder a cell, each with the `predictions.parquet` of its STS tasks and the `nearest.parquet`
            of its bitext mining tasks. Tasks of other kinds are not compared.
        seed: Of the resampling.

    Raises:
        DataError: A cell's file is missing, or its rows are not those of the other cells.
    """
    comparisons: list[Comparison] = []
    cells = sorted({(score.language, score.encoder) for score in scores})
    for language, encoder in cells:
        kinds = {s.recipe: s.kind for s in scores if (s.language, s.encoder) == (language, encoder)}
        answers = {r: read_answers(results_dir / f"{r}-{language}-{encoder}", split="test") for r in kinds}
        for task in answers[UNTRAINED]:
            of_task = {recipe: found[task] for recipe, found in answers.items() if task in found}
            if len(of_task) < len(kinds):
                missing = sorted(set(kinds) - set(of_task))
                raise DataError(f"{results_dir}: no answers to {task} of {missing}, {language}, {encoder}; score again")
            resampled = resample(of_task, seed=derive_seed(seed, "bootstrap", task, language))
            pairs = _pairs(kinds)
            found = [compare(resampled[recipe], resampled[against]) for recipe, against in pairs]
            corrected = holm([difference.p_value for difference in found])
            statistic = "Spearman" if of_task[UNTRAINED].gold else "accuracy@1"
            comparisons += [
                Comparison(language, encoder, task, statistic, *pair, difference, p_value)
                for pair, difference, p_value in zip(pairs, found, corrected, strict=True)
            ]
    return comparisons


def _pairs(kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    baselines = [recipe for recipe, kind in kinds.items() if kind == "baseline"]
    strategies = [recipe for recipe, kind in kinds.items() if kind == "strategy"]
    against_untrained = [(recipe, UNTRAINED) for recipe in kinds if recipe != UNTRAINED]
    return against_untrained + [(strategy, baseline) for strategy in strategies for baseline in baselines]


def resample(answers: Mapping[str, Answers], *, seed: int) -> dict[str, Resampled]:
    """The statistic of each embedder over resampled items, the same ones for all.

    Args:
        answers: Name -> its answers on one split of one task.
        seed: Of the resampling.

    Raises:
        DataError: They are not answers on the same items.
    """
    values = {name: found.values for name, found in answers.items()}
    gold = next(iter(answers.values())).gold
    if any(found.gold != gold for found in answers.values()):
        raise DataError("predictions.parquet: gold scores differ between cells; score all on the same evaluation set")
    if gold:
        return resample_correlations(gold, values, resamples=RESAMPLES, seed=seed)
    return resample_means(values, resamples=RESAMPLES, seed=seed)


def read_answers(results_dir: Path, *, split: str) -> dict[str, Answers]:
    """Task -> what one embedder answered on a split of it; STS and bitext mining only.

    Args:
        results_dir: Of one cell, with `predictions.parquet` and `nearest.parquet`.
        split: Of every task.
    """
    found: dict[str, Answers] = {}
    for row in read_table(results_dir / "predictions.parquet", PREDICTIONS):
        if row["split"] == split:
            answers = found.setdefault(row["task"], Answers([], []))
            answers.values.append(row["similarity"])
            answers.gold.append(row["gold"])
    for row in read_table(results_dir / "nearest.parquet", NEAREST):
        if row["split"] == split:
            right = row["nearest"] == row["index"]  # a sentence and its translation have one index
            found.setdefault(row["task"], Answers([], [])).values.append(float(right))
    return found
