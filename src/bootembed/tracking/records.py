"""Runs on their way into the store: files that wait in a folder, and who sends them.

A record is JSON with name, status, started, ended, params, metrics, curve, tags and artifacts of a run; with `command`,
what identifies the command's run that it belongs to, or is (`is_command`). A run that is in the store while it goes on
has a file `<id>.live` with the process that it belongs to.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.tracking.store import client, experiment_id, is_on, short_patience, shown_uri, without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("bootembed.tracking")
RECORDS = Path("mlflow.db.records")  # in the working directory, as the store
LONGEST_TEXT = 500  # of a parameter, or of a tag that could be long
_MOST_PARAMS = 100  # of one batch in MLflow's API
_MOST_METRICS = 1000
_COMMAND = "bootembed_command"  # tag: key of a command's run
_PARENT = "mlflow.parentRunId"


def write_record(record: Mapping[str, Any]) -> None:
    """Let a run wait to be sent; where it cannot be written, a warning says so."""
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
        with sole_sender() as is_sole:
            if not is_sole:
                break
            mlflow_client = client()
            sent += sum(_send(mlflow_client, path) for path in sorted(RECORDS.glob("*.json")))
            _end_killed(mlflow_client)
    return sent


@contextlib.contextmanager
def sole_sender() -> Iterator[bool]:
    """Whether no other process sends while the block runs."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    with (RECORDS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def begin_live(mlflow_client: Any, record: Mapping[str, Any]) -> str:
    """The id of a run that shows in the store from now on, as running."""
    run_id = _create(mlflow_client, record)
    try:
        fill(mlflow_client, run_id, record)
    except BaseException:
        _delete(mlflow_client, run_id)
        raise
    _live_file(run_id).write_text(str(os.getpid()), encoding="utf-8")
    return run_id


def fill(mlflow_client: Any, run_id: str, record: Mapping[str, Any]) -> None:
    """Write a run's content, or write it again with what was added: MLflow keeps equal points of a curve once."""
    from mlflow.entities import Metric, Param, RunTag

    params = [Param(key, value[:LONGEST_TEXT]) for key, value in record["params"].items()]
    points = [Metric(key, value, int(at * 1000), step) for key, value, at, step in record["curve"]]
    if "ended" in record:
        metrics = {"stage_seconds": record["ended"] - record["started"], **record["metrics"]}
        points += [Metric(key, value, int(record["ended"] * 1000), 0) for key, value in metrics.items()]
    tags = [RunTag(key, str(value)) for key, value in record["tags"].items()]
    mlflow_client.log_batch(run_id, metrics=points[:_MOST_METRICS], params=params[:_MOST_PARAMS], tags=tags)
    for start in range(_MOST_PARAMS, len(params), _MOST_PARAMS):
        mlflow_client.log_batch(run_id, params=params[start : start + _MOST_PARAMS])
    for start in range(_MOST_METRICS, len(points), _MOST_METRICS):
        mlflow_client.log_batch(run_id, metrics=points[start : start + _MOST_METRICS])


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
    live = record.get("live")
    run_id = live or _create(mlflow_client, record)
    try:
        fill(mlflow_client, run_id, record)
        for path in record["artifacts"]:
            if Path(path).is_file():  # gone, perhaps, if the record waited long
                mlflow_client.log_artifact(run_id, path)
        mlflow_client.set_terminated(run_id, status=record["status"], end_time=int(record["ended"] * 1000))
    except BaseException:
        if live is None and not record.get("is_command"):
            _delete(mlflow_client, run_id)
        raise
    _live_file(run_id).unlink(missing_ok=True)


def _delete(mlflow_client: Any, run_id: str) -> None:
    with contextlib.suppress(Exception):  # an unreachable store cannot do this either
        mlflow_client.delete_run(run_id)


def _create(mlflow_client: Any, record: Mapping[str, Any]) -> str:
    tags = {"mlflow.runName": record["name"]}
    if record.get("command"):
        command = _command_run(mlflow_client, record["command"])
        if record.get("is_command"):
            return command
        tags[_PARENT] = command
    started = int(record["started"] * 1000)
    created = mlflow_client.create_run(experiment_id(mlflow_client), start_time=started, tags=tags)
    return str(created.info.run_id)


def _command_run(mlflow_client: Any, command: Mapping[str, Any]) -> str:
    """The id of a command's run, which whoever sends first creates: one of its stages, or itself."""
    experiment = experiment_id(mlflow_client)
    found = mlflow_client.search_runs([experiment], f"tags.{_COMMAND} = '{command['key']}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {"mlflow.runName": command["name"], _COMMAND: command["key"], "stage": "run"}
    created = mlflow_client.create_run(experiment, start_time=int(command["started"] * 1000), tags=tags)
    run_id = str(created.info.run_id)
    _live_file(run_id).write_text(str(command["process"]), encoding="utf-8")
    return run_id


def _live_file(run_id: str) -> Path:
    return RECORDS / f"{run_id}.live"


def _end_killed(mlflow_client: Any) -> None:
    """Give runs in the store whose processes are gone without a record the status KILLED."""
    import psutil

    for path in RECORDS.glob("*.live"):
        if not psutil.pid_exists(int(path.read_text(encoding="utf-8"))):
            mlflow_client.set_terminated(path.stem, status="KILLED")
            path.unlink()
