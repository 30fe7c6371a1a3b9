"""Texts of a language, from the tables of its corpora."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from bootembed.core.tables import stream_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TEXTS = {
    "anchors": ("text",),
    "monolingual": ("text",),
    "parallel": ("text", "english"),
    "nli": ("premise", "hypothesis"),
    "own_nli": ("premise", "hypothesis"),
}


def corpus_texts(folders: Sequence[Path], *, most: int = 200_000) -> list[str]:
    """The texts of the corpora of some languages, each text once, in their order.

    Args:
        folders: As `prepare_corpora` writes them; tables that are missing are left out.
        most: Rows read of each table.
    """
    return list(dict.fromkeys(text for folder in folders for text in _texts(folder, most) if text))


def _texts(folder: Path, most: int) -> Iterator[str]:
    for name, columns in _TEXTS.items():
        table = folder / f"{name}.parquet"
        if table.is_file():
            for row in islice(stream_rows(table, columns=columns), most):
                yield from row.values()
