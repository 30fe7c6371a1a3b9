"""The answer of a language: what to use, how good it is, how sure that is, against what, and what was not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import UNTRAINED, Baseline
from bootembed.report.intervals import Differs
from bootembed.report.page.elements import minus
from bootembed.report.recipes import signed

if TYPE_CHECKING:
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
        recipe: What to use; empty if nothing was run.
        encoder: With which encoder.
        why: How it was chosen.
        good: How good it is.
        sure: How sure its lead is, a sentence for each recipe it is compared with.
        elsewhere: What holds on other tasks.
        missing: What was not run, and which chance is not covered.
    """

    language: str
    recipe: str
    encoder: str
    why: str
    good: str
    sure: list[str]
    elsewhere: list[str]
    missing: list[str]


def answers(facts: Facts) -> list[Answer]:
    """One for each language of the grid."""
    return [_answer(facts, language, facts.chosen(language)) for language in facts.grid.languages]


def _answer(facts: Facts, language: str, choice: Choice | None) -> Answer:
    missing = _missing(facts, language)
    if choice is None:
        return Answer(facts.name(language), "", "", "Nothing was trained for this language.", "", [], [], missing)
    best = choice.best
    others = {cell.recipe for cell in choice.ranked}
    why = (
        f"It has the best mean {best.task} score of {len(others)} trained recipes on the {best.split} split"
        f"{_ALSO_CHOSEN if best.split == 'test' else ''}; it is trained on {_TRAINED_ON[best.kind]}."
    )
    return Answer(
        facts.name(language), best.recipe, best.encoder, why, _good(facts, best), _sure(facts, choice),
        _elsewhere(facts, best), missing,
    )  # fmt: skip


def _good(facts: Facts, best: CellScore) -> str:
    shown = _shown_cell(facts, best)
    spread = "" if shown.deviation is None else f" ± {shown.deviation:.3f} over {len(shown.embedders)} embedders"
    text = f"{shown.task}, {shown.split} split: {shown.mean:.3f}{spread}"
    found = facts.estimates.get((best.language, best.encoder, best.task), {}).get(best.recipe)
    if found is None or shown.split != "test":
        return text + ("." if shown.split == "test" else ". There is no test set: this score chose the recipe.")
    statistic, estimate = found
    return f"{text}; {statistic} {estimate.value:.3f}, 95 % interval {estimate.low:.3f} to {estimate.high:.3f}."


def _shown_cell(facts: Facts, best: CellScore) -> CellScore:
    """The cell on the test split of the same task, or as it was chosen where that does not exist."""
    same = (best.name, best.task, "test")
    return next((cell for cell in facts.cells if (cell.name, cell.task, cell.split) == same), best)


def _sure(facts: Facts, choice: Choice) -> list[str]:
    best, rivals = choice.best, choice.rivals
    against = {UNTRAINED.value: "the untrained encoder"}
    compared = [rival for rival in rivals if _comparison(facts, best, rival.recipe)]
    for rival in (compared or rivals)[:1]:
        first = next(cell for cell in rivals if cell.kind == rival.kind)
        against[rival.recipe] = f"{rival.recipe}, {'the best' if rival is first else 'a'} {rival.kind}"
    said = []
    for recipe, name in against.items():
        found = _comparison(facts, best, recipe)
        if found is None:
            said.append(f"Not compared with {name}.")
            continue
        sign, one = found
        low, high = sorted((sign * one.difference.low, sign * one.difference.high))
        interval = minus(f"{signed(low)} to {signed(high)}")
        difference = minus(signed(sign * one.difference.difference))
        said.append(f"{difference} against {name} (95 % interval {interval}): {_verdict(one)}.")
    return said


def _comparison(facts: Facts, best: CellScore, recipe: str) -> tuple[int, Comparison] | None:
    for one in facts.comparisons:
        if (one.language, one.encoder, one.task) == (best.language, best.encoder, best.task):
            if (one.recipe, one.against) == (best.recipe, recipe):
                return 1, one
            if (one.recipe, one.against) == (recipe, best.recipe):
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
            said.append(f"It also leads on {task} ({leader.mean:.3f}).")
        elif own is not None:
            encoder = "" if leader.encoder == best.encoder else f" with {leader.encoder}"
            said.append(f"On {task}, {leader.recipe}{encoder} leads with {leader.mean:.3f}; this has {own.mean:.3f}.")
    return said


def _missing(facts: Facts, language: str) -> list[str]:
    said = []
    if cells := facts.not_run.get(language):
        said.append("Not run: " + ", ".join(f"{recipe} on {encoder}" for recipe, encoder in cells) + ".")
    if absent := [str(one) for one in Baseline if one not in facts.grid.baselines]:
        said.append("Not in this profile: " + ", ".join(absent) + ".")
    of_language = [score for score in facts.results.scores if score.language == language]
    generated = [score for score in of_language if score.kind == "strategy"]
    if generated and len({score.training_set for score in generated}) == 1:
        said.append("One generator seed: chance in the generator itself is not covered.")
    if of_language and max(score.seed for score in of_language) == 0:
        said.append("One embedder seed: chance in training embedders is not covered.")
    return said
