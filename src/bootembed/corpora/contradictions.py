"""Pairs of sentences with both labels, of NLI or as positive and negative: one is wrong, and nothing says which."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

from bootembed.core.nli import LABELS
from bootembed.core.text import comparable
from bootembed.corpora.layouts import EXAMPLES, OF_NLI, TRIPLETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bootembed.corpora.rows import Row

LABELLED = (*OF_NLI, EXAMPLES, TRIPLETS)
"""Tables whose pairs are labelled, by a column or by where they stand."""


class LabelledPairs:
    """The rows of NLI or triplets written so far, on disk: memory does not grow with their number.

    Args:
        path: A file that is created here and removed by `close`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = 0
        self._base = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",  # the file does not outlive the process
            "PRAGMA synchronous = OFF",
            "CREATE TABLE pairs (row INTEGER, key INTEGER, label TEXT, file TEXT, line INTEGER)",
            "BEGIN",
        ):
            self._base.execute(statement)

    def add(self, row: Row) -> None:
        """Remember a row, the next of the table."""
        self._rows += 1
        for one, other, label in _labelled(row.values):
            pair = f"{comparable(one)}\x1f{comparable(other)}"
            key = int.from_bytes(hashlib.blake2b(pair.encode(), digest_size=8).digest(), "big", signed=True)
            self._base.execute("INSERT INTO pairs VALUES (?, ?, ?, ?, ?)", (self._rows, key, label, row.file, row.line))

    def contradictory(self) -> Iterator[tuple[int, str, int]]:
        """The number (from 1), file and line of each row of which a pair has the other label too, in their order."""
        both = "SELECT key FROM pairs GROUP BY key HAVING COUNT(DISTINCT label) > 1"
        yield from self._base.execute(f"SELECT DISTINCT row, file, line FROM pairs WHERE key IN ({both}) ORDER BY row")

    def close(self) -> None:
        """Remove the file."""
        self._base.close()
        self._path.unlink()


def _labelled(values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The pairs of a row with their labels; its anchor entails a triplet's positive, and contradicts its negative."""
    if "label" in values:
        return [(values["premise"], values["hypothesis"], values["label"])]
    answers = (values["positive"], values["negative"])
    return [(values["anchor"], answer, label) for answer, label in zip(answers, LABELS, strict=True)]
