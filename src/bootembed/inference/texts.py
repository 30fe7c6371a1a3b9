"""The texts of any file that the readers of corpora can read, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from bootembed.core.errors import DataError
from bootembed.core.tables import schema
from bootembed.corpora.layouts import Layout, read_rows
from bootembed.detection import detect
from bootembed.settings.corpora import FileSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TEXT = "text"
_LAYOUT = Layout("texts", schema(["text"], text=pa.string()), (_TEXT,))


def text_column(path: Path, column: str | None) -> str | None:
    """The column that holds the texts: the one named, `text`, or the only one; None where a file has no columns.

    Raises:
        DataError: It has several columns and none was named, or not the named one.
    """
    found = detect(path)
    if found.format in ("lines", "tmx"):
        if column is not None or found.format == "tmx":
            raise DataError(f"{path}: the format {found.format} has no columns to choose from")
        return None
    wanted = column or (_TEXT if _TEXT in found.columns else found.columns[0] if len(found.columns) == 1 else None)
    if wanted is None or wanted.partition(".")[0] not in {wanted.partition(".")[0] for wanted in found.columns}:
        told = f"has no column {wanted!r}" if wanted else "has several columns and none is `text`"
        raise DataError(f"{path}: {told}; choose one with --column: {', '.join(map(repr, found.columns))}")
    return wanted


def read_texts(path: Path, column: str | None) -> Iterator[tuple[int, str | None]]:
    """(line, text) of each row; the text is None where a row has none or cannot be read.

    Args:
        path: A file or folder.
        column: As `text_column` found it.
    """
    found = detect(path)
    spec = FileSpec.model_validate(
        {"format": found.format, "path": path.name, "columns": {_TEXT: column} if column else {}, **found.options}
    )
    for row in read_rows(spec, _LAYOUT, folder=path.parent, language=""):
        yield row.line, None if row.reason else row.values[_TEXT]
