"""The nursery of a fan-out, a process that has imported the libraries and is forked for each cell: the fan-out's side.

`nursery_process` is the other side. A nursery that cannot start or has died runs nothing: its commands are for others.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from bootembed.workflow.usage import Ended

logger = logging.getLogger(__name__)
PARAMS = "params.yaml"


class Nursery:
    """Starts the nursery when the first command needs it, and hands it commands; threads share it."""

    def __init__(self, root: str, *, alive: int, log: Path) -> None:
        """Nothing is started yet.

        Args:
            root: Folder of dvc.yaml, where the commands run.
            alive: The nursery and its cells end when this pipe closes.
            log: Gets what the nursery itself prints.
        """
        self._root = root
        self._alive = alive
        self._log = log
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._params = b""
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Whatever has not begun is not to begin; what runs ends when the pipe `alive` has closed."""
        self._stopping.set()

    def run(self, command: str, environment: dict[str, str], output: IO[bytes]) -> Ended | None:
        """Run a stage's command, and wait for it; None if it is none, or if the nursery cannot run it.

        What a stop kept from running has ended as if it had been killed.
        """
        words = _stage_command(command, environment)
        params = Path(self._root, PARAMS)
        if words is None or not params.is_file():
            return None
        with self._starting:
            if self._control is None:
                self._params = params.read_bytes()
                self._control = self._start(environment)
        if params.read_bytes() != self._params:  # perhaps another arithmetic, which is set before libraries are loaded
            return None
        reading, writing = os.pipe()
        with os.fdopen(reading) as result:
            try:
                request = json.dumps({"words": words, "environment": environment}).encode()
                socket.send_fds(self._control, [request], [output.fileno(), writing])
            except OSError:
                return None
            finally:
                os.close(writing)
            text = result.read()
        if not text and self._stopping.is_set():
            return Ended(128 + signal.SIGTERM, 0.0, 0.0)
        if not text:
            logger.warning("the nursery did not run %s, see %s; it gets a new process", words[0], self._log)
            return None
        return Ended(**json.loads(text))

    def wait(self) -> Ended | None:
        """Wait for its end, which comes when the pipe `alive` has closed; None if it never began."""
        if self._process is None or self._control is None:
            return None
        self._control.close()
        return Ended.wait(self._process)

    def _start(self, environment: dict[str, str]) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bootembed.workflow.nursery_process", str(theirs.fileno())],
                cwd=self._root,
                env=environment,
                stdin=self._alive,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return ours


def cuda_driver() -> ctypes.CDLL | None:
    """The library of NVIDIA's driver, not initialised; None where there is none."""
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None


def _stage_command(command: str, environment: dict[str, str]) -> list[str] | None:
    """Module and arguments of a command `python -m stages.…` with this Python, if it needs nothing else of a shell."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    python = shutil.which("python", path=environment.get("PATH"))
    plain = shlex.join(words) == command and not any(word.startswith("--params") for word in words)
    ours = words[:2] == ["python", "-m"] and len(words) > 2 and words[2].startswith("stages.")
    here = python is not None and Path(python).parent == Path(sys.executable).parent
    return words[2:] if plain and ours and here else None
