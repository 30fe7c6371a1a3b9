"""DVC's locks: one on the repository, and one on each path that a cell reads or writes.

They are not thread-safe. A path is locked by who holds the repository, for as long as its cell runs.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bootembed.core.errors import UserError

logger = logging.getLogger(__name__)
_PATIENCE = 600.0  # seconds to wait for another `dvc` command before a finished cell is given up


@contextmanager
def hold(repo: Any) -> Iterator[None]:
    """Hold the repository: other `dvc` commands wait, or are waited for."""
    from dvc.lock import LockError
    from dvc.repo import lock_repo

    deadline = time.monotonic() + _PATIENCE
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(lock_repo(repo))
                break
            except LockError:
                if time.monotonic() > deadline:
                    raise
                logger.info("waiting for another dvc command")
        yield


def lock_paths(repo: Any, reads: Sequence[Any], writes: Sequence[Any]) -> AbstractContextManager[None]:
    """Lock dependencies and outputs of stages, as DVC does for the time it runs one.

    Entering it raises `dvc.lock.LockError` if another process is at work on one of them.
    """
    from dvc.rwlock import rwlock

    command = " ".join(sys.argv)  # as DVC has it, whose own steps in this process are let through
    paths = ([item.fs_path for item in items] for items in (reads, writes))
    locked: AbstractContextManager[None] = rwlock(
        repo.tmp_dir, repo.fs, command, *paths, repo.config["core"].get("hardlink_lock", False)
    )
    return locked


@contextmanager
def refusals_as(error: type[UserError]) -> Iterator[None]:
    """Turn DVC's refusal of a path into one line that names the other command and its process."""
    from dvc.lock import LockError

    try:
        yield
    except LockError as refusal:
        shown = " ".join(str(refusal).split("\n\n")[0].split())
        raise error(f"{shown}. If no such process is running, remove .dvc/tmp/rwlock") from refusal
