"""The bootstrap over seeds: brute force, coverage where chance lies in the seeds, and few false differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.core.names import EmbedderId
from bootembed.evaluation.statistics import Resampled, compare, over_seeds

RESAMPLES = 1000


def _embedders(values, rows=None):
    """`values[g][s]` of training set g and seed s, each moved by the same `rows` on each resample."""
    moved = np.zeros(RESAMPLES) if rows is None else rows
    return {
        EmbedderId(g, s): Resampled(float(value), value + moved)
        for g, seeds in enumerate(values)
        for s, value in enumerate(seeds)
    }


def test_one_embedder_stays_as_it_is():
    rows = np.random.default_rng(0).normal(size=RESAMPLES)
    found = over_seeds(_embedders([[0.5]], rows), seed=1)
    assert found.value == 0.5
    assert (found.resamples == 0.5 + rows).all()


@pytest.mark.parametrize("values", [[[0.1, 0.4, 0.7, 0.2]], [[0.1, 0.3], [0.5, 0.6], [0.2, 0.9]]])
def test_resamples_are_those_of_a_plain_loop(values):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=RESAMPLES)
    embedders = _embedders(values, rows)
    found = over_seeds(embedders, seed=7)
    assert found.value == pytest.approx(np.mean(values))
    units = np.mean(values, axis=1) if len(values) > 1 else np.array(values[0])
    n = len(units)
    plain = []
    draws = np.random.default_rng(7)
    shares = draws.multinomial(n, [1 / n] * n, size=RESAMPLES)
    stretched = draws.chisquare(n - 1, size=RESAMPLES)
    for row, counts, chi_squared in zip(rows, shares, stretched, strict=True):
        drawn = [unit for unit, count in zip(units, counts, strict=True) for _ in range(count)]
        plain.append(units.mean() + row + (np.mean(drawn) - units.mean()) * (n / chi_squared) ** 0.5)
    assert found.resamples == pytest.approx(np.array(plain), abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 4))
def test_equal_embedders_leave_rows_alone(seed, sets, seeds):
    """Where all embedders answer alike there is no chance of seeds."""
    rows = np.random.default_rng(seed).normal(size=RESAMPLES)
    found = over_seeds(_embedders(np.full((sets, seeds), 0.25), rows), seed=seed)
    assert found.resamples == pytest.approx(0.25 + rows, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_other_units_of_scores_change_nothing_else(seed):
    values = np.random.default_rng(seed).normal(size=(1, 3))
    found = over_seeds(_embedders(values), seed=seed)
    scaled = over_seeds(_embedders(2 * values + 1), seed=seed)
    assert scaled.value == pytest.approx(2 * found.value + 1)
    assert scaled.resamples == pytest.approx(2 * found.resamples + 1)


def test_a_resample_without_a_correlation_stays_one():
    rows = np.zeros(RESAMPLES)
    rows[5] = np.nan
    found = over_seeds(_embedders([[0.1, 0.2, 0.3]], rows), seed=1)
    assert np.isnan(found.resamples[5])
    assert np.isfinite(np.delete(found.resamples, 5)).all()


def _simulated(rng, *, sets, seeds, between, within, rows, effect=0.0):
    """Two recipes whose true means differ by `effect`: deviations of training sets, of seeds in them and of rows."""
    moved = rng.normal(scale=rows) + rng.normal(scale=rows, size=RESAMPLES) if rows else np.zeros(RESAMPLES)
    means = [rng.normal(scale=between, size=(sets, 1)) + rng.normal(scale=within, size=(sets, seeds)) for _ in range(2)]
    number = int(rng.integers(2**31))
    system = over_seeds(_embedders(means[0] + effect, moved), seed=number)
    return compare(system, over_seeds(_embedders(means[1]), seed=number + 1))


@pytest.mark.parametrize(
    "chance",
    [
        {"sets": 1, "seeds": 3, "between": 0, "within": 1, "rows": 0},
        {"sets": 1, "seeds": 3, "between": 0, "within": 1, "rows": 1},
        {"sets": 1, "seeds": 3, "between": 0, "within": 0.2, "rows": 1},
        {"sets": 3, "seeds": 3, "between": 1, "within": 1, "rows": 0.5},
        {"sets": 3, "seeds": 3, "between": 0, "within": 1, "rows": 0},
    ],
)
def test_three_seeds_cover_the_truth_and_rarely_find_what_is_not_there(chance):
    """The interval holds the true difference (0.3) 95 times in 100 or more, whether chance lies in seeds or rows.

    Resampled as they are, three seeds alone would cover it 82 times in 100.
    """
    rng = np.random.default_rng(11)
    found = [_simulated(rng, **chance, effect=0.3) for _ in range(300)]
    covered = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert covered >= 0.94
    null = [_simulated(rng, **chance) for _ in range(300)]
    assert np.mean([one.p_value < 0.05 for one in null]) <= 0.06


def test_a_clear_difference_is_found():
    rng = np.random.default_rng(5)
    chance = {"sets": 1, "seeds": 3, "between": 0, "within": 0.01, "rows": 0.03}
    found = [_simulated(rng, **chance, effect=0.25) for _ in range(100)]
    assert np.mean([one.p_value < 0.05 for one in found]) > 0.95
