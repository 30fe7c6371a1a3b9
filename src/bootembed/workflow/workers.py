"""The processes of a fan-out: slots for commands, each with its share of the machine."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bootembed.workflow import guard
from bootembed.workflow.nursery import Nursery, cuda_driver
from bootembed.workflow.usage import Ended, UsageTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from types import TracebackType

JOBS_WITHOUT_GPU = 2  # at a time: more may not fit the memory


@dataclass(frozen=True)
class Cell:
    """A stale cell: its commands, where they run, and what they are about to read."""

    name: str
    commands: tuple[str, ...]
    folder: str
    inputs: dict[str, str]


class Workers:
    """Runs commands, at most `jobs` at a time; those that still run end with the block, or with this process.

    A stage's command is forked by the nursery where there is one. Any other runs in a shell under `guard`. The standard
    input of both is one pipe that only this process can write to.
    """

    def __init__(self, jobs: int, devices: Sequence[str], *, root: str, log_dir: Path, preload: bool = True) -> None:
        """Nothing is started yet.

        Args:
            jobs: Commands at a time.
            devices: GPUs to deal out, as in CUDA_VISIBLE_DEVICES.
            root: Folder of dvc.yaml.
            log_dir: Gets what each command prints, and `cells.csv`: what each cell used.
            preload: Have a nursery on Linux, but not with AMD's GPUs, where none was tried. On macOS a fork is unsafe
                after imports like ours.
        """
        self.jobs = jobs
        self._root = root
        self._log_dir = log_dir
        self._pool = ThreadPoolExecutor(jobs)
        self._slots: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._alive, self._holding = os.pipe()
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // jobs))
        for slot in range(jobs):
            device = {"CUDA_VISIBLE_DEVICES": devices[slot % len(devices)]} if devices else {}
            self._slots.put({"OMP_NUM_THREADS": threads} | device)
        self._usage = UsageTable(log_dir / "cells.csv")
        self._nursery: Nursery | None = None
        if preload and sys.platform == "linux" and (not devices or cuda_driver() is not None):
            self._nursery = Nursery(root, alive=self._alive, log=log_dir / "nursery.log")

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._nursery is not None:
            self._nursery.stop()
        os.close(self._holding)
        self._pool.shutdown()
        if self._nursery is not None and (ended := self._nursery.wait()) is not None:
            self._usage.add_nursery(ended)
        os.close(self._alive)

    def submit(self, cell: Cell) -> Future[str | None]:
        """Run the commands of a cell; the result is None if all succeeded, else what went wrong."""
        return self._pool.submit(self._run_cell, cell)

    def _run_cell(self, cell: Cell) -> str | None:
        from dvc.env import DVC_ROOT, DVC_STAGE
        from dvc.utils import fix_env

        share = self._slots.get()
        log = self._log_dir / f"{cell.name}.log"
        environment = fix_env(None) | {DVC_ROOT: self._root, DVC_STAGE: cell.name} | share
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output:
                for command in cell.commands:
                    status = self._run(cell, command, environment, output)
                    if status:
                        return f"{_told(status, self.jobs)}, see {log}: {_last_line(log)}"
        except OSError as error:  # of the log
            return str(error)
        finally:
            self._slots.put(share)
        return None

    def _run(self, cell: Cell, command: str, environment: dict[str, str], output: IO[bytes]) -> int:
        began = time.monotonic()
        ended = None
        if self._nursery is not None and cell.folder == self._root:
            ended = self._nursery.run(command, environment, output)
        how = "process" if ended is None else "fork"
        if ended is None:
            ended = self._run_in_shell(command, cell.folder, environment, output)
        self._usage.add(cell.name, how, ended, seconds=time.monotonic() - began)
        return ended.status

    def _run_in_shell(self, command: str, folder: str, environment: dict[str, str], output: IO[bytes]) -> Ended:
        shell = os.environ.get("SHELL") or "/bin/sh"
        process = subprocess.Popen(
            [sys.executable, "-IS", guard.__file__, shell, "-c", command],
            cwd=folder,
            env=environment,
            stdin=self._alive,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return Ended.wait(process)


def _told(status: int, jobs: int) -> str:
    if status != 128 + signal.SIGKILL:
        return f"exit status {status}"
    remedy = "use `--jobs 1`" if jobs > 1 else "lower batch sizes"
    return f"killed (exit status {status}), mostly for lack of memory: close other programs or {remedy}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def visible_devices() -> list[str]:
    """GPUs that this process may use, as in CUDA_VISIBLE_DEVICES."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    if not _has_driver():  # torch, whose import takes seconds, would find none
        return []
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def _has_driver() -> bool:
    """Whether the system has a driver for GPUs: NVIDIA's library, or AMD's device."""
    return cuda_driver() is not None or Path("/dev/kfd").exists()
