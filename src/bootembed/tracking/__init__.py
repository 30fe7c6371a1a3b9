"""MLflow runs of the stages: MLflow observes and never decides.

A stage collects what it wants to report inside `stage_run`. When the block ends, the run is written as one file into
`RECORDS`. Importing mlflow and opening its store takes 1.5 s, as long as many a stage, so that records are sent in one
batch: by the fan-out at its end, by the last stage, by a stage that failed or took a minute, and by
`bootembed ui`. A record stays until the store has it. A stage that has taken a minute shows in the store while it
goes on, with its curve so far. No stage fails because of the store, and only one that failed or took a minute may
wait, seconds, for a dead server.
"""

from bootembed.tracking.command import command_run
from bootembed.tracking.records import RECORDS, send_now, send_records
from bootembed.tracking.stage import StageRun, flatten, provenance_tags, stage_run
from bootembed.tracking.store import (
    DEFAULT_STORE,
    client,
    experiment_id,
    is_on,
    missing_store,
    short_patience,
    shown_uri,
    tracking_uri,
    without_passwords,
)

__all__ = [
    "DEFAULT_STORE",
    "RECORDS",
    "StageRun",
    "client",
    "command_run",
    "experiment_id",
    "flatten",
    "is_on",
    "missing_store",
    "provenance_tags",
    "send_now",
    "send_records",
    "short_patience",
    "shown_uri",
    "stage_run",
    "tracking_uri",
    "without_passwords",
]
