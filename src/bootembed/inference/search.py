"""The texts of a file that are nearest to a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bootembed.core.errors import DataError
from bootembed.inference.embed import as_matrix
from bootembed.inference.texts import read_texts, text_column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bootembed.inference.models import Model

_AT_ONCE = 4096


@dataclass(frozen=True)
class Hit:
    """A text, its line, and the cosine of its embedding with that of the query."""

    score: float
    line: int
    text: str


def search(model: Model, path: Path, query: str, *, column: str | None, top: int, batch_size: int) -> list[Hit]:
    """The `top` texts nearest to a query, best first; the file is read in blocks.

    Args:
        model: The model.
        path: A text file or table; or what `embed` wrote as Parquet, whose embeddings are used as they are.
        query: The query.
        column: Of a table with several.
        top: How many.
        batch_size: Texts that are embedded together.

    Raises:
        DataError: The file cannot be read, or its embeddings have another size than the model's.
    """
    wanted = _unit(model.embed([query], batch_size=1))[0]
    best: list[Hit] = []
    for lines, texts, embeddings in _blocks(model, path, column, batch_size):
        if embeddings.shape[1] != len(wanted):
            raise DataError(
                f"{path}: its embeddings have {embeddings.shape[1]} dimensions, the model's {len(wanted)}; embed the "
                "file with this model"
            )
        scores = _unit(embeddings) @ wanted
        chosen = np.argsort(-scores, kind="stable")[:top]
        best += [Hit(float(scores[i]), lines[i], texts[i]) for i in chosen]
        best = sorted(best, key=lambda hit: -hit.score)[:top]
    return best


def _blocks(
    model: Model, path: Path, column: str | None, batch_size: int
) -> Iterator[tuple[list[int], list[str], Any]]:
    if path.suffix == ".parquet" and path.is_file():
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            if {"line", "text", "embedding"} <= set(file.schema_arrow.names):
                import pyarrow as pa

                for batch in file.iter_batches(_AT_ONCE):
                    table = pa.Table.from_batches([batch])
                    yield table["line"].to_pylist(), table["text"].to_pylist(), as_matrix(table)
                return
    lines: list[int] = []
    texts: list[str] = []
    for line, text in read_texts(path, text_column(path, column)):
        if text is not None:
            lines.append(line)
            texts.append(text)
        if len(texts) == _AT_ONCE:
            yield lines, texts, model.embed(texts, batch_size=batch_size)
            lines, texts = [], []
    if texts:
        yield lines, texts, model.embed(texts, batch_size=batch_size)


def _unit(embeddings: Any) -> Any:
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
