"""What a file is, by its name and its first rows: format, columns, quotes. What is not certain is not guessed."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.tables import read_schema, stream_rows
from bootembed.corpora.records import parquet_files
from bootembed.corpora.streams import raw_file, read_raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMATS = {
    ".txt": "lines",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tmx": "tmx",
}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_LOOKED_AT = 1000  # rows
_SAMPLED = 20  # lines
_LONGEST_NAME = 40
_SENTENCE = re.compile(r"\S+(\s+\S+){2,}[.!?]|.+[。।።]")  # but not "No.", nor "Sr. No."
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Detected:
    """A file as it will be read.

    Attributes:
        path: The file or folder.
        format: As in `corpora`.
        columns: The names of its columns; none of a format without columns.
        rows: The first ones, by column.
        options: Further keys of its entry in `corpora`, such as `quoting`.
    """

    path: Path
    format: str
    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def detect(path: Path) -> Detected:
    """Look at a file or folder.

    Raises:
        DataError: It is missing, or its name does not say what it is.
    """
    if not path.exists():
        raise DataError(f"{path}: is not there")
    found = _format_of(path)
    if found == "lines" and _holds_a_table(path):
        found = "tsv"
    if found in ("csv", "tsv"):
        return _delimited(path, found)
    if found == "jsonl":
        return _with_rows(path, found, _json_rows(path))
    if found == "parquet":
        part = parquet_files(path)[0] if path.is_dir() else path
        names = read_schema(part).names
        return Detected(path, found, names, list(itertools.islice(stream_rows(part), _LOOKED_AT)))
    if found == "datasets":
        return _saved_dataset(path)
    return Detected(path, found)


def _format_of(path: Path) -> str:
    if path.is_dir():
        if parquet_files(path):
            return "parquet"
        if (path / "dataset_dict.json").exists() or (path / "dataset_info.json").exists():
            return "datasets"
        raise DataError(f"{path}: this folder holds neither Parquet files nor what `Dataset.save_to_disk` writes")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    known = ", ".join(_FORMATS)
    raise DataError(f"{path}: its name does not say what it holds; let it end in one of {known} (and .gz or the like)")


def _holds_a_table(path: Path) -> bool:
    """Whether every line of a text file has the same number of tabs."""
    tabs = {line.count("\t") for line in itertools.islice(_lines(path), _SAMPLED)}
    return len(tabs) == 1 and tabs != {0}


def _lines(path: Path, *, holds: Any = "text") -> Iterator[str]:
    file = raw_file(path.parent, path.name, holds=holds)
    return (line.text for line in itertools.islice(read_raw_lines(file), _LOOKED_AT))


def _json_rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(_lines(path, holds="json"), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}: line {number}: is no JSON: {error}") from error
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _with_rows(path: Path, name: str, rows: list[dict[str, Any]]) -> Detected:
    return Detected(path, name, list(dict.fromkeys(key for row in rows for key in row)), rows)


def _saved_dataset(path: Path) -> Detected:
    from datasets import DatasetDict, load_from_disk

    found = load_from_disk(str(path))
    options = {}
    if isinstance(found, DatasetDict):
        split = "train" if "train" in found else next(iter(found))
        found, options = found[split], {"source_split": split}
    rows = found.with_format("arrow")[:_LOOKED_AT].to_pylist()  # sound and pictures are not decoded
    return Detected(path, "datasets", list(found.column_names), rows, options)


def _is_name(title: str) -> bool:
    """Whether a field of the first row can be the name of a column."""
    return 0 < len(title) <= _LONGEST_NAME and not title.isdecimal() and not _SENTENCE.fullmatch(title)


def _delimited(path: Path, name: str) -> Detected:
    """A table of text. Quotes enclose fields if every field that begins with one is written as a writer would.

    The first row is no header if one of its fields is a number, empty, or a sentence: columns go by number then.
    """
    import csv

    delimiter = "," if name == "csv" else "\t"
    lines = list(_lines(path))
    options: dict[str, Any] = {}
    quoting = name == "csv"
    if name == "tsv":
        begun = [part for line in lines for part in line.rstrip("\r\n").split(delimiter) if part.startswith('"')]
        quoting = bool(begun) and all(_QUOTED.fullmatch(part) for part in begun)
        options["quoting"] = quoting
    records = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE)
    try:
        header, *rows = records
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}: its first rows cannot be read as {name}: {error}") from error
    if len(header) == 1 and name == "csv" and ";" in header[0]:
        raise DataError(f"{path}: has no comma in its first line, {lines[0][:80]!r}; separate its fields by commas")
    header = [title.strip() for title in header]
    if not all(map(_is_name, header)):
        rows, options["header"] = [header, *rows], False
        header = [str(number) for number in range(1, len(header) + 1)]
    whole = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return Detected(path, name, header, whole, options)
