"""What follows from what: inference, contradiction and graded similarity between frames.

As in SNLI, two sentences are taken to describe the same event.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bootembed.sample.lexicon import Lexicon, Valency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

    from bootembed.sample.frame import Frame

MODIFIERS = ("subject_adjective", "object_adjective", "place", "time")
PLAIN_SHARE = 0.9
"""Share of contradictions that change the first thing that can be changed."""

OPPOSITE_POLARITY_FACTOR = 0.25
OPPOSITE_VERB_FACTOR = 0.4
EXCLUSIVE_FACTOR = 0.8


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
        conflicts = sum(1 for _ in _exclusive_slots(premise, hypothesis, lexicon))
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


def _exclusive_slots(a: Frame, b: Frame, lexicon: Lexicon) -> Iterator[str]:
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


# --- writing entailments and contradictions -----------------------------------------------------------------


def entailments(frame: Frame, rng: Random, lexicon: Lexicon) -> Frame:
    """Write one random proper entailment: one to three generalisations, never the same meaning.

    A generalisation drops an adjective, the place, the time or an optional object, or replaces subject, object or
    place by a hypernym (dropping the adjective where it would not survive).

    Args:
        frame: an affirmative premise.
        rng: source of randomness.
        lexicon: the relations between concepts.

    Raises:
        ValueError: the frame is negated or already as general as can be.
    """
    if frame.negated or not _generalisations(frame, lexicon):
        raise ValueError(f"nothing more general follows from {frame}; give an affirmative frame with modifiers")
    result = frame
    for _ in range(rng.choice((1, 2, 2, 3))):
        options = _generalisations(result, lexicon)
        if options:
            result = rng.choice(options)
    return result


def has_entailments(frame: Frame, lexicon: Lexicon, at_least: int = 1) -> bool:
    """Whether `entailments` has at least so many first steps to choose from."""
    return not frame.negated and len(_generalisations(frame, lexicon)) >= at_least


def _generalisations(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    """All frames one step more general."""
    results = [replace(frame, **{slot: None}) for slot in MODIFIERS if getattr(frame, slot) is not None]  # type: ignore[arg-type]
    for noun in ("subject", "object"):
        concept = getattr(frame, noun)
        hypernym = None if concept is None else lexicon.nouns[concept].hypernym
        if hypernym is not None:
            results.append(_replace_noun(frame, noun, hypernym, lexicon))
    if frame.place is not None and (larger := lexicon.places[frame.place].hypernym) is not None:
        results.append(replace(frame, place=larger))
    if frame.object is not None and lexicon.verbs[frame.verb].valency is Valency.OPTIONAL:
        results.append(replace(frame, object=None, object_count=1, object_adjective=None))
    return [result for result in results if lexicon.makes_sense(result)]


def generalise_nouns(frame: Frame, lexicon: Lexicon) -> Frame:
    """Replace subject, object and place by their hypernyms where they have one and it makes sense."""
    for noun in ("subject", "object"):
        concept = getattr(frame, noun)
        hypernym = None if concept is None else lexicon.nouns[concept].hypernym
        if hypernym is not None:
            general = _replace_noun(frame, noun, hypernym, lexicon)
            frame = general if lexicon.makes_sense(general) else frame
    larger = None if frame.place is None else lexicon.places[frame.place].hypernym
    return frame if larger is None else replace(frame, place=larger)


def _replace_noun(frame: Frame, noun: str, concept: str, lexicon: Lexicon) -> Frame:
    """Put another noun in place, with the adjective if it fits and is not relative to the old noun."""
    slot = f"{noun}_adjective"
    kept = getattr(frame, slot)
    if kept is not None and (kept not in lexicon.adjectives_of[concept] or lexicon.adjectives[kept].relative):
        kept = None
    return replace(frame, **{noun: concept, slot: kept})


def contradictions(frame: Frame, rng: Random, lexicon: Lexicon) -> Frame:
    """Write one random hard contradiction: one exclusive change, else the same words but for one modifier.

    Writers reach for the plainest contradiction, and so does this in nine cases of ten: another adjective for the
    subject where it has one, otherwise the opposite of the verb or its negation, as often the one as the other where
    both exist. Else any change is as likely as another: those two, another object of the same kind, another count,
    another adjective, place or time of the same group. In one case in ten one of the other modifiers is dropped as
    well. A negated frame is contradicted by affirming it.

    Args:
        frame: the premise.
        rng: source of randomness.
        lexicon: the relations between concepts.
    """
    if frame.negated:
        return replace(frame, negated=False)
    possible = {slot: options for slot in _CHANGES if (options := exclusive_changes(frame, slot, lexicon))}
    possible["negated"] = [replace(frame, negated=True)]
    slot = rng.choice(_plainest(possible) if rng.random() < PLAIN_SHARE else list(possible))
    return _drop_other_modifier(rng.choice(possible[slot]), slot, rng)


def _plainest(possible: Iterable[str]) -> list[str]:
    """Of the slots that can be changed those that come first in a sentence."""
    if "subject_adjective" in possible:
        return ["subject_adjective"]
    return [slot for slot in possible if slot in ("verb", "negated")]


def exclusive_changes(frame: Frame, slot: str, lexicon: Lexicon) -> list[Frame]:
    """All frames that differ from an affirmative frame in one exclusive value of one slot, and make sense."""
    return _CHANGES[slot](frame, lexicon) if getattr(frame, slot) is not None else []


def _drop_other_modifier(frame: Frame, changed: str, rng: Random) -> Frame:
    others = [slot for slot in MODIFIERS if slot != changed and getattr(frame, slot) is not None]
    if not others or rng.random() >= 0.1:
        return frame
    return replace(frame, **{rng.choice(others): None})  # type: ignore[arg-type]


def _opposite_verbs(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    opposite = lexicon.verbs[frame.verb].opposite
    if opposite is None:
        return []
    return _sensible([replace(frame, verb=opposite)], lexicon)


def _other_objects(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    current = frame.object
    if current is None:
        return []
    others = [noun for noun in lexicon.objects_of[frame.verb] if lexicon.nouns_exclude(current, noun)]
    return [_replace_noun(frame, "object", noun, lexicon) for noun in others]


def _other_counts(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    if frame.object is None:
        return []
    return [replace(frame, object_count=count) for count in (1, 2, 3) if count != frame.object_count]


def _other_adjectives(noun: str) -> Callable[[Frame, Lexicon], list[Frame]]:
    def change(frame: Frame, lexicon: Lexicon) -> list[Frame]:
        slot = f"{noun}_adjective"
        current = getattr(frame, slot)
        fitting = lexicon.adjectives_of[getattr(frame, noun)]
        others = [name for name in fitting if lexicon.adjectives_exclude(current, name)]
        return [replace(frame, **{slot: name}) for name in others]  # type: ignore[arg-type]

    return change


def _other_places(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    current = frame.place
    if current is None:
        return []
    others = [place for place in lexicon.places if lexicon.places_exclude(current, place)]
    return _sensible([replace(frame, place=place) for place in others], lexicon)


def _other_times(frame: Frame, lexicon: Lexicon) -> list[Frame]:
    current = frame.time
    if current is None:
        return []
    others = [time for time in lexicon.times if lexicon.times_exclude(current, time)]
    return [replace(frame, time=time) for time in others]


def _sensible(frames: list[Frame], lexicon: Lexicon) -> list[Frame]:
    return [frame for frame in frames if lexicon.makes_sense(frame)]


_CHANGES: dict[str, Callable[[Frame, Lexicon], list[Frame]]] = {
    "verb": _opposite_verbs,
    "object": _other_objects,
    "object_count": _other_counts,
    "subject_adjective": _other_adjectives("subject"),
    "object_adjective": _other_adjectives("object"),
    "place": _other_places,
    "time": _other_times,
}


# --- similarity ---------------------------------------------------------------------------------------------

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
    for slot in _exclusive_slots(a, b, lexicon):
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
