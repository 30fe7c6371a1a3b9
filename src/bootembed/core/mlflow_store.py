"""An MLflow store in a file, after its project was moved or copied: MLflow keeps absolute paths of artifacts."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

logger = logging.getLogger(__name__)
_ARTIFACTS = "/mlruns/"
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)  # of MLflow 2 and 3


def follow_move(database: Path) -> None:
    """Point the artifacts of a store to the folder that it lies in now, if they lay beside it before.

    Otherwise models could not be loaded, and new artifacts would be written where the project was. What is where the
    store says, and not here, lies elsewhere on purpose.

    Args:
        database: The file; it need not exist.
    """
    if not database.is_file():
        return
    here = str(database.absolute().parent)
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        present = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table, column in _COLUMNS:
            if table not in present or column not in {row[1] for row in base.execute(f"PRAGMA table_info({table})")}:
                continue
            for (location,) in base.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall():
                if moved := _moved(location or "", here):
                    base.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (moved, location))
                    logger.info("%s: %s is now %s", database, location, moved)


def _moved(location: str, here: str) -> str | None:
    """Where something of the store's own folder of artifacts lies now; None if it lay here, or elsewhere on purpose."""
    path = location.removeprefix("file://")
    before, artifacts, rest = path.partition(_ARTIFACTS)
    if not path.startswith("/") or not artifacts or before == here:
        return None
    if Path(path).exists() and not Path(f"{here}{_ARTIFACTS}{rest}").exists():
        return None
    return f"{here}{_ARTIFACTS}{rest}" if path == location else (Path(here) / "mlruns").as_uri() + f"/{rest}"
