"""The report: every cell of the grid, nothing else, and gaps are named."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from bootembed.core.errors import DataError
from bootembed.core.names import EmbedderId, Role
from bootembed.core.tables import read_table, write_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.evaluation.statistics import Difference, holm
from bootembed.report.cells import embedder_cells
from bootembed.report.corpora import corpora_section, read_corpus_reports
from bootembed.report.current import not_scored, of_tasks
from bootembed.report.intervals import Comparison, Estimate, compare_recipes
from bootembed.report.recipes import score_sections, write_differences_csv
from bootembed.report.scores import CellScore, read_results, together
from bootembed.report.write import write_markdown, write_oracle_csv, write_overview, write_scores_csv, write_summary
from bootembed.settings.corpora import Language
from bootembed.settings.schema import Grid
from bootembed.triplets.filters import TripletRejection
from stages import report as report_stage

GRID = Grid(
    languages=["afr"],
    strategies=["xl_lora"],
    baselines=["untrained", "english_nli", "translation_pairs"],
    mixtures=[],
    recipes=["xl_lora", "untrained", "english_nli", "translation_pairs"],
    mixture_cells={},
    embedder_cells={},
    exports=[],
    encoders=["tiny"],
    adapter_languages={"eng": "english"},
)
NOISE = {"untrained": 3.0, "english_nli": 1.0, "translation_pairs": 0.6, "xl_lora": 0.05}
SCORES = {"untrained": 0.3, "english_nli": 0.5, "translation_pairs": 0.6, "xl_lora": 0.9}


# Of each embedder: added to the score of its recipe.
OFFSETS = {"0-0": 0.0, "0-1": 0.02, "0-2": -0.02}


def _write_cell(folder, recipe, offsets, *, gold, rng):
    """Scores and answers of the embedders of a cell."""
    cell = f"{recipe}-afr-tiny"
    content = {"recipe": recipe, "language": "afr", "encoder": "tiny", "embedders": {}}
    for name, offset in offsets.items():
        score = SCORES[recipe] + offset
        scores = {
            "SampleSTS": {"validation": score - 0.1, "test": score},
            "OnlyValidated": {"validation": 0},
            "SampleBitext": {"test": score / 2},
        }
        geometry = {
            "SampleSTS": {"test": {"alignment": 1 - score, "uniformity": -1 - score}},
            "SampleBitext": {"test": {"uniformity": -0.125}},
        }
        content["embedders"][name] = {"scores": scores, "geometry": geometry}
        similarities = gold + NOISE[recipe] * rng.normal(size=200)
        rows = [
            {"task": "SampleSTS", "split": "test", "index": n, "similarity": float(s), "gold": float(g)}
            for n, (s, g) in enumerate(zip(similarities, gold, strict=True))
        ]
        write_table(rows, PREDICTIONS, folder / f"results/{cell}/{name}/predictions.parquet")
        rows = [
            {"task": "SampleBitext", "split": split, "index": n, "nearest": n if hard < score else 0, "similarity": 0.5}
            for split in ("validation", "test")
            for n, hard in enumerate(gold / 5)
        ]
        write_table(rows, NEAREST, folder / f"results/{cell}/{name}/nearest.parquet")
    (folder / "scores").mkdir(exist_ok=True)
    (folder / f"scores/{cell}.json").write_text(json.dumps(content))


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(1)
    gold = rng.uniform(0, 5, 200)
    (tmp_path / "triplets").mkdir()
    for recipe in SCORES:
        _write_cell(tmp_path, recipe, {"0-0": 0.0} if recipe == "untrained" else OFFSETS, gold=gold, rng=rng)
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


def _score_again(folders, cell):
    """Put what `_write_cell` wrote of bitext mining back."""
    path = folders / f"scores/{cell}.json"
    content = json.loads(path.read_text())
    for name, embedder in content["embedders"].items():
        embedder["scores"]["SampleBitext"] = {"test": 0.15}
        rows = read_table(folders / "results/english_nli-afr-tiny/0-0/nearest.parquet", NEAREST)
        write_table(rows, NEAREST, folders / f"results/{cell}/{name}/nearest.parquet")
    path.write_text(json.dumps(content))


def _read(folders, judged=("afr",), oracle="oracle"):
    return read_results(folders / "scores", folders / "triplets", GRID, oracle_dir=folders / oracle, judged=judged)


def test_files(folders):
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    write_scores_csv(results.scores, folders / "scores.csv")
    write_differences_csv(comparisons, folders / "differences.csv")
    write_oracle_csv(results.oracle, folders / "oracle.csv")
    write_summary(results, folders / "summary.json", judged={"judge": {}})
    write_markdown(results, comparisons, "## Corpora\n", folders / "report.md", profile="laptop", seed=1)

    rows = list(csv.DictReader((folders / "scores.csv").open()))
    assert len(rows) == 4 * (3 * 3 + 1)
    best = next(row for row in rows if (row["recipe"], row["split"], row["seed"]) == ("xl_lora", "test", "1"))
    assert (best["kind"], best["training_set"], float(best["main_score"])) == ("strategy", "0", 0.92)
    assert float(best["gain"]) == pytest.approx(0.62)
    summary = json.loads((folders / "summary.json").read_text())
    found = summary["test"]["afr"]["tiny"]["SampleSTS"]
    assert found["english_nli"] == {"mean": 0.5, "deviation": 0.02, "embedders": {"0-0": 0.5, "0-1": 0.52, "0-2": 0.48}}
    assert found["untrained"] == {"mean": 0.3, "embedders": {"0-0": 0.3}}
    assert summary["oracle_precision"]["afr"]["xl_lora"] == {"positive": [0.9, None, 0.9], "negative": [0.8, None, 0.7]}
    assert summary["judged"] == {"judge": {}}
    assert summary["triplets"]["afr"]["xl_lora"] == [{"anchors": 10, "kept": 9}] * 3
    judged = list(csv.DictReader((folders / "oracle.csv").open()))
    assert [(row["generator_seed"], row["precision"]) for row in judged if row["polarity"] == "negative"] == [
        ("0", "0.8"),
        ("2", "0.7"),
    ]
    report = (folders / "report.md").read_text()
    assert "**0.900** ± 0.020 (+0.600)" in report
    assert "3 embedder seeds x 1 generator seed of each strategy, 3 embedder seeds of each baseline" in report
    assert "chance in the generator itself" in report
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines()]
    right = ["75.0% (70.0% to 80.0%)", "75.0% (70.0% to 80.0%)", "50.0% (33.3% to 66.7%)"]
    assert ["xl_lora", "afr", "negative", *right] in cells
    assert ["xl_lora", "afr", "10", "9", *("1" if reason == "empty" else "0" for reason in TripletRejection)] in cells
    assert ["afr", "tiny", "SampleSTS", "xl_lora", "0.100", "-1.900"] in cells
    assert ["afr", "tiny", "SampleBitext", "xl_lora", "", "-0.125"] in cells
    told = next(row for row in cells if row[:5] == ["afr", "tiny", "SampleBitext", "xl_lora", "english_nli"])
    assert (told[5], told[-1]) == ("accuracy@1", "yes")
    differences = list(csv.DictReader((folders / "differences.csv").open()))
    assert len(differences) == len(comparisons) == 10
    told = next(row for row in differences if (row["task"], row["against"]) == ("SampleSTS", "english_nli"))
    assert (told["recipe"], told["statistic"], told["differs"]) == ("xl_lora", "Spearman", "yes")
    assert told["by_generator_seed"] == told["difference"]
    assert "leftover" not in report
    assert "## OnlyValidated, validation split\n\n**There is no test split: these are validation scores" in report


def test_strategies_are_compared_with_every_baseline(folders):
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    pairs = [(recipe, "untrained") for recipe in ("english_nli", "translation_pairs", "xl_lora")]
    pairs += [("xl_lora", "english_nli"), ("xl_lora", "translation_pairs")]
    for task in ("SampleSTS", "SampleBitext"):
        assert [(c.recipe, c.against) for c in comparisons if c.task == task] == pairs
    against = next(c for c in comparisons if c.against == "translation_pairs")
    assert against.difference.low > 0
    family = [c for c in comparisons if c.task == "SampleSTS"]
    assert [c.corrected for c in family] == holm([c.difference.p_value for c in family])
    bitext = next(c for c in comparisons if (c.task, c.against) == ("SampleBitext", "translation_pairs"))
    assert bitext.difference.difference == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize(
    ("offsets", "verdict"), [((0.0, 0.01, -0.01), "yes"), ((0.0, 0.01, -0.41), "no"), ((0.0, 0.01, -0.31), "no")]
)
def test_generator_seeds_are_what_is_resampled(folders, offsets, verdict):
    """Each with its embedders; a strategy that fails in one of three generator seeds is ahead of nothing."""
    gold = np.random.default_rng(1).uniform(0, 5, 200)
    names = {f"{g}-{s}": offset + 0.01 * s for g, offset in enumerate(offsets) for s in range(2)}
    _write_cell(folders, "xl_lora", names, gold=gold, rng=np.random.default_rng(2))
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    found = next(c for c in comparisons if (c.task, c.against) == ("SampleBitext", "translation_pairs"))
    assert len(found.by_training_set) == 3
    assert np.mean(found.by_training_set) == pytest.approx(found.difference.difference)
    assert found.differs == verdict
    write_markdown(results, comparisons, "", folders / "report.md", profile="laptop", seed=1)
    report = (folders / "report.md").read_text()
    assert "2 embedder seeds x 3 generator seeds of each strategy, 3 embedder seeds of each baseline" in report
    assert "chance in the generator itself" not in report
    row = next(line for line in report.splitlines() if {"SampleBitext", "xl_lora"} <= set(line.split()))
    assert row.split("|")[-2].count(",") == 2


@pytest.mark.parametrize(
    ("corrected", "by_training_set", "verdict"),
    [
        (0.049, (0.1, 0.2, 0.1), "yes"),
        (0.049, (-0.1, -0.2), "yes"),
        (0.049, (0.3, -0.01, 0.2), "undecided"),
        (0.001, (0.3, 0.0), "undecided"),
        (0.05, (0.1, 0.2, 0.1), "no"),
        (0.5, (0.1, -0.2), "no"),
    ],
)
def test_verdicts(corrected, by_training_set, verdict):
    names = ("afr", "tiny", "SampleSTS", "Spearman", "xl_lora", "untrained")
    estimates = (Estimate(0.5, 0.4, 0.6), Estimate(0.4, 0.3, 0.5))
    told = Comparison(*names, Difference(0.1, 0.0, 0.2, 0.01), corrected, by_training_set, estimates)
    assert told.differs == verdict


def test_answers_to_other_rows_are_refused(folders):
    results = _read(folders)
    path = folders / "results/xl_lora-afr-tiny/0-1/nearest.parquet"
    rows = read_table(path, NEAREST)
    write_table(rows[:-1], NEAREST, path)
    with pytest.raises(DataError, match="numbers of values differ"):
        compare_recipes(results.scores, folders / "results", seed=1)
    write_table([], NEAREST, path)
    with pytest.raises(DataError, match=r"no answers to SampleBitext of \['xl_lora'\], afr, tiny"):
        compare_recipes(results.scores, folders / "results", seed=1)
    write_table(rows, NEAREST, path)
    path = folders / "results/xl_lora-afr-tiny/0-2/predictions.parquet"
    write_table([row | {"gold": 1.0} for row in read_table(path, PREDICTIONS)], PREDICTIONS, path)
    with pytest.raises(DataError, match="gold scores differ"):
        compare_recipes(results.scores, folders / "results", seed=1)


def test_recipes_that_a_newer_task_has_not_scored_are_left_out_of_it_and_named(folders):
    """A task was added, and `untrained` and a strategy have not been scored on it."""
    for cell in ("untrained-afr-tiny", "xl_lora-afr-tiny"):
        path = folders / f"scores/{cell}.json"
        content = json.loads(path.read_text())
        for name, embedder in content["embedders"].items():
            del embedder["scores"]["SampleBitext"], embedder["geometry"]["SampleBitext"]
            write_table([], NEAREST, folders / f"results/{cell}/{name}/nearest.parquet")
        path.write_text(json.dumps(content))
    before = compare_recipes(_read(folders).scores, folders / "results", seed=1)
    assert {one.task for one in before} == {"SampleSTS"}  # there is no pair left on the new task

    _score_again(folders, "untrained-afr-tiny")
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    pairs = {
        task: [(c.recipe, c.against) for c in comparisons if c.task == task] for task in ("SampleSTS", "SampleBitext")
    }
    assert pairs["SampleBitext"] == [("english_nli", "untrained"), ("translation_pairs", "untrained")]
    assert len(pairs["SampleSTS"]) == 5
    write_markdown(results, comparisons, "", folders / "report.md", profile="laptop", seed=1)
    report = (folders / "report.md").read_text()
    assert "**Left out, not having been scored: xl_lora on SampleBitext (afr, tiny).** `bootembed run` scores" in report


def test_a_split_that_some_have_not_been_scored_on_is_not_compared_with_another(folders):
    """Without its test split, a recipe's answers would be those on the validation split, on other rows."""
    path = folders / "scores/xl_lora-afr-tiny.json"
    content = json.loads(path.read_text())
    for name, embedder in content["embedders"].items():
        embedder["scores"]["SampleBitext"] = {"validation": 0.5}
        answers = folders / f"results/xl_lora-afr-tiny/{name}/nearest.parquet"
        rows = [row for row in read_table(answers, NEAREST) if row["split"] == "validation"]
        write_table(rows, NEAREST, answers)
    path.write_text(json.dumps(content))
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    assert {c.recipe for c in comparisons if c.task == "SampleBitext"} == {"english_nli", "translation_pairs"}
    assert not_scored(results.scores) == {("afr", "tiny", "SampleBitext"): ["xl_lora"]}


def test_without_a_judged_language_there_is_no_section_on_the_oracle(folders):
    results = _read(folders, judged=(), oracle="none")
    write_summary(results, folders / "summary.json", judged={})
    write_oracle_csv(results.oracle, folders / "oracle.csv")
    write_markdown(results, [], "", folders / "report.md", profile="real", seed=1)
    assert json.loads((folders / "summary.json").read_text())["oracle_precision"] == {}
    assert (folders / "oracle.csv").read_text() == "strategy,language,generator_seed,polarity,precision\n"
    assert "grammar of the sample corpora" not in (folders / "report.md").read_text()
    assert _read(folders, oracle="none").not_run == ["judge_triplets@xl_lora-afr"]


def test_the_command_writes_every_file_and_the_judge_stands_in_two_of_them(folders):
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["grid"] |= {"languages": ["afr"], "strategies": ["xl_lora"], "recipes": GRID.recipes, "encoders": ["tiny"]}
    raw["grid"]["baselines"] = [str(baseline) for baseline in GRID.baselines]
    raw["judge_triplets"] = {"languages": ["afr"]}
    (folders / "out_of_date.json").write_text('["train_embedder@xl_lora-afr-tiny"]')
    (folders / "params.yaml").write_text(yaml.safe_dump(raw))
    (folders / "fit").mkdir()
    (folders / "fit/afr.json").write_text("{}")
    for key, language in raw["languages"].items():
        report = folders / "corpora" / language["role"] / key / "report.json"
        report.parent.mkdir(parents=True)
        report.write_text(json.dumps({"tables": {}, "language_check": "It was not checked.", "warnings": []}))
    own = {"afr": {"rows": 100.0, "accuracy": 0.75}}
    (folders / "judge.json").write_text(json.dumps({"training": {}, "languages": own}))
    (folders / "ratings").mkdir()
    (folders / "ratings/xl_lora-afr.json").write_text(json.dumps({"0": {"triplets": 9.0, "both_right_rate": 0.5}}))
    inputs = {"fit": "fit", "judge": "judge.json", "ratings": "ratings", "corpora": "corpora"}
    inputs |= {
        "oracle": "oracle",
        "training_sets": "none",
        "evaluation": "none",
        "training": "none",
        "records": "none",
        "out_of_date": "out_of_date.json",
    }
    (folders / "none").mkdir()
    folder_options = ("scores", "triplets", "results", "embedders")
    files = {"markdown": "r.md", "html": "r.html", "summary": "s.json", "overview": "o.json"}
    tables = {"scores": "s.csv", "oracle": "o.csv", "differences": "d.csv"}
    charts = {"scores": "s.svg", "oracle": "o.svg"}
    words = ["--params", str(folders / "params.yaml")]
    words += [word for name in folder_options for word in (f"--{name}-dir", str(folders / name))]
    words += [word for name, path in inputs.items() for word in ("--input", f"{name}={folders / path}")]
    for kind, named in (("table", tables), ("chart", charts)):
        words += [word for name, path in named.items() for word in (f"--{kind}", f"{name}={folders / path}")]
    words += [word for name, path in files.items() for word in (f"--{name}", str(folders / path))]
    result = CliRunner().invoke(report_stage.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert all((folders / name).stat().st_size for name in [*files.values(), *tables.values(), *charts.values()])
    drawn = "".join(ElementTree.parse(folders / "s.svg").getroot().itertext())
    assert "SampleSTS, test split: afr, tiny" in drawn
    assert "xl_lora" in drawn
    report = (folders / "r.md").read_text()
    for told in ("## Kept triplets, judged by an NLI cross-encoder", "1 cell is out of date", "SampleSTS"):
        assert told in report
    assert "SampleBitext" not in report + (folders / "s.csv").read_text()  # no task of the parameters
    assert json.loads((folders / "s.json").read_text())["judged"]["judge"] == own


@pytest.mark.parametrize(
    ("task", "best"),
    [("SampleSTS", {"baseline": 0.6, "strategy": 0.9}), ("OnlyValidated", {"baseline": 0.0, "strategy": 0.0})],
)
def test_experiments_are_compared_by_a_few_numbers(folders, task, best):
    write_overview(_read(folders), folders / "overview.json", tasks={"afr": task, "ind": task})
    assert json.loads((folders / "overview.json").read_text()) == {"afr": best}


@pytest.mark.parametrize("recipe", ["english_nli", "untrained", "xl_lora"])
def test_cells_that_were_not_run_are_told_with_their_command(recipe, folders):
    (folders / f"scores/{recipe}-afr-tiny.json").unlink()
    if recipe == "xl_lora":
        (folders / "triplets/xl_lora-afr.json").unlink()
    results = _read(folders)
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    assert not {recipe} & {name for found in comparisons for name in (found.recipe, found.against)}
    write_summary(results, folders / "summary.json", judged={})
    write_markdown(results, comparisons, "", folders / "report.md", profile="laptop", seed=1)
    report = (folders / "report.md").read_text()
    assert f"\nbootembed run --with-inputs evaluate_embedder@{recipe}-afr-tiny\n" in report
    assert ("bootembed run --with-inputs generate_triplets@xl_lora-afr" in report) == (recipe == "xl_lora")
    assert "nan" not in report
    assert recipe not in json.loads((folders / "summary.json").read_text())["test"]["afr"]["tiny"]["SampleSTS"]
    (folders / "scores/translation_pairs-afr-tiny.json").write_text("{")
    with pytest.raises(DataError, match=r"cannot be read: .*run stage evaluate_embedder@translation_pairs-afr-tiny"):
        _read(folders)


def test_a_score_stands_at_the_place_of_its_cell(folders):
    scores = _read(folders).scores
    assert {score.axes for score in scores} == {cell.axes for cell in embedder_cells(GRID)}
    assert next(cell.axes for cell in together(scores)) == ("untrained", "baseline", "afr", "tiny")


def test_cells_that_are_not_in_the_grid_are_neither_read_nor_missed(folders):
    grid = GRID.model_copy(update={"encoder_recipes": {"tiny": ["untrained", "xl_lora"]}})
    (folders / "scores/translation_pairs-afr-tiny.json").unlink()
    oracle = folders / "oracle"
    results = read_results(folders / "scores", folders / "triplets", grid, oracle_dir=oracle, judged=["afr"])
    assert {score.recipe for score in results.scores} == {"untrained", "xl_lora"}
    assert results.not_run == []


def test_tasks_that_the_profile_no_longer_has_are_left_out(folders):
    results = of_tasks(_read(folders), {"SampleSTS"})
    assert {score.task for score in results.scores} == {geometry.task for geometry in results.geometry} == {"SampleSTS"}
    comparisons = compare_recipes(results.scores, folders / "results", seed=1)
    assert {one.task for one in comparisons} == {"SampleSTS"}
    assert len(comparisons) == 5


def test_cells_that_are_out_of_date_stand_above_the_scores(folders):
    names = ["evaluate_embedder@xl_lora-afr-tiny"]
    write_markdown(_read(folders), [], "", folders / "r.md", profile="p", seed=1, out_of_date=names)
    above = (folders / "r.md").read_text().partition("## ")[0]
    assert "**1 cell is out of date" in above
    assert "`bootembed run`" in above
    assert names[0] in above


def test_without_scores_the_report_says_so(folders):
    for path in (folders / "scores").glob("*.json"):
        path.unlink()
    results = _read(folders)
    write_markdown(results, compare_recipes(results.scores, folders, seed=1), "", folders / "r.md", profile="p", seed=1)
    assert "**There are no scores" in (folders / "r.md").read_text()


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
    assert read_corpus_reports(tmp_path, languages) == {}  # not run
    (tmp_path / "english/eng").mkdir(parents=True)
    (tmp_path / "english/eng/report.json").write_text("{")
    with pytest.raises(DataError, match=r"english/eng/report\.json.*run stage prepare_corpora@eng"):
        read_corpus_reports(tmp_path, languages)
    (tmp_path / "english/eng/report.json").write_text(
        json.dumps({"tables": tables, "language_check": "It was not checked.", "warnings": ["anchors: 9 of 10 rows"]})
    )
    shown = corpora_section(read_corpus_reports(tmp_path, languages))
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if line.startswith("|")]
    assert ["eng", "parallel", "10", "6", "1", "2 in_evaluation_set, 1 too_long"] in lines
    assert ["eng", "parallel", "afr/SampleSTS", "1", "0", "1"] in lines
    assert "- eng: It was not checked.\n- eng: **anchors: 9 of 10 rows**" in shown
    assert not any("anchors" in cell for line in lines for cell in line)


def test_each_recipe_is_measured_on_what_people_gained():
    def score(recipe, kind, value):
        return CellScore(recipe, kind, "ind", "tiny", "STS", "test", {EmbedderId(0, 0): value}, value - 0.4)

    scores = [score("xl_lora", "strategy", 0.7), score("untrained", "baseline", 0.4)]
    assert "human" not in "".join(score_sections(scores))
    table = score_sections([*scores, score("human_triplets", "baseline", 0.8)])[-1]
    assert "its share of the gain by human triplets" in table
    assert "0.700 (+0.300, 75%)" in table
    without_gain = score_sections([*scores, score("human_triplets", "baseline", 0.3)])[-1]
    assert "0.700** (+0.300)" in without_gain


def test_a_mixture_is_compared_with_its_parts(folders):
    name = "xl_lora_and_english_nli"
    scores = _read(folders).scores
    mixed = [replace(s, recipe=name, kind="mixture") for s in scores if s.recipe == "xl_lora"]
    shutil.copytree(folders / "results/xl_lora-afr-tiny", folders / f"results/{name}-afr-tiny")
    found = compare_recipes([*scores, *mixed], folders / "results", seed=1)
    assert {c.against for c in found if c.recipe == name} == {"untrained", "xl_lora", "english_nli"}
    same = next(c for c in found if (c.recipe, c.against, c.task) == (name, "xl_lora", "SampleSTS"))
    assert (same.difference.difference, same.differs) == (0.0, "no")
