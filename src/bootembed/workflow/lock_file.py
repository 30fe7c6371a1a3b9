"""Writes finished cells into dvc.lock, several at a time: for each write DVC reads and writes the whole file.

With a hundred cells that takes seconds. A cell that is not written yet when the fan-out is killed is not lost: it is in
DVC's run cache, unless it has outputs that are not cached.

DVC writes the file in place. Here it is replaced as a whole, since cells read it while others are written into it, and
a fan-out that is killed must not leave half a file.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

_SHARE = 0.05  # of the time may go into writing
NAME = "dvc.lock"


class LockFile:
    """What is to be written, and when; `locks` hold its cells until it is."""

    def __init__(self) -> None:
        self._stages: list[Any] = []
        self.locks = ExitStack()
        self._due = 0.0

    def add(self, stage: Any, locks: ExitStack) -> None:
        """Add a stage that DVC has saved; `locks` on what it wrote are closed when it is written."""
        self._stages.append(stage)
        self.locks.push(locks)

    def wait_time(self) -> float | None:
        """Seconds until what there is should be written; None if there is nothing."""
        return max(0.0, self._due - time.monotonic()) if self._stages else None

    def write(self) -> None:
        """Write all, as `dvc commit` does."""
        if not self._stages:
            return
        began = time.monotonic()
        _replace(self._stages)
        self._stages.clear()
        self.locks.close()
        self._due = time.monotonic() + (time.monotonic() - began) / _SHARE


def _replace(stages: list[Any]) -> None:
    from dvc.dvcfile import Lockfile

    repo = stages[0].repo
    file, new = Path(repo.root_dir, NAME), Path(repo.tmp_dir, NAME)
    if file.exists():
        shutil.copy(file, new)
    else:
        new.unlink(missing_ok=True)
    Lockfile(repo, str(new)).dump_stages(stages)
    os.replace(new, file)
