"""Mixtures of two recipes: which rows they hold, and what DVC and the parameters make of them."""

from __future__ import annotations

import pytest

from bootembed.core.errors import DataError
from bootembed.core.tables import MIXTURE, PAIRS, write_table
from bootembed.embedder.training_sets import read_training_set, rows_by_recipe, training_columns
from bootembed.mixtures import mix_training_sets

TRIPLET = {"anchor": "a", "positive": "p", "negative": "n"}
PAIR = {"anchor": "b", "positive": "q"}


def test_a_recipe_with_one_training_set_goes_with_each_of_the_other():
    mixed = mix_training_sets({"xl_lora": {0: [TRIPLET], 1: [TRIPLET | {"anchor": "c"}]}, "pairs": {0: [PAIR]}})
    assert {number: [(row["recipe"], row["anchor"]) for row in rows] for number, rows in mixed.items()} == {
        0: [("xl_lora", "a"), ("pairs", "b")],
        1: [("xl_lora", "c"), ("pairs", "b")],
    }


def test_texts_alone_are_their_own_positives():
    [row, _] = mix_training_sets({"simcse": {0: [{"text": "t"}]}, "pairs": {0: [PAIR]}})[0]
    assert row == {"recipe": "simcse", "anchor": "t", "positive": "t", "negative": None}


@pytest.mark.parametrize("sets", [{0: [PAIR], 1: [PAIR], 2: [PAIR]}, {0: [PAIR], 5: [PAIR]}])
def test_other_numbers_of_training_sets_are_refused(sets):
    with pytest.raises(DataError, match="the numbers differ"):
        mix_training_sets({"one": {0: [PAIR], 1: [PAIR]}, "other": sets})


def test_a_recipe_without_rows_is_refused():
    with pytest.raises(DataError, match="'one' has a training set without rows"):
        mix_training_sets({"one": {0: []}, "other": {0: [PAIR]}})


def test_a_mixture_comes_back_from_disk_as_the_columns_of_each_recipe(tmp_path):
    rows = mix_training_sets({"xl_lora": {0: [TRIPLET]}, "pairs": {0: [PAIR]}})[0]
    write_table(rows, MIXTURE, tmp_path / "training.parquet")
    parts = rows_by_recipe(read_training_set(tmp_path / "training.parquet"))
    assert {recipe: training_columns(own) for recipe, own in parts.items()} == {
        "xl_lora": {"anchor": ["a"], "positive": ["p"], "negative": ["n"]},
        "pairs": {"anchor": ["b"], "positive": ["q"]},
    }


def test_only_a_mixture_may_hold_an_empty_side(tmp_path):
    with pytest.raises(DataError, match="'positive' holds 1 missing values"):
        write_table([{"anchor": "a", "positive": None}], PAIRS, tmp_path / "pairs.parquet")
