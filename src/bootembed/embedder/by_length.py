"""Embedding the texts of a batch a few at a time, those of similar length together, so that less is padding."""

from __future__ import annotations

from typing import Any

import torch


def embed_by_length(loss: Any, *, texts: int) -> None:
    """Let a loss embed at most `texts` texts at once. Of a loss around another, the inner one embeds."""
    while isinstance(getattr(loss, "loss", None), torch.nn.Module):
        loss = loss.loss
    loss.model = ByLength(loss.model, texts=texts)


class ByLength(torch.nn.Module):
    """A Sentence Transformers model that embeds its batches in parts, sorted by length.

    The embeddings equal those of the whole batch, except for dropout, because tokens do not attend to padding. Unlike a
    cached loss this keeps the activations of all parts: it saves time but no memory.

    Args:
        model: The Sentence Transformers model.
        texts: Most texts in a part.
    """

    def __init__(self, model: Any, *, texts: int) -> None:
        super().__init__()
        self.model = model
        self.texts = texts

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Embeddings of shape (texts, dimensions) under `sentence_embedding`, in the order of the batch."""
        mask = features.get("attention_mask")
        if mask is None:  # flattened for FlashAttention: there is no padding
            embedded: dict[str, Any] = self.model(features)
            return embedded
        order = mask.sum(dim=1).argsort(stable=True)
        parts = [self.model(_part(features, rows))["sentence_embedding"] for rows in order.split(self.texts)]
        return {"sentence_embedding": torch.cat(parts)[order.argsort()]}


def _part(features: dict[str, Any], rows: torch.Tensor) -> dict[str, Any]:
    """Some rows of a batch, without columns that only hold padding; values that do not belong to rows are kept."""
    columns = features["attention_mask"][rows].any(dim=0)
    shape = features["attention_mask"].shape

    def part(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.ndim == 0 or len(value) != shape[0]:
            return value
        return value[rows][:, columns] if value.shape[:2] == shape else value[rows]

    return {name: part(value) for name, value in features.items()}
