"""Training rows of XL-LoRA: premises in any language, English entailments and contradictions (paper, section 3.3).

Two kinds of rows are joined. NLI rows with foreign premises are taken as they are. For parallel rows the English task
adapters answer the English side, and the answers become hypotheses of the foreign side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bootembed.core.names import ENGLISH, Polarity
from bootembed.core.seeding import derive_seed, sample_rows
from bootembed.core.tables import NLI, PARALLEL, read_table
from bootembed.generation.answer_cache import Answer, AnswerCache
from bootembed.generation.answers import answer_premises
from bootembed.generation.engine import create_engine
from bootembed.generation.usage import Usage
from bootembed.prompts import LABEL_OF
from bootembed.settings.consistency_of_recipes import lacking
from bootembed.strategies import Parts
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bootembed.settings.generation import Generation
    from bootembed.settings.models import BuildXlLoraData
    from bootembed.settings.schema import Params
    from bootembed.settings.triplets import Filters
    from bootembed.strategies import Inputs

ADAPTERS = ("task", "xl_lora")
ANSWERS_IN_ENGLISH = True
Answering: TypeAlias = "Callable[[Sequence[str]], Mapping[Polarity, list[Answer | None]]]"


def assemble(inputs: Inputs, _settings: None, *, seed: int) -> Parts:
    """The XL-LoRA adapters, the same for all languages."""
    return Parts(adapters=inputs.adapters())


def adapter_rank(params: Params) -> int:
    """Rank of its own adapters, and of the task adapters that answer the parallel rows."""
    return max(params.train_xl_lora_adapter.r, params.train_task_adapter.r)


def faults(params: Params) -> list[str]:
    """Without the text of a source language there is nothing to train the adapters on, unless others did."""
    if params.needed.fetched_xl_lora_adapters:
        return []
    settings = params.build_xl_lora_data
    if settings.source_languages:
        tables = [name for name in ("nli", "parallel") if getattr(settings, f"{name}_rows")]
        found = [lacking(params, table, settings.source_languages, recipe="xl_lora") for table in tables]
        return min(found, key=len, default=[])
    return [
        "build_xl_lora_data.source_languages: empty: strategy 'xl_lora' lacks its adapter; name a source "
        "language, or adapters of others in xl_lora_adapters"
    ]


@dataclass(frozen=True)
class SourceText:
    """The text of one source language: NLI rows (premise, hypothesis, label) and parallel rows (english, text)."""

    nli: list[dict[str, Any]]
    parallel: list[dict[str, Any]]


@dataclass(frozen=True)
class XlLoraData:
    """Rows of `tables.XL_LORA`, counts by origin and by reason of rejecting, and tokens of all answers."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]
    usage: Usage


def build_xl_lora_data(
    sources: Mapping[str, SourceText],
    settings: BuildXlLoraData,
    filters: Filters,
    *,
    answer: Answering,
    seed: int,
) -> XlLoraData:
    """Build the training rows of both polarities.

    Args:
        sources: Source language -> its text, for each of `settings.source_languages`.
        settings: Rows per language and origin.
        filters: Applied to the answers and their English premises, without the checks by an encoder and by the judge.
        answer: English premises -> the answers of the task adapters of both polarities.
        seed: Decides which rows are taken.
    """
    rows: list[dict[str, Any]] = []
    for language in settings.source_languages:
        for label in LABEL_OF.values():
            found = [row for row in sources[language].nli if row["label"] == label]
            chosen = sample_rows(found, settings.nli_rows, seed=derive_seed(seed, language, label))
            rows += [{**row, "language": language, "origin": "nli"} for row in chosen]
    from_nli = len(rows)
    pairs = [
        (language, row["english"], row["text"])
        for language in settings.source_languages
        for row in sample_rows(
            sources[language].parallel, settings.parallel_rows, seed=derive_seed(seed, language, "parallel")
        )
    ]
    answers = answer([pair[1] for pair in pairs]) if pairs else {polarity: [] for polarity in Polarity}
    answered, rejected = _judge_pairs(pairs, answers, filters)
    counts = {
        "nli": from_nli,
        "parallel": len(answered),
        **{f"rejected_{k}": v for k, v in rejected.items()},
    }
    return XlLoraData(rows + answered, counts, Usage.of(a for side in answers.values() for a in side))


def _judge_pairs(
    pairs: list[tuple[str, str, str]], answers: Mapping[Polarity, list[Answer | None]], filters: Filters
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Rows of both labels for each parallel row whose English triplet passes the filters; and counts by reason."""
    rejected = {str(reason): 0 for reason in TripletRejection}
    candidates = [
        Candidate(index, english, answers[Polarity.POSITIVE][index], answers[Polarity.NEGATIVE][index])
        for index, (_, english, _) in enumerate(pairs)
    ]
    unchecked = filters.semantic.model_copy(update={"min_positive_similarity": None, "min_margin": None})
    verdicts = filter_candidates(
        candidates,
        filters.model_copy(update={"semantic": unchecked, "judge": filters.judge.off}),
        anchor_language=ENGLISH,
        answer_language=ENGLISH,
    )
    rows = []
    for (language, _, premise), verdict in zip(pairs, verdicts, strict=True):
        if verdict.reason is not None:
            rejected[str(verdict.reason)] += 1
            continue
        kept = {Polarity.POSITIVE: verdict.candidate.positive, Polarity.NEGATIVE: verdict.candidate.negative}
        for polarity, answered in kept.items():
            assert answered is not None
            rows.append(
                {
                    "premise": premise,
                    "hypothesis": answered.text,
                    "label": LABEL_OF[polarity],
                    "language": language,
                    "origin": "parallel",
                }
            )
    return rows, rejected


def read_sources(sources_dir: Path, languages: Sequence[str]) -> dict[str, SourceText]:
    """Read the tables of the source languages, one folder each."""
    return {
        language: SourceText(
            nli=read_table(sources_dir / language / "nli.parquet", NLI),
            parallel=read_table(sources_dir / language / "parallel.parquet", PARALLEL),
        )
        for language in languages
    }


def task_answers(
    base_model_dir: Path,
    task_adapters_dir: Path,
    settings: Generation,
    *,
    number: int,
    prompt_version: str,
    answer_cache_path: Path,
    seed: int,
) -> Answering:
    """The `answer` argument of `build_xl_lora_data`, of one generator seed; nothing is read before it is called."""

    def answer(premises: Sequence[str]) -> dict[Polarity, list[Answer | None]]:
        return answer_premises(
            create_engine(
                settings,
                base_model_dir,
                {p: task_adapters_dir / p / str(number) for p in Polarity},
                strategy="task",
                language=ENGLISH,
                number=number,
            ),
            premises,
            settings,
            prompt_version=prompt_version,
            language="English",
            shots_of=lambda *_: (),
            answer_cache=AnswerCache(answer_cache_path),
            seed=seed,
        )

    return answer
