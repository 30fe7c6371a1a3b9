"""The stores that a test of the registry runs against, and SQLite stores without their slow beginning."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

BOTH = pytest.mark.parametrize("registry", ["sqlite", "server"], indirect=True)
"""A file, and a real tracking server: each operation once against both, since the server is slow."""


@cache
def tables() -> Path:
    """A SQLite file with a new store's tables, as MLflow's migrations leave them: to be copied."""
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    path = Path(mkdtemp()) / "mlflow.db"
    engine = create_engine(f"sqlite:///{path}")
    _initialize_tables(engine)
    engine.dispose()
    return path


def _copy_tables(engine: Engine) -> None:
    with closing(sqlite3.connect(tables())) as template, closing(engine.raw_connection()) as connection:
        template.backup(connection.driver_connection)


def begin_quickly(patch: pytest.MonkeyPatch) -> None:
    """New SQLite stores of this process get copies of the tables that some fifty migrations made once."""
    tables()
    patch.setattr("mlflow.store.db.utils._initialize_tables", _copy_tables)
