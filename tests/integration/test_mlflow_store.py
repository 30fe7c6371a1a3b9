"""A project that was moved finds its artifacts, and writes none where it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forks import Fork
from stores import tables

from bootembed.core.mlflow_store import follow_move

if TYPE_CHECKING:
    from pathlib import Path

START = """
from bootembed import tracking
client = tracking.client()
run = client.create_run(tracking.experiment_id(client))
client.log_dict(run.info.run_id, {"score": 1}, "validation.json")
"""
GO_ON = """
import mlflow
from bootembed import tracking
client = tracking.client()
mlflow.set_tracking_uri(tracking.tracking_uri())
[run] = client.search_runs([tracking.experiment_id(client)])
assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/validation.json") == {"score": 1}
client.log_dict(run.info.run_id, {"score": 2}, "more.json")
other = client.create_run(tracking.experiment_id(client))
client.log_dict(other.info.run_id, {"score": 3}, "third.json")
"""


def _began(tmp_path: Path) -> tuple[Path, Path, dict[str, str]]:
    """Where the project is, with an empty store, and where it will be; the environment of those who work there."""
    old, new = tmp_path / "old", tmp_path / "new project"
    old.mkdir()
    shutil.copy(tables(), old / "mlflow.db")
    return old, new, {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}


@pytest.mark.parametrize(("copied", "named"), [(False, False), (True, False), (False, True)])
def test_artifacts_follow_the_project(tmp_path: Path, copied: bool, named: bool) -> None:
    old, new, environment = _began(tmp_path)
    Fork(["-c", START], cwd=old, env=environment).finish()
    before = sorted(old.rglob("*.json"))
    assert len(before) == 1
    (shutil.copytree if copied else shutil.move)(old, new)
    if named:  # as docs/registry.md has it for MLflow's own commands
        environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{new}/mlflow.db"
    Fork(["-c", GO_ON], cwd=new, env=environment).finish()
    assert {file.name for file in new.rglob("*.json")} == {"validation.json", "more.json", "third.json"}
    assert sorted(old.rglob("*.json")) == (before if copied else [])


def test_locations_of_another_kind_stay(tmp_path: Path) -> None:
    locations = ["s3://bucket/mlruns/1", "/srv/artifacts/1", f"{tmp_path}/mlruns/1", "models:/m-1", None]
    with sqlite3.connect(tmp_path / "mlflow.db") as base:
        base.execute("CREATE TABLE model_versions (source TEXT)")
        base.executemany("INSERT INTO model_versions VALUES (?)", [(location,) for location in locations])
    follow_move(tmp_path / "mlflow.db")
    follow_move(tmp_path / "absent.db")
    with sqlite3.connect(tmp_path / "mlflow.db") as base:
        assert [row[0] for row in base.execute("SELECT source FROM model_versions")] == locations
    assert not (tmp_path / "absent.db").exists()


def test_artifacts_elsewhere_on_purpose_stay_there(tmp_path: Path) -> None:
    elsewhere, here = tmp_path / "large disk/mlruns/1", tmp_path / "project"
    elsewhere.mkdir(parents=True)
    here.mkdir()
    with sqlite3.connect(here / "mlflow.db") as base:
        base.execute("CREATE TABLE experiments (artifact_location TEXT)")
        base.execute("INSERT INTO experiments VALUES (?)", [str(elsewhere)])
    follow_move(here / "mlflow.db")
    with sqlite3.connect(here / "mlflow.db") as base:
        assert base.execute("SELECT artifact_location FROM experiments").fetchall() == [(str(elsewhere),)]


REGISTER = """
from pathlib import Path
from registered import candidate
from bootembed.registry.versions import register
register([candidate(Path("embedders"), "xl_lora", 0.7, seed=1)], "bootembed-afr", alias="champion")
"""


def test_a_version_registered_before_a_move_loads_after_it(tmp_path: Path) -> None:
    old, new, environment = _began(tmp_path)
    (old / "texts.txt").write_text("bada kefe\nligi mo\n")
    Fork(["-c", REGISTER], cwd=old, env=environment).finish()
    shutil.rmtree(old / "embedders")
    shutil.move(old, new)
    words = ["bootembed", "embed", "models:/bootembed-afr@champion", "texts.txt", "-o", "out.npy"]
    Fork(["-m", *words], cwd=new, env=environment).finish()
    assert np.load(new / "out.npy").shape == (2, 32)
    assert not old.exists()


def test_a_new_store_is_made_without_a_word_of_mlflows(tmp_path: Path) -> None:
    code = "from bootembed import tracking; tracking.experiment_id(tracking.client())"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert (tmp_path / "mlflow.db").exists()
    assert "INFO" not in done.stdout + done.stderr
