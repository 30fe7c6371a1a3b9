"""Cosine similarities within triplets by an encoder, for a bounded number of sentences at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bootembed.core.seeding import seed_everything
from bootembed.embedder.pooled_encoder import build_embedder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.triplets import Semantic

_CHUNK = 2048  # triplets whose embeddings are held at a time
_DECIMALS = 5  # padding changes the last bits; a threshold should not see them


class EncoderSimilarity:
    """The `similarity` argument of `filter_candidates`; the encoder is loaded when it is first called.

    Args:
        encoder_folder: Encoder in Hugging Face format, or a Sentence Transformers folder.
        settings: Pooling, length and batch size.
    """

    def __init__(self, encoder_folder: Path, settings: Semantic) -> None:
        self._folder = encoder_folder
        self._settings = settings
        self._model: Any = None

    def __call__(self, triplets: Sequence[tuple[str, str, str]]) -> list[tuple[float, float]]:
        """Cosine similarity of anchor and positive, and of anchor and negative, for each triplet."""
        found: list[tuple[float, float]] = []
        for start in range(0, len(triplets), _CHUNK):
            found += self._compare(triplets[start : start + _CHUNK])
        return found

    def _compare(self, triplets: Sequence[tuple[str, str, str]]) -> list[tuple[float, float]]:
        texts = sorted({text for triplet in triplets for text in triplet})
        row_of = {text: row for row, text in enumerate(texts)}
        embeddings = self._encode(texts)
        anchors, positives, negatives = (
            embeddings[[row_of[triplet[side]] for triplet in triplets]] for side in range(3)
        )
        sides = [
            np.sum(anchors * other, axis=1, dtype=np.float64).round(_DECIMALS).tolist()
            for other in (positives, negatives)
        ]
        return list(zip(*sides, strict=True))

    def _encode(self, texts: list[str]) -> Any:
        if self._model is None:
            seed_everything(0)
            self._model = build_embedder(
                self._folder, pooling=self._settings.pooling, max_seq_length=self._settings.max_seq_length
            )
        return self._model.encode(
            texts,
            batch_size=self._settings.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
