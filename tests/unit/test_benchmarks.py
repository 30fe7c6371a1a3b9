"""Comparisons of finished runs: read from a real repository, gathered over seeds and over numbers of anchors."""

from __future__ import annotations

import csv
import json
import subprocess
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from benchmarks import curve, seeds

SVG = "{http://www.w3.org/2000/svg}"
SCORES = {(100, 1): 0.5, (100, 2): 0.6, (400, 1): 0.8}  # of the strategy, by anchors and seed


def _git(folder, *arguments):
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A DVC repository with a tag for each run."""
    _git(tmp_path, "init", "-q")
    subprocess.run(["python", "-m", "dvc", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "metrics").mkdir()
    for (anchors, seed), score in SCORES.items():
        params = {"seed": seed, "generate_triplets": {"anchors": anchors}}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        recipes = {
            name: {"mean": mean} for name, mean in {"untrained": 0.3, "english_nli": 0.4, "xl_lora": score}.items()
        }
        summary = {
            "test": {"afr": {"tiny": {"SampleSTS": recipes}}},
            "triplets": {"afr": {"xl_lora": [{"anchors": anchors, "kept": anchors - less} for less in (6, 8)]}},
            "oracle_precision": {"afr": {"xl_lora": {"positive": [0.85, 0.95, None]}}},
        }
        (tmp_path / "metrics/summary.json").write_text(json.dumps(summary))
        _git(tmp_path, "add", "-A")
        _git(tmp_path, "commit", "-qm", "run")
        _git(tmp_path, "tag", f"run-{anchors}-{seed}")
    (tmp_path / "metrics/summary.json").write_text(json.dumps({"test": {}, "oracle_precision": {}}))
    _git(tmp_path, "commit", "-qam", "of an older version")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(command, *arguments):
    return CliRunner().invoke(command, [*arguments])


def test_seeds(repository):
    found = _run(seeds.main, "run-100-1", "run-100-2", "--output", "seeds.md")
    assert found.exit_code == 0, found.output
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in (repository / "seeds.md").read_text().splitlines()
    ]
    assert ["afr", "tiny", "SampleSTS", "xl_lora", "0.550 ± 0.071", "+0.250 ± 0.071", "yes"] in cells
    assert ["afr", "xl_lora", "positive", "90.0% ± 5.8%"] in cells


def test_seeds_of_runs_with_other_scores(repository):
    (repository / "metrics/summary.json").write_text(
        json.dumps({"test": {"afr": {"tiny": {"SampleSTS": {"untrained": {"mean": 0.3}}}}}, "oracle_precision": {}})
    )
    _git(repository, "commit", "-qam", "of another profile")
    found = _run(seeds.main, "run-100-1", "HEAD", "--output", "seeds.md")
    assert found.exit_code == 1
    told = "HEAD: one of it and run-100-1 lacks 2 scores, e.g. that of afr, tiny, SampleSTS, english_nli"
    assert f"Error: {told}" in found.output


def test_curve(repository):
    found = _run(curve.main, "run-400-1", "run-100-1", "run-100-2", "--csv", "curve.csv", "--svg", "curve.svg")
    assert found.exit_code == 0, found.output
    rows = list(csv.DictReader((repository / "curve.csv").open()))
    assert list(rows[0]) == ["anchors", "kept", "recipe", "language", "encoder", "task", "score", "seed"]
    told = {
        (row["anchors"], row["seed"]): (row["kept"], float(row["score"])) for row in rows if row["recipe"] == "xl_lora"
    }
    assert told == {("100", "1"): ("93", 0.5), ("100", "2"): ("93", 0.6), ("400", "1"): ("393", 0.8)}
    assert [row["kept"] for row in rows if row["recipe"] == "untrained"] == [""] * 3
    assert len(rows) == 9

    chart = ElementTree.fromstring((repository / "curve.svg").read_text())
    assert len(list(chart.iter(f"{SVG}polyline"))) == 3
    titles = [title.text for title in chart.iter(f"{SVG}title")]
    assert "xl_lora, 100: 0.5500" in titles  # the mean of two seeds
    assert "xl_lora, 400: 0.8000" in titles
    high, low = (
        float(dot.get("cy"))
        for text in ("xl_lora, 400: 0.8000", "untrained, 400: 0.3000")
        for dot in chart.iter(f"{SVG}circle")
        if dot[0].text == text
    )
    assert high < low  # downwards is positive in SVG


def test_names_are_escaped_and_one_run_has_a_chart():
    point = curve.Point(100, None, "a<b & c", "afr", "tiny", "SampleSTS", 0.5, 1)
    chart = ElementTree.fromstring(curve.draw([point]))
    assert "a<b & c" in {text.text for text in chart.iter(f"{SVG}text")}


def test_runs_that_cannot_be_read_are_named(repository):
    found = _run(curve.main, "run-9-9", "--csv", "curve.csv", "--svg", "curve.svg")
    assert found.exit_code == 1
    assert "Error: run-9-9: " in found.output
    found = _run(curve.main, "HEAD", "--csv", "curve.csv", "--svg", "curve.svg")
    assert "Error: HEAD: its summary counts no triplets; run its stage `report` again" in found.output
