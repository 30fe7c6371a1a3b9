"""Alignment and uniformity of embeddings on the unit sphere (Wang & Isola 2020, arXiv:2005.10242).

Alignment is how close the two sentences of a positive pair lie, uniformity how evenly all sentences spread over the
sphere; of both, lower is better. An embedder that collapses aligns perfectly and is not uniform at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bootembed.evaluation.tasks import Task

    Vectors = NDArray[np.floating[Any]]
    Encode = Callable[[Sequence[str]], Vectors]

MAX_SENTENCES = 5000  # uniformity compares every sentence with every other
_ROWS_AT_ONCE = 1024  # against 5000 sentences: 40 MB an array


def alignment(one: Vectors, two: Vectors) -> float:
    """Mean squared distance of the vectors of positive pairs, on the unit sphere: 0 (equal) to 4 (opposite).

    Args:
        one: Of shape (pairs, dimensions), a pair or more.
        two: The other sentence of each pair, of the same shape.
    """
    return float(np.square(_unit(one) - _unit(two)).sum(axis=1).mean())


def uniformity(vectors: Vectors) -> float:
    """Log of the mean of exp(-2 x squared distance) over all pairs of different rows: -8 to 0 (all equal).

    Args:
        vectors: Of shape (sentences, dimensions), two rows or more.
    """
    unit = _unit(vectors)
    total = 0.0
    for start in range(0, len(unit), _ROWS_AT_ONCE):
        rows = unit[start : start + _ROWS_AT_ONCE]
        squared = np.clip(2.0 - 2.0 * (rows @ unit[start:].T), 0.0, 4.0)
        total += float(np.triu(np.exp(-2.0 * squared), k=1).sum())
    pairs = len(unit) * (len(unit) - 1) / 2
    return float(np.log(total / pairs))


def task_geometry(task: Task, encode: Encode, *, seed: int) -> dict[str, dict[str, float]]:
    """Alignment and uniformity on each scored split of a task whose kind has positive pairs.

    Uniformity is over the different sentences that should spread (`Kind.sentences`), at most `MAX_SENTENCES` of them.

    Args:
        task: Of any kind.
        encode: Sentences -> vectors, one a row.
        seed: Of the choice among too many sentences.

    Returns:
        Split -> `alignment`, left out where there is no positive pair, and `uniformity`, where there is one sentence;
        nothing where the kind has no positive pairs.
    """
    found = {}
    for split in task.splits:
        sentences = task.kind.sentences(task.mteb, [row for row in task.rows if row["split"] == split])
        if sentences is None:
            continue
        spread = _distinct(sentences.spread, seed=seed)
        measured = {}
        if sentences.positive:
            measured["alignment"] = round(alignment(*map(encode, zip(*sentences.positive, strict=True))), 6)
        if len(spread) > 1:
            measured["uniformity"] = round(uniformity(encode(spread)), 6)
        found[split] = measured
    return found


def _distinct(sentences: Sequence[str], *, seed: int) -> list[str]:
    different = list(dict.fromkeys(sentences))
    if len(different) <= MAX_SENTENCES:
        return different
    chosen = np.random.default_rng(seed).choice(len(different), MAX_SENTENCES, replace=False)
    return [different[number] for number in sorted(chosen)]


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit
