"""The tables that stages hand to each other: Parquet files with a declared schema, written atomically."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


_TEXT = pa.string()
_ROW_GROUP = 50_000
_BATCH = 2_000
_REMEDY = "run the stage that makes it again"
MONOLINGUAL = _schema(text=_TEXT)
PARALLEL = _schema(english=_TEXT, text=_TEXT)
NLI = _schema(premise=_TEXT, hypothesis=_TEXT, label=_TEXT)
ANCHORS = _schema(text=_TEXT)
EXAMPLES = _schema(anchor=_TEXT, positive=_TEXT, negative=_TEXT)
INSTRUCTIONS = _schema(prompt=_TEXT, completion=_TEXT)
STS = _schema(split=_TEXT, sentence1=_TEXT, sentence2=_TEXT, score=pa.float64())
BITEXT_MINING = _schema(split=_TEXT, sentence1=_TEXT, sentence2=_TEXT)
CLASSIFICATION = _schema(split=_TEXT, text=_TEXT, label=_TEXT)
CLUSTERING = _schema(split=_TEXT, text=_TEXT, label=_TEXT)
# part: document, query or relevance. A relevance row names a query (id) and a document, and says how relevant it is.
RETRIEVAL = _schema(split=_TEXT, part=_TEXT, id=_TEXT, text=_TEXT, document=_TEXT, score=pa.float64())
REJECTED_ROWS = _schema(table=_TEXT, reason=_TEXT, detail=_TEXT, file=_TEXT, line=pa.int64(), text=_TEXT)
DOCUMENTS = _schema(kind=_TEXT, language=_TEXT, text=_TEXT)
PAIRS = _schema(anchor=_TEXT, positive=_TEXT)
TRIPLETS = _schema(anchor=_TEXT, positive=_TEXT, negative=_TEXT)
XL_LORA = _schema(premise=_TEXT, hypothesis=_TEXT, label=_TEXT, language=_TEXT, origin=_TEXT)
GENERATED_TRIPLETS = _schema(
    anchor=_TEXT,
    positive=_TEXT,
    negative=_TEXT,
    anchor_id=pa.int64(),
    language=_TEXT,
    answer_language=_TEXT,
    strategy=_TEXT,
    generator_hash=_TEXT,
    positive_adapter_hash=_TEXT,
    negative_adapter_hash=_TEXT,
    prompt_version=_TEXT,
    seed=pa.int64(),
)
REJECTED_TRIPLETS = _schema(anchor=_TEXT, positive=_TEXT, negative=_TEXT, anchor_id=pa.int64(), reason=_TEXT)
PREDICTIONS = _schema(task=_TEXT, split=_TEXT, index=pa.int64(), similarity=pa.float64(), gold=pa.float64())
NEAREST = _schema(task=_TEXT, split=_TEXT, index=pa.int64(), nearest=pa.int64(), similarity=pa.float64())


def write_table(rows: Iterable[dict[str, Any]], schema: pa.Schema, path: Path) -> int:
    """Write rows as one Parquet file and return their number; a killed writer leaves no half-written file.

    Raises:
        DataError: A row lacks a column of `schema`, holds a null or a value of another type.
    """
    with TableWriter(path, schema) as writer:
        for row in rows:
            writer.write(row)
    return writer.rows


class TableWriter:
    """Writes a Parquet file row by row in bounded memory; the file appears when the block ends without an error.

    Args:
        path: The file.
        schema: Its columns.

    Attributes:
        rows: How many were written.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.rows = 0
        self._path = path
        self._schema = schema
        self._temporary = path.with_name(f".{path.name}.partial")
        self._waiting: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(self._temporary, self._schema, compression="zstd")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._write_group()
                self._file.close()
                os.replace(self._temporary, self._path)
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def write(self, row: dict[str, Any]) -> None:
        """Add a row.

        Raises:
            DataError: As `write_table`; at the latest when the block ends.
        """
        self._waiting.append(row)
        self.rows += 1
        if len(self._waiting) == _ROW_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        if self._waiting:
            self._file.write_table(_table(self._waiting, self._schema, self._path))
        self._waiting = []


def _table(rows: list[dict[str, Any]], schema: pa.Schema, path: Path) -> pa.Table:
    try:
        table = pa.Table.from_pylist(rows, schema=schema)
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{path}: rows do not fit the schema {schema.names}: {error}") from error
    for name in schema.names:
        if table.column(name).null_count:
            raise DataError(f"{path}: column {name!r} holds {table.column(name).null_count} missing values")
    return table


def read_table(path: Path, *schemas: pa.Schema) -> list[dict[str, Any]]:
    """Read all rows of a Parquet file that `write_table` wrote with one of `schemas`.

    Raises:
        DataError: The file is missing, is no Parquet file, or has other columns.
    """
    return list(stream_rows(path, *schemas))


def stream_rows(
    path: Path, *schemas: pa.Schema, columns: Sequence[str] | None = None, remedy: str = _REMEDY
) -> Iterator[dict[str, Any]]:
    """Read the rows of a Parquet file one after another, in bounded memory however long the file is.

    Args:
        path: The file.
        schemas: The file must have the columns of one of them; none: any columns.
        columns: Read only these; None: all.
        remedy: What to do about a file that cannot be read, as an imperative.

    Raises:
        DataError: As `read_table`; at the latest with the row that cannot be read.
    """
    with _opened(path, remedy) as file:
        found = file.schema_arrow
        if schemas and not any(found.names == schema.names and found.types == schema.types for schema in schemas):
            expected = ", or ".join(_shown(schema) for schema in schemas)
            raise DataError(f"{path}: has the columns {_shown(found)}; expected {expected}")
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
            yield from batch.to_pylist()


def column_names(path: Path, *, remedy: str = _REMEDY) -> list[str]:
    """The names of the columns of a Parquet file.

    Raises:
        DataError: The file is missing or is no Parquet file.
    """
    with _opened(path, remedy) as file:
        names: list[str] = file.schema_arrow.names
        return names


@contextlib.contextmanager
def _opened(path: Path, remedy: str) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:  # by default the whole file is held in memory
            yield file
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}; {remedy}") from error


def _shown(schema: pa.Schema) -> str:
    return ", ".join(field.name if field.type == _TEXT else f"{field.name} ({field.type})" for field in schema)
