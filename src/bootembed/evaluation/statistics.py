"""How sure a difference between two embedders is: the paired bootstrap, and Holm's correction for many comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bootembed.core.names import EmbedderId

    Numbers = Sequence[float] | NDArray[np.float64]

Name = TypeVar("Name", bound="Hashable")
_CELLS_AT_ONCE = 1_000_000  # resamples x items held in memory at a time: 8 MB an array


@dataclass(frozen=True)
class Resampled:
    """A statistic of one embedder.

    Attributes:
        value: On the items as they are.
        resamples: On each resample, NaN where it does not exist.
    """

    value: float
    resamples: NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A difference of two statistics, its 95 % interval, and the two-sided p-value of there being none."""

    difference: float
    low: float
    high: float
    p_value: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def resample_correlations(
    gold: Numbers, systems: Mapping[Name, Numbers], *, resamples: int, seed: int
) -> dict[Name, Resampled]:
    """Spearman(gold, system) of each system over resampled sentence pairs, the same pairs for every system.

    Args:
        gold: Human scores, one a sentence pair.
        systems: Name -> similarities for the same pairs.
        resamples: How many, 1,000 or more for a stable interval.
        seed: Of the resampling.

    Raises:
        DataError: Lengths differ, are less than 2, or the gold scores or a system's are constant.
    """
    truth, columns = np.asarray(gold, dtype=np.float64), _checked(systems, items=len(gold))
    for name, values in [("gold scores", truth), *columns.items()]:
        if len(values) < 2 or np.ptp(values) == 0:
            raise DataError(f"paired bootstrap: {name} are fewer than 2 or all equal: no rank correlation exists")

    def correlate(drawn: NDArray[np.float64]) -> dict[Name, NDArray[np.float64]]:
        gold_ranks = _centred_ranks(truth, drawn)
        weighted, length = gold_ranks * drawn, _squares(gold_ranks, drawn)
        found = {}
        for name, column in columns.items():
            ranks = _centred_ranks(column, drawn)
            with np.errstate(invalid="ignore"):  # a resample of one pair only has no correlation
                found[name] = np.einsum("ij,ij->j", weighted, ranks) / np.sqrt(length * _squares(ranks, drawn))
        return found

    whole = correlate(np.ones((len(truth), 1)))
    parts = [correlate(drawn) for drawn in _draws(len(truth), resamples, seed)]
    return {name: Resampled(float(whole[name][0]), np.concatenate([part[name] for part in parts])) for name in columns}


def resample_means(systems: Mapping[Name, Numbers], *, resamples: int, seed: int) -> dict[Name, Resampled]:
    """Mean of each system's values over resampled items, the same items for every system.

    Args:
        systems: Name -> a value an item, such as 1 for right and 0 for wrong.
        resamples: How many, 1,000 or more for a stable interval.
        seed: Of the resampling.

    Raises:
        DataError: Lengths differ, or there are no items.
    """
    columns = _checked(systems)
    items = len(next(iter(columns.values())))
    if not items:
        raise DataError("paired bootstrap: there are no items; score the embedders on a set that has some")
    values = np.stack(list(columns.values()), axis=1)
    means = np.concatenate([drawn.T @ values / items for drawn in _draws(items, resamples, seed)])
    return {name: Resampled(float(values[:, n].mean()), means[:, n]) for n, name in enumerate(columns)}


def over_seeds(embedders: Mapping[EmbedderId, Resampled], *, seed: int) -> Resampled:
    """The mean over the embedders of a cell, on resampled items and resampled seeds (a hierarchical bootstrap).

    The seeds that are resampled are those of the generator, whole, each with the embedders trained on its triplets: the
    means of these vary with the embedders' seeds too, and resampling those again would count them twice (Davison &
    Hinkley 1997, section 3.8). With one training set they are the embedders' seeds. A single embedder stays as it is.

    Means of n resampled seeds vary too little, by the factor (n - 1) / n, and know nothing of how little n values tell
    of their variance. So each resample's deviation is multiplied by the root of n / chi-squared(n - 1): for values of a
    normal distribution that is Student's distribution of a mean of n values.

    Args:
        embedders: Their statistics on the same resamples.
        seed: Of the resampling of seeds; another one for each cell, because the seeds of two cells are not paired.
    """
    by_set: dict[int, list[Resampled]] = {}
    for identity, found in embedders.items():
        by_set.setdefault(identity.training_set, []).append(found)
    drawn_whole = list(by_set.values()) if len(by_set) > 1 else [[found] for found in embedders.values()]
    units = np.stack([np.mean([found.resamples for found in unit], axis=0) for unit in drawn_whole])
    count, resamples = units.shape
    mean = units.mean(axis=0)
    if count > 1:
        rng = np.random.default_rng(seed)
        shares = rng.multinomial(count, [1 / count] * count, size=resamples).T / count
        mean = mean + ((units - mean) * shares).sum(axis=0) * np.sqrt(count / rng.chisquare(count - 1, size=resamples))
    return Resampled(float(np.mean([found.value for found in embedders.values()])), mean)


def compare(system: Resampled, baseline: Resampled) -> Difference:
    """The difference of two embedders, or two means of embedders, that were resampled together.

    Both statistics of a resample are taken on the same items (Koehn 2004), so that what makes an item hard for both
    cancels out. The interval is the percentile interval. The p-value is twice the share of resamples on the rarer side
    of zero, each side counted with one more resample so that it is never 0 (Davison & Hinkley 1997, section 4.2).
    """
    found = system.resamples - baseline.resamples
    found = found[np.isfinite(found)]
    low, high = np.quantile(found, [0.025, 0.975])
    rarer = min(np.count_nonzero(found <= 0), np.count_nonzero(found >= 0))
    p_value = min(1.0, 2 * (rarer + 1) / (len(found) + 1))
    return Difference(system.value - baseline.value, float(low), float(high), p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of a family of comparisons, corrected so that the family-wise error rate is at most alpha.

    Holm 1979: the smallest of m p-values is multiplied by m, the next by m - 1, and so on; none may fall below the one
    before it.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def _checked(columns: Mapping[Name, Numbers], *, items: int | None = None) -> dict[Name, NDArray[np.float64]]:
    """As arrays, all of one length, which is `items` if given."""
    lengths = {str(name): len(values) for name, values in columns.items()}
    if len({*lengths.values(), *([] if items is None else [items])}) > 1:
        raise DataError(f"paired bootstrap: numbers of values differ, {lengths}; score all embedders on the same items")
    return {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}


def _draws(items: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each item is in a resample, of shape (items, some of the resamples)."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // items)
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        chosen = rng.integers(items, size=(size, items)) + np.arange(size)[:, None] * items
        drawn = np.bincount(chosen.ravel(), minlength=size * items).reshape(size, items)
        yield drawn.T.astype(np.float64, order="C")


def _centred_ranks(column: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each item in each resample less the mean rank, equal values sharing the mean of their ranks.

    The order of the values is the same in every resample, so that one sort serves all of them: a rank is the number of
    smaller values drawn plus half of the equal ones.
    """
    order = np.argsort(column, kind="stable")
    starts = np.flatnonzero(np.diff(column[order], prepend=-np.inf))
    equal = drawn[order]
    if len(starts) < len(order):
        equal = np.add.reduceat(equal, starts, axis=0)
    ranks: NDArray[np.float64] = np.cumsum(equal, axis=0) - equal / 2 - len(column) / 2
    return ranks[np.searchsorted(column[order][starts], column)]


def _squares(ranks: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the squared ranks of what each resample drew."""
    squares: NDArray[np.float64] = np.einsum("ij,ij,ij->j", ranks, ranks, drawn)
    return squares
