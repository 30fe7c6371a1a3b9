"""Training examples of each kind of adapter: conversations with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bootembed.core.errors import DataError
from bootembed.core.tables import INSTRUCTIONS, MONOLINGUAL, read_table
from bootembed.prompts import LABEL_OF, Message, build_messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.prompts import PromptDefinition


@dataclass(frozen=True)
class TrainingExample:
    """A conversation and the answer to learn; without messages the answer is running text to learn."""

    messages: list[Message]
    answer: str


def entailment_examples(
    rows: Sequence[dict[str, Any]], definition: PromptDefinition, polarity: Polarity
) -> list[TrainingExample]:
    """Examples of one polarity from rows with `premise`, English `hypothesis` and `label`."""
    return [
        TrainingExample(
            build_messages(definition, row["premise"], polarity=polarity, language="English"),
            row["hypothesis"],
        )
        for row in rows
        if row["label"] == LABEL_OF[polarity]
    ]


def language_examples(corpora_dir: Path, data: Literal["instructions", "monolingual"]) -> list[TrainingExample]:
    """Examples of a language adapter from the prepared corpora of its language.

    Args:
        corpora_dir: Folder of the language's tables.
        data: `instructions` (prompt and completion, as in the paper's Aya) or `monolingual` (running text).

    Raises:
        DataError: The language has no such text.
    """
    if data == "instructions":
        rows = read_table(corpora_dir / "instructions.parquet", INSTRUCTIONS)
        examples = [TrainingExample([{"role": "user", "content": row["prompt"]}], row["completion"]) for row in rows]
    else:
        rows = read_table(corpora_dir / "monolingual.parquet", MONOLINGUAL)
        examples = [TrainingExample([], row["text"]) for row in rows]
    if not examples:
        raise DataError(
            f"{corpora_dir}: holds no {data} text; add some to the corpus or change train_language_adapter.data"
        )
    return examples
