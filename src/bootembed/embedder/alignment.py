"""Which words of sentences stand for which words of their translations: IBM Model 1 (Brown et al. 1993)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Words = list[str]
_ROUNDS = 10  # of expectation maximisation; little changes after five


def align_words(
    sides: Sequence[tuple[Words, Words]], words: Sequence[str], *, most: int
) -> dict[str, list[tuple[str, float]]]:
    """The likeliest translations of words, by which words their sentences' translations have.

    Args:
        sides: The words of each sentence and of its translation.
        words: Words to translate; each must occur in a sentence.
        most: Translations a word, at most.

    Returns:
        Word -> (translation, probability), likeliest first; the probabilities sum to 1.
    """
    sources, targets = _numbered(left for left, _ in sides), _numbered(right for _, right in sides)
    source, target, place = _cells(sides, sources, targets)
    pairs, pair = np.unique(source.astype(np.int64) * len(targets) + target, return_inverse=True)
    source_of_pair, target_of_pair = pairs // len(targets), pairs % len(targets)
    probability = np.ones(len(pairs))
    for _ in range(_ROUNDS):
        weight = probability[pair]
        share = weight / np.bincount(place, weight)[place]  # of one translated word, among all that may be its source
        expected = np.bincount(pair, share)
        probability = expected / np.bincount(source_of_pair, expected)[source_of_pair]
    names = list(targets)
    starts = np.searchsorted(source_of_pair, np.arange(len(sources) + 1))  # `pairs` is sorted
    found = {}
    for word in words:
        first, end = starts[sources[word]], starts[sources[word] + 1]
        best = first + np.argsort(-probability[first:end], kind="stable")[:most]
        total = probability[best].sum()
        found[word] = [(names[target_of_pair[i]], float(probability[i] / total)) for i in best]
    return found


def _numbered(sentences: Iterable[Words]) -> dict[str, int]:
    return {word: number for number, word in enumerate(dict.fromkeys(word for words in sentences for word in words))}


def _cells(
    sides: Sequence[tuple[Words, Words]], sources: dict[str, int], targets: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of a word and a word of the translation: numbers of the two, and of the translated word's place."""
    columns: tuple[list[np.ndarray], ...] = ([], [], [])
    places = 0
    for left, right in sides:
        froms = np.array([sources[word] for word in left], dtype=np.int32)
        tos = np.array([targets[word] for word in right], dtype=np.int32)
        columns[0].append(np.tile(froms, len(tos)))
        columns[1].append(np.repeat(tos, len(froms)))
        columns[2].append(np.repeat(np.arange(places, places + len(tos), dtype=np.int32), len(froms)))
        places += len(tos)
    source, target, place = (np.concatenate(column) for column in columns)
    return source, target, place
