"""What a stage reports of itself, as one run."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from bootembed.core.hashing import content_hash
from bootembed.core.processes import is_main_process
from bootembed.tracking.command import present_command
from bootembed.tracking.curve import Curve
from bootembed.tracking.records import LONGEST_TEXT, send_now, write_record
from bootembed.tracking.store import is_on, without_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_LONG_STAGE = 60.0  # seconds; to such a stage the time it takes to send makes no difference
_LONGEST_KEY = 250
_NO_KEY = r"[^\w\-. :]"  # what MLflow does not take in a parameter's name; columns of a user's files can be names too


@dataclass
class StageRun:
    """What a stage reports."""

    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[Path] = field(default_factory=list)

    def log_metrics(self, metrics: Mapping[str, float], *, number: int | None = None) -> None:
        """Add metrics; values must be numbers. The number of a seed, if there is one, is put before their names."""
        prefix = "" if number is None else f"{number}/"
        self.metrics |= {prefix + name: float(value) for name, value in metrics.items()}

    def log_input(self, name: str, path: Path) -> None:
        """Record the content hash of a file or folder that the stage read."""
        self._log_hash(f"input.{name}", path)

    def log_output(self, name: str, path: Path) -> None:
        """Record the content hash of a file or folder that the stage wrote."""
        self._log_hash(f"output.{name}", path)

    def log_artifact(self, path: Path) -> None:
        """Attach a small file, such as a report."""
        self.artifacts.append(path)

    def _log_hash(self, tag: str, path: Path) -> None:
        if is_main_process():  # it alone writes outputs and reports
            self.tags[tag] = content_hash(path)


@contextlib.contextmanager
def stage_run(stage: str, *, cell: Mapping[str, str], settings: Mapping[str, object]) -> Iterator[StageRun]:
    """Log one MLflow run for what happens in the block.

    Args:
        stage: Name of the stage.
        cell: Its point of the grid, e.g. `{"language": "afr"}`; becomes tags.
        settings: The parameters it reads, by section; become MLflow parameters.

    The run has the status FAILED, and the error as a tag, when the block raises; the exception goes on unchanged.
    Of several processes that train together the main process logs.
    `BOOTEMBED_TRACKING=off` in the environment switches logging off, `MLFLOW_TRACKING_URI` chooses another store.
    """
    run = StageRun()
    started = time.time()

    def record() -> dict[str, Any]:
        return {
            "name": os.environ.get("DVC_STAGE") or "-".join([stage, *cell.values()]),
            "started": started,
            "command": present_command(),
            "params": flatten(settings),
            "metrics": run.metrics,
            "tags": {"stage": stage, **cell, **provenance_tags(), **run.tags},
            "artifacts": [str(path.absolute()) for path in run.artifacts],
        }

    is_logged = is_on() and is_main_process()
    status = "FAILED"
    with _curve(record, is_logged=is_logged) as curve:
        try:
            yield run
            status = "FINISHED"
        except BaseException as error:
            run.tags["error"] = without_passwords(f"{type(error).__name__}: {error}")[:LONGEST_TEXT]
            raise
        finally:
            if is_logged:
                ending = {"status": status, "ended": time.time(), "curve": curve.unsent, "live": curve.live}
                write_record(record() | ending)
                if status == "FAILED" or time.time() - started >= _LONG_STAGE:
                    send_now()


@contextlib.contextmanager
def _curve(record: Callable[[], dict[str, Any]], *, is_logged: bool) -> Iterator[Curve]:
    """Collect the curves that the library logs in the block."""
    curve = Curve(_LONG_STAGE, record)
    library = logging.getLogger("bootembed")
    if is_logged:
        library.addHandler(curve)
    try:
        yield curve
    finally:
        library.removeHandler(curve)


def provenance_tags() -> dict[str, str]:
    """Where a run comes from: DVC stage and experiment, git commit and what of its files was changed."""
    tags = {
        "dvc_stage": os.environ.get("DVC_STAGE", ""),
        "dvc_exp_name": os.environ.get("DVC_EXP_NAME", ""),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
        "git_changed": ", ".join(_git("diff", "--name-only", "HEAD").split("\n"))[:LONGEST_TEXT],
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def flatten(settings: Mapping[str, object]) -> dict[str, str]:
    """Nested settings as dotted keys and text values, as MLflow parameters need them."""
    flat: dict[str, str] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, BaseModel):
            value = value.model_dump(mode="json")
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{re.sub(_NO_KEY, '_', str(key))}"[:_LONGEST_KEY], inner)
        else:
            flat[prefix] = str(value)

    for section, value in settings.items():
        walk(section, value)
    return flat
