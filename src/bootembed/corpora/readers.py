"""Readers of raw corpora: plain lines, Moses pairs, CSV and TSV.

Every line of a file ends up in exactly one row, kept or rejected, and every row knows its file and line. Lines end at
LF (or CR LF) only: Unicode's other line separators occur inside sentences, and breaking there shifts all that follows.
"""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING, Literal

from bootembed.core.errors import DataError
from bootembed.corpora.rows import Row, RowRejection, may_be_empty
from bootembed.corpora.streams import count_lines, read_raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bootembed.corpora.streams import Line, RawFile

MAX_RECORD_LINES = 100
"""A quoted field over more lines counts as an unclosed quote; this also bounds the time spent on it."""
_MAX_FIELD = 2**31 - 1
_DELIMITERS = {"csv": ",", "tsv": "\t"}


def read_lines(file: RawFile, *, column: str) -> Iterator[Row]:
    """Read a file of one text a line; blank lines are rejected as `empty`, undecodable ones as `undecodable`.

    Raises:
        DataError: The file is missing or empty.
    """
    for line in read_raw_lines(file):
        yield _judged(Row({column: _strip_end(line.text)}, file.name, line.number), [line])


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
        values = {name: _strip_end(line.text) for _, line, name in halves}
        rows = (_judged(Row(values, half.name, line.number), [line], needed=name) for half, line, name in halves)
        yield next((row for row in rows if row.reason), Row(values, file.name, own.number))


def read_delimited(file: RawFile, columns: Mapping[str, str], *, delimiter: str, quoting: bool) -> Iterator[Row]:
    """Read a CSV or TSV file with a header.

    Args:
        file: The file.
        columns: Our column -> the file's column.
        delimiter: One character.
        quoting: Whether double quotes enclose fields; if not, they are ordinary characters.

    A line whose quotes do not close where they must is rejected, and reading goes on at the next line: one stray quote
    costs one row, not the rest of the file.

    Raises:
        DataError: The file is missing or empty, its header cannot be read, or lacks a column.
    """
    csv.field_size_limit(_MAX_FIELD)
    feed = _LineFeed(read_raw_lines(file))
    style: Literal[0, 3] = csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE
    reader = csv.reader(feed, delimiter=delimiter, quoting=style, strict=True)
    header = _header(feed.next_record(reader), feed, file, delimiter)
    positions = {name: _position(header, theirs, name, file) for name, theirs in columns.items()}
    while (fields := feed.next_record(reader)) is not None:
        yield _delimited_row(fields, feed.record, positions, len(header), file)


def delimiter_of(file_format: str) -> str:
    """The delimiter of `csv` or `tsv`."""
    return _DELIMITERS[file_format]


class _LineFeed:
    """Feeds decoded lines to `csv.reader`, remembers those of the present record, and can go back to its second one."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.record: list[Line] = []
        self._lines = lines
        self._pending: deque[Line] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.record) >= MAX_RECORD_LINES:
            raise csv.Error("a quoted field spans too many lines")
        line = self._pending.popleft() if self._pending else next(self._lines)
        self.record.append(line)
        return line.text

    def next_record(self, reader: Iterator[list[str]]) -> list[str] | csv.Error | None:
        """The fields of the next record, the error in its first line, or None at the end of the file."""
        self.record = []
        try:
            return next(reader)
        except StopIteration:
            return None
        except csv.Error as error:
            self._pending.extendleft(reversed(self.record[1:]))
            self.record = self.record[:1]
            return error


def _delimited_row(
    fields: list[str] | csv.Error, lines: list[Line], positions: Mapping[str, int], width: int, file: RawFile
) -> Row:
    raw = Row({"raw": _strip_end("".join(line.text for line in lines))}, file.name, lines[0].number)
    if fault := _unread(lines):
        return raw.reject(fault)
    if isinstance(fields, csv.Error):
        return raw.reject(RowRejection.MALFORMED, str(fields))
    if not fields:
        return raw.reject(RowRejection.EMPTY)
    if len(fields) != width:
        return raw.reject(RowRejection.FIELD_COUNT, f"{len(fields)} instead of {width}")
    values = {name: fields[position] for name, position in positions.items()}
    return _judged(Row(values, file.name, lines[0].number), lines)


def _judged(row: Row, lines: Sequence[Line], *, needed: str | None = None) -> Row:
    """The row, rejected if a line could not be read or a value (all, or the needed one) is missing."""
    if fault := _unread(lines):
        return row.reject(fault)
    missing = [
        name
        for name, value in row.values.items()
        if needed in (None, name) and not value.strip() and not may_be_empty(name)
    ]
    return row.reject(RowRejection.EMPTY, ", ".join(missing)) if missing else row


def _unread(lines: Sequence[Line]) -> RowRejection | None:
    if not all(line.complete for line in lines):
        return RowRejection.LINE_TOO_LONG
    return None if all(line.decodable for line in lines) else RowRejection.UNDECODABLE


def _header(fields: list[str] | csv.Error | None, feed: _LineFeed, file: RawFile, delimiter: str) -> list[str]:
    if fields is None or isinstance(fields, csv.Error) or _unread(feed.record):
        fault = f": {fields}" if isinstance(fields, csv.Error) else f" as {file.encoding}"
        raise DataError(
            f"{file.path}: the header, line 1, cannot be read{fault}; expected column names separated by "
            f"{delimiter!r}: correct the file, or its `format`, `encoding` or `quoting` in `corpora`"
        )
    return [name.strip() for name in fields]


def _position(header: list[str], theirs: str, ours: str, file: RawFile) -> int:
    found = header.count(theirs)
    if found == 1:
        return header.index(theirs)
    fault = f"has {found} columns named {theirs!r}" if found else f"has no column {theirs!r}, needed as {ours!r}"
    shown = ", ".join(map(repr, header))
    raise DataError(
        f"{file.path}: {fault}; its header has: {shown[:500]}. Name the right one: `columns: {{{ours}: ...}}` in "
        "`corpora`"
    )


def _strip_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
