"""How sure a difference between two embedders is: the paired bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bootembed.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]

_CELLS_AT_ONCE = 1_000_000  # resamples x pairs held in memory at a time: 8 MB an array


@dataclass(frozen=True)
class Interval:
    """A difference of two Spearman correlations, with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(gold: Numbers, system: Numbers, baseline: Numbers, *, resamples: int, seed: int) -> Interval:
    """95 % interval of Spearman(gold, system) - Spearman(gold, baseline) over resampled sentence pairs.

    Both correlations of a resample are taken on the same pairs (Koehn 2004; percentile interval): what makes a pair
    hard for both cancels out.

    Args:
        gold: Human scores, one a sentence pair.
        system: Similarities of the one embedder for the same pairs.
        baseline: Similarities of the other.
        resamples: How many, 1,000 or more for a stable interval.
        seed: Of the resampling.

    Raises:
        DataError: The three differ in length, are shorter than 2, or one of them is constant.
    """
    columns = [np.asarray(values, dtype=np.float64) for values in _checked(gold, system, baseline)]
    pairs = len(columns[0])
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // pairs)
    differences = []
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        chosen = rng.integers(pairs, size=(size, pairs)) + np.arange(size)[:, None] * pairs
        drawn = np.bincount(chosen.ravel(), minlength=size * pairs).reshape(size, pairs)
        differences.append(_difference(columns, drawn))
    found = np.concatenate(differences)
    low, high = np.quantile(found[np.isfinite(found)], [0.025, 0.975])
    difference = _difference(columns, np.ones((1, pairs), dtype=np.int64))[0]
    return Interval(difference=float(difference), low=float(low), high=float(high))


def _checked(gold: Numbers, system: Numbers, baseline: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    if not len(gold) == len(system) == len(baseline):
        raise DataError(
            f"paired bootstrap: {len(gold)} gold scores, {len(system)} and {len(baseline)} similarities; "
            "score both embedders on the same pairs"
        )
    for name, values in {"gold scores": gold, "system's scores": system, "baseline's scores": baseline}.items():
        if len(values) < 2 or np.ptp(values) == 0:
            raise DataError(f"paired bootstrap: the {name} are fewer than 2 or all equal: no rank correlation exists")
    return gold, system, baseline


def _difference(columns: Sequence[NDArray[np.float64]], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Difference of the correlations in each resample.

    Args:
        columns: Gold, system, baseline.
        drawn: How often each pair is in a resample, of shape (resamples, pairs).
    """
    gold, system, baseline = (_standardised(_ranks(column, drawn), drawn) for column in columns)
    weighted = gold * drawn
    difference: NDArray[np.float64] = (weighted * system).sum(axis=1) - (weighted * baseline).sum(axis=1)
    return difference


def _ranks(column: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rank of each pair in each resample, equal values sharing the mean of their ranks.

    The order of the values is the same in every resample, so that one sort serves all of them: a rank is the number of
    smaller values drawn plus half of the equal ones.
    """
    order = np.argsort(column, kind="stable")
    starts = np.flatnonzero(np.diff(column[order], prepend=-np.inf))
    equal = np.add.reduceat(drawn[:, order], starts, axis=1)
    ranks = np.cumsum(equal, axis=1) - (equal - 1) / 2
    return ranks[:, np.searchsorted(column[order][starts], column)]


def _standardised(ranks: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ranks of mean 0 and length 1, over what each resample drew; undrawn pairs weigh nothing."""
    centred = ranks - (ranks * drawn).sum(axis=1, keepdims=True) / drawn.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample of one pair only has no correlation
        standardised: NDArray[np.float64] = centred / np.sqrt((centred**2 * drawn).sum(axis=1, keepdims=True))
    return standardised
