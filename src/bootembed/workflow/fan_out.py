"""Run stale cells side by side, each as soon as all that it reads is there, and record it in dvc.lock when it is done.

DVC itself runs stages one at a time, and two `dvc repro` in one project stop each other: one holds the lock while it
puts its outputs into the cache, and the other gives up after three seconds, its work lost. Here one process alone
talks to DVC. A cell's command runs as `dvc repro` would run it, with its own GPU or share of the cores; it is
recorded as `dvc commit` does it, and only if command and dependencies are still those it began with.

A cell that another process is running is left to that process, and tried again whenever one of ours has ended.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed import tracking
from bootembed.registry.waiting import send_registrations_now
from bootembed.workflow.bars import live_bars
from bootembed.workflow.cells import TAKE_WHAT_THERE_IS, BusyError, Cells, FanOutError, State
from bootembed.workflow.usage import Ended, UsageTable
from bootembed.workflow.workers import JOBS_WITHOUT_GPU, Workers, visible_devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bootembed.workflow.workers import Cell

logger = logging.getLogger(__name__)
_LONGEST_WAIT = 1.0  # seconds: Python handles a signal that comes just before a wait only after it


class StoppedError(FanOutError):
    """A signal stopped the fan-out."""

    exit_status = 128 + signal.SIGTERM


@dataclass
class Outcome:
    """What became of the cells: their names, and why some failed or were left to another process."""

    unchanged: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)
    not_begun: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all cells are up to date."""
        return not (self.failed or self.busy or self.not_begun)

    @property
    def summary(self) -> str:
        """How many cells became what."""
        return (
            f"{len(self.unchanged)} up to date, {len(self.restored)} from the run cache, "
            f"{len(self.recorded)} run, {len(self.failed)} failed, {len(self.busy)} busy, "
            f"{len(self.not_begun)} not begun"
        )


def fan_out(
    project: Path,
    targets: Sequence[str],
    *,
    jobs: int | None = None,
    devices: Sequence[str] | None = None,
    log_dir: Path,
    preload: bool = True,
    with_inputs: bool = False,
) -> Outcome:
    """Bring cells up to date, `jobs` at a time; each begins when those among them that it depends on are.

    Args:
        project: Folder of dvc.yaml.
        targets: Stages (all their cells) or single cells; none: the whole pipeline.
        jobs: Commands that run at the same time; None: one for each GPU, or two.
        devices: GPUs to deal out, as in CUDA_VISIBLE_DEVICES; None: all that are visible.
        log_dir: Gets what each command prints, as `<cell>.log`, and what each cell used, as `cells.csv`.
        preload: Fork cells from a process that has imported the libraries, where that is safe.
        with_inputs: Bring up to date what the targets depend on, too.

    Returns:
        What became of the cells. What depends on a failed or busy cell is not begun.

    Raises:
        FanOutError: There is no such stage, or what it depends on is out of date.
    """
    from dvc.repo import Repo

    with Repo(str(project)) as repo, Cells(repo, targets, with_inputs=with_inputs) as cells, ExitStack() as stack:

        def start_workers() -> Workers:
            dealt = visible_devices() if devices is None else devices
            count = jobs or len(dealt) or JOBS_WITHOUT_GPU
            return stack.enter_context(Workers(count, dealt, root=repo.root_dir, log_dir=log_dir, preload=preload))

        found = _FanOut(cells, start_workers)
        with live_bars(found, log_dir):
            return found.run()


def _chain_lengths(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Cell -> how many cells, at most, must run one after the other once it is done."""
    lengths = dict.fromkeys(needs, 0)
    for name in reversed(list(TopologicalSorter(needs).static_order())):
        for needed in needs[name]:
            lengths[needed] = max(lengths[needed], lengths[name] + 1)
    return lengths


class _FanOut:
    """The cells of one call; urgent ones begin first, then what the longest chains of others wait for."""

    def __init__(self, cells: Cells, start_workers: Callable[[], Workers]) -> None:
        self._cells = cells
        self._start_workers = start_workers
        self._lengths = _chain_lengths(cells.needs)
        self._ready: list[tuple[bool, int, str]] = []
        self._running: dict[Future[str | None], Cell] = {}
        self._outcome = Outcome()

    @property
    def running(self) -> list[str]:
        """Names of the cells that run; any thread may ask."""
        return [cell.name for cell in tuple(self._running.values())]

    @property
    def done(self) -> int:
        """How many cells have ended, or need not run."""
        outcome = self._outcome
        return sum(map(len, (outcome.unchanged, outcome.restored, outcome.recorded, outcome.failed)))

    @property
    def total(self) -> int:
        """How many cells there are."""
        return len(self._lengths)

    @cached_property
    def _workers(self) -> Workers:
        """Started for the first cell that must run: to look for GPUs takes longer than to find nothing to do."""
        return self._start_workers()

    def run(self) -> Outcome:
        order, outcome = TopologicalSorter(self._cells.needs), self._outcome
        order.prepare()
        while True:
            self._skip_unchanged(order)
            if self._may_begin:
                *_, name = heappop(self._ready)
                if self._begin(name):
                    order.done(name)
            elif self._running:
                order.done(*self._end_some())
                self._add(*outcome.busy)
                outcome.busy.clear()
            else:
                break
        known = {*outcome.unchanged, *outcome.restored, *outcome.recorded, *outcome.failed, *outcome.busy}
        outcome.not_begun = [name for name in self._cells.needs if name not in known]
        return outcome

    @property
    def _may_begin(self) -> bool:
        return bool(self._ready) and (not self._running or len(self._running) < self._workers.jobs)

    def _skip_unchanged(self, order: TopologicalSorter[str]) -> None:
        """Pass over the cells that are up to date until one may have to run; cell by cell, `begin` is slower."""
        self._add(*order.get_ready())
        if not self._may_begin:
            return
        with self._cells.look() as is_unchanged:
            while self._may_begin and is_unchanged(self._ready[0][-1]):
                *_, name = heappop(self._ready)
                self._outcome.unchanged.append(name)
                order.done(name)
                self._add(*order.get_ready())

    def _add(self, *names: str) -> None:
        for name in names:
            heappush(self._ready, (name not in self._cells.urgent, -self._lengths[name], name))

    def _begin(self, name: str) -> bool:
        """Begin a cell that must run and can; whether it is up to date already. A fault is this cell's alone."""
        from dvc.exceptions import DvcException

        try:
            found = self._cells.begin(name)
        except BusyError as refusal:
            self._outcome.busy[name] = str(refusal)
            return False
        except (FanOutError, DvcException, OSError) as error:
            self._outcome.failed[name] = f"not begun: {error}"
            logger.error("%s: %s", name, self._outcome.failed[name])
            return False
        if isinstance(found, State):
            (self._outcome.unchanged if found is State.UNCHANGED else self._outcome.restored).append(name)
            return True
        logger.info("%s: begins", name)
        self._running[self._workers.submit(found)] = found
        return False

    def _end_some(self) -> list[str]:
        """Wait until a cell has ended, and record what has; the names of the cells that succeeded."""
        succeeded = []
        done: set[Future[str | None]] = set()
        while not done:
            due = self._cells.write_due()
            timeout = _LONGEST_WAIT if due is None else min(due, _LONGEST_WAIT)
            done = wait(self._running, timeout=timeout, return_when=FIRST_COMPLETED).done
        for future in done:
            cell = self._running.pop(future)
            fault = self._cells.end(cell, future.result())
            if fault is None:
                self._outcome.recorded.append(cell.name)
                succeeded.append(cell.name)
                logger.info("%s: done", cell.name)
            else:
                self._outcome.failed[cell.name] = fault
                logger.error("%s: %s", cell.name, fault)
        return succeeded


def run(
    targets: Sequence[str],
    *,
    jobs: int | None,
    devices: Sequence[str] | None,
    log_dir: Path,
    preload: bool,
    with_inputs: bool,
) -> str:
    """Fan out in the present folder as a command does; arguments as for `fan_out`. Returns the counts as a sentence.

    Raises:
        FanOutError: A cell failed, or is busy; the run was interrupted or stopped; or as `fan_out`.
    """
    from dvc.exceptions import DvcException

    began = time.monotonic()
    dvc_log = logging.getLogger("dvc")
    dvc_log.propagate = False  # it has a handler of its own, and would tell all twice
    dvc_log.setLevel(logging.WARNING)  # otherwise it tells of every cell that it writes into dvc.lock
    logging.getLogger("dvc.output").addFilter(_is_no_empty_folder)
    for name in ("dvc.progress", "dvc_data.callbacks"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # DVC's bars, which only a terminal has, would run into ours
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what runs is ended too
    status = 1
    try:
        with tracking.command_run("bootembed run") as tags:
            outcome = fan_out(
                Path(), targets, jobs=jobs, devices=devices, log_dir=log_dir, preload=preload, with_inputs=with_inputs
            )
            if outcome.recorded or outcome.failed:
                tags.update(tracking.provenance_tags(), targets=" ".join(targets) or "all", outcome=outcome.summary)
            status = 0 if outcome.is_whole else 1
            _raise_faults(outcome)
    except DvcException as error:
        raise FanOutError(str(error)) from error
    except KeyboardInterrupt as error:
        raise FanOutError("interrupted; what is done is recorded, and the same command goes on from there") from error
    except SystemExit as error:  # of our handler
        raise StoppedError("stopped; what is done is recorded, and the same command goes on from here") from error
    finally:
        tracking.send_now()
        UsageTable(log_dir / "cells.csv").close(Ended.own(status), seconds=time.monotonic() - began)
        send_registrations_now()
    return outcome.summary


def _is_no_empty_folder(record: logging.LogRecord) -> bool:
    """Whether a line of DVC's is worth telling: a language without evaluation sets has an empty folder of them."""
    return not record.getMessage().endswith("is empty.")


def _raise_faults(outcome: Outcome) -> None:
    if faults := outcome.failed | outcome.busy:
        told = [f"{name}: {why}" for name, why in faults.items()]
        told += [
            f"{stage}: not begun; `{command}` takes what there is"
            for stage, command in TAKE_WHAT_THERE_IS.items()
            if stage in outcome.not_begun
        ]
        raise FanOutError("\n".join([outcome.summary, *told]))
