"""What the commands of a fan-out used, as a table in its log folder."""

from __future__ import annotations

import csv
import os
import resource
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


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
    def own(cls) -> Ended:
        """What this process has used until now, without the processes that it started."""
        return cls.of(0, resource.getrusage(resource.RUSAGE_SELF))


class UsageTable:
    """`cells.csv`, begun anew by a fan-out with its first row; threads share it."""

    def __init__(self, path: Path, *, begun: bool = False) -> None:
        """`begun` goes on with the table that is there."""
        self._path = path
        self._lock = threading.Lock()
        self._begun = begun

    def add(self, name: str, began_as: str, ended: Ended, *, seconds: float | None = None) -> None:
        """Add a row: what ran, whether it began as a `process` or as a `fork`, what it used, and how long it took."""
        with self._lock, self._path.open("a" if self._begun else "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if not self._begun:
                rows.writerow(["name", "began_as", "status", "seconds", "cpu_seconds", "peak_mib"])
                self._begun = True
            rows.writerow(
                [name, began_as, ended.status, seconds and round(seconds, 2), ended.cpu_seconds, ended.peak_mib]
            )
