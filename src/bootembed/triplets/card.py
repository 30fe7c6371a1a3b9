"""The dataset card of generated triplets: provenance, filters, counts and samples; reproducible, so without dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bootembed.core.markdown import escape, table
from bootembed.core.names import Polarity
from bootembed.generation.engine import describe_engine, parameters_in_force
from bootembed.prompts import prompt_definition
from bootembed.triplets.filters import TripletRejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.generation.shots import ShotPool
    from bootembed.settings.generation import Generation
    from bootembed.settings.models import BaseModelSpec
    from bootembed.settings.triplets import Card, Filters
    from bootembed.triplets.filters import Verdict
    from bootembed.triplets.generate import Triplets

_SAMPLES = 5
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_MEANINGS = {
    TripletRejection.PROMPT_TOO_LONG: "the prompt was longer than the limit, so nothing was written",
    TripletRejection.EMPTY: "an answer without a letter or digit",
    TripletRejection.OVER_LONG: "an answer over the limits, or cut off",
    TripletRejection.REFUSAL: "an answer that begins like a refusal",
    TripletRejection.CHAT_RESIDUE: "an answer with role markers, lead-ins, Markdown, JSON or text of the prompt",
    TripletRejection.SEVERAL_SENTENCES: "an answer of several sentences",
    TripletRejection.WRONG_LANGUAGE: "an answer clearly in another language than demanded",
    TripletRejection.COPY_OF_ANCHOR: "an answer that is the anchor",
    TripletRejection.POSITIVE_EQUALS_NEGATIVE: "a positive that is the negative",
    TripletRejection.NEAR_COPY_OF_ANCHOR: "a positive with nearly the same characters as the anchor",
    TripletRejection.NUMBERS_DIFFER: "a positive with a number that is not in the anchor",
    TripletRejection.NAMES_DIFFER: "a positive with a name that is not in the anchor",
    TripletRejection.ONLY_NEGATED: "a negative that only adds a negation word to the anchor",
    TripletRejection.TRANSLATION_OF_ANCHOR: "a negative that translates the anchor, by the generator without adapters",
    TripletRejection.POSITIVE_TOO_FAR: "a positive too far from the anchor, by an encoder",
    TripletRejection.FALSE_NEGATIVE: "a negative about as close to the anchor as the positive, by an encoder",
    TripletRejection.NOT_ENTAILED: "a positive that does not follow from the anchor, by the judge",
    TripletRejection.NOT_CONTRADICTED: "a negative that does not contradict the anchor, by the judge",
    TripletRejection.DUPLICATE: "a triplet that occurred before",
}
_COLUMNS = (
    ("anchor", "a sentence of the corpus"),
    ("positive", "written to be true if the anchor is (entailment)"),
    ("negative", "written to be false if the anchor is true (contradiction): a hard negative"),
    ("anchor_id", "position of the anchor in its table"),
    ("language, answer_language", "ISO 639-3 keys of the anchors' language and of the answers'"),
    ("strategy", "how the generator was taught"),
    ("generator_hash, positive_adapter_hash, negative_adapter_hash", "SHA-256 of the folders; empty without adapters"),
    ("prompt_version, seed", "of the prompts, and of the sampling"),
)
_USE = """```python
from datasets import load_dataset

triplets = load_dataset("path/to/this/folder", split="train")
```"""


@dataclass(frozen=True)
class GenerationSettings:
    """What triplets were generated with: parameters, and the content hash of the judge where one filtered."""

    base_model: BaseModelSpec
    generation: Generation
    filters: Filters
    card: Card
    judge_hash: str | None = None


def dataset_card(triplets: Triplets, settings: GenerationSettings) -> str:
    """Text of the README of a folder with `training.parquet` and `rejected.parquet`."""
    provenance = triplets.provenance
    title = f"# Triplets for {escape(provenance['language'])}, written by {escape(provenance['strategy'])}"
    language = (
        "its language"
        if provenance["language"] == provenance["answer_language"]
        else f"`{provenance['answer_language']}`"
    )
    parts = [
        f"---\n{_header(triplets, settings.card)}---",
        title,
        f"For each anchor a generator wrote a positive (entailment) and a hard negative (contradiction) in {language}. "
        "Made by bootembed for the contrastive finetuning of sentence embedders. No answer was reviewed by hand.",
        _USE,
        "Rows rejected, each with its reason, are the configuration `rejected`.",
        "## Columns\n\n" + table(["column", "meaning"], _COLUMNS),
        "## Provenance\n\n" + table(["what", "value"], _provenance_rows(triplets, settings)),
        "## Sources\n\n" + _sources(settings.card),
        "## Filters\n\n" + table(["parameter", "value"], _filter_rows(settings.filters)),
        "## Counts\n\n" + table(["", "rows", "share of candidates"], _count_rows(triplets)),
        "## Samples\n\n" + table(["anchor", "positive", "negative"], _samples(triplets.rows)),
        "## Rejected\n\n" + _rejected(triplets.verdicts),
        "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(triplets, settings.filters)),
    ]
    return "\n\n".join(parts) + "\n"


def _header(triplets: Triplets, card: Card) -> str:
    provenance, count = triplets.provenance, len(triplets.rows)
    header = {
        "language": sorted({provenance["language"], provenance["answer_language"]}),
        "license": card.licence,
        "pretty_name": f"Triplets {provenance['language']} {provenance['strategy']}",
        "task_categories": ["sentence-similarity"],
        "size_categories": [next((name for limit, name in _SIZES if count < limit), "n>1M")],
        "tags": ["synthetic", "hard-negatives", "sentence-transformers", "bootembed"],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [{"split": "train", "path": "training.parquet"}],
            },
            {"config_name": "rejected", "data_files": [{"split": "train", "path": "rejected.parquet"}]},
        ],
    }
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True)


def _provenance_rows(triplets: Triplets, settings: GenerationSettings) -> list[tuple[str, object]]:
    provenance = triplets.provenance
    definition = prompt_definition(provenance["prompt_version"])
    return [
        ("strategy", provenance["strategy"]),
        ("base model", _base_model(settings)),
        ("base model, SHA-256", provenance["generator_hash"]),
        *((f"{p} adapter, SHA-256", provenance[f"{p}_adapter_hash"] or "none") for p in Polarity),
        *([("judge, SHA-256", settings.judge_hash)] if settings.judge_hash else []),
        ("prompts", provenance["prompt_version"]),
        ("positive prompt", definition.positive),
        ("negative prompt", definition.negative),
        *_prompting(triplets.shots),
        ("seed", provenance["seed"]),
        *((f"generation.{name}", value) for name, value in parameters_in_force(settings.generation).items()),
    ]


def _prompting(shots: ShotPool) -> list[tuple[str, object]]:
    if not shots.count:
        return [("examples in a prompt", 0)]
    chosen = f"{shots.selection}, of {len(shots.examples)}" if shots.selection == "similar" else shots.selection
    return [("examples in a prompt", shots.count), ("choice of examples", chosen), ("their order", shots.order)]


def _base_model(settings: GenerationSettings) -> str:
    spec, other_model = settings.base_model, describe_engine(settings.generation).other_model
    if other_model:
        return other_model
    if spec.source == "hub":
        return f"{spec.id} at revision {spec.revision}"
    if spec.scratch is not None and spec.source == "scratch":
        return f"built from scratch ({spec.scratch.architecture})"
    return "a local folder"


def _sources(card: Card) -> str:
    if not card.sources:
        return "Not named: set `generate_triplets.card.sources` before publishing."
    return table(["corpus", "licence"], ((source.name, source.licence) for source in card.sources))


def _filter_rows(filters: Filters) -> list[tuple[str, object]]:
    settings = filters.model_dump(mode="json", exclude={"semantic", "judge"})
    meaning: list[tuple[str, object]] = []
    for name, own in (("semantic", filters.semantic), ("judge", filters.judge)):
        values = own.model_dump(mode="json") if own.is_on else {}
        meaning += [(f"{name}.{key}", value) for key, value in values.items()] or [(name, "off")]
    return [(name, "off" if value in (None, False) else value) for name, value in [*settings.items(), *meaning]]


def _count_rows(triplets: Triplets) -> list[tuple[str, int, str]]:
    total = len(triplets.verdicts)
    named = {"candidates": "candidates", "kept": "kept"} | {
        str(reason): f"{reason}: {meaning}" for reason, meaning in _MEANINGS.items()
    }
    return [(named[name], count, f"{count / total:.1%}") for name, count in triplets.counts.items()]


def _samples(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    count = min(_SAMPLES, len(rows))
    chosen = [rows[index * len(rows) // count] for index in range(count)]
    return [(row["anchor"], row["positive"], row["negative"]) for row in chosen]


def _rejected(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for reason in TripletRejection:
        found = [verdict.candidate for verdict in verdicts if verdict.reason is reason][:_SAMPLES]
        answers = [[answer.text if answer else "" for answer in (c.positive, c.negative)] for c in found]
        rows += [(reason, c.anchor, *written) for c, written in zip(found, answers, strict=True)]
    return table(["reason", "anchor", "positive", "negative"], rows) if rows else "None."


def _limits(triplets: Triplets, filters: Filters) -> list[str]:
    limits = [
        "A judge, which errs too, decided whether positives follow from their anchors or negatives contradict them."
        if filters.judge.is_on
        else "The filters read the surface of sentences: a fluent positive that does not follow from its anchor, and a "
        "negative that does not contradict it, pass.",
        "Numbers are compared in digits only, names in Latin script and within one language only.",
    ]
    if triplets.language_check:
        limits.append("The language of answers under 8 letters was not identified; related languages may be confused.")
    else:
        limits.append("The language of the answers was not checked.")
    return limits
