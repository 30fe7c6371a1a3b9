"""Reading what trainings left beside their models: curves, and the similarity of texts before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.report.cells import GridCell, embedder_cells

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.settings.schema import Grid


@dataclass(frozen=True)
class Training:
    """The trainings of a cell: name of each embedder -> its record, as `train_embedder` wrote it."""

    cell: GridCell
    embedders: dict[str, dict[str, Any]]


def read_trainings(folder: Path, grid: Grid) -> list[Training]:
    """What there is of the cells of the grid that trained anything.

    Raises:
        DataError: A file is unreadable.
    """
    found = []
    for cell in embedder_cells(grid):
        path = folder / f"{cell.name}.json"
        records = _read(path) if path.exists() else {}
        if trained := {name: record for name, record in records.items() if record}:
            found.append(Training(cell, trained))
    return found


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage train_embedder@{path.stem}") from error
