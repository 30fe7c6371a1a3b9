"""MLflow's own servers, of the tracking store and of a model, on a free port of the loopback interface."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from stores import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 600.0  # seconds; to import MLflow alone takes a minute on a busy machine
_OFFLINE = {"NO_PROXY": "127.0.0.1", "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextlib.contextmanager
def tracking_server(folder: Path) -> Iterator[str]:
    """The address of a tracking server with registry and artifacts in a folder."""
    shutil.copy(tables(), folder / "mlflow.db")
    words = ["server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    words += ["--artifacts-destination", str(folder / "artifacts")]
    with _served(words, folder, path="/health") as address:
        yield address


@contextlib.contextmanager
def model_server(model: str, folder: Path) -> Iterator[str]:
    """The address of a server of a registered model."""
    words = ["models", "serve", "--model-uri", model, "--env-manager", "local"]
    with _served(words, folder, path="/ping") as address:
        yield address


@contextlib.contextmanager
def _served(words: list[str], folder: Path, *, path: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", *words, "--host", "127.0.0.1", "--port", str(port)]
    search = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    log = folder / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | _OFFLINE | search,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            direct.open(address, timeout=5).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"{address} does not answer:\n{log.read_text()}")
