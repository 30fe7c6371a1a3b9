"""MLflow runs of the stages: MLflow observes and never decides.

A stage collects what it wants to report inside `stage_run`. When the block ends, the run is written as one file into
`RECORDS`. Importing mlflow and opening its store takes 1.5 s, as long as many a stage, so that records are sent in one
batch: by the fan-out at its end, by the last stage, by a stage that failed or took a minute, and by
`bootembed ui`. A record stays until the store has it. No stage fails because of it, and only one that
failed or took a minute may wait, seconds, for a dead server.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from bootembed.core.hashing import content_hash
from bootembed.core.mlflow_store import follow_move
from bootembed.core.processes import is_main_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("bootembed.tracking")
EXPERIMENT = "bootembed"
DEFAULT_STORE = "sqlite:///mlflow.db"
RECORDS = Path("mlflow.db.records")  # in the working directory, as the store
_LONG_STAGE = 60.0  # seconds; to such a stage the time it takes to send makes no difference
_LONGEST_PARAM = 500
_LONGEST_KEY = 250
_NO_KEY = r"[^\w\-. :]"  # what MLflow does not take in a parameter's name; columns of a user's files can be names too
_MOST_PARAMS = 100  # of one batch in MLflow's API
# By default MLflow retries a server that is away for four minutes, and one that hangs for a quarter of an hour.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


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
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except BaseException as error:
        run.tags["error"] = without_passwords(f"{type(error).__name__}: {error}")[:_LONGEST_PARAM]
        raise
    finally:
        if is_on() and is_main_process():
            _write_record(stage, cell, settings, run, started, status=status)
            if status == "FAILED" or time.time() - started >= _LONG_STAGE:
                send_now()


def tracking_uri() -> str:
    """The store in use: the environment's, or a SQLite file in the working directory."""
    return os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE)


def shown_uri() -> str:
    """The store's address for messages, without the user name and password it may hold."""
    return without_passwords(tracking_uri())


def without_passwords(text: object) -> str:
    """A message without the user names and passwords of addresses in it: MLflow's own errors repeat the store's."""
    return re.sub(r"//[^/\s]*@", "//", str(text))


@contextlib.contextmanager
def short_patience() -> Iterator[None]:
    """Requests to MLflow in the block fail in seconds where its server is away; the environment takes precedence."""
    own = {name: value for name, value in _PATIENCE.items() if name not in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            os.environ.pop(name, None)


def is_on() -> bool:
    """Whether runs are logged at all."""
    return os.environ.get("BOOTEMBED_TRACKING", "on").lower() not in {"off", "0", "false"}


def client() -> Any:
    """An MLflow client of the store in use, with telemetry off and MLflow's own chatter silenced."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    if tracking_uri() == DEFAULT_STORE:
        follow_move(Path(DEFAULT_STORE.removeprefix("sqlite:///")))
    return MlflowClient(tracking_uri())


def experiment_id(mlflow_client: Any) -> str:
    """The id of our experiment, made when it does not exist."""
    found = mlflow_client.get_experiment_by_name(EXPERIMENT)
    if found and found.lifecycle_stage != "active":  # else MLflow refuses every run as if its content were at fault
        mlflow_client.restore_experiment(found.experiment_id)
    return str(found.experiment_id if found else mlflow_client.create_experiment(EXPERIMENT))


def provenance_tags() -> dict[str, str]:
    """Where a run comes from: DVC stage and experiment, git commit and what of its files was changed."""
    tags = {
        "dvc_stage": os.environ.get("DVC_STAGE", ""),
        "dvc_exp_name": os.environ.get("DVC_EXP_NAME", ""),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
        "git_changed": ", ".join(_git("diff", "--name-only", "HEAD").split("\n"))[:_LONGEST_PARAM],
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _write_record(
    stage: str, cell: Mapping[str, str], settings: Mapping[str, object], run: StageRun, started: float, *, status: str
) -> None:
    record = {
        "name": os.environ.get("DVC_STAGE") or "-".join([stage, *cell.values()]),
        "status": status,
        "started": started,
        "ended": time.time(),
        "params": flatten(settings),
        "metrics": run.metrics,
        "tags": {"stage": stage, **cell, **provenance_tags(), **run.tags},
        "artifacts": [str(path.absolute()) for path in run.artifacts],
    }
    path = RECORDS / f"{time.time_ns()}-{os.getpid()}.json"
    try:
        RECORDS.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(record), encoding="utf-8")
        partial.rename(path)
    except OSError as error:
        logger.warning("%s cannot be written, this run is not logged: %s", path, error)


def send_now() -> None:
    """`send_records`, with a warning where the store cannot be reached."""
    if not is_on():
        return
    try:
        with short_patience():
            send_records()
    except Exception as failure:  # the store is a foreign system: whatever it raises, the records wait
        reason = without_passwords(failure)
        logger.warning("MLflow store %s cannot be written, runs wait in %s: %s", shown_uri(), RECORDS, reason)


def send_records() -> int:
    """Send all records to the store, in their order, and return how many were sent.

    One process sends at a time. Another one that finds it at work leaves the rest to it: the sender looks again after
    each batch. A record that the store refuses for its content is kept as `.refused`, and the next ones are sent.
    """
    sent = 0
    while any(RECORDS.glob("*.json")):
        with (RECORDS / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                break
            mlflow_client = client()
            sent += sum(_send(mlflow_client, path) for path in sorted(RECORDS.glob("*.json")))
    return sent


def _send(mlflow_client: Any, path: Path) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        _log(mlflow_client, json.loads(path.read_text(encoding="utf-8")))
    except MlflowException as refusal:
        if refusal.error_code != "INVALID_PARAMETER_VALUE":
            raise
        kept = path.rename(path.with_suffix(".refused"))
        logger.warning("MLflow refuses a run, which is kept as %s: %s", kept, without_passwords(refusal))
        return False
    path.unlink()
    return True


def _log(mlflow_client: Any, record: dict[str, Any]) -> None:
    """Log a run completely or not at all: half a run would be there twice once it is sent again."""
    created = mlflow_client.create_run(
        experiment_id(mlflow_client),
        start_time=int(record["started"] * 1000),
        tags={"mlflow.runName": record["name"]},
    )
    try:
        _fill(mlflow_client, created.info.run_id, record)
    except BaseException:
        with contextlib.suppress(Exception):  # an unreachable store cannot do this either
            mlflow_client.delete_run(created.info.run_id)
        raise


def _fill(mlflow_client: Any, run_id: str, record: dict[str, Any]) -> None:
    from mlflow.entities import Metric, Param, RunTag

    ended = int(record["ended"] * 1000)
    params = [Param(key, value[:_LONGEST_PARAM]) for key, value in record["params"].items()]
    metrics = {"stage_seconds": record["ended"] - record["started"], **record["metrics"]}
    mlflow_client.log_batch(
        run_id,
        metrics=[Metric(key, value, ended, 0) for key, value in metrics.items()],
        params=params[:_MOST_PARAMS],
        tags=[RunTag(key, str(value)) for key, value in record["tags"].items()],
    )
    for start in range(_MOST_PARAMS, len(params), _MOST_PARAMS):
        mlflow_client.log_batch(run_id, params=params[start : start + _MOST_PARAMS])
    for path in record["artifacts"]:
        if Path(path).is_file():  # gone, perhaps, if the record waited long
            mlflow_client.log_artifact(run_id, path)
    mlflow_client.set_terminated(run_id, status=record["status"], end_time=ended)


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
