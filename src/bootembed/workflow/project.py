"""The project in the present folder: is it one, what do its commands need in their environment; and running one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from bootembed.core.errors import DataError, UserError

_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "TQDM_DISABLE": "1",  # bars of libraries, a line for each step in a log
    # glibc: keep freed memory for the next training step instead of handing it back to the system page by page
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}


def require_project(file: Path = Path("dvc.yaml")) -> None:
    """Refuse to go on in another folder than that of the pipeline.

    Args:
        file: A file of every project.

    Raises:
        DataError: It is not there.
    """
    if not file.is_file():
        raise DataError(f"{file.absolute().parent}: has no {file.name}; go to the folder of your clone of bootembed")


def prepare_environment() -> None:
    """Give stages what the Makefile gives them: this environment's `python`, and settings of libraries."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def run_command_of(name: str, *options: str) -> list[str]:
    """Run the command of a stage that has one cell, outside DVC; returns what it wrote.

    Args:
        name: The stage.
        options: Words that the command gets besides those of dvc.yaml.

    Raises:
        UserError: The command failed; it has said why.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        [stage] = repo.stage.collect(name)
        command, folder = " ".join([stage.cmd, shlex.join(options)]), stage.wdir
        outputs = [os.path.relpath(out.fs_path) for out in stage.outs]
    done = subprocess.run(command, shell=True, cwd=folder, check=False)
    if done.returncode:
        raise UserError(f"{name}: exit status {done.returncode}")
    return [path for path in outputs if Path(path).exists()]
