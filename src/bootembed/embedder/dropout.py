"""Dropout of an encoder: what makes the two views of a text that unsupervised SimCSE compares."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)


def set_dropout(model: Any, probability: float) -> None:
    """Give every dropout layer of the encoder one probability; ModernBERT's come with 0, BERT's with 0.1.

    Args:
        model: A Sentence Transformers model, before LoRA is added, whose dropout has its own setting.
        probability: Of an element to be dropped.

    Raises:
        ParamsError: The encoder has no dropout layers.
    """
    layers = _dropout_layers(model)
    if not layers:
        raise ParamsError(
            f"train_embedder.dropout: {probability}, but the encoder has no dropout layers; set it to null, or train "
            "with `lora` and its lora_dropout"
        )
    for layer in layers:
        layer.p = probability


def warn_of_equal_views(model: Any, parts: Iterable[Mapping[str, list[str]]]) -> None:
    """Warn where texts are their own positives and nothing in the encoder tells the two apart.

    Args:
        model: As it trains, LoRA included.
        parts: The columns of each part of a training set.
    """
    own_positives = any(columns and columns["anchor"] == columns["positive"] for columns in parts)
    if own_positives and not any(layer.p > 0 for layer in _dropout_layers(model)):
        logger.warning(
            "texts are their own positives, but the encoder has no dropout, so that each is compared with itself: set "
            "train_embedder.dropout (0.1 as in SimCSE), or lora_dropout where it trains with LoRA"
        )


def _dropout_layers(model: Any) -> list[Any]:
    import torch

    return [module for module in model.modules() if isinstance(module, torch.nn.Dropout)]
