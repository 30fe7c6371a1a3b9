"""What every engine of generation has in common: requests go in, finished answers come out in any order.

An engine neither knows premises, strategies and filters nor writes files: `bootembed.generation.answers` asks it and
puts every answer into the answer cache before it asks for the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from bootembed.core.names import Polarity
    from bootembed.generation.answer_cache import Answer
    from bootembed.prompts import Message


@dataclass(frozen=True)
class Request:
    """All that one answer depends on, beside the engine's settings.

    Args:
        key: Names the answer in the answer cache; a hash of all that determines it.
        messages: The conversation up to the turn the model is to write.
        polarity: Chooses the adapter, where there are any.
        seed: Of the sampling of this answer alone, in [0, 2**31).
    """

    key: str
    messages: tuple[Message, ...]
    polarity: Polarity
    seed: int


class Engine(Protocol):
    """Answers requests."""

    @property
    def generator_hash(self) -> str:
        """Names the base model and its version: a SHA-256 of its files, where there are files."""
        ...

    @property
    def adapter_hashes(self) -> Mapping[Polarity, str]:
        """The same for the adapter of each polarity; a polarity without one is left out."""
        ...

    def identity(self, polarity: Polarity) -> str:
        """What answers of this polarity depend on beside requests and sampling settings: model, adapter, precision.

        It goes into the key of every answer, so it must not hold what leaves answers alone: batch sizes, workers.
        """
        ...

    def answer(self, requests: Sequence[Request], *, skip: Container[str]) -> Iterator[Mapping[str, Answer]]:
        """Answer requests, in any order.

        Args:
            requests: All of the run, also those that were answered before: an engine that computes in batches can
                then form the same batches whether or not an earlier run was killed.
            skip: Keys that have an answer already and need none.

        Yields:
            Request key -> answer, for the requests that were finished together (one batch, or one reply of an
            endpoint), as soon as they are. Requests whose prompt is known to be too long are left out.
        """
        ...
