"""Sampling that depends, for each row, on that row's seed and scores only, whatever else is in its batch.

`model.generate` draws from one random stream per batch, so an answer changes with the other rows of its batch. The
Gumbel-max trick (Gumbel 1954) avoids this: the token with the highest sum of score and Gumbel noise is distributed as
the softmax of the scores. The noise is a hash of (seed of the row, position in the answer, token), computed in
integers and so the same on every device. The padding and shape of a batch still change the last bits of scores; as the
noise is the same, this hardly ever changes a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.generation import Generation

_FIRST_CANDIDATES = 64  # tokens that hold the share top_p in most rows


class RowSampler:
    """Chooses tokens; see the module. The limits are those of transformers: temperature, then top-k, then top-p."""

    def __init__(self, seeds: Sequence[int], settings: Generation) -> None:
        self._seeds = torch.tensor(list(seeds), dtype=torch.int64)
        self._settings = settings

    def __call__(self, scores: torch.Tensor, rows: torch.Tensor, position: int) -> torch.Tensor:
        """Token ids (rows), for scores (rows, vocabulary), the rows' places among the seeds, position in the answer."""
        values, tokens = _candidates(scores / self._settings.temperature, self._settings)
        seeds = self._seeds.to(rows.device)[rows].unsqueeze(1)
        noisy = values.double() + gumbel_noise(seeds, position, tokens)
        return tokens.gather(1, noisy.argmax(dim=1, keepdim=True)).squeeze(1)


def greedy(scores: torch.Tensor, _rows: torch.Tensor, _position: int) -> torch.Tensor:
    """The most probable tokens; arguments as `RowSampler`."""
    return scores.argmax(dim=1)


def _candidates(scores: torch.Tensor, settings: Generation) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores of the tokens that may be drawn, -inf where a row has fewer, and these tokens: (rows, candidates).

    The vocabulary is never sorted as a whole unless a row needs it: top-p needs the most probable tokens only.
    """
    size = scores.shape[1]
    if not settings.top_k and settings.top_p >= 1:
        return scores, torch.arange(size, device=scores.device).expand_as(scores)
    most = min(settings.top_k or _FIRST_CANDIDATES, size)
    values, tokens = scores.topk(most, dim=1)
    total = (values if settings.top_k else scores).logsumexp(dim=1, keepdim=True)
    while True:
        share = (values - total).double().exp()
        before = share.cumsum(dim=1) - share
        if settings.top_k or most == size or bool((before[:, -1] + share[:, -1] >= settings.top_p).all()):
            break
        most = min(8 * most, size)
        values, tokens = scores.topk(most, dim=1)
    allowed = (before < settings.top_p) | (settings.top_p >= 1)
    used = int(allowed.sum(dim=1).max())
    return values.masked_fill(~allowed, -torch.inf)[:, :used], tokens[:, :used]


def gumbel_noise(seeds: torch.Tensor, position: int, tokens: torch.Tensor) -> torch.Tensor:
    """Standard Gumbel noise, float64, for int64 seeds and tokens (broadcast); a pure function of its arguments."""
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
