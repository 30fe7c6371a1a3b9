"""The first filters of generated triplets: each rejected row is set aside with one reason."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.params import Filters
    from bootembed.triplets.answers import Answer


class Reason(StrEnum):
    """Why a triplet is set aside; the first that applies, in this order."""

    PROMPT_TOO_LONG = "prompt_too_long"
    EMPTY = "empty"
    OVER_LONG = "over_long"
    COPY_OF_ANCHOR = "copy_of_anchor"
    POSITIVE_EQUALS_NEGATIVE = "positive_equals_negative"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Candidate:
    """An anchor (by its position) with the two answers."""

    anchor_id: int
    anchor: str
    positive: Answer | None
    negative: Answer | None


@dataclass(frozen=True)
class Verdict:
    """A candidate and why it is set aside; no reason means that it is kept."""

    candidate: Candidate
    reason: Reason | None


def filter_candidates(candidates: Sequence[Candidate], settings: Filters) -> list[Verdict]:
    """Judge every candidate, in order.

    Comparisons ignore case, punctuation and spacing. A duplicate is a triplet whose three sentences all occurred
    before; an anchor that occurs twice keeps both its triplets if they differ.
    """
    seen: set[tuple[str, str, str]] = set()
    return [Verdict(candidate, _reason(candidate, settings, seen)) for candidate in candidates]


def _reason(candidate: Candidate, settings: Filters, seen: set[tuple[str, str, str]]) -> Reason | None:
    positive, negative = candidate.positive, candidate.negative
    if positive is None or negative is None:
        return Reason.PROMPT_TOO_LONG
    key = (normalise(candidate.anchor), normalise(positive.text), normalise(negative.text))
    if not key[1] or not key[2]:
        return Reason.EMPTY
    if any(_over_long(answer, candidate.anchor, settings) for answer in (positive, negative)):
        return Reason.OVER_LONG
    if key[0] in key[1:]:
        return Reason.COPY_OF_ANCHOR
    if key[1] == key[2]:
        return Reason.POSITIVE_EQUALS_NEGATIVE
    if key in seen:
        return Reason.DUPLICATE
    seen.add(key)
    return None


def _over_long(answer: Answer, anchor: str, settings: Filters) -> bool:
    limit = min(settings.max_characters, settings.max_length_ratio * len(anchor))
    return not answer.finished or len(answer.text) > limit


def normalise(text: str) -> str:
    """Text for comparison: compatibility-composed, case-folded, letters, marks and digits only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LMN")
