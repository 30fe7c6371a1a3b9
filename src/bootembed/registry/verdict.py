"""Whether one version is better than another, in a sentence with figures. Scores decide here, and no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.evaluation.answers import resample
from bootembed.evaluation.statistics import Difference, compare, over_seeds

if TYPE_CHECKING:
    from bootembed.registry.candidates import Validation


@dataclass(frozen=True)
class Verdict:
    """Whether a version is to replace the champion, and why or why not."""

    replaces: bool
    reason: str


def judge(new: Validation, present: Validation | None, *, champion: str) -> Verdict:
    """Compare a version with the champion: beyond noise is where the 95 % interval of the difference is above zero.

    Args:
        new: Of the version.
        present: Of the champion; None if it has none.
        champion: Its name in the reason.
    """
    if present is None or not is_same_set(new, present):
        return Verdict(replaces=False, reason=not_comparable(new, champion))
    told = compared(new, present, champion)
    if new.score <= present.score:
        return Verdict(replaces=False, reason=told)
    if not new.answers:
        return Verdict(replaces=True, reason=f"{told}; without answers to each item the means decide")
    found = _difference(new, present)
    noise = "beyond noise" if found.low > 0 else "which may be noise"
    interval = f"95 % interval {found.low:+.4f} to {found.high:+.4f}"
    return Verdict(replaces=found.low > 0, reason=f"{told}, {noise} ({interval})")


def compared(new: Validation, present: Validation, champion: str) -> str:
    """How the mean of a version lies to that of the champion, on the same validation set."""
    difference = new.score - present.score
    relation = f"{abs(difference):.4f} {'above' if difference > 0 else 'below'}" if difference else "equal to"
    return f"its {new.figures} is {relation} the {present.score:.4f} of {champion}"


def not_comparable(new: Validation, champion: str) -> str:
    """Why a version does not replace the champion whatever its score, and what to do about it."""
    return (
        f"{champion} was not chosen by the present validation set of {new.task}, so the scores cannot be compared; "
        "remove its alias to choose the champion again"
    )


def is_same_set(new: Validation, present: Validation) -> bool:
    """Whether both are results on the same items."""
    if new.task != present.task or bool(new.answers) != bool(present.answers):
        return False
    sets = [(found.gold, len(found.values)) for one in (new, present) for found in one.answers.values()]
    return all(found == sets[0] for found in sets)


def _difference(new: Validation, present: Validation) -> Difference:
    """Of the means over the embedders of each, resampled together."""
    answers = {(side, i): own for side, one in enumerate((new, present)) for i, own in one.answers.items()}
    resampled = resample(answers, seed=0)
    means = [over_seeds({i: found for (of, i), found in resampled.items() if of == side}, seed=side) for side in (0, 1)]
    return compare(*means)
