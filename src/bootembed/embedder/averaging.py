"""The average of a finetuned encoder and of what it was: it keeps more of what the encoder knew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def trained_weights(model: Any) -> dict[str, torch.Tensor]:
    """Name -> a copy of each parameter that trains."""
    return {name: own.detach().clone() for name, own in model.named_parameters() if own.requires_grad}


def average_with(model: Any, before: dict[str, torch.Tensor], share: float) -> None:
    """Move the parameters back on the straight line to what they were before training (Wortsman et al. 2022, WiSE-FT).

    Args:
        model: Whose parameters are replaced.
        before: As `trained_weights` gave them.
        share: Of the parameters before; 0 leaves the model as it is.

    Source: arXiv 2109.01903: between both ends, models are often better than at either.
    """
    import torch

    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, earlier in before.items():
            parameters[name].lerp_(earlier.to(parameters[name].device), share)
