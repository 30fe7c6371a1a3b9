"""Generating triplets: an engine answers every anchor in both polarities, and filters judge the triplets."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.language_id import is_checkable
from bootembed.core.names import Polarity
from bootembed.generation.answer_cache import AnswerCache
from bootembed.generation.answers import answer_premises
from bootembed.generation.engine import create_engine, describe_engine
from bootembed.generation.generator import GeneratorDescription, read_generator
from bootembed.generation.shots import ShotPicker
from bootembed.generation.usage import Usage
from bootembed.triplets.filters import Candidate, TripletRejection, Verdict, filter_candidates
from bootembed.triplets.translation import TranslationProbability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.generation.engine import Engine
    from bootembed.generation.shots import ShotPool
    from bootembed.settings.generation import Generation
    from bootembed.settings.triplets import Filters
    from bootembed.triplets.filters import Rating, Similarity

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Triplets:
    """Generated triplets: rows of `tables.GENERATED_TRIPLETS`, and the verdicts on all candidates.

    `provenance` holds the columns that are the same in all rows, `shots` the examples in prompts. `language_check` is
    False where the language of answers was not checked: the check is off, or the identifier has no measured rates for
    it. `usage` holds the metrics of tokens, with those of answers that an earlier run left in the answer cache.
    """

    rows: list[dict[str, Any]]
    verdicts: list[Verdict]
    provenance: dict[str, Any]
    shots: ShotPool
    language_check: bool
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Candidates, kept rows, and rows rejected by reason; every reason is listed."""
        reasons = Counter(verdict.reason for verdict in self.verdicts)
        by_reason = {str(reason): reasons[reason] for reason in TripletRejection}
        return {"candidates": len(self.verdicts), "kept": len(self.rows), **by_reason}

    @property
    def metrics(self) -> dict[str, float]:
        """The counts, the share of the candidates that each is, tokens, and whether answers' language was checked."""
        shares = {f"{name}_rate": count / len(self.verdicts) for name, count in self.counts.items()}
        del shares["candidates_rate"]
        return {**self.counts, **shares, **self.usage, "language_check": int(self.language_check)}


def generate_triplets(
    base_model_dir: Path,
    generator_dir: Path,
    anchors: Sequence[str],
    *,
    generation: Generation,
    filters: Filters,
    answer_cache_path: Path,
    seed: int,
    similarity: Similarity | None = None,
    rating: Rating | None = None,
) -> Triplets:
    """Write a positive and a hard negative for every anchor and filter the triplets.

    Args:
        base_model_dir: The generator's base model.
        generator_dir: Generator folder of the strategy and language.
        anchors: Sentences of the target language; equal ones are each answered.
        generation: Engine and sampling.
        filters: Switches and thresholds.
        answer_cache_path: File that keeps every answer; only those missing from it are generated.
        seed: Of the sampling.
        similarity: An encoder's, where `filters.semantic` is on.
        rating: The judge's, where `filters.judge` is on.

    Raises:
        DataError: There are no anchors.
    """
    if not anchors:
        raise DataError(f"{generator_dir}: there are no anchors to write triplets for; check the corpus")
    description = read_generator(generator_dir)
    adapters = {p: generator_dir / p for p in Polarity} if description.has_adapters else {}
    names = {"strategy": description.strategy, "language": description.language}
    engine = create_engine(generation, base_model_dir, adapters, **names, number=description.number)
    picker = ShotPicker(description.shots)
    answers = answer_premises(
        engine,
        anchors,
        generation,
        prompt_version=description.prompt_version,
        language=description.answer_language_name,
        shots_of=lambda anchor, polarity: picker.shots(anchor, polarity=polarity),
        answer_cache=AnswerCache(answer_cache_path),
        seed=seed,
    )
    candidates = [
        Candidate(index, anchor, answers[Polarity.POSITIVE][index], answers[Polarity.NEGATIVE][index])
        for index, anchor in enumerate(anchors)
    ]
    verdicts = filter_candidates(
        candidates,
        filters,
        anchor_language=description.language,
        answer_language=description.answer_language,
        similarity=similarity,
        rating=rating,
        translation=TranslationProbability(
            base_model_dir, generation.transformers, language=description.answer_language_name
        ),
    )
    provenance = _provenance(description, engine, seed)
    rows = [_row(verdict.candidate, provenance) for verdict in verdicts if verdict.reason is None]
    logger.info("kept %d of %d triplets", len(rows), len(verdicts))
    language_check = filters.wrong_language and is_checkable(description.answer_language)
    usage = Usage.of(answer for side in answers.values() for answer in side).metrics(describe_engine(generation).prices)
    return Triplets(rows, verdicts, provenance, description.shots, language_check, usage)


def _provenance(description: GeneratorDescription, engine: Engine, seed: int) -> dict[str, Any]:
    return {
        "language": description.language,
        "answer_language": description.answer_language,
        "strategy": description.strategy,
        "generator_hash": engine.generator_hash,
        "positive_adapter_hash": engine.adapter_hashes.get(Polarity.POSITIVE, ""),
        "negative_adapter_hash": engine.adapter_hashes.get(Polarity.NEGATIVE, ""),
        "prompt_version": description.prompt_version,
        "seed": seed,
    }


def _row(candidate: Candidate, provenance: dict[str, Any]) -> dict[str, Any]:
    assert candidate.positive is not None
    assert candidate.negative is not None
    return {
        "anchor": candidate.anchor,
        "positive": candidate.positive.text,
        "negative": candidate.negative.text,
        "anchor_id": candidate.anchor_id,
        **provenance,
    }
