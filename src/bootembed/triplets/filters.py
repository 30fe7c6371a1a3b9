"""Filters of generated triplets: every rejected triplet has one reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from bootembed.triplets import checks
from bootembed.triplets.checks import Case
from bootembed.triplets.text import split_sentences, strip_quotes

if TYPE_CHECKING:
    from bootembed.generation.answer_cache import Answer
    from bootembed.settings.triplets import Filters

_Found = TypeVar("_Found")
Similarity = Callable[[Sequence[tuple[str, str, str]]], list[tuple[float, float]]]
"""Triplets -> the cosine similarities of anchor and positive, and of anchor and negative."""
Rating = Callable[[Sequence[tuple[str, str, str]]], list[tuple[float, float]]]
"""Triplets -> the probabilities that the positive follows from the anchor, and that the negative contradicts it."""

Translation = Callable[[Sequence[tuple[str, str, str]]], list[float]]
"""Triplets -> the probability of the least probable token of the negative as translation of the anchor."""


class TripletRejection(StrEnum):
    """Why a triplet is rejected; the first that applies, in this order."""

    PROMPT_TOO_LONG = "prompt_too_long"
    EMPTY = "empty"
    OVER_LONG = "over_long"
    REFUSAL = "refusal"
    CHAT_RESIDUE = "chat_residue"
    SEVERAL_SENTENCES = "several_sentences"
    WRONG_LANGUAGE = "wrong_language"
    COPY_OF_ANCHOR = "copy_of_anchor"
    POSITIVE_EQUALS_NEGATIVE = "positive_equals_negative"
    NEAR_COPY_OF_ANCHOR = "near_copy_of_anchor"
    NUMBERS_DIFFER = "numbers_differ"
    NAMES_DIFFER = "names_differ"
    ONLY_NEGATED = "only_negated"
    TRANSLATION_OF_ANCHOR = "translation_of_anchor"
    POSITIVE_TOO_FAR = "positive_too_far"
    FALSE_NEGATIVE = "false_negative"
    NOT_ENTAILED = "not_entailed"
    NOT_CONTRADICTED = "not_contradicted"
    DUPLICATE = "duplicate"


_CHECKS: tuple[tuple[TripletRejection, Callable[[Case, Filters], bool]], ...] = (
    (TripletRejection.EMPTY, checks.is_empty),
    (TripletRejection.OVER_LONG, checks.is_over_long),
    (TripletRejection.REFUSAL, checks.is_refusal),
    (TripletRejection.CHAT_RESIDUE, checks.has_chat_residue),
    (TripletRejection.SEVERAL_SENTENCES, checks.has_several_sentences),
    (TripletRejection.WRONG_LANGUAGE, checks.is_in_wrong_language),
    (TripletRejection.COPY_OF_ANCHOR, checks.copies_anchor),
    (TripletRejection.POSITIVE_EQUALS_NEGATIVE, checks.has_equal_answers),
    (TripletRejection.NEAR_COPY_OF_ANCHOR, checks.nearly_copies_anchor),
    (TripletRejection.NUMBERS_DIFFER, checks.adds_numbers),
    (TripletRejection.NAMES_DIFFER, checks.adds_names),
    (TripletRejection.ONLY_NEGATED, checks.is_only_negated),
)


@dataclass(frozen=True)
class Candidate:
    """An anchor, with its position and its two answers."""

    anchor_id: int
    anchor: str
    positive: Answer | None
    negative: Answer | None


@dataclass(frozen=True)
class Verdict:
    """A candidate and why it is rejected; no reason means that it is kept.

    The answers of a kept candidate are repaired (`repair`); those of a rejected one are as the generator wrote them.
    """

    candidate: Candidate
    reason: TripletRejection | None


def filter_candidates(
    candidates: Sequence[Candidate],
    settings: Filters,
    *,
    anchor_language: str,
    answer_language: str,
    similarity: Similarity | None = None,
    rating: Rating | None = None,
    translation: Translation | None = None,
) -> list[Verdict]:
    """Judge every candidate, in order.

    Comparisons ignore case, punctuation and spacing. A duplicate is a triplet whose three sentences all occurred
    before; an anchor that occurs twice keeps both its triplets if they differ. No other verdict depends on other rows.

    Args:
        candidates: What the generator wrote.
        settings: Switches and thresholds.
        anchor_language: ISO 639-3 key of the anchors' language.
        answer_language: ISO 639-3 key of the language that the strategy demands of the answers.
        similarity: Needed where `settings.semantic` sets a threshold.
        rating: Needed where `settings.judge` does.
        translation: Needed where `settings.max_translation_probability` is set and the languages differ.

    Raises:
        ValueError: A threshold is set and what it needs is missing.
    """
    if settings.semantic.is_on and similarity is None:
        raise ValueError("generate_triplets.filters.semantic is on, so `similarity` is needed")
    if settings.judge.is_on and rating is None:
        raise ValueError("generate_triplets.filters.judge is on, so `rating` is needed")
    reads_translations = settings.max_translation_probability is not None and anchor_language != answer_language
    if reads_translations and translation is None:
        raise ValueError("generate_triplets.filters.max_translation_probability is set, so `translation` is needed")
    repaired = [_repaired(candidate, settings) for candidate in candidates]
    cases = [_case(candidate, anchor_language, answer_language) for candidate in repaired]
    reasons = [TripletRejection.PROMPT_TOO_LONG if case is None else _reason(case, settings) for case in cases]
    if reads_translations and translation is not None:
        _add_reasons(cases, reasons, translation, lambda found: _fault_of_translation(found, settings))
    if settings.semantic.is_on and similarity is not None:
        _add_reasons(cases, reasons, similarity, lambda found: _fault_of_similarity(*found, settings))
    if settings.judge.is_on and rating is not None:
        _add_reasons(cases, reasons, rating, lambda found: _fault_of_rating(*found, settings))
    _find_duplicates(cases, reasons)
    return [
        Verdict(mended if reason is None else written, reason)
        for written, mended, reason in zip(candidates, repaired, reasons, strict=True)
    ]


def repair(answer: Answer, settings: Filters) -> Answer:
    """The answer without quotes around it and, where `several_sentences` says so, cut after its first sentence.

    An answer that ran into the limit of new tokens counts as finished if its first sentence is whole.
    """
    text = strip_quotes(answer.text) if settings.strip_quotes else answer.text
    if settings.several_sentences != "cut":
        return replace(answer, text=text)
    first, *others = split_sentences(text)
    return replace(answer, text=first, finished=answer.finished or bool(others))


def _repaired(candidate: Candidate, settings: Filters) -> Candidate:
    if candidate.positive is None or candidate.negative is None:
        return candidate
    return replace(
        candidate, positive=repair(candidate.positive, settings), negative=repair(candidate.negative, settings)
    )


def _case(candidate: Candidate, anchor_language: str, answer_language: str) -> Case | None:
    positive, negative = candidate.positive, candidate.negative
    if positive is None or negative is None:
        return None
    return Case(
        candidate.anchor,
        positive.text,
        negative.text,
        finished=positive.finished and negative.finished,
        anchor_language=anchor_language,
        answer_language=answer_language,
    )


def _reason(case: Case, settings: Filters) -> TripletRejection | None:
    return next((reason for reason, applies in _CHECKS if applies(case, settings)), None)


def _add_reasons(
    cases: Sequence[Case | None],
    reasons: list[TripletRejection | None],
    measure: Callable[[Sequence[tuple[str, str, str]]], list[_Found]],
    fault: Callable[[_Found], TripletRejection | None],
) -> None:
    """Add the faults that a model finds to `reasons` where there is none yet."""
    open_cases = [(index, case) for index, case in enumerate(cases) if case is not None and reasons[index] is None]
    found = measure([(case.anchor, case.positive, case.negative) for _, case in open_cases])
    for (index, _), values in zip(open_cases, found, strict=True):
        reasons[index] = fault(values)


def _fault_of_translation(probability: float, settings: Filters) -> TripletRejection | None:
    most = settings.max_translation_probability
    return TripletRejection.TRANSLATION_OF_ANCHOR if most is not None and probability > most else None


def _fault_of_similarity(positive: float, negative: float, settings: Filters) -> TripletRejection | None:
    least, margin = settings.semantic.min_positive_similarity, settings.semantic.min_margin
    if least is not None and positive < least:
        return TripletRejection.POSITIVE_TOO_FAR
    return TripletRejection.FALSE_NEGATIVE if margin is not None and positive - negative < margin else None


def _fault_of_rating(entailed: float, contradicted: float, settings: Filters) -> TripletRejection | None:
    least, other = settings.judge.min_entailment, settings.judge.min_contradiction
    if least is not None and entailed < least:
        return TripletRejection.NOT_ENTAILED
    return TripletRejection.NOT_CONTRADICTED if other is not None and contradicted < other else None


def _find_duplicates(cases: Sequence[Case | None], reasons: list[TripletRejection | None]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for index, case in enumerate(cases):
        if case is None or reasons[index] is not None:
            continue
        if case.key in seen:
            reasons[index] = TripletRejection.DUPLICATE
        seen.add(case.key)
