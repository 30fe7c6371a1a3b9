"""Generating triplets: both polarities in one process, the base model loaded once."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bootembed.adapters.load import load_generator
from bootembed.errors import DataError
from bootembed.hashing import content_hash
from bootembed.language_id import identifier_code
from bootembed.params import Polarity
from bootembed.prompts import build_messages, encode_prompt, prompt_definition
from bootembed.seeding import derive_seed
from bootembed.triplets.answers import Answer, Ledger, answer_prompts
from bootembed.triplets.filters import Candidate, Reason, Verdict, filter_candidates
from bootembed.triplets.generator import GeneratorDescription, read_generator
from bootembed.triplets.shots import ShotPicker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bootembed.params import Filters, Generation
    from bootembed.prompts import Shot
    from bootembed.triplets.filters import Similarity
    from bootembed.triplets.shots import ShotPool

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Triplets:
    """Generated triplets: rows of `tables.GENERATED_TRIPLETS`, and the verdicts on all candidates.

    `provenance` is what all rows have in common, `shots` the examples in prompts. `language_check` is False where
    answers in another language pass: the check is off, or CLD2 does not know the one that is demanded.
    """

    rows: list[dict[str, Any]]
    verdicts: list[Verdict]
    provenance: dict[str, Any]
    shots: ShotPool
    language_check: bool

    @property
    def counts(self) -> dict[str, int]:
        """Candidates, kept rows, and rows set aside by reason; every reason is listed."""
        reasons = Counter(verdict.reason for verdict in self.verdicts)
        by_reason = {str(reason): reasons[reason] for reason in Reason}
        return {"candidates": len(self.verdicts), "kept": len(self.rows), **by_reason}

    @property
    def metrics(self) -> dict[str, float]:
        """The counts, the share of the candidates that each is, and whether the language of answers was checked."""
        shares = {f"{name}_rate": count / len(self.verdicts) for name, count in self.counts.items()}
        del shares["candidates_rate"]
        return {**self.counts, **shares, "language_check": int(self.language_check)}


class GeneratorModel:
    """A base model with the adapters of both polarities resident; answers premises of either polarity."""

    def __init__(self, base_model_dir: Path, adapters: Mapping[Polarity, Path], settings: Generation) -> None:
        self.settings = settings
        self.model, self.tokenizer = load_generator(
            base_model_dir, bf16=settings.bf16, load_in_4bit=settings.load_in_4bit
        )
        self.base_hash = content_hash(base_model_dir)
        self.adapter_hashes = {polarity: content_hash(folder) for polarity, folder in adapters.items()}
        if adapters:
            self._attach(adapters)
        self.model.eval()

    def _attach(self, adapters: Mapping[Polarity, Path]) -> None:
        from peft import PeftModel

        first, *others = adapters
        self.model = PeftModel.from_pretrained(self.model, adapters[first], adapter_name=str(first))
        for polarity in others:
            self.model.load_adapter(adapters[polarity], adapter_name=str(polarity))

    def answer(
        self,
        premises: Sequence[str],
        polarity: Polarity,
        *,
        prompt_version: str,
        language: str,
        shots_of: Callable[[str], Sequence[Shot]],
        ledger: Ledger,
        seed: int,
    ) -> list[Answer | None]:
        """One answer per premise, in order, after the examples `shots_of` it; None where the prompt is too long."""
        definition = prompt_definition(prompt_version)
        prompts = [
            encode_prompt(
                self.tokenizer,
                build_messages(definition, premise, polarity=polarity, language=language, shots=shots_of(premise)),
            )
            for premise in premises
        ]
        if self.adapter_hashes:
            self.model.set_adapter(str(polarity))
        return answer_prompts(
            self.model,
            self.tokenizer,
            prompts,
            self.settings,
            ledger=ledger,
            identity=f"{self.base_hash} {self.adapter_hashes.get(polarity, '')}",
            seed=derive_seed(seed, str(polarity)),
        )


def generate_triplets(
    base_model_dir: Path,
    generator_dir: Path,
    anchors: Sequence[str],
    *,
    generation: Generation,
    filters: Filters,
    ledger_path: Path,
    seed: int,
    similarity: Similarity | None = None,
) -> Triplets:
    """Write a positive and a hard negative for every anchor and filter the triplets.

    Args:
        base_model_dir: The generator's base model.
        generator_dir: Generator folder of the strategy and language.
        anchors: Sentences of the target language; equal ones are each answered.
        generation: Sampling and batching.
        filters: Switches and thresholds.
        ledger_path: File that keeps finished batches; a killed run goes on from it.
        seed: Of the sampling.
        similarity: An encoder's, where `filters.semantic` is on.

    Raises:
        DataError: There are no anchors.
    """
    if not anchors:
        raise DataError(f"{generator_dir}: there are no anchors to write triplets for; check the corpus")
    description = read_generator(generator_dir)
    adapters = {p: generator_dir / p for p in Polarity} if description.has_adapters else {}
    model = GeneratorModel(base_model_dir, adapters, generation)
    ledger = Ledger(ledger_path)
    picker = ShotPicker(description.shots)
    answers = {}
    for polarity in Polarity:
        answers[polarity] = model.answer(
            anchors,
            polarity,
            prompt_version=description.prompt_version,
            language=description.answer_language_name,
            shots_of=partial(picker.shots, polarity=polarity),
            ledger=ledger,
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
    )
    provenance = _provenance(description, model, seed)
    rows = [_row(verdict.candidate, provenance) for verdict in verdicts if verdict.reason is None]
    logger.info("kept %d of %d triplets", len(rows), len(verdicts))
    language_check = filters.wrong_language and identifier_code(description.answer_language) is not None
    return Triplets(rows, verdicts, provenance, description.shots, language_check)


def _provenance(description: GeneratorDescription, model: GeneratorModel, seed: int) -> dict[str, Any]:
    return {
        "language": description.language,
        "answer_language": description.answer_language,
        "strategy": str(description.strategy),
        "generator_hash": model.base_hash,
        "positive_adapter_hash": model.adapter_hashes.get(Polarity.POSITIVE, ""),
        "negative_adapter_hash": model.adapter_hashes.get(Polarity.NEGATIVE, ""),
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
