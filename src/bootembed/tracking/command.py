"""The run of a command such as `bootembed run`, below which the runs of its stages stand."""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from bootembed.tracking.records import write_record
from bootembed.tracking.store import is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "BOOTEMBED_COMMAND"  # of the environment: stages are processes of their own


@contextlib.contextmanager
def command_run(name: str) -> Iterator[dict[str, str]]:
    """Log one run for a command; stages begun in the block are logged below it.

    If no stage was run and no tag set, there is nothing to log, and no run.

    Args:
        name: Shown in the store, before the time.

    Yields:
        Tags to add to. The run has the status FAILED when the block raises; the exception goes on unchanged.
    """
    started = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))
    command = {"key": uuid.uuid4().hex, "name": f"{name} {shown}", "started": started, "process": os.getpid()}
    tags: dict[str, str] = {}
    status = "FAILED"
    os.environ[_VARIABLE] = json.dumps(command)
    try:
        yield tags
        status = "FINISHED"
    finally:
        del os.environ[_VARIABLE]
        if is_on() and tags:
            record = {"name": command["name"], "status": status, "started": started, "ended": time.time()}
            content = {"params": {}, "metrics": {}, "curve": [], "tags": tags, "artifacts": []}
            write_record(record | content | {"command": command, "is_command": True})


def present_command() -> dict[str, Any] | None:
    """The command that this stage was begun by; None where it was begun by something else, such as `dvc repro`."""
    found = os.environ.get(_VARIABLE)
    command: dict[str, Any] | None = json.loads(found) if found else None
    return command
