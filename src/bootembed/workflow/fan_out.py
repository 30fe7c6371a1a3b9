"""Run stale cells side by side, whichever have all that they read, and record each in dvc.lock when it is done.

Targets are stages (all their cells) or single cells; without any, the whole pipeline runs.

DVC itself runs stages one at a time, and two `dvc repro` in one project stop each other: one holds the lock while it
puts its outputs into the cache, and the other gives up after three seconds, its work lost. Here only this process
talks to DVC. A cell's command runs as `dvc repro` would run it, with a GPU or a share of the cores of its own; it is
recorded as `dvc commit` does it, and only if command and dependencies are still those it began with.
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
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

logger = logging.getLogger(__name__)
_ALL = (None,)  # as DVC says it
_LOCK_PATIENCE = 600.0  # seconds to wait for somebody else's `dvc` command before a finished cell is given up
_JOBS = 2  # at a time on a machine without GPUs: more may not fit its memory


class FanOutError(UserError):
    """Cells cannot be run, or failed."""


@dataclass
class Outcome:
    """What became of the cells: names, and of those that failed why."""

    unchanged: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_begun: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """A stale cell: its commands, where they run, and what they are about to read (see `_inputs`)."""

    name: str
    commands: tuple[str, ...]
    folder: str
    inputs: dict[str, str]


def fan_out(project: Path, targets: Sequence[str], *, jobs: int, devices: Sequence[str] = (), log_dir: Path) -> Outcome:
    """Bring cells up to date, `jobs` at a time; each begins when those among them that it depends on are.

    Args:
        project: Folder of dvc.yaml.
        targets: Stages (all their cells) or single cells; none: the whole pipeline.
        jobs: Commands that run at the same time.
        devices: GPUs to deal out, as in CUDA_VISIBLE_DEVICES; none on a machine without.
        log_dir: Gets what each command prints, as `<cell>.log`.

    Returns:
        What became of the cells. What depends on a failed cell is not begun.

    Raises:
        FanOutError: There is no such stage, or what it depends on is out of date.
    """
    from dvc.repo import Repo

    with Repo(str(project)) as repo:
        with _locked(repo):
            stages = {stage.name: stage for target in targets or _ALL for stage in _collect(repo, target)}
            needs = _needs(repo, stages)
        return _FanOut(repo, stages, _Workers(jobs, devices, root=repo.root_dir, log_dir=log_dir)).run(needs)


@contextmanager
def _locked(repo: Any) -> Iterator[None]:
    """Other `dvc` commands wait, or are waited for."""
    from dvc.lock import LockError
    from dvc.repo import lock_repo

    deadline = time.monotonic() + _LOCK_PATIENCE
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
        yield
    finally:
        lock.__exit__(None, None, None)


def _collect(repo: Any, target: str | None) -> list[Any]:
    from dvc.exceptions import DvcException

    try:
        return [stage for stage in repo.stage.collect(target) if stage.cmd]
    except DvcException as error:
        raise FanOutError(f"{target}: {error}; `dvc stage list --name-only` lists the stages") from error


def _needs(repo: Any, stages: Mapping[str, Any]) -> dict[str, set[str]]:
    """Cell -> those of `stages` that it depends on, directly or not.

    Raises:
        FanOutError: One depends on something else that is out of date or missing: nothing stale is to be built upon.
    """
    import networkx

    graph = repo.index.graph
    above = {name: networkx.descendants(graph, stage) for name, stage in stages.items()}
    own = set(stages.values())
    stale = {stage for stage in set().union(*above.values()) - own if stage.changed()}
    for name, needed in above.items():
        if old := sorted({str(stage.addressing).split("@")[0] for stage in needed & stale}):
            raise FanOutError(
                f"{', '.join(old)}: out of date, and {name.split('@')[0]} depends on it; "
                f"first run `dvc repro {' '.join(old)}`, or fan it out"
            )
    return {name: {stage.name for stage in needed & own} for name, needed in above.items()}


def _chain_lengths(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Cell -> how many cells, at most, must run one after the other once it is done."""
    lengths = dict.fromkeys(needs, 0)
    for name in reversed(list(TopologicalSorter(needs).static_order())):
        for needed in needs[name]:
            lengths[needed] = max(lengths[needed], lengths[name] + 1)
    return lengths


def _inputs(stage: Any) -> dict[str, str]:
    """What decides a stage's outputs: its command, and the content of its dependencies and parameters."""
    return {"command": str(stage.cmd)} | {str(dep): str(dep.get_hash().value) for dep in stage.deps}


class _FanOut:
    """The cells of one call; what longest chains of others wait for begins first."""

    def __init__(self, repo: Any, stages: Mapping[str, Any], workers: _Workers) -> None:
        self._repo = repo
        self._stages = stages
        self._workers = workers
        self._definition = _definition(repo)
        self._outcome = Outcome()

    def run(self, needs: Mapping[str, set[str]]) -> Outcome:
        with ThreadPoolExecutor(self._workers.jobs) as pool:
            try:
                self._run(needs, pool)
            except BaseException:
                self._workers.stop()
                raise
        found = self._outcome
        known = {*found.unchanged, *found.restored, *found.recorded, *found.failed}
        found.not_begun = [name for name in needs if name not in known]
        return found

    def _run(self, needs: Mapping[str, set[str]], pool: ThreadPoolExecutor) -> None:
        order, lengths = TopologicalSorter(needs), _chain_lengths(needs)
        order.prepare()
        ready: list[tuple[int, str]] = []
        running: dict[Future[str | None], Cell] = {}
        while True:
            for name in order.get_ready():
                heappush(ready, (-lengths[name], name))
            if ready and len(running) < self._workers.jobs:
                _, name = heappop(ready)
                cell = self._begin(self._stages[name])
                if cell is None:
                    order.done(name)
                else:
                    running[pool.submit(self._workers.run, cell)] = cell
            elif running:
                order.done(*self._end_some(running))
            else:
                return

    def _begin(self, stage: Any) -> Cell | None:
        """The cell to run, old outputs removed as `dvc repro` does; None if it is up to date or in DVC's run cache."""
        from dvc.stage.cache import RunCacheNotFoundError

        with _locked(self._repo):
            if not stage.changed():
                self._outcome.unchanged.append(stage.name)
                return None
            if missing := sorted(str(dep) for dep in stage.deps if not dep.exists):
                raise FanOutError(f"{', '.join(missing)}: is not there; `dvc status` says what makes it")
            stage.remove_outs(ignore_remove=False, force=False)
            try:
                self._repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                commands = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
                logger.info("%s: begins", stage.name)
                return Cell(stage.name, tuple(commands), stage.wdir, _inputs(stage))
            _commit(stage)
            self._outcome.restored.append(stage.name)
            return None

    def _end_some(self, running: dict[Future[str | None], Cell]) -> list[str]:
        """Wait until a cell has ended, record what has and take it out of `running`; the names that went well."""
        well = []
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            cell = running.pop(future)
            fault = future.result() or self._record(cell)
            if fault is None:
                self._outcome.recorded.append(cell.name)
                well.append(cell.name)
                logger.info("%s: done and recorded", cell.name)
            else:
                self._outcome.failed[cell.name] = fault
                logger.error("%s: %s", cell.name, fault)
        return well

    def _record(self, cell: Cell) -> str | None:
        """Record a finished cell in dvc.lock and the cache; None if that went well, else what went wrong."""
        from dvc.exceptions import DvcException

        stage = self._stages[cell.name]
        try:
            with _locked(self._repo):
                if _definition(self._repo) != self._definition:
                    [stage] = _collect(self._repo, cell.name)
                now = _inputs(stage)
                names = now.keys() | cell.inputs.keys()
                changed = sorted(name for name in names if now.get(name) != cell.inputs.get(name))
                if changed:
                    return f"{', '.join(changed)} changed while it ran; not recorded, run it again"
                _commit(stage)
        except (DvcException, FanOutError, OSError) as error:
            return f"not recorded: {error}"
        return None


def _definition(repo: Any) -> bytes:
    """Of the pipeline: dvc.yaml's bytes."""
    return (Path(repo.root_dir) / "dvc.yaml").read_bytes()


def _commit(stage: Any) -> None:
    """What `dvc commit --force` does, without reading the pipeline anew: that takes a second of a large one."""
    stage.save()
    stage.commit()
    stage.dump(update_pipeline=False)


class _Workers:
    """Slots for commands, each with its share of the machine, and the processes that run in them."""

    def __init__(self, jobs: int, devices: Sequence[str], *, root: str, log_dir: Path) -> None:
        self.jobs = jobs
        self._root = root
        self._log_dir = log_dir
        self._slots: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._starting = threading.Lock()  # between looking whether all is stopped and having begun
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // jobs))
        for slot in range(jobs):
            device = {"CUDA_VISIBLE_DEVICES": devices[slot % len(devices)]} if devices else {}
            self._slots.put({"OMP_NUM_THREADS": threads} | device)

    def run(self, cell: Cell) -> str | None:
        """Run the commands of a cell; None if all went well, else what went wrong."""
        from dvc.env import DVC_ROOT, DVC_STAGE
        from dvc.utils import fix_env

        share = self._slots.get()
        log = self._log_dir / f"{cell.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = fix_env(None) | {DVC_ROOT: self._root, DVC_STAGE: cell.name} | share
        try:
            with log.open("wb") as output:
                for command in cell.commands:
                    status = self._wait(command, cell.folder, environment, output)
                    if status:
                        return f"exit status {status}, see {log}: {_last_line(log)}"
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


@click.command(help=__doc__)
@click.argument("targets", nargs=-1)
@click.option("--jobs", type=click.IntRange(min=1), help="Commands at a time; one for each GPU, or two, unless told.")
@click.option("--devices", help="GPUs to deal out, parted by commas; those that are visible unless told.")
@click.option("--log-dir", type=click.Path(path_type=Path), default=Path("work/fan_out"), show_default=True)
def main(targets: tuple[str, ...], jobs: int | None, devices: str | None, log_dir: Path) -> None:
    """Fan out in the present folder; exit status 1 if a cell failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what runs is ended too
    given = visible_devices() if devices is None else [name for name in devices.split(",") if name]
    try:
        outcome = fan_out(Path(), targets, jobs=jobs or len(given) or _JOBS, devices=given, log_dir=log_dir)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{len(outcome.unchanged)} up to date, {len(outcome.restored)} from the run cache, "
        f"{len(outcome.recorded)} run, {len(outcome.failed)} failed, {len(outcome.not_begun)} not begun"
    )
    if outcome.failed:
        raise click.ClickException("\n".join(f"{name}: {why}" for name, why in outcome.failed.items()))


if __name__ == "__main__":
    main()
