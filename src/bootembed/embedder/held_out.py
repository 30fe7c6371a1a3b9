"""Rows that do not train an embedder but score it on the way: for early stopping, and to keep the best checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator

from bootembed.core.errors import DataError
from bootembed.core.seeding import sample_rows
from bootembed.embedder.training_sets import rows_by_recipe, training_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.embedder import HeldOut

Rows = list[dict[str, str]]
SCORE = "held_out_accuracy"
METRIC = f"eval_{SCORE}"  # as the trainer calls it
_LEAST = 2  # anchors on each side: among fewer there is nothing to find


def hold_out(rows: Sequence[dict[str, str]], settings: HeldOut, *, seed: int) -> tuple[Rows, Rows]:
    """The rows that train, and those that score; no anchor is on both sides.

    Args:
        rows: Of a training set with positives.
        settings: The share to hold out.
        seed: Decides which.

    Raises:
        DataError: The rows have no positives, or too few anchors.
    """
    if any("anchor" not in row for row in rows):
        raise DataError("train_embedder.held_out: this training set has no positives to score with; set it to null")
    anchors = sorted({row["anchor"] for row in rows})
    count = round(len(anchors) * settings.share)
    if min(count, len(anchors) - count) < _LEAST:
        raise DataError(
            f"train_embedder.held_out.share: {settings.share} of {len(anchors)} anchors leaves fewer than {_LEAST} on "
            "one side; set another share, or train_embedder.held_out=null"
        )
    chosen = set(sample_rows(anchors, count, seed=seed))
    return [row for row in rows if row["anchor"] not in chosen], [row for row in rows if row["anchor"] in chosen]


class HeldOutAccuracy(SentenceEvaluator):  # type: ignore[misc]
    """Share of held-out rows whose positive is nearer to the anchor than every other positive, and every negative.

    Args:
        rows: Of one recipe, or of a mixture.
        batch_size: Texts embedded at a time.
    """

    def __init__(self, rows: Sequence[dict[str, str]], *, batch_size: int) -> None:
        super().__init__()
        self.primary_metric = SCORE
        parts = [training_columns(own) for own in rows_by_recipe(rows).values()]
        self._anchors = [text for part in parts for text in part["anchor"]]
        self._positives = [text for part in parts for text in part["positive"]]
        self._negatives = [text for part in parts for text in part.get("negative", [])]
        self._batch_size = batch_size

    def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Called by the trainer."""
        texts = [*self._anchors, *self._positives, *self._negatives]
        found = model.encode(texts, batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False)
        anchors, candidates = found[: len(self._anchors)], found[len(self._anchors) :]
        names = np.array([*self._positives, *self._negatives])
        nearest = names[np.argmax(anchors @ candidates.T, axis=1)]
        return {SCORE: float(np.mean(nearest == np.array(self._positives)))}
