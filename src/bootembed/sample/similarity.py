"""Graded similarity between frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.sample.semantics import exclusive_slots

if TYPE_CHECKING:
    from bootembed.sample.frame import Frame
    from bootembed.sample.lexicon import Lexicon

OPPOSITE_POLARITY_FACTOR = 0.25
OPPOSITE_VERB_FACTOR = 0.4
EXCLUSIVE_FACTOR = 0.8
_CORE_WEIGHTS = {"subject": 3.0, "verb": 3.0, "object": 3.0}
_MODIFIER_WEIGHTS = {
    "object_count": 1.0,
    "subject_adjective": 1.0,
    "object_adjective": 1.0,
    "place": 1.5,
    "time": 1.0,
}
_HYPERNYM_SCORE = 0.75
_ABSENT_SCORE = 0.4
_SIBLING_SCORE = 0.2


def similarity(a: Frame, b: Frame, lexicon: Lexicon) -> float:
    """How much two sentences say the same, in [0, 1]; symmetric, and 1 only for equal meanings.

    The weighted mean over the slots that either frame fills, with weights 3 for the core (subject, verb, object),
    1.5 for the place and 1 for adjectives, time and (where both have objects) the count. A slot scores

    - 1 for equal values;
    - 0.75 where one is the other's hypernym (subject, object) or contains it (place);
    - 0.2 for different nouns of one kind, 0 for other values that differ;
    - 0.4 where one frame leaves out the object, and 0.4 times the mean over the core where one leaves out a
      modifier (so that modifiers of an unrelated event earn nothing).

    The mean is multiplied by 0.25 if exactly one frame is negated, by 0.4 if the verbs are opposites, and by 0.8
    for every other slot whose values exclude each other (see `relation`).

    Args:
        a: a meaning.
        b: another one.
        lexicon: the relations between concepts.
    """
    core, core_weight = _weighted_sum(a, b, _CORE_WEIGHTS, _ABSENT_SCORE, lexicon)
    absent = _ABSENT_SCORE * core / core_weight
    rest, rest_weight = _weighted_sum(a, b, _MODIFIER_WEIGHTS, absent, lexicon)
    result = (core + rest) / (core_weight + rest_weight)
    if a.negated != b.negated:
        result *= OPPOSITE_POLARITY_FACTOR
    for slot in exclusive_slots(a, b, lexicon):
        result *= OPPOSITE_VERB_FACTOR if slot == "verb" else EXCLUSIVE_FACTOR
    return result


def _weighted_sum(
    a: Frame, b: Frame, weights: dict[str, float], absent: float, lexicon: Lexicon
) -> tuple[float, float]:
    """The weighted scores and the weights of those of the slots that are in play, summed."""
    score = total = 0.0
    for slot, weight in weights.items():
        first, second = getattr(a, slot), getattr(b, slot)
        if first is None and second is None:
            continue
        if slot == "object_count" and (a.object is None or b.object is None):
            continue
        total += weight
        if first is None or second is None:
            score += weight * absent
        else:
            score += weight * (1.0 if first == second else _slot_score(slot, first, second, lexicon))
    return score, total


def _slot_score(slot: str, first: str, second: str, lexicon: Lexicon) -> float:
    """The score of two different values."""
    if slot in ("subject", "object"):
        if lexicon.noun_covers(first, second) or lexicon.noun_covers(second, first):
            return _HYPERNYM_SCORE
        return _SIBLING_SCORE if lexicon.nouns_exclude(first, second) else 0.0
    if slot == "place" and (lexicon.place_covers(first, second) or lexicon.place_covers(second, first)):
        return _HYPERNYM_SCORE
    return 0.0
