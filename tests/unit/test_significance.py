"""The paired bootstrap: right point estimate, honest interval, same numbers for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from bootembed.errors import DataError
from bootembed.evaluation.significance import paired_bootstrap


def _scores(pairs: int, noises: tuple[float, ...], seed: int = 0) -> list[np.ndarray]:
    """Gold scores 0 to 5 in halves (many ties) and similarities that follow them with noise."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 11, pairs) / 2
    return [gold, *(gold + noise * rng.normal(size=pairs) for noise in noises)]


def test_difference_is_that_of_the_correlations():
    gold, system, baseline = _scores(300, (1.0, 3.0))
    found = paired_bootstrap(gold, system, baseline, resamples=200, seed=1)
    expected = spearmanr(gold, system).statistic - spearmanr(gold, baseline).statistic
    assert found.difference == pytest.approx(expected, abs=1e-12)
    assert found.low < found.difference < found.high


def test_interval_is_that_of_a_plain_loop():
    gold, system, baseline = _scores(60, (1.0, 2.0))
    found = paired_bootstrap(gold, system, baseline, resamples=400, seed=3)
    rows = np.random.default_rng(3).integers(60, size=(400, 60))
    plain = [
        spearmanr(gold[row], system[row]).statistic - spearmanr(gold[row], baseline[row]).statistic for row in rows
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=1e-12)


def test_clear_differences_exclude_zero_and_equals_do_not():
    gold, good, bad, also_bad = _scores(300, (0.5, 4.0, 4.0))
    assert paired_bootstrap(gold, good, bad, resamples=500, seed=0).low > 0
    assert paired_bootstrap(gold, bad, good, resamples=500, seed=0).excludes_zero
    assert not paired_bootstrap(gold, bad, also_bad, resamples=500, seed=0).excludes_zero
    same = paired_bootstrap(gold, good, good, resamples=50, seed=0)
    assert (same.difference, same.low, same.high) == (0.0, 0.0, 0.0)
    assert not same.excludes_zero


def test_covers_the_true_difference_about_95_times_in_100():
    big = _scores(200_000, (1.0, 2.0), seed=99)
    truth = spearmanr(big[0], big[1]).statistic - spearmanr(big[0], big[2]).statistic
    inside = 0
    for seed in range(100):
        found = paired_bootstrap(*_scores(150, (1.0, 2.0), seed=seed), resamples=300, seed=seed)
        inside += found.low <= truth <= found.high
    assert 88 <= inside <= 100


def test_chunks_of_memory_do_not_change_the_numbers(monkeypatch):
    scores = _scores(50, (1.0, 2.0))
    whole = paired_bootstrap(*scores, resamples=100, seed=5)
    monkeypatch.setattr("bootembed.evaluation.significance._CELLS_AT_ONCE", 7 * 50)
    assert paired_bootstrap(*scores, resamples=100, seed=5) == whole
    assert paired_bootstrap(*scores, resamples=100, seed=6) != whole


@pytest.mark.parametrize(
    ("gold", "system", "baseline"),
    [([1, 2, 3], [1, 2], [1, 2, 3]), ([1, 1, 1], [1, 2, 3], [3, 2, 1]), ([1], [1], [1]), ([1, 2], [1, 2], [2, 2])],
)
def test_what_has_no_correlation_is_refused(gold, system, baseline):
    with pytest.raises(DataError, match="paired bootstrap"):
        paired_bootstrap(gold, system, baseline, resamples=10, seed=0)
