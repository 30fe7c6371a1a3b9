"""Readers of files whose rows have named values: JSON Lines, Parquet, `datasets` folders and Hub datasets.

A column may lie within a value: `premise.sw` is the key `sw` of `premise`, `translation.4` the fifth item of a list.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from bootembed.core.content import describe_file
from bootembed.core.errors import DataError
from bootembed.core.hub import explain_hub_failure, hub_token, require_resolved
from bootembed.core.tables import read_schema, stream_rows
from bootembed.corpora.rows import SELECTOR, Row, RowRejection, may_be_empty, named_by
from bootembed.corpora.streams import read_raw_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from bootembed.corpora.streams import RawFile

_ABSENT = object()


def read_json_lines(file: RawFile, columns: Mapping[str, str], texts: Collection[str]) -> Iterator[Row]:
    """Read a file of one JSON object a line.

    Args:
        file: The file.
        columns: Our column -> the file's column.
        texts: Our columns that must hold text.

    Raises:
        DataError: The file is missing, empty, or its compressed data is damaged.
    """
    for line in read_raw_lines(file):
        raw = Row({"raw": line.text.rstrip("\r\n")}, file.name, line.number)
        if not line.complete:
            yield raw.reject(RowRejection.LINE_TOO_LONG)
        elif not line.decodable:
            yield raw.reject(RowRejection.UNDECODABLE)
        elif not line.text.strip():
            yield raw.reject(RowRejection.EMPTY)
        else:
            yield _json_row(raw, columns, texts)


def read_parquet(path: Path, name: str, columns: Mapping[str, str], texts: Collection[str]) -> Iterator[Row]:
    """Read a Parquet file, or those of a folder in the order of their names; a row's line is its number in its file.

    Raises:
        DataError: The file is missing, is not Parquet, or lacks a column; or the folder holds no Parquet files.
    """
    if not path.is_dir():
        yield from _read_parquet_file(path, name, columns, texts)
        return
    files = parquet_files(path)
    if not files:
        within = [str(folder.relative_to(path)) for folder in sorted(path.rglob("*/")) if parquet_files(folder)]
        others = f", but its folders {', '.join(within[:10])} do: name one of them" if within else "; put them there"
        raise DataError(f"{path}: holds no .parquet files{others}, or correct its path in `corpora`")
    for file in files:
        yield from _read_parquet_file(file, f"{name}/{file.name}", columns, texts)


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder in the order of their names; not hidden ones, as macOS leaves beside each file."""
    return sorted(file for file in folder.glob("*.parquet") if not file.name.startswith("."))


def read_saved_dataset(
    path: Path, name: str, columns: Mapping[str, str], texts: Collection[str], *, split: str
) -> Iterator[Row]:
    """Read a folder that `Dataset.save_to_disk` wrote; of several splits the one named.

    Raises:
        DataError: The folder is missing, was not written so, has no such split, or lacks a column.
    """
    from datasets import DatasetDict, load_from_disk

    try:
        found = load_from_disk(str(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        for file in sorted(path.rglob("*")):
            if fault := describe_file(file, expected="Arrow"):
                raise DataError(f"{file}: {fault}") from error
        raise DataError(
            f"{path}: is not a folder of `Dataset.save_to_disk`: {error}; correct it in `corpora`"
        ) from error
    if isinstance(found, DatasetDict):
        if split not in found:
            raise DataError(f"{path}: has the splits {', '.join(found)}, not {split!r}; set `source_split`")
        found = found[split]
    wanted = _needed_columns(found.column_names, columns, str(path))
    yield from _record_rows(found.select_columns(wanted), columns, texts, name)


def read_hub_dataset(
    dataset: str,
    columns: Mapping[str, str],
    texts: Collection[str],
    *,
    config: str | None,
    split: str,
    revision: str,
    data_file: str | None = None,
) -> Iterator[Row]:
    """Stream a dataset of the Hugging Face Hub at a pinned revision; nothing but data files is read, no code is run.

    Args:
        dataset: Its id.
        columns: Our column -> the dataset's.
        texts: Our columns that must hold text.
        config: Its configuration, where it has several.
        split: Split to read.
        revision: Commit.
        data_file: The one file to read, of a dataset whose files belong to different things.

    Raises:
        DataError: The Hub cannot be reached, refuses or breaks off, or has no such dataset, configuration, split or
            column.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError
    from httpx2 import HTTPError

    name = f"hub:{dataset}" + "".join(f"/{part}" for part in (config, data_file) if part)
    require_resolved(dataset, revision, kind="dataset")
    try:
        rows = load_dataset(
            dataset, config, data_files=data_file, split=split, revision=revision, streaming=True, token=hub_token()
        )
        if rows.column_names is not None:
            rows = rows.select_columns(_needed_columns(rows.column_names, columns, name))
        first = next(iter(rows), None)
        if first is None:
            raise DataError(f"{name} at {revision}: split {split!r} is empty; correct `source_split` in `corpora`")
        _needed_columns(list(first), columns, name)
        yield from _record_rows(rows, columns, texts, name)
    except (OSError, ValueError, HTTPError, DatasetNotFoundError) as error:
        otherwise = "fetch it elsewhere and use the format `datasets` or `parquet`"
        fault = explain_hub_failure(error, dataset, kind="dataset", otherwise=otherwise)
        raise DataError(f"{name} at {revision}: cannot be read from the Hub: {fault}") from error


def _json_row(raw: Row, columns: Mapping[str, str], texts: Collection[str]) -> Row:
    try:
        record = json.loads(raw.values["raw"])
    except (ValueError, RecursionError) as error:
        return raw.reject(RowRejection.MALFORMED_JSON, str(error)[:100])
    if not isinstance(record, dict):
        return raw.reject(RowRejection.MALFORMED_JSON, f"a {type(record).__name__} instead of an object")
    return _record_row(record, columns, texts, raw.file, raw.line)


def _read_parquet_file(path: Path, name: str, columns: Mapping[str, str], texts: Collection[str]) -> Iterator[Row]:
    remedy = "fetch it again, or correct its entry in `corpora`"
    wanted = _needed_columns(read_schema(path, remedy=remedy).names, columns, str(path))
    yield from _record_rows(stream_rows(path, columns=wanted, remedy=remedy), columns, texts, name)


def _needed_columns(present: list[str], columns: Mapping[str, str], name: str) -> list[str]:
    """Those of the columns present that are read: others, such as sound and pictures, may not even be decodable.

    Raises:
        DataError: One is missing, or its name stands for several.
    """
    needed = {ours: _top_level(theirs, present) for ours, theirs in columns.items()}
    for ours, theirs in needed.items():
        if (count := present.count(theirs)) != 1:
            fault = f"has {count} columns named {theirs!r}" if count else f"has no column {columns[ours]!r}"
            shown = ", ".join(map(repr, present))[:500]
            raise DataError(
                f"{name}: {fault}, needed as {ours.removeprefix(SELECTOR)!r}; it has: {shown}. Name the right one: "
                f"{named_by(ours)} in `corpora`{'; rename one of them in the file' if count else ''}"
            )
    return sorted(set(needed.values()))


def _top_level(path: str, present: list[str]) -> str:
    """The column that a path begins with; a column whose own name has a dot takes precedence."""
    return path if path in present else path.partition(".")[0]


def _record_rows(
    records: Iterable[dict[str, Any]], columns: Mapping[str, str], texts: Collection[str], name: str
) -> Iterator[Row]:
    for number, record in enumerate(records, start=1):
        yield _record_row(record, columns, texts, name, number)


def _record_row(
    record: dict[str, Any], columns: Mapping[str, str], texts: Collection[str], file: str, line: int
) -> Row:
    found = {ours: _value(record, theirs) for ours, theirs in columns.items()}
    values = {ours: _reader_of(ours, texts)(value) for ours, value in found.items()}
    row = Row({ours: value or "" for ours, value in values.items()}, file, line)
    absent = [ours for ours, value in found.items() if value is _ABSENT]
    if absent:
        return row.reject(RowRejection.MISSING_COLUMN, ", ".join(columns[ours] for ours in absent))
    odd = [ours for ours, value in values.items() if value is None]
    if odd:
        return row.reject(RowRejection.NOT_TEXT, ", ".join(f"{columns[ours]}: {found[ours]!r:.50}" for ours in odd))
    empty = [ours for ours, value in row.values.items() if not value.strip() and not may_be_empty(ours)]
    return row.reject(RowRejection.EMPTY, ", ".join(empty)) if empty else row


def _reader_of(ours: str, texts: Collection[str]) -> Callable[[Any], str | None]:
    if ours.startswith(SELECTOR):
        return _as_selector
    return _as_text if ours in texts else _as_label


def _value(record: Any, path: str) -> Any:
    """The value at a path, or `_ABSENT`."""
    if isinstance(record, dict) and path in record:
        return record[path]
    head, _, rest = path.partition(".")
    if isinstance(record, dict):
        inner = record.get(head, _ABSENT)
    elif isinstance(record, list) and head.isdecimal() and int(head) < len(record):
        inner = record[int(head)]
    else:
        return _ABSENT
    return _value(inner, rest) if rest and inner is not _ABSENT else inner


def _as_text(value: Any) -> str | None:
    """A value as text; None if it is none: a number, NaN (a gap in pandas), true, a list, or what no table holds."""
    if value is None or value is _ABSENT:
        return ""
    if not isinstance(value, str):
        return None
    return None if any("\ud800" <= character <= "\udfff" for character in value) else value


def _as_label(value: Any) -> str | None:
    """A value that need not be text, such as a score, a label or an id; `3.0` is `3`, since pandas makes it that."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _as_text(value)


def _as_selector(value: Any) -> str | None:
    """A value that only decides whether a row is read, whatever it is."""
    return str(value) if isinstance(value, bool | int | float) else _as_text(value)
