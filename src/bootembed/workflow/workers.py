"""The processes of a fan-out: slots for commands, each with its share of the machine."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from bootembed.workflow import guard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True)
class Cell:
    """A stale cell: its commands, where they run, and what they are about to read."""

    name: str
    commands: tuple[str, ...]
    folder: str
    inputs: dict[str, str]


class Workers:
    """Runs commands, at most `jobs` at a time; those that still run end with the block, or with this process.

    Each command runs under `guard`, whose standard input is one pipe that only this process can write to.
    """

    def __init__(self, jobs: int, devices: Sequence[str], *, root: str, log_dir: Path) -> None:
        self.jobs = jobs
        self._root = root
        self._log_dir = log_dir
        self._slots: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._alive, self._holding = os.pipe()
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // jobs))
        for slot in range(jobs):
            device = {"CUDA_VISIBLE_DEVICES": devices[slot % len(devices)]} if devices else {}
            self._slots.put({"OMP_NUM_THREADS": threads} | device)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._holding)

    def run(self, cell: Cell) -> str | None:
        """Run the commands of a cell; None if all succeeded, else what went wrong."""
        from dvc.env import DVC_ROOT, DVC_STAGE
        from dvc.utils import fix_env

        share = self._slots.get()
        log = self._log_dir / f"{cell.name}.log"
        environment = fix_env(None) | {DVC_ROOT: self._root, DVC_STAGE: cell.name} | share
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output:
                for command in cell.commands:
                    status = self._run(command, cell.folder, environment, output)
                    if status:
                        return f"exit status {status}, see {log}: {_last_line(log)}"
        except OSError as error:  # of the log
            return str(error)
        finally:
            self._slots.put(share)
        return None

    def _run(self, command: str, folder: str, environment: dict[str, str], output: IO[bytes]) -> int:
        shell = os.environ.get("SHELL") or "/bin/sh"
        return subprocess.run(
            [sys.executable, "-IS", guard.__file__, shell, "-c", command],
            cwd=folder,
            env=environment,
            stdin=self._alive,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        ).returncode


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def visible_devices() -> list[str]:
    """GPUs that this process may use, as in CUDA_VISIBLE_DEVICES."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(number) for number in range(torch.cuda.device_count())]
