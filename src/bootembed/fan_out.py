"""Run the stale cells of stages side by side, each on a GPU of its own, and record each in dvc.lock when it is done.

DVC itself runs stages one at a time, and two `dvc repro` in one project stop each other: one holds the lock while it
puts its outputs into the cache, and the other gives up after three seconds, its work lost. Here only this process
talks to DVC. A cell's command runs as `dvc repro` would run it; its outputs are recorded by `dvc commit`, and only if
command and dependencies are still those it began with.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger(__name__)
_LOCK_PATIENCE = 600.0  # seconds to wait for somebody else's `dvc` command before a finished cell is given up


class FanOutError(UserError):
    """Cells cannot be run, or failed."""


@dataclass
class Outcome:
    """What became of the cells: names, and of those that failed why."""

    unchanged: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A stale cell: its commands, where they run, and what they are about to read (see `_inputs`)."""

    name: str
    commands: tuple[str, ...]
    folder: str
    inputs: dict[str, str]


def fan_out(project: Path, targets: Sequence[str], *, jobs: int, devices: Sequence[str] = (), log_dir: Path) -> Outcome:
    """Bring the cells of each target up to date, `jobs` at a time; targets one after the other, in the given order.

    Args:
        project: Folder of dvc.yaml.
        targets: Stages (all their cells) or single cells.
        jobs: Commands that run at the same time.
        devices: GPUs to deal out, as in CUDA_VISIBLE_DEVICES; none on a machine without.
        log_dir: Gets what each command prints, as `<cell>.log`.

    Returns:
        What became of the cells. After a target with a failed cell no further target is begun.

    Raises:
        FanOutError: There is no such stage, or what it depends on is out of date.
    """
    outcome = Outcome()
    for target in targets:
        cells = _prepare(project, target, outcome)
        _run_all(project, cells, outcome, _Workers(jobs, devices, log_dir))
        if outcome.failed:
            break
    return outcome


def _prepare(project: Path, target: str, outcome: Outcome) -> list[Cell]:
    """The cells to run, their old outputs removed as `dvc repro` does; what DVC's run cache has is taken from there."""
    from dvc.stage.cache import RunCacheNotFoundError

    cells = []
    with _open(project) as repo:
        stages = _collect(repo, target)
        _require_upstream(repo, stages)
        for stage in stages:
            if not stage.changed():
                outcome.unchanged.append(stage.name)
                continue
            stage.remove_outs(ignore_remove=False, force=False)
            try:
                repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                commands = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
                cells.append(Cell(stage.name, tuple(commands), stage.wdir, _inputs(stage)))
                continue
            repo.commit(target=stage.addressing, force=True)
            outcome.restored.append(stage.name)
    return cells


@contextmanager
def _open(project: Path) -> Iterator[Any]:
    """The DVC project, locked against other `dvc` commands, as its files are now."""
    from dvc.lock import LockError
    from dvc.repo import Repo, lock_repo

    deadline = time.monotonic() + _LOCK_PATIENCE
    with Repo(str(project)) as repo:
        lock = lock_repo(repo)
        while True:
            try:
                lock.__enter__()
                break
            except LockError:
                if time.monotonic() > deadline:
                    raise
                logger.info("waiting for another dvc command")
                lock = lock_repo(repo)
        try:
            yield repo
        finally:
            lock.__exit__(None, None, None)


def _collect(repo: Any, target: str) -> list[Any]:
    from dvc.exceptions import DvcException

    try:
        return [stage for stage in repo.stage.collect(target) if stage.cmd]
    except DvcException as error:
        raise FanOutError(f"{target}: {error}; `dvc stage list --name-only` lists the stages") from error


def _require_upstream(repo: Any, stages: Sequence[Any]) -> None:
    """Everything that the stages read, directly or not, must be up to date: nothing stale is to be built upon.

    Raises:
        FanOutError: Something is not.
    """
    import networkx

    graph = repo.index.graph
    above = set().union(*(networkx.descendants(graph, stage) for stage in stages)) - set(stages)
    stale = sorted({str(stage.addressing).split("@")[0] for stage in above if stage.changed()})
    if stale:
        raise FanOutError(
            f"{', '.join(stale)}: out of date, and {stages[0].name.split('@')[0]} depends on it; "
            f"first run `dvc repro {' '.join(stale)}`, or fan it out"
        )
    missing = sorted({str(dep) for stage in stages for dep in stage.deps if not dep.exists})
    if missing:
        raise FanOutError(f"{', '.join(missing)}: is not there; `dvc status` says what makes it")


def _inputs(stage: Any) -> dict[str, str]:
    """What decides a stage's outputs: its command, and the content of its dependencies and parameters."""
    return {"command": str(stage.cmd)} | {str(dep): str(dep.get_hash().value) for dep in stage.deps}


class _Workers:
    """Slots for commands, each with its share of the machine, and the processes that run in them."""

    def __init__(self, jobs: int, devices: Sequence[str], log_dir: Path) -> None:
        self.jobs = jobs
        self._log_dir = log_dir
        self._slots: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._starting = threading.Lock()  # between looking whether all is stopped and having begun
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // jobs))
        for slot in range(jobs):
            device = {"CUDA_VISIBLE_DEVICES": devices[slot % len(devices)]} if devices else {}
            self._slots.put({"OMP_NUM_THREADS": threads} | device)

    def run(self, cell: Cell, project: Path) -> str | None:
        """Run the commands of a cell; None if all went well, else what went wrong."""
        from dvc.env import DVC_ROOT, DVC_STAGE
        from dvc.utils import fix_env

        share = self._slots.get()
        log = self._log_dir / f"{cell.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = fix_env(None) | {DVC_ROOT: str(project.resolve()), DVC_STAGE: cell.name} | share
        try:
            with log.open("wb") as output:
                for command in cell.commands:
                    status = self._wait(command, cell.folder, environment, output)
                    if status:
                        return f"exit status {status}, see {log}"
        finally:
            self._slots.put(share)
        return None

    def _wait(self, command: str, folder: str, environment: dict[str, str], output: Any) -> int:
        shell = os.environ.get("SHELL") or "/bin/sh"
        with self._starting:
            if self._stopped:
                return signal.SIGTERM
            process = subprocess.Popen(
                [shell, "-c", command],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        status = process.wait()
        self._running.discard(process)
        return status

    def stop(self) -> None:
        """End what runs, and begin nothing more."""
        with self._starting:
            self._stopped = True
        for process in list(self._running):
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.killpg(process.pid, signal.SIGTERM)


def _run_all(project: Path, cells: Sequence[Cell], outcome: Outcome, workers: _Workers) -> None:
    with ThreadPoolExecutor(workers.jobs) as pool:
        waiting = {pool.submit(workers.run, cell, project): cell for cell in cells}
        try:
            for done in as_completed(waiting):
                cell = waiting[done]
                fault = done.result() or _record(project, cell)
                if fault is None:
                    outcome.recorded.append(cell.name)
                    logger.info("%s: done and recorded", cell.name)
                else:
                    outcome.failed[cell.name] = fault
                    logger.error("%s: %s", cell.name, fault)
        except BaseException:
            workers.stop()
            raise


def _record(project: Path, cell: Cell) -> str | None:
    """Record a finished cell in dvc.lock and the cache; None if that went well, else what went wrong."""
    from dvc.exceptions import DvcException

    try:
        with _open(project) as repo:
            [stage] = _collect(repo, cell.name)
            now = _inputs(stage)
            changed = sorted(name for name in now.keys() | cell.inputs.keys() if now.get(name) != cell.inputs.get(name))
            if changed:
                return f"{', '.join(changed)} changed while it ran; not recorded, run it again"
            repo.commit(target=stage.addressing, force=True)
    except (DvcException, FanOutError, OSError) as error:
        return f"not recorded: {error}"
    return None


def visible_devices() -> list[str]:
    """GPUs that this process may use, as in CUDA_VISIBLE_DEVICES."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(number) for number in range(torch.cuda.device_count())]


@click.command(help=__doc__)
@click.argument("targets", nargs=-1, required=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Commands at a time; one for each GPU unless told.")
@click.option("--devices", help="GPUs to deal out, parted by commas; those that are visible unless told.")
@click.option("--log-dir", type=click.Path(path_type=Path), default=Path("work/fan_out"), show_default=True)
def main(targets: tuple[str, ...], jobs: int | None, devices: str | None, log_dir: Path) -> None:
    """Fan out in the present folder; exit status 1 if a cell failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what runs is ended too
    given = visible_devices() if devices is None else [name for name in devices.split(",") if name]
    try:
        outcome = fan_out(Path(), targets, jobs=jobs or len(given) or 1, devices=given, log_dir=log_dir)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{len(outcome.unchanged)} up to date, {len(outcome.restored)} from the run cache, "
        f"{len(outcome.recorded)} run, {len(outcome.failed)} failed"
    )
    if outcome.failed:
        raise click.ClickException("\n".join(f"{name}: {why}" for name, why in outcome.failed.items()))


if __name__ == "__main__":
    main()
