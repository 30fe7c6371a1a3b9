"""The generator folder: everything a strategy needs to write triplets for a language, in one self-contained place.

It is the seam between the strategies and the rest: whatever the strategy, the folder holds `generator.json` and, where
the strategy has adapters, one PEFT folder a polarity. The stages after it know no strategies.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.names import ENGLISH, Polarity, Strategy
from bootembed.generation.shots import Example, ShotPool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DESCRIPTION = "generator.json"


@dataclass(frozen=True)
class GeneratorDescription:
    """What a generator folder says of itself.

    `answer_language` is the key, `answer_language_name` the English name that goes into prompts.
    """

    strategy: Strategy
    language: str
    answer_language: str
    answer_language_name: str
    prompt_version: str
    shots: ShotPool
    has_adapters: bool


def describe_generator(
    strategy: Strategy,
    *,
    language: str,
    language_name: str,
    prompt_version: str,
    shots: ShotPool,
) -> GeneratorDescription:
    """The description of a strategy's generator: XL-LoRA answers in English, the others in the target language."""
    cross_lingual = strategy is Strategy.XL_LORA
    return GeneratorDescription(
        strategy=strategy,
        language=language,
        answer_language=ENGLISH if cross_lingual else language,
        answer_language_name="English" if cross_lingual else language_name,
        prompt_version=prompt_version,
        shots=shots,
        has_adapters=strategy is not Strategy.IN_CONTEXT,
    )


def write_generator(description: GeneratorDescription, adapters: Mapping[Polarity, Path], folder: Path) -> None:
    """Write a generator folder; `adapters` are copied in when the description says it has some.

    Raises:
        DataError: An adapter that is needed is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if description.has_adapters:
        for polarity in Polarity:
            source = adapters.get(polarity)
            if source is None or not (source / "adapter_config.json").is_file():
                raise DataError(f"strategy {description.strategy} lacks its {polarity} adapter: {source} holds none")
            shutil.copytree(source, folder / polarity, dirs_exist_ok=True)
    text = json.dumps(asdict(description), indent=2, sort_keys=True, ensure_ascii=False)
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
        return GeneratorDescription(strategy=Strategy(raw.pop("strategy")), shots=pool, **raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: is no generator folder: {error}; run its assemble_generator stage") from error
