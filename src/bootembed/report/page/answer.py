"""The answer of a language: what to use, how good it is, how sure that is, against what, and what was not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import UNTRAINED, Baseline
from bootembed.report.intervals import Differs
from bootembed.report.page.elements import minus
from bootembed.report.page.facts import place_of
from bootembed.report.recipes import signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bootembed.report.intervals import Comparison
    from bootembed.report.page.facts import Choice, Facts
    from bootembed.report.scores import CellScore

_ALSO_CHOSEN = ", there being no validation split, so that its score is a little too good"
_TRAINED_ON = {
    "strategy": "generated triplets",
    "baseline": "no generated triplets",
    "mixture": "the training sets of two recipes",
}


@dataclass(frozen=True)
class Answer:
    """What the page says first of a language; sentences of plain text.

    Attributes:
        language: Its name.
        recipe: What to use; empty if nothing can be chosen.
        encoder: With which encoder.
        state: What became of the language, if nothing can be chosen.
        why: How it was chosen.
        good: How good it is.
        sure: How sure its lead is, a sentence for each recipe it is compared with.
        elsewhere: What holds on other tasks.
        missing: What was not run, and which chance is not covered.
    """

    language: str
    recipe: str
    encoder: str
    state: str
    why: str
    good: list[str]
    sure: list[str]
    elsewhere: list[str]
    missing: list[str]


def answers(facts: Facts) -> list[Answer]:
    """One for each language of the grid."""
    return [_answer(facts, language, facts.chosen(language)) for language in facts.grid.languages]


def _answer(facts: Facts, language: str, choice: Choice | None) -> Answer:
    missing = _missing(facts, language)
    if choice is None:
        state, why = _without_score(facts, language)
        return Answer(facts.name(language), "", "", state, why, [], [], [], missing)
    best = choice.best
    shown = _shown_cells(facts, best)
    return Answer(
        facts.name(language), best.recipe, best.encoder, "", _why(facts, choice), _good(facts, shown),
        _sure(facts, choice, shown), _elsewhere(facts, best), missing,
    )  # fmt: skip


def _without_score(facts: Facts, language: str) -> tuple[str, str]:
    """What became of a language that has no score, and what gives it one."""
    trained = [training.cell.name for training in facts.trainings if training.cell.language == language]
    if not trained:
        return "Not run.", "Nothing was trained for this language."
    models = ", ".join(f"{facts.folders.embedders}/{name}" for name in trained)
    if any((facts.folders.evaluation / language).glob("*.parquet")):
        return "Trained, not scored.", f"`bootembed run` scores what was trained. The models are in {models}."
    entry = f"corpora.{facts.languages[language].corpus}.evaluation"
    return (
        "Trained, not scored: no evaluation set.",
        f"Without scores nothing is chosen or registered. `bootembed new … --validation` or `--evaluation`, or "
        f"`{entry}` in the profile, gives the language an evaluation set. The models are in {models}.",
    )


def _why(facts: Facts, choice: Choice) -> str:
    best = choice.best
    count = len({cell.recipe for cell in choice.ranked})
    return (
        f"It has the best mean {facts.measures[best.task]} on {best.task}, {best.split} split ({best.mean:.3f}), "
        f"of {count} trained recipe{'' if count == 1 else 's'}{_ALSO_CHOSEN if best.split == 'test' else ''}; "
        f"it is trained on {_TRAINED_ON[best.kind]}."
    )


def _shown_cells(facts: Facts, best: CellScore) -> list[CellScore]:
    """The test split of the task that chose the cell; without one, all test splits; without any, as it was chosen."""
    tested = [cell for cell in facts.cells if cell.name == best.name and cell.split == "test"]
    return [cell for cell in tested if cell.task == best.task] or tested or [best]


def _good(facts: Facts, shown: Sequence[CellScore]) -> list[str]:
    said = [_score(facts, cell) for cell in shown]
    if shown[0].split == "test":
        return said
    if any(cell.split == "test" for cell in facts.cells if cell.language == shown[0].language):
        return [*said, "This score chose the recipe, which has none on a test set."]
    return [*said, "There is no test set: this score chose the recipe."]


def _score(facts: Facts, cell: CellScore) -> str:
    measure = facts.measures[cell.task]
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.3f} over {len(cell.embedders)} embedders"
    text = f"{cell.task}, {cell.split} split: {measure} {cell.mean:.3f}{spread}"
    found = facts.estimate(cell)
    if found is None:
        return f"{text}."
    statistic, estimate = found
    named = "" if statistic == measure else f"; {statistic} {estimate.value:.3f}"
    return f"{text}{named}, 95 % interval {estimate.low:.3f} to {estimate.high:.3f}."


def _sure(facts: Facts, choice: Choice, shown: Sequence[CellScore]) -> list[str]:
    said = []
    for cell in shown:
        task = f"{cell.task}: " if len(shown) > 1 else ""
        said += [f"{task}{_lead(facts, cell, *other)}" for other in _others(facts, choice, cell).items()]
    return said


def _others(facts: Facts, choice: Choice, cell: CellScore) -> dict[str, str]:
    """What a cell is compared with, and how it is named: the untrained encoder, and a recipe of another kind."""
    rivals = choice.rivals
    against = {UNTRAINED.value: "the untrained encoder"}
    compared = [rival for rival in rivals if _comparison(facts, cell, rival.recipe)]
    for rival in (compared or rivals)[:1]:
        first = next(other for other in rivals if other.kind == rival.kind)
        against[rival.recipe] = f"{rival.recipe}, {'the best' if rival is first else 'a'} {rival.kind}"
    return against


def _lead(facts: Facts, cell: CellScore, recipe: str, name: str) -> str:
    """How far a cell is ahead of another recipe, with its interval if the two were compared."""
    found = _comparison(facts, cell, recipe)
    if found is None:
        return _plain_lead(facts, cell, recipe, name)
    sign, one = found
    low, high = sorted((sign * one.difference.low, sign * one.difference.high))
    interval = minus(f"{signed(low)} to {signed(high)}")
    difference = minus(signed(sign * one.difference.difference))
    return f"{difference} {one.statistic} against {name} (95 % interval {interval}): {_verdict(one)}."


def _plain_lead(facts: Facts, cell: CellScore, recipe: str, name: str) -> str:
    for other in facts.cells:
        if (other.recipe, place_of(other), other.split) == (recipe, place_of(cell), cell.split):
            difference = minus(signed(cell.mean - other.mean))
            return f"{difference} {facts.measures[cell.task]} against {name}; not tested, it could be chance."
    return f"Not compared with {name}."


def _comparison(facts: Facts, cell: CellScore, recipe: str) -> tuple[int, Comparison] | None:
    if facts.estimate(cell) is None:
        return None
    for one in facts.comparisons:
        if (one.language, one.encoder, one.task) == place_of(cell):
            if (one.recipe, one.against) == (cell.recipe, recipe):
                return 1, one
            if (one.recipe, one.against) == (recipe, cell.recipe):
                return -1, one
    return None


def _verdict(one: Comparison) -> str:
    p = f"p = {one.corrected:.4f}" if one.corrected < 1 else "p = 1"
    return {
        Differs.YES: f"beyond chance ({p})",
        Differs.NO: f"could be chance ({p})",
        Differs.UNDECIDED: f"undecided ({p}, but not the same order in every generator seed)",
    }[one.differs]


def _elsewhere(facts: Facts, best: CellScore) -> list[str]:
    said = []
    test = [c for c in facts.cells if c.language == best.language and c.split == "test" and c.task != best.task]
    for task in dict.fromkeys(cell.task for cell in test):
        leader = max((cell for cell in test if cell.task == task), key=lambda cell: cell.mean)
        own = next((cell for cell in test if (cell.task, cell.name) == (task, best.name)), None)
        if leader.name == best.name:
            said.append(f"It also leads on {task} ({facts.measures[task]} {leader.mean:.3f}).")
        elif own is not None:
            encoder = "" if leader.encoder == best.encoder else f" with {leader.encoder}"
            leads = f"{leader.recipe}{encoder} leads with {facts.measures[task]} {leader.mean:.3f}"
            said.append(f"On {task}, {leads}; this has {own.mean:.3f}.")
    return said


def _listed(cells: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{recipe} on {encoder}" for recipe, encoder in cells)


def _missing(facts: Facts, language: str) -> list[str]:
    said = []
    if cells := facts.not_run.get(language):
        said.append(f"Not run: {_listed(cells)}.")
    for (scored_language, encoder, task), recipes in facts.not_scored.items():
        if scored_language == language:
            said.append(f"Not scored on {task}: {_listed((recipe, encoder) for recipe in recipes)}.")
    if absent := [str(one) for one in (*facts.strategies, *Baseline) if one not in facts.grid.recipes]:
        said.append("Not in this profile: " + ", ".join(absent) + ".")
    of_language = [score for score in facts.results.scores if score.language == language]
    generated = [score for score in of_language if score.kind == "strategy"]
    if generated and len({score.training_set for score in generated}) == 1:
        said.append("One generator seed: chance in the generator itself is not covered.")
    if of_language and max(score.seed for score in of_language) == 0:
        said.append("One embedder seed: chance in training embedders is not covered.")
    return said
