"""What a profile trains on and writes, in rows and tokens: as its files have them, else as much as its limits allow.

Texts are counted by their bytes, of the first rows of each file (`samples`). A text never has more tokens than its
limit: that is all that is known of a text whose file is not here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.names import ENGLISH, MIXED, Baseline, Polarity
from bootembed.core.nli import hypotheses_by_premise, nli_triplets
from bootembed.prompts import LABEL_OF, prompt_definition
from bootembed.settings.consistency_of_recipes import TABLE_OF_BASELINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bootembed.settings.schema import Params
    from bootembed.workflow.plan.samples import Corpora, Sample

BYTES_A_TOKEN = 2.5
"""Of UTF-8, at the low end: Gemma 3 takes 2.5 for a token of Yoruba, 3.0 of Hausa, 4.4 of Indonesian, 4.7 of English,
9.5 of Hindi; all-MiniLM-L6-v2, an encoder of English, 2.8 of Indonesian and 4.5 of Hindi, but 1.7 of Korean."""
_SPECIAL = 2  # at the beginning and the end of a text
_TEXTS = 3  # anchor, positive and negative
_OF_PAIRS = (Baseline.UNSUPERVISED_SIMCSE, Baseline.TRANSLATION_PAIRS, Baseline.MULTILINGUAL_DISTILLATION)
_OF_NLI = ("nli", "own_nli")


def tokens_of(text: str, *, limit: int) -> int:
    """About how many tokens a text has, at most `limit`."""
    return min(limit, math.ceil(len(text.encode()) / BYTES_A_TOKEN) + _SPECIAL)


@dataclass(frozen=True)
class Rows:
    """Rows to train on.

    Attributes:
        count: How many at most.
        texts: The texts of those that were read; None if none were.
        texts_a_row: How many texts each has.
    """

    count: int
    texts: list[list[str]] | None
    texts_a_row: int = 1

    @property
    def measured(self) -> bool:
        """Whether the texts are known."""
        return self.texts is not None

    def tokens(self, limit: int) -> float:
        """Tokens of all rows, where a text has at most `limit`."""
        return self.count * self.tokens_a_row(limit)

    def tokens_a_row(self, limit: int) -> float:
        """Tokens of the mean row, where a text has at most `limit`."""
        if not self.texts:
            return self.texts_a_row * limit
        return sum(tokens_of(text, limit=limit) for row in self.texts for text in row) / len(self.texts)


def training_sets(params: Params, corpora: Corpora, recipe: str, language: str) -> list[Rows]:
    """What an embedder is trained on: a set of rows, several of a mixture, none if it is not trained."""
    if recipe == Baseline.UNTRAINED:
        return []
    if MIXED in recipe:
        return [rows for part in recipe.split(MIXED) for rows in training_sets(params, corpora, part, language)]
    generated = recipe in params.grid.strategies
    table = "anchors" if generated else TABLE_OF_BASELINE[Baseline(recipe)]
    found = corpora.sample(table, ENGLISH if table == "nli" else language)
    wanted = params.generate_triplets.anchors if generated else params.build_baseline_data.rows
    texts_a_row = 2 if recipe in _OF_PAIRS else _TEXTS  # a sentence that is its own positive is read twice
    if found is None:
        return [Rows(wanted, None, texts_a_row)]
    texts = [_texts(row, table, texts_a_row) for row in found.rows]
    return [Rows(_at_most(wanted, found, table), texts or None, texts_a_row)]


def _texts(row: dict[str, Any], table: str, texts_a_row: int) -> list[str]:
    """The texts of a row; answers are taken to be as long as their anchor, both hypotheses of a premise as this one."""
    if table == "anchors":
        return [row["text"]] * texts_a_row
    if table in _OF_NLI:
        return [row["premise"], row["hypothesis"], row["hypothesis"]]
    return [row[name] for name in (("text", "english") if table == "parallel" else ("anchor", "positive", "negative"))]


def _at_most(wanted: int, found: Sample, table: str) -> int:
    """Rows of a training set: of NLI those premises that have an entailment and a contradiction, if all were read."""
    if found.whole:
        there = len(nli_triplets(hypotheses_by_premise(found.rows))) if table in _OF_NLI else len(found.rows)
        return min(wanted, there)
    return wanted if found.there is None else min(wanted, found.there)


@dataclass(frozen=True)
class Examples:
    """What an adapter is trained on: prompts with answers as one text, and the answers alone, which it learns."""

    rows: Rows
    answers: Rows


def _examples(count: int, texts: list[tuple[str, str]]) -> Examples:
    """Examples with these prompts and answers; at their limit if there are none."""
    if not texts:
        return Examples(Rows(count, None), Rows(count, None))
    return Examples(
        Rows(count, [[prompt + answer] for prompt, answer in texts]), Rows(count, [[answer] for _, answer in texts])
    )


def task_examples(params: Params, corpora: Corpora, polarity: Polarity) -> Examples:
    """What a task adapter is trained on: prompt and hypothesis of English NLI."""
    return _answered(params, params.train_task_adapter.train_examples, [corpora.sample("nli", ENGLISH)], polarity)


def xl_lora_examples(params: Params, corpora: Corpora, polarity: Polarity) -> Examples:
    """What an XL-LoRA adapter is trained on: the same of NLI with premises in other languages.

    Answered parallel text, which is written on the way, is taken to be as long.
    """
    data, wanted = params.build_xl_lora_data, params.train_xl_lora_adapter.train_examples
    found = [corpora.sample("nli", language) if data.nli_rows else None for language in data.source_languages]
    return _answered(params, wanted, found, polarity, others=data.parallel_rows > 0)


def _answered(
    params: Params, wanted: int, found: Sequence[Sample | None], polarity: Polarity, *, others: bool = False
) -> Examples:
    """Examples from rows of NLI; `others` says that more are to come."""
    samples = [sample for sample in found if sample is not None]
    rows = [row for sample in samples for row in sample.rows if row["label"] == LABEL_OF[polarity]]
    if len(samples) < len(found) or not rows:
        return _examples(wanted, [])
    prompt = _instruction(params, polarity)
    known = all(sample.whole for sample in samples) and not others
    count = min(wanted, len(rows)) if known else wanted
    return _examples(count, [(prompt + row["premise"], row["hypothesis"]) for row in rows])


def language_examples(params: Params, corpora: Corpora, language: str) -> Examples:
    """What a language adapter is trained on: running text, or instructions with their answers."""
    settings = params.train_language_adapter
    found = corpora.sample(settings.data, language)
    if found is None:
        return _examples(settings.train_examples, [])
    instructions = settings.data == "instructions"
    texts = [(row["prompt"], row["completion"]) if instructions else ("", row["text"]) for row in found.rows]
    count = settings.train_examples if found.there is None else min(settings.train_examples, found.there)
    return _examples(count, texts)


def judge_pairs(params: Params, corpora: Corpora, *, count: int) -> Rows:
    """What the judge is trained on: `count` pairs of premise and hypothesis of all languages that have any."""
    languages = [key for key, language in params.languages.items() if params.corpora[language.corpus].judge_nli]
    found = [corpora.sample("judge_nli", language) for language in languages]
    rows = [row for sample in found if sample is not None for row in sample.rows]
    return Rows(count, [[row["premise"] + row["hypothesis"]] for row in rows] if rows and None not in found else None)


@dataclass(frozen=True)
class Prompts:
    """Prompts to the generator and its answers.

    Attributes:
        count: How many.
        prompt: Tokens of a prompt that are computed for it alone; those of examples that a batch shares are spread.
        answer: Tokens of an answer.
        measured: Whether the texts are known.
    """

    count: int
    prompt: float
    answer: float
    measured: bool


def prompts_of(params: Params, corpora: Corpora, strategy: str, language: str) -> Prompts:
    """What a strategy asks for the anchors of a language. Answers are taken to be as long as their anchors."""
    count = params.generate_triplets.anchors * len(Polarity) * params.generator_seeds
    shots = 0.0
    if strategy in params.needed.strategies_without_adapters:
        known = _shots(params, corpora, language)
        if known is None:
            return _at_limits(params, count)
        shots = known
    return _prompts(params, corpora.sample("anchors", language), "text", count=count, shots=shots)


def parallel_prompts(params: Params, corpora: Corpora, language: str) -> Prompts:
    """What the task adapters are asked for the parallel text of a source language."""
    count = params.build_xl_lora_data.parallel_rows * len(Polarity) * params.generator_seeds
    return _prompts(params, corpora.sample("parallel", language), "english", count=count)


def _prompts(params: Params, found: Sample | None, column: str, *, count: int, shots: float = 0.0) -> Prompts:
    if found is None or not found.rows:
        return _at_limits(params, count)
    settings, instruction = params.generation, _instruction(params, Polarity.POSITIVE)
    texts = [row[column] for row in found.rows]
    prompt = _mean(tokens_of(instruction + text, limit=settings.max_prompt_tokens) for text in texts)
    answer = _mean(tokens_of(text, limit=settings.max_new_tokens) for text in texts)
    return Prompts(count, min(prompt + shots, settings.max_prompt_tokens), answer, measured=True)


def _at_limits(params: Params, count: int) -> Prompts:
    return Prompts(count, params.generation.max_prompt_tokens, params.generation.max_new_tokens, measured=False)


def _shots(params: Params, corpora: Corpora, language: str) -> float | None:
    """Tokens of the examples before a prompt; None if they are not known."""
    settings = params.in_context
    own = settings.examples_language == "target"
    found = corpora.sample("examples", language) if own else corpora.sample("nli", ENGLISH)
    if own and found is None:
        found = corpora.sample("own_nli", language)
    if found is None or not found.rows:
        return None
    instruction = _instruction(params, Polarity.POSITIVE)
    one = _mean(tokens_of(instruction + _shot(row), limit=params.generation.max_prompt_tokens) for row in found.rows)
    shared = settings.selection != "similar" and settings.order != "most_similar_last"
    return settings.examples * one / (params.generation.transformers.batch_size if shared else 1)


def _shot(row: dict[str, Any]) -> str:
    names = ("anchor", "positive") if "anchor" in row else ("premise", "hypothesis")
    return "".join(row[name] for name in names)


def _instruction(params: Params, polarity: Polarity) -> str:
    """The wording of a prompt, without its premise; of about the same length for all languages."""
    return prompt_definition(params.prompts.version).instruction("", polarity=polarity, language="English")


def _mean(values: Iterable[int]) -> float:
    found = list(values)
    return sum(found) / len(found)
