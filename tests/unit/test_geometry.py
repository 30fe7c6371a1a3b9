"""Alignment and uniformity, against numbers worked out by hand."""

from __future__ import annotations

from math import exp, log
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootembed.evaluation import geometry
from bootembed.evaluation.geometry import alignment, task_geometry, uniformity
from bootembed.evaluation.kind import task_kind

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
PLACES = {"east": EAST, "far east": [9.0, 0.0], "north": NORTH, "west": WEST}


def test_alignment_by_hand():
    """Squared distances on the circle: equal 0, a right angle 2, opposite 4; lengths do not count."""
    assert alignment(np.array([EAST]), np.array([[7.0, 0.0]])) == 0
    assert alignment(np.array([EAST, EAST]), np.array([NORTH, WEST])) == pytest.approx((2 + 4) / 2)


def test_uniformity_by_hand():
    """East-north and north-west 2 apart, east-west 4 apart: the mean of e^-4, e^-4 and e^-8."""
    expected = log((2 * exp(-4) + exp(-8)) / 3)
    assert uniformity(np.array([EAST, NORTH, [-3.0, 0.0]])) == pytest.approx(expected, abs=1e-12)
    assert uniformity(np.array([EAST, EAST, EAST])) == 0


@given(st.integers(0, 1000), st.integers(2, 40), st.integers(1, 7))
def test_chunks_do_not_change_uniformity(seed, count, rows):
    vectors = np.random.default_rng(seed).normal(size=(count, 5))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    plain = [exp(-2 * ((one - two) ** 2).sum()) for n, one in enumerate(unit) for two in unit[:n]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "_ROWS_AT_ONCE", rows)
        found = uniformity(vectors)
    assert found == pytest.approx(log(np.mean(plain)), abs=1e-9)
    assert -8 <= found <= 0


def _task(kind, rows, low=0, high=5):
    scale = SimpleNamespace(min_score=low, max_score=high)
    return SimpleNamespace(kind=task_kind(kind), rows=rows, mteb=scale, splits={"test": "test"})


def _encode(texts):
    return np.array([PLACES[text] for text in texts])


def _row(one, two, **rest):
    return {"split": "test", "sentence1": one, "sentence2": two} | rest


def test_positive_pairs_of_sts_score_in_the_top_fifth_of_the_scale():
    rows = [_row("east", "north", score=4.0), _row("east", "far east", score=3.9), _row("north", "east", score=0.0)]
    found = task_geometry(_task("sts", rows), _encode, seed=0)["test"]
    assert found["alignment"] == 2  # of the first pair only
    assert found["uniformity"] == pytest.approx(log((2 * exp(-4) + 1) / 3), abs=1e-6)  # each sentence once
    assert "alignment" not in task_geometry(_task("sts", rows, high=10), _encode, seed=0)["test"]
    shifted = [row | {"score": row["score"] + 1} for row in rows]
    assert task_geometry(_task("sts", shifted, low=1, high=6), _encode, seed=0)["test"] == found


def test_bitext_pairs_are_positive_and_english_is_not_spread():
    rows = [_row("east", "far east"), _row("north", "west")]
    found = task_geometry(_task("bitext_mining", rows), _encode, seed=0)["test"]
    assert found == {"alignment": 1, "uniformity": -4}
    assert task_geometry(_task("bitext_mining", rows[:1]), _encode, seed=0)["test"] == {"alignment": 0}


def test_too_many_sentences_are_sampled_by_seed(monkeypatch):
    monkeypatch.setattr(geometry, "MAX_SENTENCES", 2)
    rows = [_row("east", "east"), _row("north", "east"), _row("west", "east")]
    task = _task("bitext_mining", rows)
    found = {task_geometry(task, _encode, seed=seed)["test"]["uniformity"] for seed in range(40)}
    assert found == {-4, -8}
    assert task_geometry(task, _encode, seed=3) == task_geometry(task, _encode, seed=3)
