"""Assembling the generator folder of a strategy from the adapters and examples at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.names import Polarity, Strategy
from bootembed.core.nli import hypotheses_by_premise, nli_triplets
from bootembed.core.tables import ANCHORS, EXAMPLES, NLI, read_table
from bootembed.generation.generator import describe_generator, write_generator
from bootembed.generation.shots import ShotPool, choose_pool

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.settings.generation import InContext


def assemble_generator(
    strategy: Strategy,
    language_name: str,
    *,
    language: str,
    prompt_version: str,
    settings: InContext,
    composed_dir: Path,
    xl_lora_dir: Path,
    examples: Path,
    english_nli: Path,
    anchors: Path,
    output_dir: Path,
    seed: int,
) -> dict[str, float]:
    """Write the generator folder of a strategy and language.

    Args:
        strategy: Decides which of the inputs are used.
        language_name: English name of the target language.
        language: Its key.
        prompt_version: Of the prompt definition; recorded in the folder.
        settings: Number, language and choice of the in-context examples.
        composed_dir: Composed adapters of the language, one folder a polarity.
        xl_lora_dir: XL-LoRA adapters, one folder a polarity.
        examples: Table of example triplets in the target language.
        english_nli: Table of English NLI, for examples in English.
        anchors: Table of the sentences to write for; none of them may be an example.
        output_dir: Folder to write.
        seed: Chooses the examples.

    Returns:
        Metrics: examples in the folder, and rows left out because they are anchors.

    Raises:
        DataError: An adapter or enough examples are missing.
    """
    shots = ShotPool()
    if strategy is Strategy.IN_CONTEXT:
        rows = (
            read_table(examples, EXAMPLES)
            if settings.examples_language == "target"
            else nli_triplets(hypotheses_by_premise(read_table(english_nli, NLI)), per_premise=1)
        )
        shots = choose_pool(rows, settings, anchors=(row["text"] for row in read_table(anchors, ANCHORS)), seed=seed)
    description = describe_generator(
        strategy,
        language=language,
        language_name=language_name,
        prompt_version=prompt_version,
        shots=shots,
    )
    source = xl_lora_dir if strategy is Strategy.XL_LORA else composed_dir
    write_generator(description, {polarity: source / polarity for polarity in Polarity}, output_dir)
    return {"examples": float(len(shots.examples)), "examples_excluded": float(shots.excluded)}
