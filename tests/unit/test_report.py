"""The report: every cell of the grid, nothing else, and gaps are named."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from bootembed.core.errors import DataError
from bootembed.core.names import Role
from bootembed.core.tables import read_table, write_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.report.corpora import corpora_section, read_corpus_reports
from bootembed.report.intervals import compare_recipes
from bootembed.report.scores import read_results
from bootembed.report.write import write_markdown, write_oracle_csv, write_scores_csv, write_summary
from bootembed.settings.corpora import Language
from bootembed.settings.schema import Grid
from bootembed.triplets.filters import TripletRejection

GRID = Grid(
    languages=["afr"],
    strategies=["xl_lora"],
    baselines=["untrained", "english_nli", "translation_pairs"],
    recipes=["xl_lora", "untrained", "english_nli", "translation_pairs"],
    encoders=["tiny"],
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
            "SampleBitext": {"test": score / 2},
        }
        content["geometry"] = {
            "SampleSTS": {"test": {"alignment": 1 - score, "uniformity": -1 - score}},
            "SampleBitext": {"test": {"uniformity": -0.125}},
        }
        (tmp_path / f"scores/{cell}.json").write_text(json.dumps(content))
        similarities = gold + NOISE[recipe] * rng.normal(size=200)
        rows = [
            {"task": "SampleSTS", "split": "test", "index": n, "similarity": float(s), "gold": float(g)}
            for n, (s, g) in enumerate(zip(similarities, gold, strict=True))
        ]
        write_table(rows, PREDICTIONS, tmp_path / f"results/{cell}/predictions.parquet")
        rows = [
            {"task": "SampleBitext", "split": split, "index": n, "nearest": n if hard < score else 0, "similarity": 0.5}
            for split in ("validation", "test")
            for n, hard in enumerate(gold / 5)
        ]
        write_table(rows, NEAREST, tmp_path / f"results/{cell}/nearest.parquet")
    (tmp_path / "scores/leftover-afr-tiny.json").write_text("of another grid")
    triplets = {str(reason): 0 for reason in TripletRejection} | {"candidates": 10, "kept": 9, "empty": 1}
    (tmp_path / "triplets/xl_lora-afr.json").write_text(json.dumps(dict.fromkeys(range(3), triplets)))
    oracle = {"positive_precision": 0.9, "negative_precision": 0.8}
    oracle |= {"right_language_positive": 1.0, "right_language_negative": 0.8}
    oracle |= {"positive_entailment": 8.0, "negative_contradiction": 6.0}
    (tmp_path / "oracle").mkdir()
    worse = oracle | {"negative_precision": 0.7, "right_language_negative": 0.7, "negative_contradiction": 3.0}
    (tmp_path / "oracle/xl_lora-afr.json").write_text(json.dumps({"0": oracle, "1": {}, "2": worse}))
    return tmp_path


def _read(folders, judged=("afr",), oracle="oracle"):
    return read_results(folders / "scores", folders / "triplets", GRID, oracle_dir=folders / oracle, judged=judged)


def test_files(folders):
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    write_scores_csv(results.scores, folders / "scores.csv")
    write_oracle_csv(results.oracle, folders / "oracle.csv")
    write_summary(results, folders / "summary.json")
    write_markdown(results, comparisons, "## Corpora\n", folders / "report.md", profile="laptop", seed=1)

    rows = list(csv.DictReader((folders / "scores.csv").open()))
    assert len(rows) == 16
    best = next(row for row in rows if row["recipe"] == "xl_lora" and row["split"] == "test")
    assert (best["kind"], float(best["main_score"]), float(best["gain"])) == ("strategy", 0.9, 0.6)
    summary = json.loads((folders / "summary.json").read_text())
    assert summary["test"]["afr"]["tiny"]["SampleSTS"]["english_nli"] == 0.5
    assert summary["oracle_precision"]["afr"]["xl_lora"] == {"positive": [0.9, None, 0.9], "negative": [0.8, None, 0.7]}
    assert summary["triplets"]["afr"]["xl_lora"] == [{"anchors": 10, "kept": 9}] * 3
    judged = list(csv.DictReader((folders / "oracle.csv").open()))
    assert [(row["generator_seed"], row["precision"]) for row in judged if row["polarity"] == "negative"] == [
        ("0", "0.8"),
        ("2", "0.7"),
    ]
    report = (folders / "report.md").read_text()
    assert "**0.900** (+0.600)" in report
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines()]
    right = ["75.0% (70.0% to 80.0%)", "75.0% (70.0% to 80.0%)", "50.0% (33.3% to 66.7%)"]
    assert ["xl_lora", "afr", "negative", *right] in cells
    assert ["xl_lora", "afr", "10", "9", *("1" if reason == "empty" else "0" for reason in TripletRejection)] in cells
    assert ["afr", "tiny", "SampleSTS", "xl_lora", "0.100", "-1.900"] in cells
    assert ["afr", "tiny", "SampleBitext", "xl_lora", "", "-0.125"] in cells
    told = next(row for row in cells if row[:5] == ["afr", "tiny", "SampleBitext", "xl_lora", "english_nli"])
    assert (told[5], told[-1]) == ("accuracy@1", "yes")
    assert "leftover" not in report
    assert "OnlyValidated" not in report


def test_strategies_are_compared_with_every_baseline(folders):
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    pairs = [(recipe, "untrained") for recipe in ("english_nli", "translation_pairs", "xl_lora")]
    pairs += [("xl_lora", "english_nli"), ("xl_lora", "translation_pairs")]
    for task in ("SampleSTS", "SampleBitext"):
        assert [(c.recipe, c.against) for c in comparisons if c.task == task] == pairs
    against = next(c for c in comparisons if c.against == "translation_pairs")
    assert against.difference.low > 0
    assert against.corrected == pytest.approx(5 * 2 / 10_001)  # the least p-value, five comparisons
    bitext = next(c for c in comparisons if (c.task, c.against) == ("SampleBitext", "translation_pairs"))
    assert bitext.difference.difference == pytest.approx(0.3, abs=0.05)


def test_answers_to_other_rows_are_refused(folders):
    results = _read(folders)
    path = folders / "results/xl_lora-afr-tiny/nearest.parquet"
    rows = read_table(path, NEAREST)
    write_table(rows[:-1], NEAREST, path)
    with pytest.raises(DataError, match="numbers of values differ"):
        compare_recipes(results.scores, folders / "results", seed=1)
    write_table([], NEAREST, path)
    with pytest.raises(DataError, match=r"no answers to SampleBitext of \['xl_lora'\], afr, tiny"):
        compare_recipes(results.scores, folders / "results", seed=1)
    write_table(rows, NEAREST, path)
    path = folders / "results/xl_lora-afr-tiny/predictions.parquet"
    write_table([row | {"gold": 1.0} for row in read_table(path, PREDICTIONS)], PREDICTIONS, path)
    with pytest.raises(DataError, match="gold scores differ"):
        compare_recipes(results.scores, folders / "results", seed=1)


def test_without_a_judged_language_there_is_no_section_on_the_oracle(folders):
    results = _read(folders, judged=(), oracle="none")
    write_summary(results, folders / "summary.json")
    write_oracle_csv(results.oracle, folders / "oracle.csv")
    write_markdown(results, [], "", folders / "report.md", profile="real", seed=1)
    assert json.loads((folders / "summary.json").read_text())["oracle_precision"] == {}
    assert (folders / "oracle.csv").read_text() == "strategy,language,generator_seed,polarity,precision\n"
    assert "grammar of the sample corpora" not in (folders / "report.md").read_text()
    with pytest.raises(DataError, match="judge_triplets@xl_lora-afr"):
        _read(folders, oracle="none")


def test_a_missing_cell_names_the_stage_to_run(folders):
    (folders / "scores/english_nli-afr-tiny.json").unlink()
    with pytest.raises(DataError, match="evaluate_embedder@english_nli-afr-tiny"):
        _read(folders)


def test_the_section_on_corpora_lists_what_an_evaluation_set_held(tmp_path):
    tables = {
        "parallel": {
            "rows_in": 10,
            "kept": 6,
            "not_sampled": 1,
            "rejected": {"in_evaluation_set": 2, "too_long": 1},
            "in_evaluation_set": {"afr/SampleSTS": {"exact": 1, "near": 1}},
        },
        "anchors": {"rows_in": 0, "kept": 0, "not_sampled": 0, "rejected": {}, "in_evaluation_set": {}},
    }
    languages = {"eng": Language(name="English", script="Latn", role=Role.ENGLISH, folder="eng", corpus="some")}
    with pytest.raises(DataError, match=r"english/eng/report\.json.*run stage prepare_corpora@eng"):
        read_corpus_reports(tmp_path, languages)
    (tmp_path / "english/eng").mkdir(parents=True)
    (tmp_path / "english/eng/report.json").write_text(json.dumps({"tables": tables}))
    shown = corpora_section(read_corpus_reports(tmp_path, languages))
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if line.startswith("|")]
    assert ["eng", "parallel", "10", "6", "1", "2 in_evaluation_set, 1 too_long"] in lines
    assert ["eng", "parallel", "afr/SampleSTS", "1", "0", "1"] in lines
    assert "anchors" not in shown
