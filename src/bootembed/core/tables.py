"""The tables that stages hand to each other: Parquet files with a declared schema, written atomically."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from bootembed.core.content import describe_file
from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path


_IS_TEXT = {"text": "true"}


def schema(texts: Collection[str] = (), **columns: pa.DataType) -> pa.Schema:
    """A table's columns, none of which may be null.

    Args:
        texts: Columns of an evaluation set whose texts nothing may be trained on; the file itself marks them.
        columns: Name -> type.
    """
    return pa.schema(
        [pa.field(name, kind, False, _IS_TEXT if name in texts else None) for name, kind in columns.items()]
    )


def text_columns(found: pa.Schema) -> tuple[str, ...]:
    """The columns that `schema` marked as text."""
    return tuple(field.name for field in found if (field.metadata or {}).get(b"text"))


TEXT = pa.string()
_ROW_GROUP = 50_000
_BATCH = 2_000
_REMEDY = "run the stage that writes it again"
MONOLINGUAL = schema(text=TEXT)
PARALLEL = schema(english=TEXT, text=TEXT)
NLI = schema(premise=TEXT, hypothesis=TEXT, label=TEXT)
ANCHORS = schema(text=TEXT)
EXAMPLES = schema(anchor=TEXT, positive=TEXT, negative=TEXT)
INSTRUCTIONS = schema(prompt=TEXT, completion=TEXT)
REJECTED_ROWS = schema(table=TEXT, reason=TEXT, detail=TEXT, file=TEXT, line=pa.int64(), text=TEXT)
DOCUMENTS = schema(kind=TEXT, language=TEXT, text=TEXT)
PAIRS = schema(anchor=TEXT, positive=TEXT)
TRIPLETS = schema(anchor=TEXT, positive=TEXT, negative=TEXT)
MIXTURE = pa.schema([*schema(recipe=TEXT, anchor=TEXT, positive=TEXT), pa.field("negative", TEXT)])
XL_LORA = schema(premise=TEXT, hypothesis=TEXT, label=TEXT, language=TEXT, origin=TEXT)
GENERATED_TRIPLETS = schema(
    anchor=TEXT,
    positive=TEXT,
    negative=TEXT,
    anchor_id=pa.int64(),
    language=TEXT,
    answer_language=TEXT,
    strategy=TEXT,
    generator_hash=TEXT,
    positive_adapter_hash=TEXT,
    negative_adapter_hash=TEXT,
    prompt_version=TEXT,
    seed=pa.int64(),
)
REJECTED_TRIPLETS = schema(anchor=TEXT, positive=TEXT, negative=TEXT, anchor_id=pa.int64(), reason=TEXT)


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
            try:
                self._file.write_table(_table(self._waiting, self._schema, self._path))
            except OSError as error:  # Arrow does not name the file
                raise OSError(error.errno, str(error), str(self._path)) from error
        self._waiting = []


def _table(rows: list[dict[str, Any]], schema: pa.Schema, path: Path) -> pa.Table:
    try:
        table = pa.Table.from_pylist(rows, schema=schema)
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{path}: rows do not fit the schema {schema.names}: {error}") from error
    for name in schema.names:
        if table.column(name).null_count and not schema.field(name).nullable:
            raise DataError(f"{path}: column {name!r} holds {table.column(name).null_count} missing values")
    return table


def read_table(path: Path, *schemas: pa.Schema) -> list[dict[str, Any]]:
    """Read all rows of a Parquet file that `write_table` wrote with one of `schemas`.

    Raises:
        DataError: The file is missing, is not Parquet, or has other columns.
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


def read_schema(path: Path, *, remedy: str = _REMEDY) -> pa.Schema:
    """The columns of a Parquet file.

    Raises:
        DataError: The file is missing or is not Parquet.
    """
    with _opened(path, remedy) as file:
        return file.schema_arrow


@contextlib.contextmanager
def _opened(path: Path, remedy: str) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:  # by default the whole file is held in memory
            yield file
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        fault = describe_file(path, expected="Parquet") or f"cannot be read as Parquet: {error}; {remedy}"
        raise DataError(f"{path}: {fault}") from error


def _shown(schema: pa.Schema) -> str:
    return ", ".join(field.name if field.type == TEXT else f"{field.name} ({field.type})" for field in schema)
