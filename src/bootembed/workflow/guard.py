"""Run a command, and end it and whatever it started as soon as standard input closes.

The fan-out holds the other end of that pipe. It closes however the fan-out ends, by SIGKILL too, on every system.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

_GRACE = 40.0  # seconds between asking processes to end and killing them; torchrun gives its workers 30


def main(command: list[str]) -> int:
    """Run `command` and return its exit status, as a shell gives it."""
    if select.select([0], [], [], 0)[0]:  # nobody holds the other end any more
        return 128 + signal.SIGTERM
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    closed = threading.Event()
    ending = threading.Thread(target=_end_when_closed, args=(process, closed), daemon=True)
    ending.start()
    status = process.wait()
    if closed.is_set():
        ending.join()
    return status if status >= 0 else 128 - status


def _end_when_closed(process: subprocess.Popen[bytes], closed: threading.Event) -> None:
    os.read(0, 1)
    closed.set()
    end_group(process.pid)


def end_group(group: int) -> None:
    """Ask the processes of a group to end, and kill those that still run after the grace."""
    deadline = time.monotonic() + _GRACE
    with suppress(ProcessLookupError):  # the whole process group has ended
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            time.sleep(0.05)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
