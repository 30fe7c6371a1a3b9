"""No training: the pooled encoder is saved as it is, the baseline that every recipe is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.names import Baseline

if TYPE_CHECKING:
    from bootembed.settings.embedder import TrainEmbedder

IN_BATCH_NEGATIVES = False
EMBEDS_BEFORE_TRAINING = False


def faults(settings: TrainEmbedder, recipe: str) -> list[str]:
    """Recipes whose training set would be ignored."""
    if recipe == Baseline.UNTRAINED:
        return []
    return [f"objective: 'none' ignores the training set; only {Baseline.UNTRAINED} has none"]


def prepare(model: Any, columns: dict[str, list[str]], settings: TrainEmbedder) -> tuple[dict[str, list[Any]], Any]:
    """See `Objective.prepare`."""
    return {}, None
