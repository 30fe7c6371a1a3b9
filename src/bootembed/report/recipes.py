"""The sections of the report on recipes: their scores, and which of them differ."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from bootembed.core.markdown import Markdown, table
from bootembed.core.names import UNTRAINED, Baseline
from bootembed.report.current import not_scored, reported_split
from bootembed.report.intervals import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bootembed.report.intervals import Comparison
    from bootembed.report.scores import CellScore

_ABOUT_DIFFERENCES = (
    "On the test split of each task, or where it has none on its validation split, between means over embedders. `of` "
    "names the statistic: the Spearman correlation with the gold scores, or accuracy@1, the share of sentences whose "
    "nearest candidate is the right one. The 95 % interval and the two-sided p-value come from a hierarchical "
    "bootstrap: it resamples the seeds of each recipe and the rows, "
    "the same rows for all; deviations of seeds are widened as in Student's distribution, because there are few. "
    "P-values are corrected by Holm's method over the comparisons of one language, encoder and task, so that the "
    f"family-wise error rate is at most alpha. A recipe differs if p < {ALPHA} and the order of the two is the same in "
    "every generator seed; if only the first is true, it is undecided."
)
_ONLY_VALIDATED = (
    "**There is no test split: these are validation scores, by which models are chosen, and may flatter.**"
)
_ONE_GENERATOR = (
    "**There is one generator seed, so that chance in the generator itself (training of adapters, choice of examples, "
    "sampling) is not covered.**"
)
_ONE_EMBEDDER = "**There is one embedder seed, so that chance in training embedders is not covered.**"


def score_sections(scores: Sequence[CellScore]) -> list[str]:
    """Markdown: how many embedders stand behind the scores, and a table of scores for each task.

    They are those of its test split; of a task without one those of its validation split, with a warning.
    """
    if not scores:
        return ["**There are no scores: no language has an evaluation set, or no embedder has been scored.**"]
    shown = [score for score in scores if score.split == reported_split(scores, score.task)]
    parts = [_about_scores(shown)]
    for task in dict.fromkeys(score.task for score in shown):
        split = reported_split(scores, task)
        parts += [f"## {task}, {split} split", *([] if split == "test" else [_ONLY_VALIDATED])]
        parts.append(_score_table([score for score in shown if score.task == task]))
    return parts


def not_run_section(cells: Sequence[str]) -> list[str]:
    """Markdown: the cells whose results are not there, with the command that runs them; nothing if all are."""
    if not cells:
        return []
    return ["## Not run", "\n".join(["```", *(f"bootembed run --with-inputs {cell}" for cell in cells), "```"])]


def difference_section(comparisons: Sequence[Comparison], scores: Sequence[CellScore]) -> list[str]:
    """Markdown: what was compared and how, which chance is not covered, and the table."""
    generators, seeds = _counts(scores, "strategy" if any(s.kind == "strategy" for s in scores) else "baseline")
    generators = generators if any(score.kind == "strategy" for score in scores) else 0
    warnings = [*([_ONE_GENERATOR] if generators == 1 else []), *([_ONE_EMBEDDER] if seeds == 1 else [])]
    about = " ".join([_ABOUT_DIFFERENCES, *warnings])
    table_of_all = _comparison_table(comparisons, generators=generators)
    return ["## Differences", about, *_left_out(comparisons, scores), table_of_all]


def _left_out(comparisons: Sequence[Comparison], scores: Sequence[CellScore]) -> list[str]:
    """Which recipes are not compared on a task because others alone have scores on it; nothing if none."""
    compared = {(c.language, c.encoder, c.task) for c in comparisons}
    found = [
        f"{', '.join(recipes)} on {task} ({language}, {encoder})"
        for (language, encoder, task), recipes in not_scored(scores).items()
        if (language, encoder, task) in compared
    ]
    told = f"**Left out, not having been scored: {'; '.join(found)}.** `bootembed run` scores what is missing."
    return [told] if found else []


def write_differences_csv(comparisons: Iterable[Comparison], path: Path) -> None:
    """One row a comparison; the last column holds the difference in each generator seed, separated by spaces."""
    heads = ["language", "encoder", "task", "statistic", "recipe", "against", "difference", "low", "high", "p"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*heads, "differs", "by_generator_seed"])
        for c in comparisons:
            figures = [c.difference.difference, c.difference.low, c.difference.high, c.corrected]
            parts = " ".join(f"{value:.6f}" for value in c.by_training_set)
            told = [c.language, c.encoder, c.task, c.statistic, c.recipe, c.against]
            writer.writerow([*told, *(f"{figure:.6f}" for figure in figures), c.differs, parts])


def _counts(scores: Iterable[CellScore], kind: str) -> tuple[int, int]:
    """Most training sets of a cell of a kind of recipe, and most embedders of one training set."""
    embedders = [score.embedders for score in scores if score.kind == kind]
    sets = [len({identity.training_set for identity in own}) for own in embedders]
    return max(sets, default=0), max((len(own) // count for own, count in zip(embedders, sets, strict=True)), default=0)


def _about_scores(scores: Sequence[CellScore]) -> str:
    generators, seeds = _counts(scores, "strategy")
    of_strategies = f"{_several(seeds, 'embedder seed')} x {_several(generators, 'generator seed')} of each strategy, "
    of_baselines = _several(_counts(scores, "baseline")[1], "embedder seed")
    return (
        f"Mean ± standard deviation over the embedders: {of_strategies if generators else ''}{of_baselines} of each "
        f"baseline, one of `{UNTRAINED}`. Gains are differences of means."
    )


def _several(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _score_table(scores: Sequence[CellScore]) -> str:
    columns = sorted({(score.language, score.encoder) for score in scores})
    best = {c: max(s.mean for s in scores if (s.language, s.encoder) == c) for c in columns}
    human = {(s.language, s.encoder): s.gain for s in scores if s.recipe == Baseline.HUMAN_TRIPLETS}
    rows = []
    for recipe in dict.fromkeys(score.recipe for score in scores):
        by_cell = {(s.language, s.encoder): s for s in scores if s.recipe == recipe}
        rows.append([recipe, *(_cell(by_cell.get(column), best[column], human.get(column)) for column in columns)])
    heads = [f"{language}, {encoder}" for language, encoder in columns]
    share = ", and its share of the gain by human triplets" if any(gain > 0 for gain in human.values()) else ""
    return table([f"recipe (gain over untrained{share})", *heads], rows)


def _cell(score: CellScore | None, best: float, human: float | None) -> str:
    if score is None:
        return "not run"
    figure = f"**{score.mean:.3f}**" if score.mean == best else f"{score.mean:.3f}"
    shown = figure if score.deviation is None else f"{figure} ± {score.deviation:.3f}"
    has_gain = score.recipe != UNTRAINED and not math.isnan(score.gain)
    share = f", {score.gain / human:.0%}" if human is not None and human > 0 else ""
    return Markdown(f"{shown} ({signed(score.gain)}{share})" if has_gain else shown)


def _comparison_table(comparisons: Sequence[Comparison], *, generators: int) -> str:
    by_generator = generators > 1
    rows = [
        [
            c.language, c.encoder, c.task, c.recipe, c.against, Markdown(c.statistic),
            signed(c.difference.difference),
            f"{signed(c.difference.low)} to {signed(c.difference.high)}", f"{c.corrected:.4f}", c.differs,
            *([", ".join(map(signed, c.by_training_set))] if by_generator else []),
        ]
        for c in comparisons
    ]  # fmt: skip
    heads = ["language", "encoder", "task", "recipe", "against", "of", "difference", "95 % interval", "p", "differs"]
    return table([*heads, *(["in each generator seed"] if by_generator else [])], rows)


def signed(value: float) -> str:
    """A difference with three digits."""
    return f"{value:+.3f}".replace("-0.000", "+0.000")
