"""Engines of generation: requests go in, finished answers come out in any order.

An engine is a module of `bootembed.generation.engines` with a function `create` (see `create_engine`) and, if it has
anything to say to cards, costs and plans, `describe` (see `describe_engine`). Adding one is adding its file, and a
section of its name under `generation` if it has parameters.

An engine knows no premises, strategies or filters, and writes no files: `bootembed.generation.answers` asks it and
puts every answer into the answer cache before it asks for the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bootembed.core.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from bootembed.core.names import Polarity
    from bootembed.generation.answer_cache import Answer
    from bootembed.prompts import Message
    from bootembed.settings.generation import Generation, Prices


@dataclass(frozen=True)
class Request:
    """Everything that one answer depends on, beside the engine's settings.

    Args:
        key: Names the answer in the answer cache; a hash of all that determines it.
        messages: The conversation up to the turn the model is to write.
        polarity: Chooses the adapter, if there are any.
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
        """Names the base model and its version: a SHA-256 of its files, if there are files."""
        ...

    @property
    def adapter_hashes(self) -> Mapping[Polarity, str]:
        """The same for the adapter of each polarity; a polarity without one is left out."""
        ...

    def identity(self, polarity: Polarity) -> str:
        """What answers of this polarity depend on beside requests and sampling settings: model, adapter, precision.

        It is part of the key of every answer, so it must not hold what leaves answers alone: batch sizes, workers.
        """
        ...

    def answer(self, requests: Sequence[Request], *, skip: Container[str]) -> Iterator[Mapping[str, Answer]]:
        """Answer requests, in any order.

        Args:
            requests: All of the run, including those answered before: an engine that computes in batches can then
                form the same batches whether or not an earlier run was killed.
            skip: Keys that have an answer already and need none.

        Yields:
            Request key -> answer, for the requests that were finished together (one batch, or one reply of an
            endpoint), as soon as they are. Requests whose prompt is known to be too long are left out.
        """
        ...


@dataclass(frozen=True)
class EngineFacts:
    """What others need to know of an engine with its settings.

    Attributes:
        parameters: Name below `generation` -> value of what the engine reads beside sampling, for people to read;
            without addresses and prices.
        prices: Of tokens, if they cost anything.
        is_remote: Whether something else than this project's machines computes.
        other_model: What answers in words, if it is not the project's generator.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    prices: Prices | None = None
    is_remote: bool = False
    other_model: str = ""


def create_engine(
    settings: Generation,
    base_model_dir: Path,
    adapters: Mapping[Polarity, Path],
    *,
    strategy: str,
    language: str,
    number: int,
) -> Engine:
    """The engine `settings.engine` on a generator.

    Args:
        settings: Names the engine and holds its section.
        base_model_dir: The generator's base model.
        adapters: Polarity -> adapter folder; empty for a strategy without adapters.
        strategy: Names the adapters at an endpoint, together with `language` and `number`.
        language: ISO 639-3 key.
        number: Of the generator seed.
    """
    names = {"strategy": strategy, "language": language, "number": number}
    engine: Engine = _module(settings).create(settings, base_model_dir, adapters, **names)
    return engine


def describe_engine(settings: Generation) -> EngineFacts:
    """Facts of the engine `settings.engine`: its module's `describe(settings)`, or the parameters of its section."""
    module = _module(settings)
    if not hasattr(module, "describe"):
        return EngineFacts(parameters_of(settings, settings.engine))
    facts: EngineFacts = module.describe(settings)
    return facts


def parameters_in_force(settings: Generation) -> dict[str, Any]:
    """Dotted name -> value of everything below `generation` that the chosen engine reads, for people to read."""
    values = settings.model_dump(mode="json")
    sampling = {name: value for name, value in values.items() if not isinstance(value, dict)}
    return sampling | dict(describe_engine(settings).parameters)


def parameters_of(settings: Generation, *sections: str, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Dotted name -> value of all in some sections of `generation`, as `EngineFacts.parameters`."""
    values = settings.model_dump(mode="json", include=set(sections))
    return {
        f"{section}.{name}": value
        for section in sections
        for name, value in values.get(section, {}).items()
        if name not in leave_out
    }


def _module(settings: Generation) -> ModuleType:
    return load_plugin("bootembed.generation.engines", settings.engine, key="generation.engine")
