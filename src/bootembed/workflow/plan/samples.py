"""The first rows of a profile's files, as a run would read them: what the plan knows of texts before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import UserError
from bootembed.corpora.layouts import CORPUS_LAYOUTS, read_rows
from bootembed.corpora.streams import count_lines, raw_file

if TYPE_CHECKING:
    from bootembed.corpora.layouts import Layout
    from bootembed.settings.corpora import FileSpec
    from bootembed.settings.schema import Params

MOST_ROWS = 5000
"""Rows that are read of a file: enough for a mean, soon read."""
ELSEWHERE = ("hub", "mteb")
_OF_LINES = ("lines", "moses", "csv", "tsv", "jsonl")
_WITH_HEADER = ("csv", "tsv")
_LAYOUTS = {layout.name: layout for layout in CORPUS_LAYOUTS}


@dataclass(frozen=True)
class Sample:
    """Rows of a table of one language.

    Attributes:
        rows: Those that are not rejected as they are read; a run may reject more for their text.
        there: How many rows the files have at most; None if that is not known.
        whole: Whether all rows were read.
    """

    rows: list[dict[str, Any]]
    there: int | None
    whole: bool


class Corpora:
    """The tables of a profile, each read once.

    Args:
        params: The profile.
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._found: dict[tuple[str, str], Sample | None] = {}

    def sample(self, table: str, language: str) -> Sample | None:
        """The first rows of each file of a table; None if a file is not here, cannot be read, or there is none.

        Args:
            table: A table of `corpora`.
            language: Key of a language.
        """
        if (table, language) not in self._found:
            self._found[table, language] = self._read(table, language)
        return self._found[table, language]

    def _read(self, table: str, language: str) -> Sample | None:
        configured = self._params.languages[language]
        specs: list[FileSpec] = getattr(self._params.corpora[configured.corpus], table)
        if not specs or any(spec.format in ELSEWHERE for spec in specs):
            return None
        folder = Path(self._params.prepare_corpora.folder) / configured.folder
        try:
            parts = [_first_rows(spec, _LAYOUTS[table], folder, language) for spec in specs]
        except UserError:  # `check_files` and `check_contents` tell what is wrong
            return None
        counts = [part.there for part in parts if part.there is not None]
        return Sample(
            rows=[row for part in parts for row in part.rows],
            there=sum(counts) if len(counts) == len(parts) else None,
            whole=all(part.whole for part in parts),
        )


def _first_rows(spec: FileSpec, layout: Layout, folder: Path, language: str) -> Sample:
    most = min(spec.limit or MOST_ROWS, MOST_ROWS)
    read = list(read_rows(spec.model_copy(update={"limit": most}), layout, folder=folder, language=language))
    rows = [row.values for row in read if row.reason is None]
    whole = most == spec.limit or len({(row.file, row.line) for row in read}) < most  # a row of NLI may give several
    return Sample(rows, len(read) if whole else _row_count(spec, folder, language), whole)


def _row_count(spec: FileSpec, folder: Path, language: str) -> int | None:
    """How many rows a file has at most, by its lines; None if it has no lines."""
    if spec.format not in _OF_LINES:
        return spec.limit
    name = str(spec.path).replace("{language}", language)
    lines = count_lines(raw_file(folder, name, holds="json" if spec.format == "jsonl" else "text"))
    rows = lines - 1 if spec.format in _WITH_HEADER and spec.header else lines
    return min(rows, spec.limit or rows)
