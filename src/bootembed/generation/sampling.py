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
_PIECE = 256  # scores


class RowSampler:
    """Chooses tokens; see the module. The limits are those of transformers: temperature, then top-k, then top-p."""

    def __init__(self, seeds: Sequence[int], settings: Generation) -> None:
        self._seeds = torch.tensor(list(seeds), dtype=torch.int64)
        self._settings = settings

    def __call__(self, scores: torch.Tensor, rows: torch.Tensor, position: int) -> torch.Tensor:
        """Token ids (rows), for scores (rows, vocabulary), the rows' places among the seeds, position in the answer."""
        values, tokens = _candidates(scores, self._settings)
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
    size, temperature = scores.shape[1], settings.temperature
    if settings.top_k:
        values, tokens = _largest(scores, min(settings.top_k, size))
        values = values / temperature  # of the candidates only: the vocabulary may have 262,144 tokens
        return _within_top_p(values, tokens, values.logsumexp(dim=1, keepdim=True), settings.top_p)
    scores = scores / temperature
    if settings.top_p >= 1:
        return scores, torch.arange(size, device=scores.device).expand_as(scores)
    total = scores.logsumexp(dim=1, keepdim=True)
    most = min(_FIRST_CANDIDATES, size)
    values, tokens = _largest(scores, most)
    while most < size and bool(((values - total).double().exp().sum(dim=1) < settings.top_p).any()):
        most = min(8 * most, size)
        values, tokens = _largest(scores, most)
    return _within_top_p(values, tokens, total, settings.top_p)


def _within_top_p(
    values: torch.Tensor, tokens: torch.Tensor, total: torch.Tensor, top_p: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of candidates in falling order, those that hold the share `top_p` of `total`, the log of all exponentials."""
    share = (values - total).double().exp()
    before = share.cumsum(dim=1) - share
    allowed = (before < top_p) | (top_p >= 1)
    allowed[:, 0] = True  # also where scores are no numbers: the decoding loop tells
    used = int(allowed.sum(dim=1).max())
    return values.masked_fill(~allowed, -torch.inf)[:, :used], tokens[:, :used]


def _largest(scores: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` largest scores of each row, in falling order, and their places, as by `topk`; of ties it may differ.

    They lie in the `count` pieces of the row whose own largest are the largest, so only these are sorted: of 262,144
    scores, in a sixth of the time on a CPU.
    """
    rows, size = scores.shape
    pieces = size // _PIECE
    if pieces < 2 * count:
        return scores.topk(count, dim=1)
    whole = scores[:, : pieces * _PIECE].view(rows, pieces, _PIECE)
    best = whole.amax(dim=2).topk(count, dim=1).indices.unsqueeze(2)
    places = (best * _PIECE + torch.arange(_PIECE, device=scores.device)).flatten(1)
    rest = torch.arange(pieces * _PIECE, size, device=scores.device).expand(rows, -1)
    places = torch.cat([places, rest], dim=1)
    values, chosen = scores.gather(1, places).topk(count, dim=1)
    return values, places.gather(1, chosen)


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
