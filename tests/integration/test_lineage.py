"""Lineage: from a version to what made it and back, with a project that DVC ran."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from registered import MODEL, candidate
from stores import BOTH

from bootembed import tracking
from bootembed.commands import main
from bootembed.core.hashing import content_hash
from bootembed.registry.versions import register
from bootembed.workflow.origins import Lock

CELL = "xl_lora-afr-tiny"
# The stages that a lineage names. Their commands copy: what "trains" an embedder takes one that is there already.
DVC_YAML = """
stages:
  prepare_corpora:
    foreach: [afr, ind]
    do:
      cmd: mkdir -p data/corpora/target/${item} && cat raw/text raw/text params.yaml > data/corpora/target/${item}/text
      deps: [raw]
      outs: ["data/corpora/target/${item}"]
  build_base_models:
    foreach: [tiny]
    do:
      cmd: mkdir -p models/base/${item} && echo tiny > models/base/${item}/model
      outs: ["models/base/${item}"]
  generate_triplets:
    foreach: [xl_lora-afr]
    do:
      cmd: mkdir -p data/training_sets/${item} && sort data/corpora/target/afr/text > data/training_sets/${item}/t
      deps: [data/corpora/target/afr/text]
      params: [seed]
      outs: ["data/training_sets/${item}"]
  train_embedder:
    foreach: [xl_lora-afr-tiny]
    do:
      cmd: mkdir -p models/embedders && cp -r made/${item} models/embedders/${item}
      deps: [data/training_sets/xl_lora-afr, models/base/tiny]
      params: [epochs]
      outs: ["models/embedders/${item}"]
  evaluate_embedder:
    foreach: [xl_lora-afr-tiny]
    do:
      cmd: mkdir -p results/mteb/${item} && echo 1 > results/mteb/${item}/scores
      deps: ["models/embedders/${item}"]
      outs: ["results/mteb/${item}"]
"""


def _run(*words):
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(words, check=True, capture_output=True, env=os.environ | {"PATH": search})


def _git(*words):
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def _commit(message):
    _run("git", "add", "-A")
    _run("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", message)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A clone in which DVC trained an embedder, recorded and pushed it, and nothing of it is committed yet."""
    folder = tmp_path_factory.mktemp("trained")
    candidate(folder / "made", "xl_lora", 0.7, seed=1)
    (folder / "raw").mkdir()
    (folder / "raw/text").write_text("Die boer koop appels.\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "params.yaml").write_text("seed: 7\nepochs: 2\nother: 1\n")
    (folder / ".gitignore").write_text("/made\n/mlflow.db*\n/mlruns\n/remote\n/data\n/models\n/results\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _run("git", "init", "-q")
        _run("dvc", "init", "-q")
        _run("dvc", "remote", "add", "--default", "store", "remote")
        _commit("Before")
        _run("dvc", "repro", "-q")
        _run("dvc", "push", "-q")
    return folder


@pytest.fixture
def project(trained, registry):
    """A copy of it as working directory; returns the embedder that it trained, as a candidate."""
    shutil.copytree(trained, registry, dirs_exist_ok=True, symlinks=True)
    made = candidate(registry / "made", "xl_lora", 0.7, seed=1)
    return replace(made, folder=Path(f"models/embedders/{CELL}/0-0"))


def _traced(one):
    origin = Lock(Path("dvc.lock")).origin(one.folder.parent, Path("results/mteb") / one.folder.parent.name)
    return replace(one, origin=origin)


def _lineage(*words):
    done = CliRunner().invoke(main, ["lineage", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_from_a_version_to_what_made_it_and_back(project, monkeypatch):
    (Path("params.yaml")).write_text("seed: 7\nepochs: 2\nother: 2\n")
    monkeypatch.setenv("DVC_EXP_NAME", "plain-fish")
    register([_traced(project)], MODEL, alias="champion")
    before = _git("rev-parse", "HEAD")
    lock = {
        entry["path"]: entry["md5"]
        for stage in yaml.safe_load(Path("dvc.lock").read_text())["stages"].values()
        for entry in [*stage.get("deps", []), *stage["outs"]]
    }
    facts = _lineage(f"models:/{MODEL}@champion").splitlines()
    told = dict(line.split(maxsplit=1) for line in facts if not line.startswith(("base", "training", "MLflow", "DVC")))
    assert told["version"] == f"models:/{MODEL}/1"
    assert told["alias"] == "champion"
    assert told["embedder"] == "0-1 (training set 0, seed 1), the median of 3"
    assert told["validation"] == "0.7000 ± 0.0100 on SampleSTS"
    assert told["commit"] == f"{before}, with changes in params.yaml"
    assert told["cell"] == f"train_embedder@{CELL}"
    assert told["content"] == f"sha256 {content_hash(project.folder)}"
    assert told["why"].endswith("is the highest of those registered together, and there was no champion")
    assert told["files"].startswith("dvc.lock with this version is in no commit here: commit it")
    for line in (
        f"embedders       {CELL} md5 {lock[f'models/embedders/{CELL}']}",
        f"training set    xl_lora-afr md5 {lock['data/training_sets/xl_lora-afr']}",
        f"base model      tiny md5 {lock['models/base/tiny']}",
        f"source          raw md5 {lock['raw']}",
        f"corpus          afr md5 {lock['data/corpora/target/afr']}",
        f"results         {CELL} md5 {lock[f'results/mteb/{CELL}']}",
        "DVC experiment  plain-fish",
    ):
        assert line in facts
    assert not any(line.startswith("corpus          ind") for line in facts), "which had no part in it"

    found = json.loads(_lineage("--json", f"models:/{MODEL}/1"))
    assert found["parameters"][f"train_embedder@{CELL}"] == {"params.yaml": {"epochs": 2}}
    assert found["parameters"]["generate_triplets@xl_lora-afr"] == {"params.yaml": {"seed": 7}}
    run = tracking.client().get_run(found["run"])
    assert run.data.tags["params_hash"] == found["params_hash"]

    _commit("Results")
    after = _git("rev-parse", "HEAD")
    for path in ("data", "models", "results", ".dvc/cache"):
        shutil.rmtree(path)
    [back] = [line.split(maxsplit=1)[1] for line in _lineage(f"models:/{MODEL}/1").splitlines() if line[:5] == "files"]
    assert back == f"git checkout {after} && dvc pull train_embedder@{CELL}"
    _run("sh", "-c", back)
    assert content_hash(project.folder) == found["content_hash"]

    training_set = lock["data/training_sets/xl_lora-afr"]
    for text, tag in [
        (before, "git_commit"),
        (before[:7], "git_commit"),
        (after, f"hash.embedders.{CELL}"),
        (found["content_hash"], "content_hash"),
        (training_set, "hash.training_set.xl_lora-afr"),
    ]:
        assert _lineage(text) == f"models:/{MODEL}/1\t{tag}\n"


def test_the_run_of_the_training_is_found_by_the_embedders_themselves(project):
    for epochs, folder in [(1, Path("raw")), (2, project.folder.parent)]:
        with tracking.stage_run("train_embedder", cell={}, settings={"epochs": epochs}) as run:
            run.log_output("embedders", folder)
    tracking.send_records()
    register([_traced(project)], MODEL, alias="champion")
    found = json.loads(_lineage("--json", f"models:/{MODEL}@champion"))
    assert tracking.client().get_run(found["training_run"]).data.params == {"epochs": "2"}


def test_what_dvc_lock_does_not_describe_is_not_recorded(project, caplog):
    """Of a training set that was made anew since, nothing is said but the hash that was trained on."""
    Path("params.yaml").write_text("seed: 8\nepochs: 2\n")
    Path("raw/text").write_text("Die vrou eet.\n")
    _run("dvc", "repro", "-q", "generate_triplets")
    roles = {found.role: found.cell for found in _traced(project).origin.data}
    assert roles.keys() == {"embedders", "results", "base_model"}

    with (project.folder / "README.md").open("a") as stream:
        stream.write("changed by hand")
    changed = _traced(project)
    assert changed.origin is None
    assert f"{project.folder.parent}: is not what dvc.lock records" in caplog.text
    register([changed], MODEL, alias="champion")
    facts = _lineage(f"models:/{MODEL}/1")
    assert "cell            not recorded: dvc.lock did not describe the embedders" in facts
    assert "files           not recorded" in facts
    assert Lock(Path("absent.lock")).origin(project.folder.parent, Path("results")) is None


def _make_anew(**edits):
    """Change texts in dvc.yaml, and run it."""
    content = Path("dvc.yaml").read_text()
    for old, new in edits.values():
        assert old in content
        content = content.replace(old, new)
    Path("dvc.yaml").write_text(content)
    _run("dvc", "repro", "-q")


def test_what_another_profile_left_in_a_folder_had_no_part(project):
    def corpora():
        return {found.cell for found in _traced(project).origin.data if found.role == "corpus"}

    _make_anew(folder=("deps: [data/corpora/target/afr/text]", "deps: [data/corpora]"))
    assert corpora() == {"prepare_corpora@afr", "prepare_corpora@ind"}
    shutil.move("data/corpora/target/ind", "elsewhere")
    assert corpora() == {"prepare_corpora@afr"}
    shutil.move("elsewhere", "data/corpora/target/ind")
    _make_anew(languages=("foreach: [afr, ind]", "foreach: [afr]"))
    assert Path("data/corpora/target/ind").exists()
    assert "prepare_corpora@ind" in Path("dvc.lock").read_text()
    assert corpora() == {"prepare_corpora@afr"}


@pytest.mark.parametrize(("path", "sources"), [("own", {"raw"}), ("pretraining/tiny", {"raw", "pretraining/tiny"})])
def test_a_base_model_comes_from_the_folder_that_its_parameters_name(project, path, sources):
    for name in ("tiny", "generator"):
        Path("pretraining", name).mkdir(parents=True)
        Path("pretraining", name, "model").write_text(name)
    with Path("params.yaml").open("a") as stream:
        stream.write(f"base_models:\n  tiny: {{source: local, path: {path}}}\n")
    outs = 'outs: ["models/base/${item}"]'
    read = 'deps: [pretraining/tiny, pretraining/generator]\n      params: ["base_models.${item}"]\n      '
    _make_anew(base_model=(outs, read + outs))
    assert {found.path for found in _traced(project).origin.data if found.role == "source"} == sources


@BOTH
def test_lineage_is_added_to_a_version_that_had_none(project):
    register([project], MODEL, alias="champion")
    assert "cell            not recorded" in _lineage(f"models:/{MODEL}/1")
    register([_traced(project)], MODEL, alias="champion")
    assert f"cell            train_embedder@{CELL}" in _lineage(f"models:/{MODEL}/1")
    assert json.loads(_lineage("--json", f"models:/{MODEL}/1"))["parameters"]


def test_what_is_not_there_is_one_line_with_the_nearest(registry):
    register([candidate(registry, "xl_lora", 0.7, seed=1)], MODEL, alias="champion")
    for name, told in [
        (f"models:/{MODEL}@champoin", f"did you mean 'models:/{MODEL}@champion'?"),
        (f"models:/{MODEL}/7", f"did you mean 'models:/{MODEL}/1'?"),
        ("models:/bootembed-aff@champion", f"did you mean 'models:/{MODEL}@champion'?"),
        (MODEL, f"did you mean 'models:/{MODEL}@champion'?"),
        ("0123456", "no version in MLflow's registry was made on this commit or has this hash"),
    ]:
        done = CliRunner().invoke(main, ["lineage", name])
        assert (done.exit_code, told in done.output) == (1, True), name
        assert len(done.output.splitlines()) == 1
