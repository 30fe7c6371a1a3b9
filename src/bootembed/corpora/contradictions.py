"""Pairs of sentences that carry both labels of NLI: one label is wrong, and nothing says which."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

from bootembed.core.text import comparable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bootembed.corpora.rows import Row


class LabelledPairs:
    """The rows of NLI written so far, on disk: memory does not grow with their number.

    Args:
        path: A file that is created here and removed by `close`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._base = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",  # the file does not outlive the process
            "PRAGMA synchronous = OFF",
            "CREATE TABLE pairs (number INTEGER PRIMARY KEY, key INTEGER, label TEXT, file TEXT, line INTEGER)",
            "BEGIN",
        ):
            self._base.execute(statement)

    def add(self, row: Row) -> None:
        """Remember a row, the next of the table."""
        pair = "\x1f".join(comparable(row.values[name]) for name in ("premise", "hypothesis"))
        key = int.from_bytes(hashlib.blake2b(pair.encode(), digest_size=8).digest(), "big", signed=True)
        values = (key, row.values["label"], row.file, row.line)
        self._base.execute("INSERT INTO pairs (key, label, file, line) VALUES (?, ?, ?, ?)", values)

    def contradictory(self) -> Iterator[tuple[int, str, int]]:
        """The number (from 1), file and line of each row whose pair also has the other label, in their order."""
        both = "SELECT key FROM pairs GROUP BY key HAVING COUNT(DISTINCT label) > 1"
        yield from self._base.execute(f"SELECT number, file, line FROM pairs WHERE key IN ({both}) ORDER BY number")

    def close(self) -> None:
        """Remove the file."""
        self._base.close()
        self._path.unlink()
