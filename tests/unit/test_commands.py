"""The command line: it starts at once, says in one line what is wrong, and ends with a status for scripts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bootembed import tracking
from bootembed.commands import completion, main
from bootembed.workflow import doctor
from bootembed.workflow.plan.requirements import Check, Machine

ROOT = Path(__file__).parents[2]


def _run(*words):
    return CliRunner().invoke(main, [*map(str, words)])


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from bootembed.commands import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {name} " in shown for name in ("run", "embed", "doctor"))
    loaded = set(shown.splitlines()[-1].split())
    assert not loaded & {"torch", "numpy", "dvc", "hydra", "mlflow", "pydantic", "yaml", "pyarrow"}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("epochs=3", "epochs: no parameter of conf/profile/laptop.yaml has this name; did you mean "
         "train_task_adapter.num_train_epochs or "),
        ("epochs=3", " or train_embedder.num_train_epochs"),
        ("train_embedder.epochs=3", "; did you mean train_embedder.num_train_epochs?"),
        ("train_task_adapter.lr=1", "did you mean train_task_adapter."),
        ("+train_embedder.epoch=1", "conf/profile/laptop.yaml: train_embedder.epoch: unknown key"),
        ("seed", "seed: an override is KEY=VALUE"),
    ],
)  # fmt: skip
def test_an_unknown_override_is_one_line_with_the_nearest_key(override, told, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = _run("compose", "laptop", override, "--output", tmp_path / "params.yaml")
    assert result.exit_code == 1
    assert told in result.output
    assert len(result.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["# @package _global_\nseed: [", "# @package _global_\nprofile: own\nseed: x"])
def test_a_fault_names_the_users_profile(content, tmp_path, monkeypatch):
    (tmp_path / "conf/profile").mkdir(parents=True)
    for name in ("config.yaml", "plugins"):
        (tmp_path / "conf" / name).symlink_to(ROOT / "conf" / name)
    (tmp_path / "conf/profile/own.yaml").write_text(content)
    monkeypatch.chdir(tmp_path)
    result = _run("compose", "own")
    assert result.exit_code == 1
    assert result.output.startswith("Error: conf/profile/own.yaml: ")
    assert "composed" not in result.output
    assert not (tmp_path / "params.yaml").exists()


@pytest.mark.parametrize(
    "words",
    [["run"], ["run", "--profile", "laptop"], ["report"], ["plan", "laptop"], ["compose", "laptop"]],
    ids=" ".join,
)
def test_elsewhere_there_is_nothing_to_run(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = _run(*words)
    assert result.exit_code == 1
    assert re.search(r"has no (dvc|config).yaml; go to the folder of your clone", result.output)


def test_values_are_those_of_a_profile():
    assert _run("run", "-S", "seed=1").exit_code == 2


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ru"], ["run"]),
        (["run", "--profile", "re"], ["real", "real_long", "real_more"]),
        (["run", "train_l"], ["train_language_adapter"]),
        (["compose", "mini"], ["miniature"]),
        (["plan", "mini"], ["miniature"]),
    ],
)
def test_a_shell_completes_subcommands_profiles_and_stages(words, offered, monkeypatch):
    monkeypatch.chdir(ROOT)
    given = {"COMP_WORDS": shlex.join(["bootembed", *words]), "COMP_CWORD": str(len(words))}
    result = CliRunner().invoke(main, prog_name="bootembed", env={"_BOOTEMBED_COMPLETE": "bash_complete", **given})
    assert result.output.split() == [f"plain,{name}" for name in offered]


def test_every_stage_is_offered(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert completion.stages(None, None, "") == list(yaml.safe_load(Path("dvc.yaml").read_text())["stages"])


def test_elsewhere_there_is_nothing_to_complete(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert completion.stages(None, None, "") == completion.profiles(None, None, "") == []


class TestDoctor:
    @pytest.fixture(autouse=True)
    def _machine(self, tmp_path, monkeypatch):
        monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setattr(doctor, "this_machine", lambda: Machine(None, 0.0, False))
        monkeypatch.chdir(ROOT)

    def test_it_says_what_there_is_and_no_secret(self):
        result = _run("doctor")
        for what in ("Python 3.", "packages: ", "processor: ", "threads: ", "GPU: none", "memory: ", "disk: ", "Hub: ",
                     "HF_TOKEN is set", "MLflow: sqlite", "DVC cache: ", "params.yaml: profile laptop"):  # fmt: skip
            assert what in result.output
        assert "hf_secret" not in result.output
        assert result.exit_code == int("\nmissing " in f"\n{result.output}")

    def test_elsewhere_it_says_what_is_not_there(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        result = _run("doctor")
        assert "missing  params.yaml: is not there -> run in your clone: bootembed compose PROFILE\n" in result.output
        assert result.exit_code == 1

    def test_what_would_stop_a_run_is_status_1_with_a_remedy(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/none/mlflow.db")
        result = _run("doctor")
        assert result.exit_code == 1
        [line] = [line for line in result.output.splitlines() if line.startswith("missing  MLflow")]
        assert line.endswith("-> start it, set MLFLOW_TRACKING_URI, or BOOTEMBED_TRACKING=off")

    def test_packages_are_compared_with_the_pinned_ones(self, tmp_path):
        (tmp_path / "requirements.txt").write_text("click==0.1\nnot_there==1.0\n# Development\nalso_not==1\n")
        [found] = doctor._packages(tmp_path)
        assert found == Check("missing", "packages: not_there not installed", "make install")
        (tmp_path / "requirements.txt").write_text("click==0.1\n")
        [found] = doctor._packages(tmp_path)
        assert (found.state, found.what.startswith("packages: click ")) == ("unknown", True)


def test_the_registry_is_asked_and_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    texts = tmp_path / "texts.txt"
    texts.write_text("a\n")
    tracking.client()  # makes the store
    result = _run("embed", "models:/bootembed-afr@champion", texts, "-o", tmp_path / "out.parquet")
    assert result.exit_code == 1
    assert "is not in MLflow's registry" in result.output
    assert "it has no models" in result.output
    tracking.client().create_registered_model("bootembed-ind")


@pytest.mark.parametrize(
    "words",
    [
        ["lineage", "models:/bootembed-afr@champion"],
        ["lineage", "0123456"],
        ["embed", "models:/bootembed-afr@champion", "texts.txt", "-o", "out.parquet"],
        ["search", "models:/bootembed-afr@champion", "texts.txt", "a"],
        ["compare", "models:/bootembed-afr/1", "models:/bootembed-afr/2"],
        ["export", "models:/bootembed-afr@champion", "onnx", "out"],
        ["publish", "models:/bootembed-afr@champion", "me/model"],
        ["rollback", "bootembed-afr", "--reason", "worse"],
        ["ui"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize("uri", [None, "sqlite:///elsewhere/mlflow.db", "elsewhere"])
def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path, monkeypatch, words, uri):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if uri:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    (tmp_path / "texts.txt").write_text("a\n")
    result = _run(*words)
    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert re.search("there is no MLflow store; go to the folder of|has no dvc.yaml; go to the folder of", line)
    assert [path.name for path in tmp_path.iterdir()] == ["texts.txt"]


def test_composing_a_profile_says_where_its_own_report_is(tmp_path, monkeypatch):
    for name in ("conf", "dvc.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "metrics/real").mkdir(parents=True)
    (tmp_path / "metrics/real/report.html").touch()
    monkeypatch.chdir(tmp_path)
    assert "metrics/laptop/report.html: not there yet" in _run("compose", "laptop").output
    assert "metrics/real/report.html: its report" in _run("compose", "real").output
