"""What embedders answered to each item of a task: written when they are scored, resampled when they are compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.tables import read_table, write_table
from bootembed.evaluation.kind import answer_tables
from bootembed.evaluation.statistics import resample_correlations, resample_means

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.evaluation.statistics import Name, Resampled
    from bootembed.evaluation.tasks import Task

RESAMPLES = 10_000  # the least p-value is 0.0002: small enough to outlast Holm's correction of 15 comparisons


@dataclass(frozen=True)
class Answers:
    """What one embedder answered on a split of a task.

    Attributes:
        values: A number an item.
        gold: What these are correlated with; empty: the mean of the values is the statistic.
        statistic: Its name.
    """

    values: list[float]
    gold: list[float]
    statistic: str


class AnswerWriter:
    """Collects the answers of one embedder to all tasks."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {table.file: [] for table in answer_tables()}

    def read(self, task: Task, folder: Path) -> None:
        """Take over the predictions that mteb saved for a task, if its kind has an answer table.

        Args:
            task: The task.
            folder: Where mteb saved them.
        """
        table = task.kind.answers
        if table is None:
            return
        content = json.loads((folder / task.mteb.prediction_file_name).read_text(encoding="utf-8"))
        [saved] = [by_split for name, by_split in content.items() if name != "mteb_model_meta"]
        for ours, theirs in task.splits.items():
            answers = table.rows(saved[theirs], [row for row in task.rows if row["split"] == ours])
            self._rows[table.file] += [
                {"task": task.name, "split": ours, "index": index, **row} for index, row in enumerate(answers)
            ]

    def write(self, folder: Path) -> None:
        """Write the answer table of every kind, empty where no task is of it."""
        for table in answer_tables():
            write_table(self._rows[table.file], table.schema, folder / table.file)


def read_answers(results_dir: Path, *, split: str) -> dict[str, Answers]:
    """Task -> what one embedder answered on a split of it; only of kinds that have an answer table.

    Args:
        results_dir: Of one embedder, with the files of `AnswerWriter`.
        split: Of every task.
    """
    found: dict[str, Answers] = {}
    for table in answer_tables():
        for row in read_table(results_dir / table.file, table.schema):
            if row["split"] == split:
                answers = found.setdefault(row["task"], Answers([], [], table.statistic))
                answers.values.append(table.value(row))
                if table.gold is not None:
                    answers.gold.append(table.gold(row))
    return found


def resample(answers: Mapping[Name, Answers], *, seed: int) -> dict[Name, Resampled]:
    """The statistic of each embedder over resampled items, the same ones for all.

    Args:
        answers: Name -> its answers on one split of one task.
        seed: Of the resampling.

    Raises:
        DataError: They are not answers on the same items.
    """
    values = {name: found.values for name, found in answers.items()}
    gold = next(iter(answers.values())).gold
    if any(found.gold != gold for found in answers.values()):
        raise DataError(
            "predictions.parquet: gold scores differ between embedders; score all on the same evaluation set"
        )
    if gold:
        return resample_correlations(gold, values, resamples=RESAMPLES, seed=seed)
    return resample_means(values, resamples=RESAMPLES, seed=seed)
