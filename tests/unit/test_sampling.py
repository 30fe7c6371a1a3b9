"""Sampling per row: the distribution of the scores, limited as asked, and a function of the row's own seed."""

from __future__ import annotations

import math

import pytest
import torch
from generation_settings import GREEDY
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from bootembed.generation.sampling import RowSampler, _candidates, _largest, gumbel_noise

SCORES = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0, -3.0])
MASK = (1 << 64) - 1


def _settings(**changes):
    return GREEDY.model_copy(update={"do_sample": True, "temperature": 1.0, "top_p": 1.0, "top_k": 0, **changes})


def _draw(seeds, settings, scores=SCORES, position=0):
    return RowSampler(seeds, settings)(scores.expand(len(seeds), -1), torch.arange(len(seeds)), position)


def _mix(value):
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


def test_noise_is_that_of_exact_integer_arithmetic():
    """The hash is the same wherever it is computed: torch's wrapping int64 against Python's unbounded integers."""
    cases = [(0, 0, 0), (1, 0, 0), (2**31 - 1, 127, 262143), (12345, 7, 99)]
    for seed, position, token in cases:
        mixed = _mix(_mix(_mix(seed) + position) + token)
        uniform = ((mixed >> 11) + 0.5) / 2**53
        found = gumbel_noise(torch.tensor([seed]), position, torch.tensor([token])).item()
        assert found == pytest.approx(-math.log(-math.log(uniform)), rel=1e-12)


def test_splitmix_reference_value():
    assert _mix(0) == 0xE220A8397B1DCDAF  # the first output of SplitMix64 seeded with 0, as published


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        (_settings(), 6),
        (_settings(temperature=0.5), 6),
        (_settings(top_k=3), 3),
        (_settings(top_p=0.7), 2),
        (_settings(top_k=4, top_p=0.7), 2),
    ],
    ids=["plain", "temperature", "top_k", "top_p", "both"],
)
@pytest.mark.parametrize("over", ["seeds", "positions"])
def test_draws_follow_the_warped_softmax(settings, allowed, over):
    count = 4000
    if over == "seeds":
        drawn = _draw(list(range(count)), settings)
    else:
        drawn = torch.cat([_draw([3], settings, position=position) for position in range(count)])
    expected = torch.softmax(SCORES[:allowed].double() / settings.temperature, dim=0) * count
    observed = torch.bincount(drawn, minlength=6)
    assert observed[allowed:].sum() == 0
    assert chisquare(observed[:allowed].numpy(), expected.numpy()).pvalue > 1e-4


def test_a_row_draws_the_same_alone_and_among_others():
    torch.manual_seed(0)
    scores = torch.randn(50, 300)
    seeds = list(range(100, 150))
    together = RowSampler(seeds, _settings())(scores, torch.arange(50), 4)
    alone = [RowSampler([s], _settings())(scores[n : n + 1], torch.arange(1), 4).item() for n, s in enumerate(seeds)]
    assert together.tolist() == alone
    assert len(set(alone)) > 25
    left = torch.arange(0, 50, 3)
    assert RowSampler(seeds, _settings())(scores[left], left, 4).tolist() == together[left].tolist()


@pytest.mark.parametrize(
    "limits",
    [{"top_p": 0.9}, {"top_k": 40}, {"top_k": 40, "top_p": 0.9}, {"top_k": 500, "top_p": 0.3}, {"top_p": 0.999}],
    ids=str,
)
@pytest.mark.parametrize("sharpness", [0.5, 4.0])
def test_the_tokens_that_may_be_drawn_are_those_of_transformers(limits, sharpness):
    """Flat rows need more than the first candidates, sharp ones fewer."""
    torch.manual_seed(1)
    settings = _settings(temperature=0.7, **limits)
    scores = torch.randn(20, 3000) * sharpness
    warped = TemperatureLogitsWarper(0.7)(None, scores)
    if settings.top_k:
        warped = TopKLogitsWarper(settings.top_k)(None, warped)
    if settings.top_p < 1:
        warped = TopPLogitsWarper(settings.top_p)(None, warped)
    values, tokens = _candidates(scores, settings)
    found = torch.full_like(scores, -torch.inf).scatter(1, tokens, values)
    assert torch.equal(found, warped)


@given(size=st.integers(1, 40_000), count=st.integers(1, 70), seed=st.integers(0, 999), crowded=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_largest_scores_are_found_wherever_they_lie(size, count, seed, crowded):
    """Crowded: all of them in one piece of the row."""
    count = min(count, size)
    scores = torch.rand(3, size, generator=torch.Generator().manual_seed(seed))
    if crowded:
        scores[:, -count:] += 1
    values, places = _largest(scores, count)
    assert torch.equal(values, scores.sort(dim=1, descending=True).values[:, :count])
    assert torch.equal(scores.gather(1, places), values)
    assert all(len(set(row)) == count for row in places.tolist())
