"""Training the lower part of an encoder only: a new language's words are learnt, what is made of them stays."""

from __future__ import annotations

from typing import Any

from bootembed.core.errors import ParamsError


def freeze_upper_layers(model: Any, trained_layers: int) -> None:
    """Leave the embeddings and the lowest layers trainable and freeze the rest of the encoder.

    With few rows in a new language it is the embeddings and the lower layers that must learn its words, while the upper
    ones already do in English what they should (after Artetxe et al. 2020, arXiv 1910.11856, who train new embeddings
    under a frozen encoder).

    Args:
        model: A Sentence Transformers model whose first module is the encoder.
        trained_layers: So many layers train, from below; 0: the embeddings alone.

    Raises:
        ParamsError: The encoder has fewer layers.
    """
    import torch

    encoder = model[0].model
    depth = int(encoder.config.num_hidden_layers)
    if trained_layers > depth:
        raise ParamsError(
            f"train_embedder.trained_layers: {trained_layers}, but the encoder has {depth} layers; null trains all"
        )
    (layers,) = (
        module for module in encoder.modules() if isinstance(module, torch.nn.ModuleList) and len(module) == depth
    )
    encoder.requires_grad_(False)
    getattr(encoder, "embeddings", encoder.get_input_embeddings()).requires_grad_(True)  # a decoder has only the table
    layers[:trained_layers].requires_grad_(True)
