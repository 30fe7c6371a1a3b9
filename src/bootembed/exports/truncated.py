"""Shorter embeddings: the first dimensions of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer


def export_truncated(embedder: SentenceTransformer, folder: Path, *, dimensions: int) -> None:
    """Write the embedder with one more module, which cuts.

    Sentence Transformers does not save its own `truncate_dim`, so the cut is a linear layer of ones and zeros.

    Raises:
        ParamsError: The embeddings are not longer.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense

    size = int(embedder.get_embedding_dimension() or 0)
    if dimensions >= size:
        raise ParamsError(f"dimensions: {dimensions}, but the embeddings have {size}; choose a smaller number")
    first = torch.eye(dimensions, size)
    cut = Dense(size, dimensions, bias=False, activation_function=torch.nn.Identity(), init_weight=first)
    SentenceTransformer(modules=[*embedder, cut], device="cpu").save(str(folder), create_model_card=False)
