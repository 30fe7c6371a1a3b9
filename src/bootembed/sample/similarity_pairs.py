"""Pairs of sentences with graded similarity, made so that counting shared words predicts it poorly.

High scores go to generalisations, which swap words for hypernyms or leave words out; low scores to negations and
opposite verbs, which share nearly all their words, as well as to unrelated pairs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bootembed.sample.rewriting import entailments, exclusive_changes, generalise_nouns, has_entailments
from bootembed.sample.sampling import split_of
from bootembed.sample.similarity import similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bootembed.sample.frame import Frame
    from bootembed.sample.sampling import FrameSampler

    Way = Callable[[Frame, FrameSampler], Frame]

BUCKETS = 5
ATTEMPTS_PER_WAY = 100
CHANGEABLE = ("verb", "object", "object_count", "subject_adjective", "object_adjective", "place", "time")

Pair = tuple["Frame", "Frame", float]


def similarity_pairs(sampler: FrameSampler, count: int) -> list[Pair]:
    """Draw distinct pairs of different meanings, spread evenly over [0, 1).

    Args:
        sampler: draws frames of the split that both sides of every pair belong to.
        count: how many pairs.

    Returns:
        Pairs with their `similarity`, in random order: one in five from each fifth of the range, and within a
        fifth the ways of `_WAYS` in turn, as far as some hundred attempts find such a pair.

    Raises:
        ValueError: the lexicon has no new pair left.
    """
    seen: set[frozenset[Frame]] = set()
    pairs = []
    for index in range(count):
        bucket = index % BUCKETS
        turn = index // BUCKETS % len(_WAYS[bucket])
        pair = _draw_pair(sampler, bucket, _WAYS[bucket][turn:] + _WAYS[bucket][:turn], seen)
        seen.add(frozenset(pair[:2]))
        pairs.append(pair)
    sampler.rng.shuffle(pairs)
    return pairs


def _draw_pair(sampler: FrameSampler, bucket: int, ways: Sequence[Way], seen: set[frozenset[Frame]]) -> Pair:
    """A new pair in the wanted fifth, made in the first of the ways that finds one, or one found elsewhere."""
    fallback: Pair | None = None
    for attempt in range(ATTEMPTS_PER_WAY * len(ways)):
        first = sampler.draw()
        second = ways[attempt // ATTEMPTS_PER_WAY](first, sampler)
        if split_of(second) is not sampler.split or second == first or frozenset((first, second)) in seen:
            continue
        score = similarity(first, second, sampler.lexicon)
        pair = (first, second, score) if sampler.rng.random() < 0.5 else (second, first, score)
        if min(int(score * BUCKETS), BUCKETS - 1) == bucket:
            return pair
        fallback = pair
    if fallback is None:
        raise ValueError("the sample lexicon has no new pairs left; use a larger content_words or smaller sts")
    return fallback


def _generalise(frame: Frame, sampler: FrameSampler) -> Frame:
    if not has_entailments(frame, sampler.lexicon):
        return frame
    return entailments(frame, sampler.rng, sampler.lexicon)


def _change_once(frame: Frame, sampler: FrameSampler) -> Frame:
    options = [slot for slot in CHANGEABLE if exclusive_changes(frame, slot, sampler.lexicon)]
    if not options:
        return frame
    return sampler.rng.choice(exclusive_changes(frame, sampler.rng.choice(options), sampler.lexicon))


def _change_twice(frame: Frame, sampler: FrameSampler) -> Frame:
    return _change_once(_change_once(frame, sampler), sampler)


def _generalise_and_change(frame: Frame, sampler: FrameSampler) -> Frame:
    return _change_once(_generalise(frame, sampler), sampler)


def _rephrase(frame: Frame, sampler: FrameSampler) -> Frame:
    """Hypernyms for subject, object and place: hardly a word in common, nearly the same meaning."""
    return generalise_nouns(frame, sampler.lexicon)


def _rephrase_and_change(frame: Frame, sampler: FrameSampler) -> Frame:
    return _change_once(_rephrase(frame, sampler), sampler)


def _negate(frame: Frame, _: FrameSampler) -> Frame:
    return replace(frame, negated=True)


def _change_and_negate(frame: Frame, sampler: FrameSampler) -> Frame:
    changed = _change_once(frame, sampler)
    return replace(changed, negated=True) if changed.verb == frame.verb else frame


def _oppose(frame: Frame, sampler: FrameSampler) -> Frame:
    options = exclusive_changes(frame, "verb", sampler.lexicon)
    return sampler.rng.choice(options) if options else frame


def _oppose_and_change(frame: Frame, sampler: FrameSampler) -> Frame:
    """The opposite verb and one other change, but not the verb back again."""
    opposed = _oppose(frame, sampler)
    changed = _change_once(opposed, sampler)
    return changed if changed.verb == opposed.verb else frame


def _other_subject(frame: Frame, sampler: FrameSampler) -> Frame:
    """The same event of somebody else."""
    other = sampler.draw().subject
    changed = replace(frame, subject=other, subject_adjective=None)
    return changed if sampler.lexicon.makes_sense(changed) else frame


def _unrelated(_: Frame, sampler: FrameSampler) -> Frame:
    return sampler.draw()


# How pairs of each fifth are made, lowest first. Contrasts share most words, rephrasings few.
_WAYS: tuple[tuple[Way, ...], ...] = (
    (_unrelated, _oppose_and_change, _unrelated, _change_and_negate),
    (_unrelated, _oppose, _unrelated, _negate),
    (_change_twice, _generalise_and_change, _other_subject, _unrelated),
    (_rephrase_and_change, _change_once, _generalise, _other_subject),
    (_rephrase, _generalise),
)
