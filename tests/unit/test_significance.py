"""The paired bootstrap: right point estimate, honest interval and p-value, same numbers for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bootembed.core.errors import DataError
from bootembed.evaluation.statistics import compare, holm, resample_correlations, resample_means

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def _scores(pairs: int, noises: tuple[float, ...], seed: int = 0) -> list[np.ndarray]:
    """Gold scores 0 to 5 in halves (many ties) and similarities that follow them with noise."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 11, pairs) / 2
    return [gold, *(gold + noise * rng.normal(size=pairs) for noise in noises)]


def _difference(gold, system, baseline, *, resamples, seed):
    found = resample_correlations(gold, {"one": system, "other": baseline}, resamples=resamples, seed=seed)
    return compare(found["one"], found["other"])


def _right(shares, items=400, seed=0):
    """Right (1) or wrong (0) for each item, with hard items that are hard for all."""
    hard = np.random.default_rng(seed).uniform(size=items)
    return {name: (hard < share).astype(float) for name, share in shares.items()}


def test_difference_is_that_of_the_correlations():
    gold, system, baseline = _scores(300, (1.0, 3.0))
    found = _difference(gold, system, baseline, resamples=200, seed=1)
    expected = spearmanr(gold, system).statistic - spearmanr(gold, baseline).statistic
    assert found.difference == pytest.approx(expected, abs=1e-12)
    assert found.low < found.difference < found.high


def test_interval_is_that_of_a_plain_loop():
    gold, system, baseline = _scores(60, (1.0, 2.0))
    found = _difference(gold, system, baseline, resamples=400, seed=3)
    rows = np.random.default_rng(3).integers(60, size=(400, 60))
    plain = [
        spearmanr(gold[row], system[row]).statistic - spearmanr(gold[row], baseline[row]).statistic for row in rows
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=1e-12)
    below, above = sum(value <= 0 for value in plain), sum(value >= 0 for value in plain)
    assert found.p_value == pytest.approx(min(1, 2 * (min(below, above) + 1) / 401))


def test_means_are_those_of_a_plain_loop():
    right = _right({"one": 0.6, "other": 0.5}, items=50)
    found = resample_means(right, resamples=100, seed=3)
    rows = np.random.default_rng(3).integers(50, size=(100, 50))
    for name, values in right.items():
        assert found[name].value == values.mean()
        assert found[name].resamples == pytest.approx([values[row].mean() for row in rows], abs=1e-12)


def test_clear_differences_exclude_zero_and_equals_do_not():
    gold, good, bad, also_bad = _scores(300, (0.5, 4.0, 4.0))
    assert _difference(gold, good, bad, resamples=500, seed=0).low > 0
    clear = _difference(gold, bad, good, resamples=500, seed=0)
    assert clear.excludes_zero
    assert clear.p_value == pytest.approx(2 / 501)
    chance = _difference(gold, bad, also_bad, resamples=500, seed=0)
    assert not chance.excludes_zero
    assert chance.p_value > 0.05
    same = _difference(gold, good, good, resamples=50, seed=0)
    assert (same.difference, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert not same.excludes_zero


def test_paired_means_see_what_unpaired_ones_would_not():
    """Every item right for the one is right for the other: few differ, all in one direction."""
    found = resample_means(_right({"one": 0.53, "other": 0.50}), resamples=1000, seed=0)
    assert compare(found["one"], found["other"]).p_value < 0.01
    spread = found["one"].resamples.std()
    assert found["one"].value - found["other"].value < 2 * spread


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 80))
def test_the_order_of_the_two_and_a_rescaling_do_not_matter(seed, pairs):
    gold, system, baseline = _scores(pairs, (1.0, 1.5), seed=seed)
    there = _difference(gold, system, baseline, resamples=60, seed=seed)
    back = _difference(gold, baseline, system, resamples=60, seed=seed)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert back.p_value == there.p_value
    assert 0 < there.p_value <= 1
    scaled = _difference(gold * 3 + 1, np.exp(system), baseline, resamples=60, seed=seed)
    assert scaled == there


def test_covers_the_true_difference_about_95_times_in_100():
    big = _scores(200_000, (1.0, 2.0), seed=99)
    truth = spearmanr(big[0], big[1]).statistic - spearmanr(big[0], big[2]).statistic
    inside = 0
    for seed in range(100):
        found = _difference(*_scores(150, (1.0, 2.0), seed=seed), resamples=300, seed=seed)
        inside += found.low <= truth <= found.high
    assert 88 <= inside <= 100


def test_two_equally_good_systems_are_rarely_told_apart():
    """The p-value is below 0.05 about 5 times in 100 where there is nothing to find."""
    found = [_difference(*_scores(100, (2.0, 2.0), seed=seed), resamples=200, seed=seed) for seed in range(200)]
    assert sum(difference.p_value < 0.05 for difference in found) <= 20
    assert 0.3 < np.mean([difference.p_value for difference in found]) < 0.7


def test_chunks_of_memory_do_not_change_the_numbers(monkeypatch):
    gold, *systems = _scores(50, (1.0, 2.0))
    right = _right({"one": 0.6, "other": 0.5}, items=50)
    whole = _difference(gold, *systems, resamples=100, seed=5), resample_means(right, resamples=100, seed=5)
    monkeypatch.setattr("bootembed.evaluation.statistics._CELLS_AT_ONCE", 7 * 50)
    assert _difference(gold, *systems, resamples=100, seed=5) == whole[0]
    assert (resample_means(right, resamples=100, seed=5)["one"].resamples == whole[1]["one"].resamples).all()
    assert _difference(gold, *systems, resamples=100, seed=6) != whole[0]


@pytest.mark.parametrize(
    ("gold", "system", "baseline"),
    [([1, 2, 3], [1, 2], [1, 2, 3]), ([1, 1, 1], [1, 2, 3], [3, 2, 1]), ([1], [1], [1]), ([1, 2], [1, 2], [2, 2])],
)
def test_what_has_no_correlation_is_refused(gold, system, baseline):
    with pytest.raises(DataError, match="paired bootstrap"):
        _difference(gold, system, baseline, resamples=10, seed=0)


def test_means_of_nothing_and_of_different_items_are_refused():
    with pytest.raises(DataError, match="paired bootstrap: there are no items"):
        resample_means({"one": [], "other": []}, resamples=10, seed=0)
    with pytest.raises(DataError, match=r"paired bootstrap: .*'one': 1, 'other': 2"):
        resample_means({"one": [1], "other": [1, 0]}, resamples=10, seed=0)


def test_holm_by_hand():
    """Four comparisons: 4 x 0.01, 3 x 0.02 = 0.06, 2 x 0.02 lifted to 0.06, 1 x 0.4."""
    assert holm([0.02, 0.4, 0.01, 0.02]) == pytest.approx([0.06, 0.4, 0.04, 0.06])
    assert holm([]) == []


@settings(deadline=None)
@given(P_VALUES)
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    corrected = holm(p_values)
    for plain, found in zip(p_values, corrected, strict=True):
        assert plain <= found <= min(1.0, len(p_values) * plain)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[place] for place in order] == sorted(corrected)


@settings(deadline=None)
@given(P_VALUES)
def test_holm_does_not_depend_on_the_order(p_values):
    assert holm(p_values[::-1]) == holm(p_values)[::-1]
