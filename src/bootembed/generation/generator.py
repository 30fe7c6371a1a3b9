"""The generator folder: everything a strategy needs to write triplets for a language, in one self-contained place.

It is the seam between the strategies and the rest: whatever the strategy, the folder holds `generator.json` and, where
the strategy has adapters, one PEFT folder for each polarity. The stages after it treat all strategies alike.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.generation.shots import Example, ShotPool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DESCRIPTION = "generator.json"


@dataclass(frozen=True)
class GeneratorDescription:
    """The content of `generator.json`.

    `number` is that of the generator seed. `answer_language` is the key, `answer_language_name` the English name that
    goes into prompts.
    """

    strategy: str
    language: str
    answer_language: str
    answer_language_name: str
    prompt_version: str
    shots: ShotPool = field(default_factory=ShotPool)
    has_adapters: bool = False
    number: int = 0


def write_generator(description: GeneratorDescription, adapters: Mapping[Polarity, Path], folder: Path) -> None:
    """Write a generator folder with copies of the adapters: one of each polarity, or none at all.

    Raises:
        DataError: One of the adapters is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if adapters:
        for polarity in Polarity:
            source = adapters.get(polarity)
            if source is None or not (source / "adapter_config.json").is_file():
                raise DataError(f"strategy {description.strategy} lacks its {polarity} adapter: {source} holds none")
            shutil.copytree(source, folder / polarity, dirs_exist_ok=True)
    complete = replace(description, has_adapters=bool(adapters))
    text = json.dumps(asdict(complete), indent=2, sort_keys=True, ensure_ascii=False)
    (folder / _DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def read_generator(folder: Path) -> GeneratorDescription:
    """Read the description of a generator folder.

    Raises:
        DataError: The folder holds none, or one that cannot be read.
    """
    try:
        raw = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        shots = raw.pop("shots")
        pool = ShotPool([Example(**example) for example in shots.pop("examples")], **shots)
        return GeneratorDescription(shots=pool, **raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: is no generator folder: {error}; run its assemble_generator stage") from error
