"""A balanced subset of the lexicon: every category keeps its share, and what belongs together stays together."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from bootembed.sample.concepts import ANIMATE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bootembed.sample.concepts import Adjective, Noun, Place, Time, Verb

# Share of the content words each category aims at, in the order in which they take turns.
_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "person": 0.13,
        "animal": 0.07,
        "thing": 0.30,
        "verb": 0.22,
        "adjective": 0.16,
        "place": 0.08,
        "time": 0.04,
    }
)

Member = tuple[str, str]
"""Category and id of a concept."""


def choose_subset(
    nouns: Iterable[Noun],
    verbs: Iterable[Verb],
    adjectives: Iterable[Adjective],
    places: Iterable[Place],
    times: Iterable[Time],
    *,
    size: int,
) -> set[Member]:
    """Choose at most `size` concepts, always from the category furthest below its share, until nothing more fits.

    Concepts that only make sense together are taken together; within a category earlier ones take precedence.
    """
    nouns = list(nouns)
    bundles: dict[str, list[tuple[Member, ...]]] = {category: [] for category in _SHARES}
    hypernyms = {noun.hypernym for noun in nouns} - {None}
    for noun in nouns:
        category = noun.kind if noun.kind in ANIMATE_KINDS else "thing"
        if noun.concept not in hypernyms:
            bundles[category].append(_chain("noun", noun.concept, noun.hypernym))
    bundles["verb"] = [_chain("verb", verb.concept, verb.opposite) for verb in verbs]
    bundles["place"] = [_chain("place", place.concept, place.hypernym) for place in places]
    bundles["time"] = [_chain("time", time.concept) for time in times]
    bundles["adjective"] = _adjective_bundles(list(adjectives))
    return _choose(bundles, size)


def _chain(category: str, *concepts: str | None) -> tuple[Member, ...]:
    return tuple((category, concept) for concept in concepts if concept is not None)


def _adjective_bundles(adjectives: Sequence[Adjective]) -> list[tuple[Member, ...]]:
    """Oppositions whole; of larger groups (colours) the first two together, the others singly."""
    groups: dict[str, list[str]] = {}
    for adjective in adjectives:
        groups.setdefault(adjective.group or adjective.concept, []).append(adjective.concept)
    order = {adjective.concept: rank for rank, adjective in enumerate(adjectives)}
    bundles = []
    for members in groups.values():
        bundles.append(_chain("adjective", *members[:2]))
        bundles.extend(_chain("adjective", member) for member in members[2:])
    return sorted(bundles, key=lambda bundle: order[bundle[0][1]])


def _choose(bundles: Mapping[str, Sequence[tuple[Member, ...]]], size: int) -> set[Member]:
    kept: set[Member] = set()
    filled = dict.fromkeys(bundles, 0)
    queues = {category: list(queue) for category, queue in bundles.items()}
    while True:
        for category in sorted(queues, key=lambda name: filled[name] / _SHARES[name]):
            added = _take(queues[category], kept, size - len(kept))
            if added:
                filled[category] += added
                break
        else:
            return kept


def _take(queue: list[tuple[Member, ...]], kept: set[Member], room: int) -> int:
    """Move the first bundle that fits and adds something from the queue to what is kept."""
    for index, bundle in enumerate(queue):
        new = set(bundle) - kept
        if new and len(new) <= room:
            kept |= new
            del queue[index]
            return len(new)
    return 0
