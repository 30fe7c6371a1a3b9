"""The nursery itself: imports the libraries, then forks a process for each command that it is asked to run.

Python and its imports take seconds of every cell; a forked process has them from its first moment. From then on it is
what `python -m` would have made: its own arguments, environment, output, process group and exit, our own modules
imported anew, and no thread, GPU context or random number taken over.

Standard input is the pipe that only the fan-out can write to, as that of `guard`: when it closes, however the fan-out
ended, the nursery ends all cells, then itself.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.settings.load import launch_of, read_sections
from bootembed.workflow.guard import end_group
from bootembed.workflow.nursery import PARAMS, cuda_driver
from bootembed.workflow.usage import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_REQUEST = 1 << 20  # bytes
_COUNT_BY_NVML = "PYTORCH_NVML_BASED_CUDA_CHECK"  # of torch.cuda.is_available
_CUDA_NOT_INITIALISED = 3  # CUDA_ERROR_NOT_INITIALIZED of the driver API
_PR_SET_PDEATHSIG = 1
# What the stages import, with the modules that the libraries themselves import only when they are used.
LIBRARIES = (
    "click",
    "langcodes",
    "ftfy",
    "heliport",
    "rensa",
    "pyarrow.parquet",
    "torch",
    "safetensors.torch",
    "datasets",
    "transformers",
    "transformers.generation",
    "transformers.models.modernbert.modeling_modernbert",
    "transformers.models.qwen3.modeling_qwen3",
    "transformers.trainer",
    "accelerate",
    "peft.tuners.lora.bnb",
    "peft.utils.transformers_weight_conversion",
    "sentence_transformers",
    "mteb",
    "mteb.abstasks",
)


@dataclass
class _Request:
    words: list[str]
    environment: dict[str, str]
    output: int
    ended: int


class _Exit:
    """The end of a process without taking apart all that libraries hold in memory, which takes most of a second."""

    status = 1  # of whatever was not foreseen, as the interpreter has it

    def skip_the_rest(self) -> None:
        """End now, with what every other function for the exit has done."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.status)


def _serve(control: socket.socket) -> _Request | None:
    """Fork a process for each request; returns the request in that process, and None when the fan-out has ended."""
    running: dict[int, tuple[int, int]] = {}  # pidfd -> process, pipe for how it ended
    while True:
        readable, _, _ = select.select([0, control.fileno(), *running], [], [])
        asked = control.fileno() in readable
        request = _receive(control) if asked else None
        if 0 in readable or (asked and request is None):  # a dying fan-out closes one after the other
            _end(running)
            return None
        for pidfd in running.keys() & readable:
            pid, ended = running.pop(pidfd)
            os.close(pidfd)
            _report(pid, ended)
        if request is not None:
            pid = os.fork()
            if pid == 0:
                for pidfd, (_, ended) in running.items():
                    os.close(pidfd)
                    os.close(ended)
                return request
            with contextlib.suppress(OSError):  # it has done so itself already
                os.setpgid(pid, pid)
            os.close(request.output)
            running[os.pidfd_open(pid)] = (pid, request.ended)


def _receive(control: socket.socket) -> _Request | None:
    """The next request; None when the fan-out has closed the socket."""
    text, descriptors, _, _ = socket.recv_fds(control, _LONGEST_REQUEST, 2)
    if not text:
        return None
    return _Request(**json.loads(text), output=descriptors[0], ended=descriptors[1])


def _report(pid: int, ended: int) -> None:
    found = Ended.of(*os.wait4(pid, 0)[1:])
    with contextlib.suppress(BrokenPipeError), os.fdopen(ended, "w") as pipe:
        json.dump(asdict(found), pipe)


def _end(running: dict[int, tuple[int, int]]) -> None:
    ending = [threading.Thread(target=end_group, args=(pid,)) for pid, _ in running.values()]
    for thread in ending:
        thread.start()
    for pid, ended in running.values():
        _report(pid, ended)
    for thread in ending:
        thread.join()


def _prepare() -> dict[str, str]:
    """Set the arithmetic, then import the libraries; returns what both have put into the environment.

    Exits where commands start processes of their own, and where importing has begun to use a GPU: no fork could.
    """
    found = dict(os.environ)
    os.close(os.pidfd_open(os.getpid()))  # fails on a kernel that lacks them
    raw = read_sections(Path(PARAMS))
    launch = launch_of(raw)
    if launch is None or launch.processes > 1 or raw.get("generation", {}).get("engine") == "ray":
        sys.exit(f"{PARAMS}: commands that start processes of their own are not run here")
    prepare_arithmetic(threads=launch.threads, portable=launch.portable)
    with _gpus_only_counted():
        for name in LIBRARIES:
            _exit_if_alone()
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    if _uses_cuda():
        sys.exit("importing the libraries has begun to use CUDA, which survives no fork")
    gc.collect()
    gc.freeze()  # what is there already stays in pages that all cells share
    return {name: value for name, value in os.environ.items() if found.get(name) != value}


def _exit_if_alone() -> None:
    """Exit if the fan-out has ended meanwhile: all imports take up to twenty seconds."""
    if select.select([0], [], [], 0)[0]:
        sys.exit(128 + signal.SIGTERM)


@contextlib.contextmanager
def _gpus_only_counted() -> Iterator[None]:
    """Answer libraries that ask for GPUs when they are imported without initialising CUDA."""
    before = os.environ.get(_COUNT_BY_NVML)
    os.environ[_COUNT_BY_NVML] = "1"
    try:
        yield
    finally:
        del os.environ[_COUNT_BY_NVML]
        if before is not None:
            os.environ[_COUNT_BY_NVML] = before


def _uses_cuda() -> bool:
    """Whether this process has initialised CUDA's driver; before that every call of it fails."""
    driver = cuda_driver()
    return driver is not None and driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) != _CUDA_NOT_INITIALISED


def _seed() -> None:
    """Seed the global generators from the system, as a new process has them; Python's does that in a fork by itself."""
    import numpy as np
    import torch

    np.random.seed()  # noqa: NPY002
    torch.default_generator.seed()


def _become(request: _Request, control: socket.socket, added: dict[str, str], exiting: _Exit) -> None:
    """Turn this process, just forked, into the one that `python -m` would have started."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # should the nursery itself be killed
    os.setpgid(0, 0)
    control.close()
    os.close(request.ended)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(request.output, 1)
    os.dup2(request.output, 2)
    os.close(request.output)
    os.environ.clear()
    os.environ.update(request.environment | added | {"PWD": str(Path.cwd())})  # a shell would set the last one
    _seed()
    for name in [name for name in sys.modules if name.partition(".")[0] == "bootembed"]:
        del sys.modules[name]  # as they are on the disk now: a cell is recorded with the code that it began with
    importlib.invalidate_caches()
    module, *arguments = request.words
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        exiting.status = 0
    except SystemExit as end:
        exiting.status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def main() -> None:
    """Serve the fan-out at the other end of the socket whose descriptor is the first argument."""
    exiting = _Exit()
    atexit.register(exiting.skip_the_rest)  # registered first, called last
    control = socket.socket(fileno=int(sys.argv[1]))
    added = _prepare()
    request = _serve(control)
    if request is not None:
        _become(request, control, added, exiting)


if __name__ == "__main__":
    main()
