"""Near duplicates: MinHash finds candidates, the Jaccard similarity of their n-grams decides.

Broder 1997, with locality-sensitive hashing by bands (Leskovec et al., Mining of Massive Datasets, chapter 3). The
signatures are `rensa`'s; the bands are kept in SQLite, because every library's index grows in memory with the corpus.
"""

from __future__ import annotations

import hashlib
import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bootembed.core.text import comparable, jaccard, ngrams, spelt_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PERMUTATIONS = 128
NGRAM = 5
SHORTEST = 20
"""Letters of an alphabet below which a text has no near copies: one more or less would decide."""
_ROWS_OF_A_BAND = (4, 8, 16)
_SEED = 1
_CACHE_KIB = 64 * 1024
_BATCH = 2_000


@lru_cache(maxsize=4096)  # a text is compared with the evaluation sets first, then with its own table
def letter_ngrams(text: str) -> frozenset[str]:
    """The n-grams of a comparable text, of its letters."""
    return ngrams(spelt_out(text), NGRAM)


def may_be_near(text: str) -> bool:
    """Whether a comparable text is long enough to have near copies."""
    return len(text) >= SHORTEST or len(spelt_out(text)) >= SHORTEST


def band_keys(texts: Sequence[frozenset[str]], threshold: float) -> NDArray[np.int64]:
    """Keys under which near texts meet.

    Args:
        texts: N-grams of each text.
        threshold: Jaccard similarity from which two texts should share a key; they do with a probability of about 0.9
            or more at 0.05 above the threshold.

    Returns:
        Keys of shape (texts, bands).
    """
    import rensa

    rows = _rows_of_a_band(threshold)
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(texts, PERMUTATIONS, _SEED)
    digests = np.array(matrix.to_rows(), dtype=np.uint64).reshape(len(texts), -1, rows)
    factors = np.random.default_rng(_SEED).integers(2**63, size=digests.shape[1:], dtype=np.uint64) | np.uint64(1)
    mixed = ((digests + np.uint64(1)) * factors).sum(axis=2, dtype=np.uint64)  # modulo 2**64; different in every band
    keys: NDArray[np.int64] = (mixed ^ (mixed >> np.uint64(31))).astype(np.int64)
    return keys


def _rows_of_a_band(threshold: float) -> int:
    """As many as possible, so that few unlike texts meet, while most texts at the threshold still do."""
    fitting = [rows for rows in _ROWS_OF_A_BAND if (rows / PERMUTATIONS) ** (1 / rows) <= threshold]
    return max(fitting, default=_ROWS_OF_A_BAND[0])


class NearTexts:
    """A set of texts held in memory; finds the one that a text nearly repeats.

    N-grams take a hundred times the memory of their text, so those of the set are not kept.

    Args:
        texts: Comparable texts.
        threshold: Jaccard similarity from which a text is near.
    """

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self._threshold = threshold
        self._texts = texts
        batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        keys = [band_keys([letter_ngrams(text) for text in batch], threshold) for batch in batches]
        together = np.concatenate(keys) if keys else np.empty((0, 1), dtype=np.int64)
        order = np.argsort(together, axis=None, kind="stable")
        self._keys = together.ravel()[order]
        self._owners = (order // together.shape[1]).astype(np.int32)

    def nearest(self, texts: Sequence[str]) -> list[tuple[int, float] | None]:
        """For each comparable text the position of the nearest text of the set and their similarity, if it is near."""
        if not texts or not self._texts:
            return [None] * len(texts)
        asked = [letter_ngrams(text) for text in texts]
        keys = band_keys(asked, self._threshold)
        begins, ends = (np.searchsorted(self._keys, keys, side=side).tolist() for side in ("left", "right"))
        return [self._nearest(*found) for found in zip(asked, begins, ends, strict=True)]

    def _nearest(self, own: frozenset[str], begins: list[int], ends: list[int]) -> tuple[int, float] | None:
        """The best of the texts at some ranges of the sorted keys."""
        candidates = sorted(
            {i for begin, end in zip(begins, ends, strict=True) for i in self._owners[begin:end].tolist()}
        )
        found = [(index, jaccard(own, letter_ngrams(self._texts[index]))) for index in candidates]
        best = max(found, key=lambda item: item[1], default=None)
        return best if best and best[1] >= self._threshold else None


class SeenTexts:
    """The texts of a table so far, on disk: memory does not grow with their number.

    Args:
        path: A file that is created here and removed by `close`.
        threshold: Jaccard similarity from which a text is a near duplicate; None looks for equal ones only.
    """

    def __init__(self, path: Path, threshold: float | None) -> None:
        self._path = path
        self._threshold = threshold
        self._count = 0
        self._base = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",  # the file does not outlive the process
            "PRAGMA synchronous = OFF",
            "PRAGMA locking_mode = EXCLUSIVE",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE seen (key INTEGER PRIMARY KEY)",
            "CREATE TABLE bands (key INTEGER PRIMARY KEY, text INTEGER)",
            "CREATE TABLE texts (number INTEGER PRIMARY KEY, text TEXT)",
            "BEGIN",
        ):
            self._base.execute(statement)

    def is_new(self, key: str) -> bool:
        """Whether this key is new; wrong with a chance of 1 in 2**64 for each key seen."""
        number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
        return self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (number,)).rowcount == 1

    def near(self, texts: Sequence[str]) -> list[float | None]:
        """For each text its similarity to an earlier one that it nearly repeats, or None; new texts are remembered."""
        if self._threshold is None:
            return [None] * len(texts)
        asked = [comparable(text) for text in texts]
        long = [index for index, text in enumerate(asked) if may_be_near(text)]
        found: list[float | None] = [None] * len(texts)
        if long:
            grams = [letter_ngrams(asked[index]) for index in long]
            for index, own, keys in zip(long, grams, band_keys(grams, self._threshold).tolist(), strict=True):
                found[index] = self._near(asked[index], own, keys)
        return found

    def _near(self, text: str, own: frozenset[str], keys: list[int]) -> float | None:
        assert self._threshold is not None
        places = ",".join("?" * len(keys))
        earlier = self._base.execute(
            f"SELECT text FROM texts WHERE number IN (SELECT text FROM bands WHERE key IN ({places}))", keys
        ).fetchall()
        best = max((jaccard(own, letter_ngrams(other)) for (other,) in earlier), default=0.0)
        if best >= self._threshold:
            return best
        self._count += 1
        self._base.execute("INSERT INTO texts VALUES (?, ?)", (self._count, text))
        self._base.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(key, self._count) for key in keys])
        return None

    def close(self) -> None:
        """Remove the file."""
        self._base.close()
        self._path.unlink()
