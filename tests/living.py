"""Whether processes that a test ended have."""

from __future__ import annotations

import psutil


def runs(process: psutil.Process) -> bool:
    """Whether a process still does: one that has ended stays listed until its parent has looked, in a container whose
    first process never looks for ever."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
