"""The whole graph, for real, on a miniature of the default profile, in a copy of the repository.

The first run is that of `make repro`, cells side by side. It has one target language and knows nothing of a second one,
which the last test adds, with `dvc repro`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRST = ["eng", "afr", "swa", "spa", "por", "nld"]
PRETRAINING = [
    f"base_models.{model}.scratch.pretraining.languages=[{','.join(FIRST)}]" for model in ("generator", "tiny")
]
WITHOUT_INDONESIAN = [
    "~languages.ind",
    "~register_models.validation_task.ind",
    f"write_sample_corpora.languages=[{','.join(FIRST)}]",
]
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A clone with what git tracks or would track, at the miniature profile, after one run of all."""
    folder = tmp_path_factory.mktemp("e2e") / "repository"
    listed = _run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).stdout.split("\n")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    (folder / "dvc.lock").unlink(missing_ok=True)
    _run(["git", "init", "--quiet"], folder)
    _run(["git", "add", "--all"], folder)
    _run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message", "copy"], folder)
    _run([sys.executable, "-m", "bootembed", "compose", "miniature", *PRETRAINING, *WITHOUT_INDONESIAN], folder)
    _run([sys.executable, "-m", "bootembed", "run"], folder)
    return folder


def _run(command, folder):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "src"),
        "BOOTEMBED_TRACKING": "on",
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def test_every_cell_is_scored_and_reported(repository):
    recipes = ["untrained", "in_context", "adapter_composition", "xl_lora"]
    recipes += ["unsupervised_simcse", "english_nli", "translation_pairs"]
    folder = repository / "metrics/miniature"
    report = (folder / "report.md").read_text()
    for recipe in recipes:
        embedders = json.loads((folder / f"scores/{recipe}-afr-tiny.json").read_text())["embedders"]
        assert list(embedders) == (["0-0"] if recipe == "untrained" else ["0-0", "0-1"])
        for scores in (found["scores"] for found in embedders.values()):
            assert set(scores) == {"SampleSTS", "SampleBitextMining"}
            assert all(-1 <= score <= 1 for task in scores.values() for score in task.values())
        assert recipe in report
    assert "Afrikaans (afr)" in (folder / "report.html").read_text()
    kept = 0
    for strategy in recipes[1:4]:
        metrics = json.loads((folder / f"triplets/{strategy}-afr.json").read_text())["0"]
        assert metrics["candidates"] == 60
        kept += metrics["kept"]
        if metrics["kept"]:
            oracle = json.loads((folder / f"triplets/oracle/{strategy}-afr.json").read_text())["0"]
            assert 0 <= oracle["positive_precision"] <= 1
    assert kept


def test_nothing_changed_nothing_runs(repository):
    out = _run([sys.executable, "-m", "dvc", "repro"], repository).stdout
    assert "Running stage" not in out


def test_the_scored_model_loads_plainly_and_the_champion_is_one_of_them(repository):
    script = """
import json, os, sys
import numpy as np
from sentence_transformers import SentenceTransformer
import mlflow
mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
best = json.load(open("metrics/miniature/registry.json"))["afr"]
recipe, encoder = best["champion"].rsplit("-", 1)
text = ["Die boer koop 'n appel."]
plain = SentenceTransformer(f"models/embedders/miniature/{recipe}-afr-{encoder}/{best['embedder']}").encode(text)
registered = mlflow.sentence_transformers.load_model("models:/bootembed-afr@champion").encode(text)
np.testing.assert_array_equal(plain, registered)
"""
    _run([sys.executable, "-c", script], repository)


def test_every_stage_logged_a_run(repository):
    import mlflow

    stages = _run([sys.executable, "-m", "dvc", "stage", "list", "--name-only"], repository).stdout.split()
    client = mlflow.tracking.MlflowClient(f"sqlite:///{repository}/mlflow.db")
    experiment = client.get_experiment_by_name("bootembed")
    names = {run.info.run_name for run in client.search_runs([experiment.experiment_id], max_results=1000)}
    assert set(stages) <= names


def test_another_language_is_params_alone_and_runs_only_its_own_stages(repository):
    compose = [sys.executable, "-m", "bootembed", "compose", "miniature", *PRETRAINING]
    _run([*compose, "grid.languages=[afr,ind]"], repository)
    log = _run([sys.executable, "-m", "bootembed", "run"], repository).stderr
    ran = set(re.findall(r"(\S+): begins$", log, re.MULTILINE))
    shared = {"build_pretraining_data@generator", "build_pretraining_data@tiny", "train_judge@none"}
    shared |= {"report", "register_models"}
    others = {name for name in ran if "ind" not in re.split(r"[@-]", name)} - shared
    # every corpus is held against the new evaluation sets, and nothing follows where nothing had to go
    assert {name.partition("@")[0] for name in others} <= {"prepare_evaluation", "prepare_corpora"}
    assert {"train_embedder@xl_lora-ind-tiny", "evaluate_embedder@untrained-ind-tiny"} <= ran
    assert "ind, tiny" in (repository / "metrics/miniature/report.md").read_text()
