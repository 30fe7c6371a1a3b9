"""How good a judge is, by rows whose labels people gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.judge.labels import LABELS
from bootembed.judge.model import open_judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.judge.model import Judge
    from bootembed.settings.judge import RateTriplets


def measure_judge(
    folder: Path, rows: Mapping[str, Sequence[dict[str, Any]]], settings: RateTriplets
) -> dict[str, dict[str, float]]:
    """Language -> number of rows, accuracy and, of each label that occurs, recall; empty where there is no judge.

    Args:
        folder: Of the stage `train_judge`.
        rows: Language -> rows with premise, hypothesis and label; no language is without rows.
        settings: How the judge reads.

    Raises:
        DataError: As `Judge`.
    """
    judge = open_judge(folder, settings)
    return {} if judge is None else {language: _measure(judge, own) for language, own in rows.items()}


def write_judge_metrics(
    training: Mapping[str, float], languages: Mapping[str, Mapping[str, float]], path: Path
) -> None:
    """Write the metrics of the training and those of `measure_judge`; both are empty where there is no judge."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"training": training, "languages": languages}
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _measure(judge: Judge, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    found = judge.probabilities([(row["premise"], row["hypothesis"]) for row in rows]).argmax(axis=1)
    right = [LABELS[index] == row["label"] for index, row in zip(found, rows, strict=True)]
    metrics = {"rows": float(len(rows)), "accuracy": sum(right) / len(rows)}
    for label in LABELS:
        own = [hit for hit, row in zip(right, rows, strict=True) if row["label"] == label]
        if own:
            metrics[f"{label}_recall"] = sum(own) / len(own)
    return metrics
