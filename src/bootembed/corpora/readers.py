"""Readers of raw corpora without columns: plain lines and Moses pairs; and what the readers of lines share.

Every line of a file ends up in exactly one row, kept or rejected, and every row knows its file and line. Lines end at
LF (or CR LF) only: Unicode's other line separators occur inside sentences, and breaking there shifts all that follows.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.corpora.rows import Row, RowRejection, may_be_empty
from bootembed.corpora.streams import count_lines, read_raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bootembed.corpora.streams import Line, RawFile

logger = logging.getLogger(__name__)
_MOSTLY = 0.8  # of the lines


def read_lines(file: RawFile, *, column: str) -> Iterator[Row]:
    """Read a file of one text a line; blank lines are rejected as `empty`, undecodable ones as `undecodable`.

    Where most lines hold a tab, as those of a table do, this is reported when reading ends.

    Raises:
        DataError: The file is missing or empty.
    """
    lines = with_tab = 0
    try:
        for line in read_raw_lines(file):
            lines += 1
            with_tab += "\t" in line.text.strip()
            yield judged(Row({column: strip_end(line.text)}, file.name, line.number), [line])
    finally:  # also at the `limit` of a file
        if with_tab > _MOSTLY * lines:
            logger.warning(
                "%s: %d of %d lines hold a tab, as those of a table do, and are read as ONE text; if it is one, "
                "say `format: tsv`, `header: false` and `columns: {%s: NUMBER}`",
                *(file.path, with_tab, lines, column),
            )


def read_moses(file: RawFile, english: RawFile, *, column: str, english_column: str) -> Iterator[Row]:
    """Read two line-aligned files. A row rejected because of one half names that half's file.

    Raises:
        DataError: A file is missing or empty, or the files differ in their number of lines: then it is
            unclear which lines belong together, and no row can be trusted.
    """
    counts = [count_lines(half) for half in (file, english)]
    if counts[0] != counts[1]:
        raise DataError(
            f"{file.path} has {counts[0]} lines, {english.path} has {counts[1]}: a Moses pair needs equally many, line "
            "n of one translating line n of the other; get the pair again, or align it again"
        )
    for own, other in zip(read_raw_lines(file), read_raw_lines(english), strict=True):
        halves = ((file, own, column), (english, other, english_column))
        values = {name: strip_end(line.text) for _, line, name in halves}
        rows = (judged(Row(values, half.name, line.number), [line], needed=name) for half, line, name in halves)
        yield next((row for row in rows if row.reason), Row(values, file.name, own.number))


def judged(row: Row, lines: Sequence[Line], *, needed: str | None = None) -> Row:
    """The row, rejected if a line could not be read or a value (all, or the needed one) is missing."""
    if fault := unread(lines):
        return row.reject(fault)
    missing = [
        name
        for name, value in row.values.items()
        if needed in (None, name) and not value.strip() and not may_be_empty(name)
    ]
    return row.reject(RowRejection.EMPTY, ", ".join(missing)) if missing else row


def unread(lines: Sequence[Line]) -> RowRejection | None:
    """Why lines could not be read, if so."""
    if not all(line.complete for line in lines):
        return RowRejection.LINE_TOO_LONG
    return None if all(line.decodable for line in lines) else RowRejection.UNDECODABLE


def strip_end(text: str) -> str:
    """A line without its end."""
    return text.removesuffix("\n").removesuffix("\r")
