"""MLflow runs of the stages: MLflow observes and never decides.

A stage collects what it wants to say inside `stage_run`; only when the block is left is mlflow imported (1.4 s) and
everything sent at once. When the store cannot be reached the stage warns and goes on: its outputs are DVC's.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from bootembed.hashing import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)
EXPERIMENT = "bootembed"
DEFAULT_STORE = "sqlite:///mlflow.db"
_LONGEST_PARAM = 500
_MOST_PARAMS = 100  # of one batch in MLflow's API


@dataclass
class StageRun:
    """What a stage reports; nothing is sent before the stage's block ends."""

    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[Path] = field(default_factory=list)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics; values must be numbers."""
        self.metrics |= {name: float(value) for name, value in metrics.items()}

    def log_input(self, name: str, path: Path) -> None:
        """Record the content hash of a file or folder that the stage read."""
        self.tags[f"input.{name}"] = content_hash(path)

    def log_output(self, name: str, path: Path) -> None:
        """Record the content hash of a file or folder that the stage wrote."""
        self.tags[f"output.{name}"] = content_hash(path)

    def log_artifact(self, path: Path) -> None:
        """Attach a small file, such as a report."""
        self.artifacts.append(path)


@contextlib.contextmanager
def stage_run(stage: str, *, cell: Mapping[str, str], settings: Mapping[str, object]) -> Iterator[StageRun]:
    """Log one MLflow run for what happens in the block.

    Args:
        stage: Name of the stage.
        cell: Its point of the grid, e.g. `{"language": "afr"}`; becomes tags.
        settings: The parameters it reads, by section; become MLflow parameters.

    The run has the status FAILED, and the error as a tag, when the block raises; the exception goes on unchanged.
    `BOOTEMBED_TRACKING=off` in the environment switches logging off, `MLFLOW_TRACKING_URI` chooses another store.
    """
    run = StageRun()
    started = time.time()
    try:
        yield run
    except BaseException as error:
        run.tags["error"] = f"{type(error).__name__}: {error}"[:_LONGEST_PARAM]
        _send(stage, cell, settings, run, started, status="FAILED")
        raise
    _send(stage, cell, settings, run, started, status="FINISHED")


def tracking_uri() -> str:
    """The store in use: the environment's, or a SQLite file in the working directory."""
    return os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE)


def is_on() -> bool:
    """Whether runs are logged at all."""
    return os.environ.get("BOOTEMBED_TRACKING", "on").lower() not in {"off", "0", "false"}


def client() -> Any:
    """An MLflow client of the store in use, with telemetry off and MLflow's own chatter silenced."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri())


def experiment_id(mlflow_client: Any) -> str:
    """The id of our experiment, made when it does not exist."""
    found = mlflow_client.get_experiment_by_name(EXPERIMENT)
    return str(found.experiment_id if found else mlflow_client.create_experiment(EXPERIMENT))


def provenance_tags() -> dict[str, str]:
    """Where a run comes from: DVC stage and experiment, git commit and whether the tree was changed."""
    tags = {
        "dvc_stage": os.environ.get("DVC_STAGE", ""),
        "dvc_exp_name": os.environ.get("DVC_EXP_NAME", ""),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _send(
    stage: str,
    cell: Mapping[str, str],
    settings: Mapping[str, object],
    run: StageRun,
    started: float,
    *,
    status: str,
) -> None:
    if not is_on():
        return
    try:
        _log(stage, cell, settings, run, started, status=status)
    except Exception as error:  # the store is a foreign system: whatever it raises must not lose the stage's work
        logger.warning("MLflow store %s cannot be written, this run is not logged: %s", tracking_uri(), error)


def _log(
    stage: str,
    cell: Mapping[str, str],
    settings: Mapping[str, object],
    run: StageRun,
    started: float,
    *,
    status: str,
) -> None:
    mlflow_client = client()
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    name = os.environ.get("DVC_STAGE") or "-".join([stage, *cell.values()])
    tags = {"stage": stage, **cell, **provenance_tags(), **run.tags}
    created = mlflow_client.create_run(
        experiment_id(mlflow_client), start_time=int(started * 1000), tags={"mlflow.runName": name}
    )
    run_id = created.info.run_id
    params = [Param(key, value[:_LONGEST_PARAM]) for key, value in flatten(settings).items()]
    seconds = Metric("stage_seconds", time.time() - started, now, 0)
    metrics = [Metric(key, value, now, 0) for key, value in run.metrics.items()]
    mlflow_client.log_batch(
        run_id,
        metrics=[seconds, *metrics],
        params=params[:_MOST_PARAMS],
        tags=[RunTag(key, str(value)) for key, value in tags.items()],
    )
    for start in range(_MOST_PARAMS, len(params), _MOST_PARAMS):
        mlflow_client.log_batch(run_id, params=params[start : start + _MOST_PARAMS])
    for path in run.artifacts:
        mlflow_client.log_artifact(run_id, str(path))
    mlflow_client.set_terminated(run_id, status=status)


def flatten(settings: Mapping[str, object]) -> dict[str, str]:
    """Nested settings as dotted keys and text values, as MLflow parameters need them."""
    flat: dict[str, str] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, BaseModel):
            value = value.model_dump(mode="json")
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        else:
            flat[prefix] = str(value)

    for section, value in settings.items():
        walk(section, value)
    return flat
