"""What is kept of the training of an embedder beside the model: its curves, and how similar its texts are.

The similarities are cosines of anchors with their positives and with their hard negatives, by the untrained encoder
with the same pooling and by the trained embedder: training should move the first up and the second down.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from bootembed.core.processes import is_main_process
from bootembed.core.seeding import sample_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.core.names import EmbedderId
    from bootembed.settings.embedder import TrainEmbedder

QUANTILES = (5, 25, 50, 75, 95)  # percent
MAX_ROWS = 64  # embedded twice; more would cost small trainings more than 3 % of their time
_DIGITS = 4

Similarity = dict[str, dict[str, float]]
"""Polarity -> quantile in percent -> the cosine with the anchor that so many rows do not exceed."""


class TrainingRecord:
    """Collects what is kept of one training, in the main process.

    Args:
        identity: Which of the cell's embedders it is.
        rows: The training set, with the rows that are held out.
        settings: Of the training; texts are embedded with its precision.
        seed: Of the choice of `MAX_ROWS` rows.
        before: Of the untrained encoder, if a sibling has measured it with the same rows and seed.
    """

    def __init__(
        self,
        identity: EmbedderId,
        rows: Sequence[dict[str, str]],
        settings: TrainEmbedder,
        *,
        seed: int,
        before: Similarity | None = None,
    ) -> None:
        self.identity = identity
        chosen = sample_rows([row for row in rows if "anchor" in row], MAX_ROWS, seed=seed)
        self._pairs = {
            polarity: [(row["anchor"], row[polarity]) for row in chosen if polarity in row]
            for polarity in ("positive", "negative")
        }
        self._settings = settings
        self.before = before or {}
        self._after: Similarity = {}
        self._curves: dict[str, list[list[float]]] = {}

    def begin(self, model: Any) -> None:
        """Measure the untrained encoder with its pooling."""
        self.before = self.before or self._similarity(model)

    def end(self, model: Any, curves: dict[str, list[list[float]]]) -> None:
        """Measure the trained embedder, and keep the curves of the training: name -> points (step, value)."""
        self._after = self._similarity(model)
        self._curves = curves

    def as_json(self) -> dict[str, Any]:
        """`curves` and `similarity` (`before` and `after`); nothing where nothing was trained, or has no positives."""
        similarity = {"before": self.before, "after": self._after} if self._after else {}
        found = {"curves": self._curves, "similarity": similarity}
        return {name: value for name, value in found.items() if value}

    def _similarity(self, model: Any) -> Similarity:
        texts = list(dict.fromkeys(text for pairs in self._pairs.values() for pair in pairs for text in pair))
        if not texts or not is_main_process():
            return {}
        batch = self._settings.texts_per_forward or self._settings.per_device_train_batch_size
        with self._precision(model):
            found = model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        vectors = dict(zip(texts, found.astype(np.float64), strict=True))
        return {
            polarity: _quantiles([float(vectors[anchor] @ vectors[other]) for anchor, other in pairs])
            for polarity, pairs in self._pairs.items()
            if pairs
        }

    def _precision(self, model: Any) -> Any:
        """Autocast as in training: some kernels of attention, chosen for it, take nothing else."""
        import torch

        if not (self._settings.bf16 or self._settings.fp16):
            return nullcontext()
        kind = torch.bfloat16 if self._settings.bf16 else torch.float16
        return torch.autocast(model.device.type, dtype=kind)


def write_records(records: Mapping[EmbedderId, Mapping[str, Any]], path: Path) -> None:
    """Write the records of a cell as JSON, an embedder a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'"{identity}": {json.dumps(record, sort_keys=True)}' for identity, record in records.items()]
    path.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


def _quantiles(cosines: list[float]) -> dict[str, float]:
    found = np.percentile(cosines, QUANTILES)
    return {str(percent): round(float(value), _DIGITS) for percent, value in zip(QUANTILES, found, strict=True)}
