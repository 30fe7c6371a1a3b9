"""Mixtures of two recipes: which rows they hold, and what DVC and the parameters make of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bootembed.core.errors import DataError
from bootembed.core.tables import MIXTURE, PAIRS, TRIPLETS, write_table
from bootembed.embedder.training_sets import read_training_set, rows_by_recipe, training_columns
from bootembed.mixtures import mix_training_sets
from stages.mix_training_sets import main

ROOT = Path(__file__).parents[2]
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


def test_the_command_writes_a_training_set_for_each_generator_seed(tmp_path):
    for number in (0, 1):
        write_table([TRIPLET], TRIPLETS, tmp_path / f"one/{number}/training.parquet")
    write_table([PAIR], PAIRS, tmp_path / "other/0/training.parquet")
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    words = ["--mixture", "one_and_other", "--language", "afr", "--params", str(tmp_path / "params.yaml")]
    words += ["--part", f"one={tmp_path / 'one'}", "--part", f"other={tmp_path / 'other'}"]
    done = CliRunner().invoke(main, [*words, "--output-dir", str(tmp_path / "mixed")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    for number in (0, 1):
        rows = read_training_set(tmp_path / f"mixed/{number}/training.parquet")
        assert rows == [{"recipe": "one", **TRIPLET}, {"recipe": "other", **PAIR}]
