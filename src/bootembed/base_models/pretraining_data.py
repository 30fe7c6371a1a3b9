"""The documents that a scratch model is pretrained on: a small imitation of an instruct model's mix.

They are monolingual text of every language, most of it English; translations as chat turns; few-shot chats of
entailment and contradiction in English and source languages; and instructions with their answers in every language.
This is what the strategies rely on in a real generator; nothing shows the task in a target language.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.base_models.tokenizer import PLAIN_ROLE
from bootembed.core.errors import DataError
from bootembed.core.names import ENGLISH, Polarity, Role
from bootembed.core.seeding import derive_seed
from bootembed.core.tables import EXAMPLES, INSTRUCTIONS, MONOLINGUAL, NLI, PARALLEL, read_table
from bootembed.prompts import LABEL_OF, Shot, build_messages, translation_prompt, turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bootembed.prompts import Message, PromptDefinition
    from bootembed.settings.corpora import Language
    from bootembed.settings.models import Pretraining

_LONGEST_CHAT = 4


@dataclass(frozen=True)
class LanguageText:
    """The text of one language that a scratch model may read.

    Attributes:
        name: English name of the language.
        monolingual: Sentences.
        parallel: (English, sentence) pairs.
        nli: (premise, hypothesis, label), both sides in the language; empty for a target language.
        instructions: (prompt, completion).
    """

    name: str
    monolingual: list[str]
    parallel: list[tuple[str, str]]
    nli: list[tuple[str, str, str]]
    instructions: list[tuple[str, str]]


def build_pretraining_documents(
    texts: Mapping[str, LanguageText],
    settings: Pretraining,
    *,
    definition: PromptDefinition,
    seed: int,
) -> list[dict[str, Any]]:
    """Draw `settings.documents` documents from the mix, as rows of `tables.DOCUMENTS`.

    Args:
        texts: Language key -> its text, for every language of `settings.languages`.
        settings: Shares and weights of the mix.
        definition: Prompt wording of the few-shot chats.
        seed: Decides every draw.

    Returns:
        Rows with `kind`, `language` and `text`, a JSON list of chat messages. Running text is one message with the
        role `text`.

    Raises:
        DataError: A share is above 0 but no language has text for it.
    """
    rng = random.Random(derive_seed(seed, "pretraining"))
    drawers = {
        "monolingual": _monolingual(texts, settings, rng),
        "parallel": _parallel(texts, settings, rng),
        "nli": _nli(texts, settings, definition, rng),
        "instructions": _instructions(texts, settings, rng),
    }
    shares = {
        "monolingual": settings.monolingual_share,
        "parallel": settings.parallel_share,
        "nli": settings.nli_share,
        "instructions": settings.instructions_share,
    }
    kinds = [kind for kind, share in shares.items() if share > 0]
    if not kinds:
        raise DataError("pretraining: every share of the mix is 0; set monolingual_share above 0")
    weights = [shares[kind] for kind in kinds]
    rows = []
    for _ in range(settings.documents):
        kind = rng.choices(kinds, weights)[0]
        language, messages = next(drawers[kind])
        rows.append({"kind": kind, "language": language, "text": json.dumps(messages, ensure_ascii=False)})
    return rows


def _weights(languages: list[str], settings: Pretraining) -> list[float]:
    return [settings.english_weight if language == ENGLISH else 1.0 for language in languages]


def _require(languages: list[str], what: str) -> None:
    if not languages:
        raise DataError(f"pretraining: no {what} in any of the languages; add some or set its share to 0")


def _monolingual(
    texts: Mapping[str, LanguageText], settings: Pretraining, rng: random.Random
) -> Iterator[tuple[str, list[Message]]]:
    languages = [key for key in settings.languages if texts[key].monolingual]
    _require(languages, "monolingual text")
    weights = _weights(languages, settings)
    while True:
        language = rng.choices(languages, weights)[0]
        sentences = rng.choices(texts[language].monolingual, k=rng.randint(2, _LONGEST_CHAT))
        yield language, [{"role": PLAIN_ROLE, "content": " ".join(sentences)}]


def _parallel(
    texts: Mapping[str, LanguageText], settings: Pretraining, rng: random.Random
) -> Iterator[tuple[str, list[Message]]]:
    languages = [key for key in settings.languages if texts[key].parallel]
    _require(languages, "parallel text")
    while True:
        language = rng.choice(languages)
        to_english = rng.random() < 0.5
        messages: list[Message] = []
        for _ in range(rng.randint(1, 2)):
            english, foreign = rng.choice(texts[language].parallel)
            source, answer = (foreign, english) if to_english else (english, foreign)
            name = "English" if to_english else texts[language].name
            messages += turns(translation_prompt(source, language=name), answer)
        yield language, messages


def _nli(
    texts: Mapping[str, LanguageText], settings: Pretraining, definition: PromptDefinition, rng: random.Random
) -> Iterator[tuple[str, list[Message]]]:
    rows = {
        (key, polarity): [row for row in texts[key].nli if row[2] == LABEL_OF[polarity]]
        for key in settings.languages
        for polarity in Polarity
    }
    languages = [key for key in settings.languages if all(rows[key, polarity] for polarity in Polarity)]
    _require(languages, "NLI with entailments and contradictions")
    weights = _weights(languages, settings)
    while True:
        language = rng.choices(languages, weights)[0]
        # Contradictions are harder: with equal shares the model learns them later than entailments.
        polarity = rng.choices(list(Polarity), weights=[1, 2])[0]
        *shown, (premise, hypothesis, _) = rng.choices(rows[language, polarity], k=rng.randint(1, _LONGEST_CHAT))
        shots = [Shot(premise, answer) for premise, answer, _ in shown]
        name = texts[language].name
        messages = build_messages(definition, premise, polarity=polarity, language=name, shots=shots)
        yield language, [*messages, {"role": "assistant", "content": hypothesis}]


def _instructions(
    texts: Mapping[str, LanguageText], settings: Pretraining, rng: random.Random
) -> Iterator[tuple[str, list[Message]]]:
    languages = [key for key in settings.languages if texts[key].instructions]
    _require(languages, "instructions")
    while True:
        language = rng.choice(languages)
        messages: list[Message] = []
        for prompt, completion in rng.choices(texts[language].instructions, k=rng.randint(1, _LONGEST_CHAT)):
            messages += turns(prompt, completion)
        yield language, messages


def read_language_texts(corpora_dir: Path, languages: Mapping[str, Language]) -> dict[str, LanguageText]:
    """Read the text of each language from `corpora_dir`, which has one folder per role, with one per language in it.

    Raises:
        DataError: A table is missing.
    """
    texts = {}
    for key, language in languages.items():
        folder = corpora_dir / language.role / key
        texts[key] = LanguageText(
            name=language.name,
            monolingual=[row["text"] for row in read_table(folder / "monolingual.parquet", MONOLINGUAL)],
            parallel=[(row["english"], row["text"]) for row in read_table(folder / "parallel.parquet", PARALLEL)],
            nli=_own_nli(folder, language),
            instructions=[
                (row["prompt"], row["completion"]) for row in read_table(folder / "instructions.parquet", INSTRUCTIONS)
            ],
        )
    return texts


def _own_nli(folder: Path, language: Language) -> list[tuple[str, str, str]]:
    """NLI rows with both sides in the language: English NLI, and the triplets of a source language."""
    if language.role == Role.ENGLISH:
        return [(row["premise"], row["hypothesis"], row["label"]) for row in read_table(folder / "nli.parquet", NLI)]
    if language.role == Role.TARGET:
        return []
    return [
        (row["anchor"], row[polarity], LABEL_OF[polarity])
        for row in read_table(folder / "examples.parquet", EXAMPLES)
        for polarity in Polarity
    ]
