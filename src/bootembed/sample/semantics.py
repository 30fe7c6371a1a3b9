"""What follows from what: the relation of inference between two frames.

As in SNLI, two sentences are taken to describe the same event.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bootembed.sample.concepts import Valency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.sample.frame import Frame
    from bootembed.sample.lexicon import Lexicon


class Relation(StrEnum):
    """How a hypothesis stands to a premise."""

    SAME = "same"
    ENTAILMENT = "entailment"
    CONTRADICTION = "contradiction"
    NEUTRAL = "neutral"


def relation(premise: Frame, hypothesis: Frame, lexicon: Lexicon) -> Relation:
    """Judge a hypothesis against a premise.

    "p affirms h", for two frames with their negation ignored, holds if the verb is the same and

    - the subject of h is that of p or a hypernym; so is the object, with the same count; h may lack an object
      that p has if the verb takes one optionally (eat, read, cook, write, draw);
    - every modifier of h (both adjectives, place, time) is also in p, or is a place that contains p's place; a
      relative adjective (big, tall, expensive ...) does not survive generalising its noun: a big mouse need not
      be a big animal.

    The rules, first match first:

    1. same: the frames are equal.
    2. both affirmative: entailment if p affirms h; contradiction if the subjects are equal or one is the other's
       hypernym, the verbs are equal or opposites, and one or two slots exclude each other. Slots that can: verb
       (opposites), count, object (nouns of one kind, neither a hypernym of the other), place and time (of one
       group, neither containing the other), each adjective (of one group; relative ones only if the noun is the
       same). All else must not conflict, which is to say it is equal, more general, absent on one side, or of
       another kind or group.
    3. p affirmative, h negated: contradiction if p affirms h.
    4. p negated, h affirmative: contradiction if h affirms p.
    5. neutral. In particular a negated premise entails only itself.

    Args:
        premise: what is given.
        hypothesis: what is to be judged.
        lexicon: the relations between concepts; must hold the concepts of both frames.
    """
    if premise == hypothesis:
        return Relation.SAME
    if premise.negated or hypothesis.negated:
        return _relation_with_negation(premise, hypothesis, lexicon)
    if _affirms(premise, hypothesis, lexicon):
        return Relation.ENTAILMENT
    if _subjects_compatible(premise, hypothesis, lexicon) and _verbs_comparable(premise, hypothesis, lexicon):
        conflicts = sum(1 for _ in exclusive_slots(premise, hypothesis, lexicon))
        if conflicts in (1, 2):
            return Relation.CONTRADICTION
    return Relation.NEUTRAL


def _relation_with_negation(premise: Frame, hypothesis: Frame, lexicon: Lexicon) -> Relation:
    if premise.negated and hypothesis.negated:
        return Relation.NEUTRAL
    given, denied = (hypothesis, premise) if premise.negated else (premise, hypothesis)
    return Relation.CONTRADICTION if _affirms(given, denied, lexicon) else Relation.NEUTRAL


def _affirms(specific: Frame, general: Frame, lexicon: Lexicon) -> bool:
    """Whether the event of ``specific``, if it takes place, is one of ``general``; negation is ignored."""
    if specific.verb != general.verb or not lexicon.noun_covers(general.subject, specific.subject):
        return False
    if not _object_affirmed(specific, general, lexicon):
        return False
    if general.place is not None and (
        specific.place is None or not lexicon.place_covers(general.place, specific.place)
    ):
        return False
    if general.time not in (None, specific.time):
        return False
    return _adjective_affirmed(specific, general, "subject", lexicon) and _adjective_affirmed(
        specific, general, "object", lexicon
    )


def _object_affirmed(specific: Frame, general: Frame, lexicon: Lexicon) -> bool:
    if general.object is None:
        return specific.object is None or lexicon.verbs[specific.verb].valency is Valency.OPTIONAL
    if specific.object is None or specific.object_count != general.object_count:
        return False
    return lexicon.noun_covers(general.object, specific.object)


def _adjective_affirmed(specific: Frame, general: Frame, noun: str, lexicon: Lexicon) -> bool:
    kept = getattr(general, f"{noun}_adjective")
    if kept is None:
        return True
    if kept != getattr(specific, f"{noun}_adjective"):
        return False
    return getattr(specific, noun) == getattr(general, noun) or not lexicon.adjectives[kept].relative


def _subjects_compatible(a: Frame, b: Frame, lexicon: Lexicon) -> bool:
    return lexicon.noun_covers(a.subject, b.subject) or lexicon.noun_covers(b.subject, a.subject)


def _verbs_comparable(a: Frame, b: Frame, lexicon: Lexicon) -> bool:
    return a.verb == b.verb or lexicon.verbs[a.verb].opposite == b.verb


def exclusive_slots(a: Frame, b: Frame, lexicon: Lexicon) -> Iterator[str]:
    """Names of the slots whose values cannot both be true of one event (subjects aside)."""
    if lexicon.verbs[a.verb].opposite == b.verb:
        yield "verb"
    if a.object is not None and b.object is not None and a.object_count != b.object_count:
        yield "object_count"
    exclusions = (
        ("object", lexicon.nouns_exclude),
        ("place", lexicon.places_exclude),
        ("time", lexicon.times_exclude),
    )
    for slot, exclude in exclusions:
        first, second = getattr(a, slot), getattr(b, slot)
        if first is not None and second is not None and exclude(first, second):
            yield slot
    for noun in ("subject", "object"):
        if _adjectives_conflict(a, b, noun, lexicon):
            yield f"{noun}_adjective"


def _adjectives_conflict(a: Frame, b: Frame, noun: str, lexicon: Lexicon) -> bool:
    first, second = getattr(a, f"{noun}_adjective"), getattr(b, f"{noun}_adjective")
    if first is None or second is None or not lexicon.adjectives_exclude(first, second):
        return False
    relative = lexicon.adjectives[first].relative or lexicon.adjectives[second].relative
    return getattr(a, noun) == getattr(b, noun) or not relative
