"""An embedder as mteb calls it, which embeds each sentence once: tasks, geometry and splits share many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mteb.models import ModelMeta, SentenceTransformerEncoderWrapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    Vectors = NDArray[np.float32]

MOST_SENTENCES = 100_000  # remembered at a time: 400 MB at 1,024 dimensions


class RememberingEncoder(SentenceTransformerEncoderWrapper):  # type: ignore[misc]
    """A model whose folder holds no prompts, under a name and revision that no other model has.

    Args:
        model: The embedder.
        name: As mteb shows it.
        revision: The same only for the same model.
        batch_size: Texts that are embedded at a time.
        bf16: Whether products are computed in bfloat16; the vectors are in float32.
    """

    def __init__(self, model: SentenceTransformer, *, name: str, revision: str, batch_size: int, bf16: bool) -> None:
        super().__init__(model)
        meta: Any = ModelMeta.from_sentence_transformer_model(model)
        self.mteb_model_meta = meta.model_copy(update={"name": name, "revision": revision})
        self._batch_size = batch_size
        self._bf16 = bf16
        self._known: dict[str, Vectors] = {}

    def encode(self, inputs: Iterable[dict[str, list[str]]], **_task: Any) -> Vectors:
        """The vectors of a data loader of mteb, of shape (texts, dimensions)."""
        return self.embed([text for batch in inputs for text in batch["text"]])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, of shape (texts, dimensions)."""
        distinct = dict.fromkeys(texts)
        if len(distinct) > MOST_SENTENCES:
            return self._compute(texts)
        new = [text for text in distinct if text not in self._known]
        if len(self._known) + len(new) > MOST_SENTENCES:
            self._known.clear()
            new = list(distinct)
        if new:
            self._known.update(zip(new, self._compute(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def _compute(self, texts: Sequence[str]) -> Vectors:
        with torch.autocast(self.model.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            found: Vectors = self.model.encode(list(texts), batch_size=self._batch_size, show_progress_bar=False)
        return found
