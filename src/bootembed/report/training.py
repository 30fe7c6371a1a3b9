"""Reading what trainings left beside their models: curves, and similarities before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.prompts import LABEL_OF
from bootembed.report.cells import GridCell, embedder_cells
from bootembed.settings.judge import NLI_JUDGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.settings.corpora import Language
    from bootembed.settings.schema import Grid, Needed


@dataclass(frozen=True)
class Training:
    """The trainings of a cell: name of each embedder -> its record, as `train_embedder` wrote it."""

    cell: GridCell
    embedders: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class SharedTraining:
    """The trainings of a cell whose models serve all languages or profiles.

    Attributes:
        kind: `adapter` or `judge`.
        title: What was trained.
        curves: Of each training, for adapters one a generator seed: name -> points (step, value).
    """

    kind: str
    title: str
    curves: list[dict[str, list[list[float]]]]


def read_trainings(folder: Path, grid: Grid) -> list[Training]:
    """What there is of the cells of the grid that trained anything.

    Raises:
        DataError: A file is unreadable.
    """
    found = []
    for cell in embedder_cells(grid):
        path = folder / f"{cell.name}.json"
        records = _read(path, f"train_embedder@{cell.name}") if path.exists() else {}
        if trained := {name: record for name, record in records.items() if record}:
            found.append(Training(cell, trained))
    return found


def read_shared_trainings(
    folder: Path, needed: Needed, grid: Grid, languages: Mapping[str, Language]
) -> list[SharedTraining]:
    """What there is of adapters and of the judge; what the profile does not need, another one left there.

    Raises:
        DataError: A file is unreadable.
    """
    cells = [
        *(("train_task_adapter", "task", key, f"task adapter, {LABEL_OF[key]}") for key in needed.task_adapters),
        *(
            ("train_language_adapter", "language", key, f"language adapter, {languages[key].name}")
            for key in grid.adapter_languages
        ),
        *(("train_xl_lora_adapter", "xl_lora", key, f"XL-LoRA, {LABEL_OF[key]}") for key in needed.xl_lora_adapters),
        *(("train_judge", "judge", key, "judge") for key in needed.judges if key == NLI_JUDGE),
    ]
    found = []
    for stage, inner, key, title in cells:
        path = folder / inner / f"{key}.json"
        records = _read(path, f"{stage}@{key}") if path.exists() else {}
        if curves := [record["curves"] for record in records.values() if record["curves"]]:
            found.append(SharedTraining("judge" if inner == "judge" else "adapter", title, curves))
    return found


def _read(path: Path, stage: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage {stage}") from error
