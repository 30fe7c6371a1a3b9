"""Writing the generator folder of any strategy. The underscore keeps this module from being a strategy itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.generation.shots import ShotPool
from bootembed.strategies import answer_language, load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.strategies import Inputs


def assemble_generator(
    inputs: Inputs,
    settings: Any,
    *,
    language: str,
    language_name: str,
    prompt_version: str,
    output_dir: Path,
    seed: int,
) -> dict[str, float]:
    """Write the generator folder of a strategy and language.

    Args:
        inputs: What the strategy may read; names the strategy and the generator seed.
        settings: The strategy's own parameters, if it has any.
        language: Key of the target language.
        language_name: Its English name.
        prompt_version: Of the prompt definition; recorded in the folder.
        output_dir: Folder to write.
        seed: Chooses the examples.

    Returns:
        Metrics: examples in the folder, and rows left out because they are anchors.

    Raises:
        DataError: An input, an adapter or enough examples are missing.
        ParamsError: There is no such strategy.
    """
    parts = load_strategy(inputs.strategy).assemble(inputs, settings, seed=seed)
    shots = parts.shots or ShotPool()
    answers = answer_language(inputs.strategy, language)
    description = GeneratorDescription(
        strategy=inputs.strategy,
        number=inputs.number,
        language=language,
        answer_language=answers,
        answer_language_name=language_name if answers == language else "English",
        prompt_version=prompt_version,
        shots=shots,
    )
    write_generator(description, parts.adapters, output_dir)
    return {"examples": float(len(shots.examples)), "examples_excluded": float(shots.excluded)}
