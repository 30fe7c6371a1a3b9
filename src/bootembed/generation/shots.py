"""Which examples go into a prompt, and in which order.

Similarity is the Jaccard index of character trigrams over words: it needs no model and no spaces between words, and the
same rows and seed always give the same prompts.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.core.seeding import derive_seed, sample_rows
from bootembed.core.text import comparable, jaccard, ngrams, words
from bootembed.prompts import Shot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bootembed.settings.generation import InContext


@dataclass(frozen=True)
class Example:
    """A premise with an entailment and a contradiction."""

    anchor: str
    positive: str
    negative: str


@dataclass(frozen=True)
class ShotPool:
    """The examples that prompts draw on: `count` of them each, or all where the choice is the same for all anchors.

    `excluded` counts the rows left out because they are anchors themselves.
    """

    examples: list[Example] = field(default_factory=list)
    count: int = 0
    selection: str = "random"
    order: str = "random"
    seed: int = 0
    excluded: int = 0


def choose_pool(rows: Iterable[dict[str, Any]], settings: InContext, *, anchors: Iterable[str], seed: int) -> ShotPool:
    """Choose the examples of a generator.

    Args:
        rows: With `anchor`, `positive` and `negative`.
        settings: How many, and how they are chosen.
        anchors: Sentences that triplets will be written for; a row with one of them (case, punctuation and spacing
            aside) would show the model its own task and is left out.
        seed: Of all random choices.

    Raises:
        DataError: Fewer rows are left than a prompt needs.
    """
    taken = {comparable(anchor, symbols=False) for anchor in anchors}
    examples = [Example(row["anchor"], row["positive"], row["negative"]) for row in rows]
    free = [example for example in examples if comparable(example.anchor, symbols=False) not in taken]
    excluded = len(examples) - len(free)
    if len(free) < settings.examples:
        raise DataError(
            f"in_context.examples: {settings.examples} are asked for but the corpus has {len(free)} example triplets "
            f"({excluded} more are anchors themselves); give more, lower the number, or set "
            "in_context.examples_language to 'english'"
        )
    if settings.selection == "random":
        chosen = sample_rows(free, settings.examples, seed=derive_seed(seed, "shots"))
    else:
        chosen = sample_rows(free, max(settings.pool, settings.examples), seed=derive_seed(seed, "pool"))
    if settings.selection == "diverse":
        chosen = _spread(chosen, settings.examples, seed=derive_seed(seed, "shots"))
    return ShotPool(chosen, settings.examples, settings.selection, settings.order, seed, excluded)


def _spread(examples: Sequence[Example], count: int, *, seed: int) -> list[Example]:
    """Examples far from each other: each next one is the farthest from its nearest chosen one (max-min)."""
    if not count:
        return []
    trigrams = [_trigrams(example.anchor) for example in examples]
    chosen = [random.Random(seed).randrange(len(examples))]
    nearest = [jaccard(trigrams[chosen[0]], other) for other in trigrams]
    while len(chosen) < count:
        free = (index for index in range(len(examples)) if index not in chosen)
        farthest = min(free, key=lambda index: (nearest[index], index))
        chosen.append(farthest)
        nearest = [max(old, jaccard(trigrams[farthest], trigrams[i])) for i, old in enumerate(nearest)]
    return [examples[index] for index in chosen]


class ShotPicker:
    """Picks the examples of each prompt from a pool."""

    def __init__(self, pool: ShotPool) -> None:
        self._pool = pool
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for index, example in enumerate(pool.examples):
            trigrams = _trigrams(example.anchor)
            self._sizes.append(len(trigrams))
            for trigram in trigrams:
                self._holders[trigram].append(index)

    def shots(self, anchor: str, *, polarity: Polarity) -> list[Shot]:
        """The examples for an anchor, in the order of the prompt, of one polarity."""
        return [
            Shot(example.anchor, example.positive if polarity is Polarity.POSITIVE else example.negative)
            for example in self._pick(anchor)
        ]

    def _pick(self, anchor: str) -> list[Example]:
        pool = self._pool
        if pool.selection != "similar" and pool.order != "most_similar_last":
            return pool.examples
        ranked = self._rank(anchor)[: pool.count]
        if pool.order == "most_similar_last":
            ranked.reverse()
        else:
            random.Random(derive_seed(pool.seed, "order", anchor)).shuffle(ranked)
        return [pool.examples[index] for index in ranked]

    def _rank(self, anchor: str) -> list[int]:
        """Positions in the pool, the most similar example first; ties in the order of the pool."""
        trigrams = _trigrams(anchor)
        shared = Counter(index for trigram in trigrams for index in self._holders.get(trigram, ()))

        def similarity(index: int) -> float:
            return shared[index] / max(1, len(trigrams) + self._sizes[index] - shared[index])

        return sorted(range(len(self._pool.examples)), key=lambda index: (-similarity(index), index))


def _trigrams(text: str) -> frozenset[str]:
    return ngrams(f" {' '.join(words(text))} ", 3)
