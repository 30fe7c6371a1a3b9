"""Writing frames that follow from a frame or contradict it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bootembed.sample.concepts import Valency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from bootembed.sample.frame import Frame
    from bootembed.sample.lexicon import Lexicon

MODIFIERS = ("subject_adjective", "object_adjective", "place", "time")
PLAIN_SHARE = 0.9
"""Share of contradictions that change the first thing that can be changed."""


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
