"""Where an embedder came from: the cell that trained it, the data that went into it, and their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from bootembed.core.hashing import json_hash


@dataclass(frozen=True)
class Data:
    """A file or folder that DVC recorded.

    Attributes:
        role: `embedders`, `training_set`, `base_model`, `corpus`, `evaluation_set`, `results` or `source`.
        path: In the project.
        hash: As dvc.lock has it.
        cell: That made it; empty for a source, which no cell made.
    """

    role: str
    path: str
    hash: str
    cell: str


@dataclass(frozen=True)
class Origin:
    """Of the embedders of a recipe and encoder.

    Attributes:
        cell: That trained them.
        embedders_hash: Content hash of their folder, as the MLflow run of the training has it.
        data: The embedders, what they were made from, and the results of scoring them.
        params: Cell -> its parameters, of all cells that had a part in them.
    """

    cell: str
    embedders_hash: str
    data: tuple[Data, ...]
    params: dict[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        """For a version: one a fact, so that MLflow can search them."""
        own = {"cell": self.cell, "embedders_hash": self.embedders_hash, "params_hash": json_hash(self.params)}
        return own | {f"hash.{found.role}.{PurePath(found.path).name}": found.hash for found in self.data}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Origin:
        """As `dataclasses.asdict` gives it."""
        return cls(**{**content, "data": tuple(Data(**found) for found in content["data"])})
