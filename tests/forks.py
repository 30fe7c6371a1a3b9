"""Processes of their own that have the libraries from their first moment, since to import them takes seconds.

For tests in which a process dies, or knows nothing of what this one holds in memory. One that is to find an environment
before it imports anything must be a new Python.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "bootembed.generation.engines.openai",
        "bootembed.generation.engines.transformers",
        "mlflow.sentence_transformers",
        "peft",
        "sentence_transformers",
        "transformers.generation",
    ]
)


class Fork:
    """As much of `subprocess.Popen` as is needed, for `python -c` and `python -m`."""

    def __init__(
        self, words: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self._log = Path(mkdtemp()) / "output"
        given = ([*map(str, words)], cwd or Path.cwd(), dict(env or os.environ), self._log)
        self._process = CONTEXT.Process(target=_become, args=given)
        self._process.start()

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Its end, and the exit status."""
        self._process.join()
        return self.poll()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    def finish(self) -> None:
        """Wait until it has done its work."""
        assert self.wait() == 0, self._log.read_text()


def _become(words: list[str], cwd: Path, env: dict[str, str], log: Path) -> None:
    with log.open("w") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = [str(cwd), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    kind, what, *arguments = words
    sys.argv = ["-c" if kind == "-c" else what, *arguments]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})
