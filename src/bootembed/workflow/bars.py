"""The live display of a fan-out in a terminal: a bar for all cells, and a row for each that runs.

It looks on: once a second a thread asks which cells run and reads the ends of their logs. Whatever goes wrong with it
ends the display alone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bootembed.core.durations import shown_duration, shown_rate
from bootembed.workflow.progress import Pace, Progress, read_progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from rich.table import Table

logger = logging.getLogger(__name__)
_EVERY = 1.0  # seconds
_END = 10.0  # seconds to wait for a terminal that takes nothing more, as after Ctrl-S
_BAR = 16  # characters


class Watched(Protocol):
    """A fan-out, as far as the display asks; another thread does."""

    @property
    def running(self) -> list[str]:
        """Names of the cells that run."""

    @property
    def done(self) -> int:
        """How many cells have ended, or need not run."""

    @property
    def total(self) -> int:
        """How many cells there are."""


@contextmanager
def live_bars(cells: Watched, log_dir: Path) -> Iterator[None]:
    """Show how far `cells` are while the block runs, if standard error is a terminal.

    Args:
        cells: What runs.
        log_dir: Has the log of each cell, `<cell>.log`.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    over = threading.Event()
    display = threading.Thread(target=_display, args=(cells, log_dir, over), name="bars", daemon=True)
    display.start()
    try:
        yield
    finally:
        over.set()
        display.join(_END)


def _display(cells: Watched, log_dir: Path, over: threading.Event) -> None:
    try:
        rows = Rows(cells, log_dir)
        if over.wait(_EVERY):  # nothing had to run
            return
        from rich.console import Console
        from rich.live import Live

        terminal = sys.stderr
        console = Console(stderr=True)
        with (
            Live(console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty()) as live,
            _logs_through(sys.stderr, terminal),
        ):
            while True:
                live.update(table_of(rows.look(time.monotonic())), refresh=True)
                if over.wait(_EVERY):
                    return
    except Exception as error:
        logger.warning("the live display has ended, the run goes on: %s", error)


@contextmanager
def _logs_through(proxy: TextIO, terminal: TextIO) -> Iterator[None]:
    """Have log lines go through rich's `proxy` of the terminal, which puts them above the bars."""
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    handlers = {handler for found in loggers if isinstance(found, logging.Logger) for handler in found.handlers}
    moved = [found for found in handlers if isinstance(found, logging.StreamHandler) and found.stream is terminal]
    for handler in moved:
        handler.setStream(proxy)
    try:
        yield
    finally:
        for handler in moved:
            handler.setStream(terminal)


@dataclass(frozen=True)
class Row:
    """A line of the display; times in seconds, None what is unknown."""

    name: str
    elapsed: float
    progress: Progress | None
    rate: float | None = None
    left: float | None = None


class Rows:
    """What the display shows; it remembers when each cell was first seen, and how its counts grew."""

    def __init__(self, cells: Watched, log_dir: Path) -> None:
        self._cells = cells
        self._log_dir = log_dir
        self._began = time.monotonic()
        self._seen: dict[str, tuple[float, Pace]] = {}

    def look(self, now: float) -> list[Row]:
        """The row of all cells, then those of the cells that run, at a time of `time.monotonic`."""
        self._seen = {name: self._seen.get(name) or (now, Pace()) for name in self._cells.running}
        done, total = self._cells.done, self._cells.total
        rows = [Row("all cells", now - self._began, Progress(done, total, f"{done} of {total} done"))]
        for name, (began, pace) in self._seen.items():
            if progress := read_progress(self._log_dir / f"{name}.log"):
                pace.add(progress, now)
                rows.append(Row(name, now - began, progress, pace.rate, pace.left(now)))
            else:
                rows.append(Row(name, now - began, None))
        return rows


def table_of(rows: list[Row]) -> Table:
    """Name, bar, per cent, elapsed, rate, time left and words; a narrow terminal gets less of names and words."""
    from rich.progress_bar import ProgressBar
    from rich.table import Column, Table
    from rich.text import Text

    def short(text: str) -> Text:
        return Text(text, no_wrap=True, overflow="ellipsis")

    fixed = [Column(no_wrap=True, justify=side) for side in ("left", "right", "right", "right", "right")]
    table = Table(Column(), *fixed, Column(), box=None, show_header=False, padding=(0, 1, 0, 0))  # fixed: never shorter
    for row in rows:
        found = row.progress
        table.add_row(
            short(row.name),
            ProgressBar(total=found.total, completed=found.done, width=_BAR) if found else "",
            f"{found.done * 100 // found.total}%" if found else "",
            shown_duration(row.elapsed),
            "" if row.rate is None else shown_rate(row.rate),
            "" if row.left is None else f"{shown_duration(row.left)} left",
            short(found.words if found else ""),
        )
    return table
