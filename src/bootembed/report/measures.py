"""What the main scores of tasks are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.evaluation.kind import task_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.settings.evaluation import TaskSpec

_NAMES = {"f1": "F1", "v_measure": "V-measure", "ndcg_at_10": "NDCG@10", "cosine_spearman": "Spearman"}


def measure_names(tasks: Mapping[str, TaskSpec]) -> dict[str, str]:
    """Task -> name of its main score; mteb's own name where it needs no other."""
    scores = {task: task_kind(spec.kind).main_score for task, spec in tasks.items()}
    return {task: _NAMES.get(score, score) for task, score in scores.items()}
