"""Training examples of each kind of adapter: conversations with an answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.tables import INSTRUCTIONS, MONOLINGUAL, read_table
from bootembed.prompts import LABEL_OF, Message, build_messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.prompts import PromptDefinition
    from bootembed.settings.models import LanguageText


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


def language_examples(corpora_dir: Path, data: LanguageText) -> list[TrainingExample]:
    """Examples of a language adapter from the prepared corpora of its language.

    Args:
        corpora_dir: Folder of the language's tables.
        data: `instructions` (prompt and completion, as in the paper's Aya), `monolingual` (running text) or
            `continuations` (the same texts, the second half of each as the answer to the first). Answers end, running
            text does not, so an adapter from running text unlearns where to stop.

    Raises:
        DataError: The language has no such text.
    """
    if data == "instructions":
        rows = read_table(corpora_dir / "instructions.parquet", INSTRUCTIONS)
        examples = [TrainingExample([{"role": "user", "content": row["prompt"]}], row["completion"]) for row in rows]
    else:
        texts = [row["text"] for row in read_table(corpora_dir / "monolingual.parquet", MONOLINGUAL)]
        is_whole = data == "monolingual"
        examples = [TrainingExample([], text) for text in texts] if is_whole else list(map(_continuation, texts))
    if not examples:
        raise DataError(
            f"{corpora_dir}: holds no text for {data}; add some to the corpus or change train_language_adapter.data"
        )
    return examples


def _continuation(text: str) -> TrainingExample:
    """The first half of a text as the question, the second as the answer, cut between words where there are any."""
    middle = (len(text) + 1) // 2
    spaces = [place for place, character in enumerate(text) if character.isspace()]
    cut = min(spaces, key=lambda place: abs(place - middle)) if spaces else middle
    while not spaces and cut < len(text) - 1 and unicodedata.category(text[cut]).startswith("M"):
        cut += 1  # a mark belongs to the letter before it
    return TrainingExample([{"role": "user", "content": text[:cut].strip()}], text[cut:].strip())
