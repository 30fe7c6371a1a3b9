"""The report: every cell of the grid, nothing else, and gaps are named."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from bootembed.errors import DataError
from bootembed.params import Grid
from bootembed.report.intervals import compare
from bootembed.report.scores import read_results
from bootembed.report.write import write_markdown, write_scores_csv, write_summary
from bootembed.tables import PREDICTIONS, write_table
from bootembed.triplets.filters import Reason

GRID = Grid(
    languages=["afr"],
    strategies=["xl_lora"],
    baselines=["english_nli", "translation_pairs"],
    recipes=["xl_lora", "english_nli", "translation_pairs"],
    encoders=["tiny"],
    polarities=["positive", "negative"],
    adapter_languages={"eng": "english"},
)
NOISE = {"untrained": 3.0, "english_nli": 1.0, "translation_pairs": 0.6, "xl_lora": 0.05}
SCORES = {"untrained": 0.3, "english_nli": 0.5, "translation_pairs": 0.6, "xl_lora": 0.9}


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(1)
    gold = rng.uniform(0, 5, 200)
    (tmp_path / "scores").mkdir()
    (tmp_path / "triplets").mkdir()
    for recipe, score in SCORES.items():
        cell = f"{recipe}-afr-tiny"
        content = {"recipe": recipe, "language": "afr", "encoder": "tiny"}
        content["scores"] = {
            "SampleSTS": {"validation": score - 0.1, "test": score},
            "OnlyValidated": {"validation": 0},
        }
        (tmp_path / f"scores/{cell}.json").write_text(json.dumps(content))
        similarities = gold + NOISE[recipe] * rng.normal(size=200)
        rows = [
            {"task": "SampleSTS", "split": "test", "index": n, "similarity": float(s), "gold": float(g)}
            for n, (s, g) in enumerate(zip(similarities, gold, strict=True))
        ]
        write_table(rows, PREDICTIONS, tmp_path / f"results/{cell}/predictions.parquet")
    (tmp_path / "scores/leftover-afr-tiny.json").write_text("of another grid")
    triplets = {str(reason): 0 for reason in Reason} | {"candidates": 10, "kept": 9, "empty": 1}
    triplets |= {"oracle_positive_precision": 0.9, "oracle_negative_precision": 0.75}
    triplets |= {"oracle_right_language_positive": 1.0, "oracle_right_language_negative": 0.8}
    triplets |= {"oracle_positive_entailment": 8.0, "oracle_negative_contradiction": 6.0}
    (tmp_path / "triplets/xl_lora-afr.json").write_text(json.dumps(triplets))
    return tmp_path


def test_files(folders):
    results = read_results(folders / "scores", folders / "triplets", GRID)
    comparisons = compare(results.scores, folders / "results", seed=1)
    write_scores_csv(results.scores, folders / "scores.csv")
    write_summary(results, folders / "summary.json")
    write_markdown(results, comparisons, folders / "report.md", profile="laptop", seed=1)

    rows = list(csv.DictReader((folders / "scores.csv").open()))
    assert len(rows) == 12
    best = next(row for row in rows if row["recipe"] == "xl_lora" and row["split"] == "test")
    assert (best["kind"], float(best["main_score"]), float(best["gain"])) == ("strategy", 0.9, 0.6)
    summary = json.loads((folders / "summary.json").read_text())
    assert summary["test"]["afr"]["tiny"]["SampleSTS"]["english_nli"] == 0.5
    assert summary["oracle_precision"]["afr"]["xl_lora"] == {"positive": 0.9, "negative": 0.75}
    report = (folders / "report.md").read_text()
    assert "**0.900** (+0.600)" in report
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines()]
    assert ["xl_lora", "afr", "negative", "75.0%", "80.0%", "66.7%"] in cells
    assert "leftover" not in report
    assert "OnlyValidated" not in report


def test_strategies_are_compared_with_the_best_baseline(folders):
    results = read_results(folders / "scores", folders / "triplets", GRID)
    comparisons = compare(results.scores, folders / "results", seed=1)
    pairs = {(c.recipe, c.against) for c in comparisons}
    assert pairs == {(recipe, "untrained") for recipe in SCORES if recipe != "untrained"} | {
        ("xl_lora", "translation_pairs")
    }
    against_best = next(c for c in comparisons if c.against == "translation_pairs")
    assert against_best.interval.low > 0


def test_a_missing_cell_names_the_stage_to_run(folders):
    (folders / "scores/english_nli-afr-tiny.json").unlink()
    with pytest.raises(DataError, match="evaluate_embedder@english_nli-afr-tiny"):
        read_results(folders / "scores", folders / "triplets", GRID)
