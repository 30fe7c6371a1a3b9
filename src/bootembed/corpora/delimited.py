"""Reader of tables of text, CSV and TSV: with or without a header, with or without quotes around fields.

Every line ends up in exactly one row, kept or rejected. A quote that opens a field and does not close where it must
costs one row, not the lines up to the next quote.
"""

from __future__ import annotations

import csv
import itertools
import logging
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bootembed.core.errors import DataError
from bootembed.corpora.readers import judged, strip_end, unread
from bootembed.corpora.rows import SELECTOR, Row, RowRejection, named_by
from bootembed.corpora.streams import read_raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bootembed.corpora.streams import Line, RawFile
    from bootembed.settings.corpora import FileSpec

logger = logging.getLogger(__name__)
MAX_RECORD_LINES = 100
"""A quoted field over more lines counts as an unclosed quote; this also bounds the time spent on it."""
_MAX_FIELD = 2**31 - 1
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_IN_TEXT = ",;"  # delimiters that sentences hold too, where a space follows them
_HEAD = 100
_SHOWN = 500
_MOSTLY = 0.8  # of the rows: more than sentences that are quotations


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table of text is written.

    Attributes:
        delimiter: One character.
        quoting: Whether double quotes enclose fields; if not, they are ordinary characters.
        header: Whether the first row names the columns; if not, they go by number, from 1.
        certain: Whether the user said so about the quotes.
        breaks_meant: Whether line breaks in fields are meant, as where one parts the sentences of a pair.
    """

    delimiter: str
    quoting: bool
    header: bool = True
    certain: bool = True
    breaks_meant: bool = False


def dialect_of(spec: FileSpec) -> Dialect:
    """The dialect of a file in the format `csv` or `tsv`. By default CSV has quotes around fields and TSV has not."""
    quoting = spec.format == "csv" if spec.quoting is None else spec.quoting
    delimiter = spec.delimiter or _DELIMITERS[spec.format]
    return Dialect(
        delimiter,
        quoting,
        header=spec.header,
        certain=spec.quoting is not None,
        breaks_meant="\n" in (spec.pair_separator or ""),
    )


def read_delimited(file: RawFile, columns: Mapping[str, str], dialect: Dialect) -> Iterator[Row]:
    """Read a CSV or TSV file.

    Args:
        file: The file.
        columns: Our column -> the file's, its name or its number.
        dialect: How it is written.

    A line whose quotes do not close where they must, or close only behind lines that are rows by themselves, is
    rejected, and reading goes on at the next line. What is doubtful about quotes is reported when reading ends.

    Raises:
        DataError: The file is missing or empty, its header cannot be read, or it lacks a column.
    """
    csv.field_size_limit(_MAX_FIELD)
    feed = _LineFeed(read_raw_lines(file), dialect)
    head: list[_Record] = []
    if dialect.header:
        header = _header(feed.next_record(), file, dialect)
        width = len(header)
        positions = {name: _position(header, theirs, name, file) for name, theirs in columns.items()}
    else:
        head = list(itertools.islice(feed.records(0), _HEAD))
        width = _usual_width(head)
        positions = {name: _numbered(theirs, width, name, file) for name, theirs in columns.items()}
    try:
        for record in itertools.chain(head, feed.records(width)):
            yield _row(record, positions, width, file)
    finally:  # also at the `limit` of a file
        feed.warn(file)


@dataclass(frozen=True, slots=True)
class _Record:
    """A record and its lines: its fields, or why it has none."""

    lines: list[Line]
    fields: list[str]
    error: str | None = None


class _LineFeed:
    """Feeds decoded lines to `csv.reader`, remembers those of the present record, and can go back to its second one."""

    def __init__(self, lines: Iterator[Line], dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._pending: deque[Line] = deque()
        self._present: list[Line] = []
        style: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoting else csv.QUOTE_NONE
        self._reader = csv.reader(self, delimiter=dialect.delimiter, quoting=style, strict=True)
        self._several_lines: list[int] = []
        self._rows = self._enclosed = 0
        self._quoted: list[int] = []
        self._behind_space: list[int] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._present) >= MAX_RECORD_LINES:
            raise csv.Error("a quoted field spans too many lines")
        line = self._pending.popleft() if self._pending else next(self._lines)
        self._present.append(line)
        return line.text

    def records(self, width: int) -> Iterator[_Record]:
        """The records; those of several lines are not trusted if each line is a row of `width` fields by itself."""
        while (record := self.next_record()) is not None:
            if len(record.lines) > 1 and not self._dialect.breaks_meant:
                if _are_rows(record.lines, width, self._dialect.delimiter):
                    yield self._first_line(f"an opening quote takes in the next {len(record.lines) - 1} rows")
                    continue
                self._several_lines.append(record.lines[0].number)
            elif self._dialect.quoting:
                self._look_for_spaces(record)
            elif not self._dialect.certain:
                self._look_for_quotes(record)
            yield record

    def _look_for_spaces(self, record: _Record) -> None:
        """Behind a space, a quote is an ordinary character; one at the end shows that it should enclose the field."""
        if ' "' in record.lines[0].text and any(field[:2] == ' "' and field[-1] == '"' for field in record.fields):
            self._behind_space.append(record.lines[0].number)

    def _look_for_quotes(self, record: _Record) -> None:
        self._rows += 1
        if '"' not in record.lines[0].text:
            return
        enclosed = [field for field in record.fields if len(field) > 1 and field[0] == field[-1] == '"']
        self._enclosed += bool(enclosed)
        if any('""' in field[1:-1] for field in enclosed):
            self._quoted.append(record.lines[0].number)

    def next_record(self) -> _Record | None:
        """The next record, its first line if that cannot be read, or None at the end of the file."""
        self._present = []
        try:
            fields = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return self._first_line(str(error))
        return _Record(self._present, fields)

    def _first_line(self, error: str) -> _Record:
        """The first line of the present record, which is faulty; the others come again."""
        self._pending.extendleft(reversed(self._present[1:]))
        return _Record(self._present[:1], [], error)

    def warn(self, file: RawFile) -> None:
        """Log what the quotes of the file make doubtful."""
        if self._several_lines:
            logger.warning(
                "%s: %d rows have line breaks in quoted fields, the first in line %d; if quotes are ordinary "
                "characters there, set `quoting: false`",
                *(file.path, len(self._several_lines), self._several_lines[0]),
            )
        if self._behind_space:
            logger.warning(
                "%s: %d rows have quotes behind a space, the first in line %d, which enclose nothing and are KEPT in "
                "the text; take out the spaces behind %r",
                *(file.path, len(self._behind_space), self._behind_space[0], self._dialect.delimiter),
            )
        if self._enclosed > _MOSTLY * self._rows:
            logger.warning(
                "%s: %d of %d rows have fields in quotes, as R and spreadsheets write them, and KEEP these quotes in "
                "their text; set `quoting: true` in `corpora` (`quoting: false` if the quotes belong to the text)",
                *(file.path, self._enclosed, self._rows),
            )
        elif self._quoted:
            logger.warning(
                "%s: %d rows have fields that look quoted, the first in line %d, and are read with their quotes; set "
                "`quoting: true` if quotes enclose fields, `quoting: false` if they do not",
                *(file.path, len(self._quoted), self._quoted[0]),
            )


def _are_rows(lines: Sequence[Line], width: int, delimiter: str) -> bool:
    """Whether each line is a row if quotes are ordinary characters: then a quote that encloses nothing took them in.

    Without a `width` the rows must be equally wide. Text with line breaks may hold as many delimiters by chance. So a
    delimiter of text counts only if no space follows, and doubled quotes show that the writer knew what they mean.
    """
    texts = [line.text for line in lines if line.text.strip()]
    parts = [text.split(delimiter) for text in texts]
    if any('""' in text for text in texts) or {len(found) for found in parts} != {width or max(2, len(parts[0]))}:
        return False
    spaced = delimiter in _IN_TEXT and any(part.startswith(" ") for found in parts for part in found[1:])
    return len(parts[0]) > 1 and not spaced


def _usual_width(head: Sequence[_Record]) -> int:
    """How many fields most of the first rows have; among equally frequent numbers the greatest."""
    counts = Counter(len(record.fields) for record in head if record.fields)
    return max(counts, key=lambda width: (counts[width], width), default=1)


def _row(record: _Record, positions: Mapping[str, int], width: int, file: RawFile) -> Row:
    lines = record.lines
    raw = Row({"raw": strip_end("".join(line.text for line in lines))}, file.name, lines[0].number)
    if fault := unread(lines):
        return raw.reject(fault)
    if record.error is not None:
        return raw.reject(RowRejection.MALFORMED, record.error)
    if not record.fields:
        return raw.reject(RowRejection.EMPTY)
    if len(record.fields) != width:
        return raw.reject(RowRejection.FIELD_COUNT, f"{len(record.fields)} instead of {width}")
    values = {name: record.fields[position] for name, position in positions.items()}
    return judged(Row(values, file.name, lines[0].number), lines)


def _header(record: _Record | None, file: RawFile, dialect: Dialect) -> list[str]:
    if record is None or record.error is not None or unread(record.lines):
        fault = f": {record.error}" if record is not None and record.error else f" as {file.encoding}"
        raise DataError(
            f"{file.path}: the header, line 1, cannot be read{fault}; expected column names separated by "
            f"{dialect.delimiter!r}: correct the file, or its `format`, `encoding` or `quoting` in `corpora`"
        )
    return [name.strip() for name in record.fields]


def _position(header: list[str], theirs: str, ours: str, file: RawFile) -> int:
    found = header.count(theirs)
    if found == 1:
        return header.index(theirs)
    needed = ours.removeprefix(SELECTOR)
    fault = f"has {found} columns named {theirs!r}" if found else f"has no column {theirs!r}, needed as {needed!r}"
    shown = ", ".join(map(repr, header))
    if f'"{theirs}"' in header:
        raise DataError(f"{file.path}: {fault}, but {theirs!r} in quotes: set `quoting: true` in `corpora`")
    raise DataError(
        f"{file.path}: {fault}; its header has: {shown[:_SHOWN]}. Name the right one: {named_by(ours)} in "
        "`corpora`, set `delimiter`, or `header: false` if this is a row"
    )


def _numbered(theirs: str, width: int, ours: str, file: RawFile) -> int:
    """The position of a column by its number, of a file without a header."""
    if theirs.isdecimal() and 1 <= int(theirs) <= width:
        return int(theirs) - 1
    raise DataError(
        f"{file.path}: has no header, so columns go by number, from 1 to {width}; {theirs!r} is none: say "
        f"`columns: {{{ours.removeprefix(SELECTOR)}: NUMBER}}` in `corpora`, or set `delimiter`"
    )
