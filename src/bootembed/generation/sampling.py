"""Sampling that depends, for each row, on that row's seed and scores only, whatever else is in its batch.

`model.generate` draws from one random stream per batch, so an answer changes with the other rows of its batch. The
Gumbel-max trick (Gumbel 1954) avoids this: the token with the highest sum of score and Gumbel noise is distributed as
the softmax of the scores. The noise is a hash of (seed of the row, position in the answer, token), computed in
integers and so the same on every device. The padding and shape of a batch still change the last bits of scores; as the
noise is the same, this hardly ever changes a token. How often it does: docs/engines.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.generation import Generation


class RowSampler:
    """A logits processor that turns greedy choice into sampling; see the module."""

    def __init__(self, seeds: Sequence[int], prompt_length: int, settings: Generation) -> None:
        self._seeds = torch.tensor(list(seeds), dtype=torch.int64)
        self._prompt_length = prompt_length
        self._warpers = _warpers(settings)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of the tokens that may be drawn, with noise; shapes (rows, tokens so far), (rows, vocabulary)."""
        for warp in self._warpers:
            scores = warp(input_ids, scores)
        position = input_ids.shape[1] - self._prompt_length
        rows, tokens = torch.nonzero(scores > -torch.inf, as_tuple=True)
        noise = gumbel_noise(self._seeds.to(scores.device)[rows], position, tokens)
        noisy = torch.full_like(scores, -torch.inf, dtype=torch.float64)
        noisy[rows, tokens] = scores[rows, tokens].double() + noise
        return noisy


def gumbel_noise(seeds: torch.Tensor, position: int, tokens: torch.Tensor) -> torch.Tensor:
    """Standard Gumbel noise, float64, for int64 seeds and tokens of equal shape; a pure function of its arguments."""
    mixed = _mix(_mix(_mix(seeds) + position) + tokens)
    uniform = (_shift(mixed, 11).double() + 0.5) * 2.0**-53
    return -torch.log(-torch.log(uniform))


def _mix(values: torch.Tensor) -> torch.Tensor:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014) after its increment; int64 arithmetic wraps around."""
    values = values + _signed(0x9E3779B97F4A7C15)
    values = (values ^ _shift(values, 30)) * _signed(0xBF58476D1CE4E5B9)
    values = (values ^ _shift(values, 27)) * _signed(0x94D049BB133111EB)
    return values ^ _shift(values, 31)


def _shift(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right and fill with zeros; torch's own shift of int64 fills with the sign."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _signed(constant: int) -> int:
    return constant - (1 << 64) if constant >> 63 else constant


def _warpers(settings: Generation) -> list[Any]:
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    warpers: list[Any] = [TemperatureLogitsWarper(settings.temperature)]
    if settings.top_k:
        warpers.append(TopKLogitsWarper(settings.top_k))
    if settings.top_p < 1:
        warpers.append(TopPLogitsWarper(settings.top_p))
    return warpers
