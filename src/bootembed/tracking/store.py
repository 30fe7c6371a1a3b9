"""The MLflow store in use, and how it is reached."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from bootembed.core.mlflow_store import follow_move

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPERIMENT = "bootembed"
_SQLITE = "sqlite:///"
DEFAULT_STORE = f"{_SQLITE}mlflow.db"
# By default MLflow retries a server that is away for four minutes, and one that hangs for a quarter of an hour.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


def tracking_uri() -> str:
    """The store in use: the environment's, or a SQLite file in the working directory."""
    return os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE)


def missing_store() -> Path | None:
    """Where the store would be, if it is a file or folder that is not there: MLflow makes one when it looks into it."""
    scheme, _, rest = tracking_uri().partition(":")
    if scheme.startswith("sqlite"):
        place = re.sub(r"^///|\?.*$", "", rest)  # of sqlite:///FILE?OPTIONS; without a file it is in memory
        file = Path(place)
        return None if place.strip("/") in {"", ":memory:"} or file.exists() else file
    if scheme == "file" or "//" not in rest:
        folder = Path(unquote(urlparse(tracking_uri()).path))
        return None if folder.exists() else folder
    return None


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
    from mlflow.tracking import MlflowClient

    for name in ("alembic", "mlflow"):  # the import has set the level of its own
        logging.getLogger(name).setLevel(logging.WARNING)
    database = Path(DEFAULT_STORE.removeprefix(_SQLITE))
    if Path(tracking_uri().removeprefix(_SQLITE)).absolute() == database.absolute():  # also as sqlite:///$PWD/mlflow.db
        follow_move(database)
    return MlflowClient(tracking_uri())


def experiment_id(mlflow_client: Any) -> str:
    """The id of our experiment, made when it does not exist."""
    found = mlflow_client.get_experiment_by_name(EXPERIMENT)
    if found and found.lifecycle_stage != "active":  # else MLflow refuses every run as if its content were at fault
        mlflow_client.restore_experiment(found.experiment_id)
    return str(found.experiment_id if found else mlflow_client.create_experiment(EXPERIMENT))
