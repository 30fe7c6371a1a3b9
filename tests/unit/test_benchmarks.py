"""Tables of finished runs: what holds over seeds in one, and scores over the number of anchors from a repository."""

from __future__ import annotations

import csv
import json
import subprocess
from statistics import mean
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from benchmarks import curve, run_profile, seeds

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
    (tmp_path / "metrics/laptop").mkdir(parents=True)
    for (anchors, seed), score in SCORES.items():
        params = {"profile": "laptop", "seed": seed, "generate_triplets": {"anchors": anchors}}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        embedders = {
            "untrained": {"0-0": 0.3},
            "english_nli": {"0-0": 0.4},
            "xl_lora": {"0-0": score - 0.01, "1-0": score + 0.01},
        }
        recipes = {name: {"mean": mean(own.values()), "embedders": own} for name, own in embedders.items()}
        summary = {
            "test": {"afr": {"tiny": {"SampleSTS": recipes}}},
            "triplets": {"afr": {"xl_lora": [{"anchors": anchors, "kept": anchors - less} for less in (6, 8)]}},
            "oracle_precision": {"afr": {"xl_lora": {"positive": [0.85, 0.95, None]}}},
        }
        (tmp_path / "metrics/laptop/summary.json").write_text(json.dumps(summary))
        _git(tmp_path, "add", "-A")
        _git(tmp_path, "commit", "-qm", "run")
        _git(tmp_path, "tag", f"run-{anchors}-{seed}")
    (tmp_path / "metrics/laptop/summary.json").write_text(
        json.dumps({"test": {"afr": {"tiny": {"SampleSTS": {"untrained": 0.3}}}}, "oracle_precision": {}})
    )
    _git(tmp_path, "commit", "-qam", "of an older version")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(command, *arguments):
    return CliRunner().invoke(command, [*arguments])


def test_seeds(tmp_path):
    params = {"profile": "laptop", "seed": 42, "generator_seeds": 3, "train_embedder": {"seeds": 2}}
    embedders = {f"{g}-{s}": 0.5 + 0.1 * g for g in range(3) for s in range(2)}
    summary = {
        "test": {
            "afr": {
                "tiny": {
                    "SampleSTS": {
                        "untrained": {"mean": 0.3, "embedders": {"0-0": 0.3}},
                        "xl_lora": {"mean": 0.6, "embedders": embedders},
                    }
                }
            }
        },
        "triplets": {},
        "oracle_precision": {
            "afr": {"xl_lora": {"positive": [0.85, 0.95, None]}, "in_context": {"positive": [None] * 3}}
        },
    }
    differences = (
        "language,encoder,task,statistic,recipe,against,difference,low,high,p,differs,by_generator_seed\n"
        "afr,tiny,SampleSTS,Spearman,xl_lora,untrained,0.3,0.1,0.5,0.01,yes,0.200000 0.300000 0.400000\n"
        "afr,tiny,SampleSTS,Spearman,xl_lora,english_nli,0.05,0.01,0.12,0.04,undecided,0.1 0.1 -0.05\n"
    )
    (tmp_path / "metrics/laptop").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "metrics/laptop/summary.json").write_text(json.dumps(summary))
    (tmp_path / "metrics/laptop/differences.csv").write_text(differences)
    found = _run(seeds.main, str(tmp_path), "--output-dir", str(tmp_path / "results"))
    assert found.exit_code == 0, found.output
    text = (tmp_path / "results/seeds.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert ["afr", "tiny", "SampleSTS", "xl_lora", "0.600 ± 0.089", "+0.300"] in cells
    assert ["afr", "tiny", "SampleSTS", "untrained", "0.300", ""] in cells
    of_what = ["afr", "tiny", "SampleSTS", "xl_lora", "english_nli"]
    assert [*of_what, "+0.100, +0.100, -0.050", "+0.010 to +0.120", "undecided"] in cells
    assert not [row for row in cells if row[4:5] == ["untrained"]]
    assert ["afr", "xl_lora", "positive", "90.0% ± 7.1%", "85.0%, 95.0%, none kept"] in cells
    assert ["afr", "in_context", "positive", "", "none kept, none kept, none kept"] in cells
    assert "3 generator seeds x 2 embedder seeds" in text
    assert json.loads((tmp_path / "results/seeds.json").read_text())["machine"]["processors"] > 0


def test_curve(repository):
    found = _run(curve.main, "run-400-1", "run-100-1", "run-100-2", "--csv", "curve.csv", "--svg", "curve.svg")
    assert found.exit_code == 0, found.output
    rows = list(csv.DictReader((repository / "curve.csv").open()))
    assert list(rows[0]) == ["anchors", "kept", "recipe", "language", "encoder", "task", "embedder", "score", "seed"]
    told = {
        (row["anchors"], row["seed"], row["embedder"]): (row["kept"], float(row["score"]))
        for row in rows
        if row["recipe"] == "xl_lora"
    }
    assert told == {
        ("100", "1", "0-0"): ("94", 0.49),
        ("100", "1", "1-0"): ("92", 0.51),
        ("100", "2", "0-0"): ("94", 0.59),
        ("100", "2", "1-0"): ("92", 0.61),
        ("400", "1", "0-0"): ("394", 0.79),
        ("400", "1", "1-0"): ("392", 0.81),
    }
    assert [row["kept"] for row in rows if row["recipe"] == "untrained"] == [""] * 3
    assert len(rows) == 3 * (2 + 2)

    chart = ElementTree.fromstring((repository / "curve.svg").read_text())
    assert len(list(chart.iter(f"{SVG}polyline"))) == 3
    titles = [title.text for title in chart.iter(f"{SVG}title")]
    assert "xl_lora, 100: 0.5500" in titles  # the mean of two runs with two embedders each
    assert "xl_lora, 400: 0.8000" in titles
    high, low = (
        float(dot.get("cy"))
        for text in ("xl_lora, 400: 0.8000", "untrained, 400: 0.3000")
        for dot in chart.iter(f"{SVG}circle")
        if dot[0].text == text
    )
    assert high < low  # downwards is positive in SVG


def test_names_are_escaped_and_one_run_has_a_chart():
    point = curve.Point(100, None, "a<b & c", "afr", "tiny", "SampleSTS", "0-0", 0.5, 1)
    chart = ElementTree.fromstring(curve.draw([point]))
    assert "a<b & c" in {text.text for text in chart.iter(f"{SVG}text")}


def test_runs_that_cannot_be_read_are_named(repository):
    found = _run(curve.main, "run-9-9", "--csv", "curve.csv", "--svg", "curve.svg")
    assert found.exit_code == 1
    assert "Error: run-9-9: " in found.output
    found = _run(curve.main, "HEAD", "--csv", "curve.csv", "--svg", "curve.svg")
    assert "Error: HEAD: its summary names no embedders; run its stage `report` again" in found.output


def test_a_run_by_stage(tmp_path):
    """A cell of two commands is one cell."""
    (tmp_path / "cells.csv").write_text(
        "name,began_as,status,seconds,cpu_seconds,peak_mib\n"
        "train@a,fork,0,10.5,9.0,600\ntrain@b,fork,0,4.0,3.5,700\ntrain@b,process,0,2.0,1.0,90\n"
        "report,fork,0,1.0,0.5,500\nnursery,process,0,,5.0,710\nfan_out,process,0,20.0,2.0,95\n"
    )
    arguments = ["--cells", str(tmp_path / "cells.csv"), "--output-dir", str(tmp_path)]
    result = CliRunner().invoke(run_profile.main, arguments)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "run_profile.json").read_text())
    stages = {row["stage"]: row for row in found["stages"]}
    assert list(stages) == ["train", "nursery", "fan_out", "report", "all"]
    assert stages["train"] == {
        "stage": "train", "cells": 2, "forks": 2, "seconds": 16.5, "CPU seconds": 13.5, "peak MiB": 700.0,
    }  # fmt: skip
    assert (stages["nursery"]["CPU seconds"], stages["all"]["CPU seconds"]) == (5.0, 21.0)
    assert "| train " in (tmp_path / "run_profile.md").read_text()
    assert len(found["cells"]) == 6
