"""Embedding the texts of a file: in parts that outlive a stop, then joined into one file."""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.inference.texts import read_texts, text_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from bootembed.inference.models import Model

logger = logging.getLogger(__name__)
FORMATS = (".parquet", ".npy")


@dataclass(frozen=True)
class Embedded:
    """What was written: rows, of these embedded earlier; rows without text; texts a second."""

    rows: int
    resumed: int
    skipped: int
    rate: float


def embed_file(
    model: Model, path: Path, output: Path, *, column: str | None, batch_size: int, part_rows: int
) -> Embedded:
    """Embed every text of a file, in its order.

    What is done lies in `OUTPUT.parts` until all is: a later call with the same model and file goes on there.

    Args:
        model: The model.
        path: Any file that the corpora readers can read.
        output: `.parquet` gets the columns line, text and embedding. `.npy` gets the embeddings alone, and the file of
            this name with `.texts.parquet` at its end the lines and texts.
        column: Where the file has several.
        batch_size: Texts that are embedded together.
        part_rows: Rows of a part; memory grows with it.

    Raises:
        DataError: The file cannot be read, or holds no text; or the output's name says no known format, or is the file.
    """
    if output.suffix not in FORMATS:
        raise DataError(f"{output}: its name must end in one of {', '.join(FORMATS)}")
    if path.resolve() in (output.resolve(), _texts_beside(output).resolve()):
        raise DataError(f"{path}: would be written over, and only its texts kept; give the output another name")
    chosen = text_column(path, column)
    parts = output.with_name(f"{output.name}.parts")
    done = _begin(parts, {"model": model.identity, "file": _identity(path), "column": chosen, "part_rows": part_rows})
    rows = resumed = skipped = embedded = 0
    began = time.monotonic()
    for number, part in enumerate(_parts(path, chosen, part_rows)):
        texts = [(line, text) for line, text in part if text is not None]
        rows, skipped = rows + len(texts), skipped + len(part) - len(texts)
        if number in done:
            resumed += len(texts)
            continue
        _write_part(
            parts / f"{number:06}.parquet", texts, model.embed([text for _, text in texts], batch_size=batch_size)
        )
        embedded += len(texts)
        logger.info("%d texts, %.0f a second", rows, embedded / (time.monotonic() - began))
    if not rows:
        shutil.rmtree(parts)
        raise DataError(f"{path}: none of its {skipped} rows holds text")
    _join(sorted(parts.glob("*.parquet")), output)
    shutil.rmtree(parts)
    return Embedded(rows, resumed, skipped, embedded / max(time.monotonic() - began, 1e-9))


def _parts(path: Path, column: str | None, size: int) -> Iterator[list[tuple[int, str | None]]]:
    rows = read_texts(path, column)
    while part := list(itertools.islice(rows, size)):
        yield part


def _identity(path: Path) -> list[Any]:
    """What changes if the file does: names, sizes and times."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def _begin(parts: Path, state: dict[str, Any]) -> set[int]:
    """The numbers of the parts that are done; those of another model or file are removed."""
    note = parts / "state.json"
    if note.is_file() and json.loads(note.read_text(encoding="utf-8")) != state:
        shutil.rmtree(parts)
    parts.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(state), encoding="utf-8")
    return {int(file.stem) for file in parts.glob("*.parquet")}


def _write_part(path: Path, texts: Sequence[tuple[int, str]], embeddings: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = embeddings.shape[1] if len(texts) else 1
    flat = pa.array(embeddings.reshape(-1), type=pa.float32())
    columns = {
        "line": pa.array([line for line, _ in texts], type=pa.int64()),
        "text": pa.array([text for _, text in texts], type=pa.string()),
        "embedding": pa.FixedSizeListArray.from_arrays(flat, width),
    }
    partial = path.with_suffix(".partial")
    pq.write_table(pa.table(columns), partial)
    os.replace(partial, path)


def _texts_beside(output: Path) -> Path:
    """The file of lines and texts that goes with an array."""
    return output.with_name(f"{output.stem}.texts.parquet")


def _join(parts: Sequence[Path], output: Path) -> None:
    import pyarrow.parquet as pq

    partial = output.with_name(f"{output.name}.partial")
    filled = [part for part in parts if pq.read_metadata(part).num_rows]
    table_path = partial if output.suffix == ".parquet" else _texts_beside(output)
    kept = ["line", "text", "embedding"] if output.suffix == ".parquet" else ["line", "text"]
    with pq.ParquetWriter(table_path, pq.read_schema(filled[0]).empty_table().select(kept).schema) as writer:
        for part in filled:
            writer.write_table(pq.read_table(part, columns=kept))
    if output.suffix == ".npy":
        _join_arrays(filled, partial)
    os.replace(partial, output)


def _join_arrays(parts: Sequence[Path], path: Path) -> None:
    import numpy as np
    import pyarrow.parquet as pq

    rows = sum(pq.read_metadata(part).num_rows for part in parts)
    width = pq.read_schema(parts[0]).field("embedding").type.list_size
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, width))
    start = 0
    for part in parts:
        block = as_matrix(pq.read_table(part, columns=["embedding"]))
        array[start : start + len(block)] = block
        start += len(block)
    array.flush()


def as_matrix(table: pa.Table) -> Any:
    """The column `embedding` of a table as an array of shape (rows, dimensions)."""
    column = table.column("embedding").combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)
