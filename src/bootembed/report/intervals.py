"""Differences with confidence intervals: every recipe against untrained, every strategy against every baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.names import UNTRAINED, cell_name
from bootembed.core.seeding import derive_seed
from bootembed.evaluation.answers import read_answers, resample
from bootembed.evaluation.statistics import Difference, compare, holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.report.scores import Score


@dataclass(frozen=True)
class Comparison:
    """The difference of one recipe to another on the test split of a task.

    Attributes:
        language: Code of the language.
        encoder: Key of the base encoder.
        task: Its name.
        statistic: What differs, e.g. Spearman correlation or accuracy@1.
        recipe: The recipe.
        against: The recipe it is compared with.
        difference: With interval and p-value.
        corrected: The p-value after Holm's correction over all comparisons of this language, encoder and task.
    """

    language: str
    encoder: str
    task: str
    statistic: str
    recipe: str
    against: str
    difference: Difference
    corrected: float


def compare_recipes(scores: Sequence[Score], results_dir: Path, *, seed: int) -> list[Comparison]:
    """Compare every recipe with the untrained encoder, and every strategy with every baseline.

    Args:
        scores: All scores; they say which recipe is a strategy and which a baseline.
        results_dir: One folder a cell, with its answers. Tasks of kinds without an answer table are not compared.
        seed: Of the resampling.

    Raises:
        DataError: A cell's file is missing, or its rows are not those of the other cells.
    """
    comparisons: list[Comparison] = []
    cells = sorted({(score.language, score.encoder) for score in scores})
    for language, encoder in cells:
        kinds = {s.recipe: s.kind for s in scores if (s.language, s.encoder) == (language, encoder)}
        answers = {r: read_answers(results_dir / cell_name(r, language, encoder), split="test") for r in kinds}
        for task in answers[UNTRAINED]:
            of_task = {recipe: found[task] for recipe, found in answers.items() if task in found}
            if len(of_task) < len(kinds):
                missing = sorted(set(kinds) - set(of_task))
                raise DataError(f"{results_dir}: no answers to {task} of {missing}, {language}, {encoder}; score again")
            resampled = resample(of_task, seed=derive_seed(seed, "bootstrap", task, language))
            pairs = _pairs(kinds)
            found = [compare(resampled[recipe], resampled[against]) for recipe, against in pairs]
            corrected = holm([difference.p_value for difference in found])
            comparisons += [
                Comparison(language, encoder, task, of_task[UNTRAINED].statistic, *pair, difference, p_value)
                for pair, difference, p_value in zip(pairs, found, corrected, strict=True)
            ]
    return comparisons


def _pairs(kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    trained = [recipe for recipe in kinds if recipe != UNTRAINED]
    strategies, baselines = ([r for r in trained if kinds[r] == kind] for kind in ("strategy", "baseline"))
    return [(recipe, UNTRAINED) for recipe in trained] + [(one, other) for one in strategies for other in baselines]
