"""The strategies of triplet synthesis, one module each: the module holds all that is particular to its strategy.

What a strategy's module must define is `Strategy`. Importing a module loads no model library, since the validation of
parameters asks it for faults. All other code treats strategies alike, by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from bootembed.core.errors import DataError
from bootembed.core.names import ENGLISH, Polarity
from bootembed.core.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.generation.shots import ShotPool
    from bootembed.settings.schema import Params


ADAPTER_KINDS = ("task", "language", "composed", "xl_lora")


@dataclass(frozen=True)
class Inputs:
    """The files and folders that the pipeline offers to a strategy, by name; `number` is that of the generator seed."""

    strategy: str
    paths: Mapping[str, Path]
    number: int

    def __getitem__(self, name: str) -> Path:
        if name not in self.paths:
            raise DataError(
                f"strategy {self.strategy!r}: lacks its input {name!r}; add `--input {name}=PATH` to the command of "
                f"assemble_generator in dvc.yaml, which passes {sorted(self.paths)}"
            )
        return self.paths[name]

    def adapters(self) -> dict[Polarity, Path]:
        """The strategy's adapters of both polarities, of this generator seed."""
        return {polarity: self["adapters"] / polarity / str(self.number) for polarity in Polarity}


@dataclass(frozen=True)
class Parts:
    """What a generator folder gets: examples for its prompts, an adapter for each polarity, or both."""

    shots: ShotPool | None = None
    adapters: Mapping[Polarity, Path] = field(default_factory=dict)


class Strategy(Protocol):
    """What the module of a strategy defines."""

    ADAPTERS: tuple[str, ...]
    """What is trained for it, of `ADAPTER_KINDS`: those it writes with, and those these are made from.

    With `composed` it has adapters for each language.
    """

    ANSWERS_IN_ENGLISH: bool
    """Whether the generator answers in English; otherwise in the language of the anchors."""

    def assemble(self, inputs: Inputs, settings: Any, *, seed: int) -> Parts:
        """Choose what the generator folder gets.

        Args:
            inputs: What the command of `assemble_generator` passes.
            settings: The section of the parameters under the strategy's name; None if there is none.
            seed: Of all random choices.
        """

    def adapter_rank(self, params: Params) -> int:
        """Rank of the largest adapter in use while the strategy writes, for the plan; 0 without adapters."""

    def faults(self, params: Params) -> list[str]:
        """Parameters that the strategy cannot work with, each naming key, value and remedy."""


def load_strategy(name: str) -> Strategy:
    """The module of a strategy.

    Raises:
        ParamsError: There is none of this name.
    """
    return cast("Strategy", load_plugin("bootembed.strategies", name, key="grid.strategies"))


def answer_language(strategy: str, language: str) -> str:
    """Key of the language in which a strategy answers anchors of `language`."""
    return ENGLISH if load_strategy(strategy).ANSWERS_IN_ENGLISH else language
