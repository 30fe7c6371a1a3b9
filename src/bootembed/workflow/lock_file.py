"""Writes finished cells into dvc.lock, several at a time: for each write DVC reads and writes the whole file.

With a hundred cells that takes seconds. A cell that is not written yet when the fan-out is killed is not lost: it is in
DVC's run cache, unless it has outputs that are not cached.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

_SHARE = 0.05  # of the time may go into writing


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
        self._stages[0].dvcfile.dump_stages(self._stages, update_pipeline=False)
        self._stages.clear()
        self.locks.close()
        self._due = time.monotonic() + (time.monotonic() - began) / _SHARE
