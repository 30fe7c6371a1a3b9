"""Differences with intervals: every recipe against untrained, strategies against baselines, mixtures against parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from bootembed.core.errors import DataError
from bootembed.core.names import MIXED, UNTRAINED, cell_name
from bootembed.core.seeding import derive_seed
from bootembed.evaluation.answers import Answers, read_answers, resample
from bootembed.evaluation.statistics import Difference, Resampled, compare, holm, over_seeds
from bootembed.report.current import scored_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.core.names import EmbedderId
    from bootembed.report.scores import Score

ALPHA = 0.05


class Differs(StrEnum):
    """Whether a recipe differs from another; undecided if the order is not the same in every seed of the generator."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Resampled) -> Estimate:
        """With the percentile interval over the resamples."""
        low, high = np.quantile(found.resamples[np.isfinite(found.resamples)], [0.025, 0.975])
        return cls(found.value, float(low), float(high))


@dataclass(frozen=True)
class Comparison:
    """The difference of one recipe to another on the reported split of a task, of means over embedders.

    Attributes:
        language: Code of the language.
        encoder: Key of the base encoder.
        task: Its name.
        statistic: What differs, e.g. Spearman correlation or accuracy@1.
        recipe: The recipe.
        against: The recipe it is compared with.
        difference: With interval and p-value.
        corrected: The p-value after Holm's correction over all comparisons of this language, encoder and task.
        by_training_set: The difference of the recipe's embedders of each training set alone, in the order of the sets.
        estimates: The statistic of each of the two alone.
    """

    language: str
    encoder: str
    task: str
    statistic: str
    recipe: str
    against: str
    difference: Difference
    corrected: float
    by_training_set: tuple[float, ...]
    estimates: tuple[Estimate, Estimate]

    @property
    def differs(self) -> Differs:
        """The verdict."""
        if self.corrected >= ALPHA:
            return Differs.NO
        same_order = len(set(np.sign(self.by_training_set))) == 1
        return Differs.YES if same_order else Differs.UNDECIDED


def compare_recipes(scores: Sequence[Score], results_dir: Path, *, seed: int) -> list[Comparison]:
    """Compare every recipe with the untrained encoder, strategies with baselines, and mixtures with their parts.

    On each task those recipes that were scored on it: `report.current.not_scored` names the others.

    Args:
        scores: All scores; they say which recipe is a strategy and which a baseline, and which embedders and tasks
            there are.
        results_dir: One folder a cell and in it one an embedder, with its answers. Tasks of kinds without an answer
            table are not compared.
        seed: Of the resampling.

    Raises:
        DataError: An embedder's file is missing, its rows are not those of the others, or it has a score without rows.
    """
    comparisons: list[Comparison] = []
    for language, encoder in sorted({(score.language, score.encoder) for score in scores}):
        own = [s for s in scores if (s.language, s.encoder) == (language, encoder)]
        kinds = {score.recipe: score.kind for score in own}
        answers = {
            (score.recipe, score.embedder): _reported_answers(
                results_dir / cell_name(score.recipe, language, encoder) / str(score.embedder)
            )
            for score in {(s.recipe, s.embedder): s for s in own}.values()
        }
        scored = {score.task for score in own}
        for task in dict.fromkeys(task for found in answers.values() for task in found if task in scored):
            compared = scored_on(own, task)
            of_task = {name: found for name, found in answers.items() if name[0] in compared}
            if missing := sorted({recipe for (recipe, _), found in of_task.items() if task not in found}):
                raise DataError(f"{results_dir}: no answers to {task} of {missing}, {language}, {encoder}; score again")
            comparisons += _compare_on_task(
                task,
                {name: found[task] for name, found in of_task.items()},
                {recipe: kind for recipe, kind in kinds.items() if recipe in compared},
                language=language,
                encoder=encoder,
                seed=seed,
            )
    return comparisons


def _reported_answers(folder: Path) -> dict[str, Answers]:
    """Task -> answers on its test split, or where it has none on its validation split."""
    return {
        task: found for split in ("validation", "test") for task, found in read_answers(folder, split=split).items()
    }


def _compare_on_task(
    task: str,
    answers: Mapping[tuple[str, EmbedderId], Answers],
    kinds: Mapping[str, str],
    *,
    language: str,
    encoder: str,
    seed: int,
) -> list[Comparison]:
    embedders: dict[str, dict[EmbedderId, Resampled]] = {recipe: {} for recipe in kinds}
    for (recipe, identity), found in resample(answers, seed=derive_seed(seed, "bootstrap", task, language)).items():
        embedders[recipe][identity] = found
    means = {
        recipe: over_seeds(found, seed=derive_seed(seed, "bootstrap of seeds", task, language, recipe))
        for recipe, found in embedders.items()
    }
    estimates = {recipe: Estimate.of(found) for recipe, found in means.items()}
    pairs = _pairs(kinds)
    differences = [compare(means[recipe], means[against]) for recipe, against in pairs]
    statistic = next(iter(answers.values())).statistic
    return [
        Comparison(
            language, encoder, task, statistic, recipe, against, difference, corrected,
            tuple(value - means[against].value for value in _by_training_set(embedders[recipe])),
            (estimates[recipe], estimates[against]),
        )
        for (recipe, against), difference, corrected in zip(
            pairs, differences, holm([difference.p_value for difference in differences]), strict=True
        )
    ]  # fmt: skip


def _by_training_set(embedders: Mapping[EmbedderId, Resampled]) -> list[float]:
    """The mean over the embedders of each training set, in the order of the sets."""
    numbers = sorted({identity.training_set for identity in embedders})
    return [float(np.mean([f.value for i, f in embedders.items() if i.training_set == number])) for number in numbers]


def _pairs(kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    trained = [recipe for recipe in kinds if recipe != UNTRAINED]
    strategies, baselines, mixtures = (
        [r for r in trained if kinds[r] == kind] for kind in ("strategy", "baseline", "mixture")
    )
    pairs = [
        *((recipe, UNTRAINED) for recipe in trained),
        *((one, other) for one in strategies for other in baselines),
        *((mixture, part) for mixture in mixtures for part in mixture.split(MIXED)),
    ]
    return [pair for pair in pairs if set(pair) <= set(kinds)]  # of those that have been scored
