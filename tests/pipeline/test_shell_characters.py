"""A raw folder with any characters of a shell in its name reaches the stages as it is."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from bootembed.workflow.compose import compose
from bootembed.workflow.nursery import _stage_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["my data", "it's here", "a;b&c|d", '$HOME `x` "y"', "(raw) #1 *?<>!\\", "~user", "Ƙasa"]
)
def test_the_commands_name_the_folder_as_it_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    override = "prepare_corpora.folder='" + str(folder).replace("\\", "\\\\").replace("'", "\\'") + "'"
    compose("laptop", [override], conf=ROOT / "conf", output=tmp_path / "params.yaml")
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    stages = {stage.name: stage for stage in Repo.init(str(tmp_path), no_scm=True).index.stages}
    for stage in ("prepare_evaluation@afr", "prepare_corpora@afr"):
        command = stages[stage].cmd
        words = shlex.split(command)
        assert words[words.index("--raw-dir") + 1] == str(folder)
        shown = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
        assert shown.stdout.splitlines() == words
        assert any(str(dep.fs_path).startswith(str(folder)) for dep in stages[stage].deps)
        assert _stage_command(command, {"PATH": str(Path(shutil.which("python") or "").parent)}) in (None, words[2:])
