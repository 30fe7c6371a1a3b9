"""Tokens of answers, and their cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bootembed.generation.answer_cache import Answer
    from bootembed.settings.generation import Prices


@dataclass(frozen=True)
class Usage:
    """Tokens of some answers, and the number of answers without a count."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0

    @classmethod
    def of(cls, answers: Iterable[Answer | None]) -> Self:
        """Add up answers; missing ones are skipped."""
        there = [answer for answer in answers if answer is not None]
        return cls(
            sum(answer.prompt_tokens or 0 for answer in there),
            sum(answer.completion_tokens or 0 for answer in there),
            sum(answer.prompt_tokens is None or answer.completion_tokens is None for answer in there),
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.uncounted + other.uncounted,
        )

    def cost(self, prices: Prices) -> float:
        """In the currency of the prices."""
        return (self.prompt_tokens * prices.prompt + self.completion_tokens * prices.completion) / 1e6

    def metrics(self, prices: Prices | None) -> dict[str, float]:
        """The counts, and the cost if there are prices."""
        counts: dict[str, float] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "answers_without_token_counts": self.uncounted,
        }
        return counts if prices is None else counts | {"cost": self.cost(prices)}
