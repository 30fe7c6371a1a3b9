"""What the commands of a fan-out used, as a table in its log folder."""

from __future__ import annotations

import csv
import os
import resource
import sys
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_FAN_OUT = "fan_out"
_COLUMNS = ("name", "began_as", "status", "seconds", "cpu_seconds", "peak_mib")


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit status as a shell gives it; CPU time and peak memory, its own processes included."""

    status: int
    cpu_seconds: float
    peak_mib: float

    @classmethod
    def wait(cls, process: subprocess.Popen[bytes]) -> Ended:
        """Wait for a process that nobody else waits for."""
        ended = cls.of(*os.wait4(process.pid, 0)[1:])
        process.returncode = ended.status
        return ended

    @classmethod
    def of(cls, status: int, usage: Any) -> Ended:
        """From what `os.wait4` returns."""
        code = os.waitstatus_to_exitcode(status)
        per_mib = 1 << (20 if sys.platform == "darwin" else 10)
        return cls(
            code if code >= 0 else 128 - code,
            round(usage.ru_utime + usage.ru_stime, 2),
            round(usage.ru_maxrss / per_mib),
        )

    @classmethod
    def own(cls, status: int) -> Ended:
        """What this process, which will end with a status, has used until now, without the processes it started."""
        return replace(cls.of(0, resource.getrusage(resource.RUSAGE_SELF)), status=status)


class UsageTable:
    """`cells.csv`: a row for each command; threads share it.

    A fan-out that ends well closes it with a row of its own, of status 0, and the next begins it anew. One that was
    stopped, or in which a cell failed, adds a row of another status and leaves it open: the next goes on with it, and
    the sum is what all of them used.
    """

    def __init__(self, path: Path) -> None:
        """The file is written with the first row: a fan-out in which nothing runs leaves it as it is."""
        self._path = path
        self._lock = threading.Lock()
        self._begun = False
        self._forked_seconds = 0.0

    def add(self, name: str, began_as: str, ended: Ended, *, seconds: float | None = None) -> None:
        """Add a row: what ran, whether it began as a `process` or as a `fork`, what it used, and how long it took."""
        cells = [name, began_as, ended.status, seconds and round(seconds, 2), ended.cpu_seconds, ended.peak_mib]
        with self._lock:
            self._forked_seconds += ended.cpu_seconds * (began_as == "fork")
            self._append(cells)

    def add_nursery(self, ended: Ended) -> None:
        """Add the row of the process that the cells were forked from, without their CPU time, which its own has."""
        seconds = round(max(0.0, ended.cpu_seconds - self._forked_seconds), 2)
        self.add("nursery", "process", replace(ended, cpu_seconds=seconds))

    def close(self, ended: Ended, *, seconds: float) -> None:
        """Add the row of the fan-out, its last, to a table that is open: there is none where nothing has run."""
        if self._is_open():
            self.add(_FAN_OUT, "process", ended, seconds=seconds)

    def _append(self, cells: list[Any]) -> None:
        begins = not self._begun and not self._is_open()
        with self._path.open("w" if begins else "a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if begins:
                rows.writerow(_COLUMNS)
            rows.writerow(cells)
        self._begun = True

    def _is_open(self) -> bool:
        """Whether there is a table that no fan-out has closed."""
        if not self._path.is_file():
            return False
        *_, last = ["", *self._path.read_text(encoding="utf-8").splitlines()]
        return bool(last) and not last.startswith(f"{_FAN_OUT},process,0,")
