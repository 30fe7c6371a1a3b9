"""The checks on one triplet, each a small function that looks for one fault.

Each is switched by its own parameter. A check that cannot decide (an unlisted language, a text that is too short) finds
no fault: a triplet is rejected on evidence only.
"""

# ruff: noqa: RUF001 - punctuation of other scripts is meant

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING

from bootembed.core.language_id import in_other_language, measured_script
from bootembed.core.names import ENGLISH, LATIN
from bootembed.core.text import comparable, spelt_out, words
from bootembed.prompts import repeats_prompt
from bootembed.triplets.phrases import negations, refusals
from bootembed.triplets.text import (
    MUTATING,
    NOUNS_IN_CAPITALS,
    has_scaled_number,
    is_mostly_latin,
    name_forms,
    names,
    number_readings,
    split_sentences,
)

if TYPE_CHECKING:
    from bootembed.settings.triplets import Filters

_LEAD_IN = re.compile(
    r"(?:sure|certainly|absolutely|of course|okay|ok|alright|great)\s*(?:[!:]|,\s*(?:here|i can|i'll|i will|let me)\b)"
    r"|here(?:'s| is| are)\b[^.!?:]{0,80}:"
    r"|here(?:'s| is) (?:a|an|one|the|your) [^.!?]{0,40}\b(?:sentence|statement|hypothesis|translation|example)s?\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:[^\W\d_]+ )?(?:positive|negative|entailment|contradiction|hypothesis|premise|sentence|statement|answer|"
    r"response|output|reply|translation|explanation|note|user|assistant|system|model|human|ai)\s*\d{0,2}\s?[:：]"
    r"|(?:user|assistant|system|model)\s*$",
    re.IGNORECASE,
)
_LABEL_INSIDE = re.compile(
    r"\b(?:premise|hypothesis|entailment|contradiction|assistant|explanation)\s?[:：]", re.IGNORECASE
)
_SPECIAL_TOKEN = re.compile(
    r"<\|[^<>]{1,40}\|?>|<｜[^<>]{1,40}>|<</?SYS>>|\[/?INST\]|\[(?:CLS|SEP|MASK|PAD|UNK|BOS|EOS)\]"
    r"|</?(?:s|bos|eos|pad|unk|mask|think|start_of_turn|end_of_turn|br|p)>|\ufffd",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"^(?:[-*+•]\s|#{1,6}\s|>\s|\d{1,2}\)\s)|```|\*\*\S|`[^`]+`|\[[^\]]+\]\(https?:")
_FIRST_ITEM = re.compile(r"1\.\s")
_TWO_ITEMS = re.compile(r"1\.\s.+?(?:[.!?;。！？।۔]\s*|\n\s*)2\.\s", re.DOTALL)
_JSON = re.compile(r"^(?:\{\s*[\"'].{0,60}[\"']\s*:|\[\s*[\"'{\[])")


_LEAST_STEM = 4


@dataclass(frozen=True)
class Case:
    """A triplet under judgement; languages are ISO 639-3 keys."""

    anchor: str
    positive: str
    negative: str
    finished: bool
    anchor_language: str
    answer_language: str

    @property
    def answers(self) -> tuple[str, str]:
        """Positive and negative."""
        return self.positive, self.negative

    @property
    def one_language(self) -> bool:
        """Whether anchor and answers are in the same language, and so can be compared word by word."""
        return self.anchor_language == self.answer_language

    @cached_property
    def key(self) -> tuple[str, str, str]:
        """The three sentences for comparison."""
        anchor, positive, negative = (
            comparable(text, symbols=False) for text in (self.anchor, self.positive, self.negative)
        )
        return anchor, positive, negative


def is_empty(case: Case, _settings: Filters) -> bool:
    """An answer without a letter or digit."""
    return not all(case.key[1:])


def is_over_long(case: Case, settings: Filters) -> bool:
    """An answer over the limits, or one that the model did not end itself."""
    limit = settings.max_length_ratio * len(spelt_out(case.anchor))
    return not case.finished or any(
        len(answer) > settings.max_characters or len(spelt_out(answer)) > limit for answer in case.answers
    )


def is_refusal(case: Case, settings: Filters) -> bool:
    """An answer that begins like a refusal, unless the anchor does too."""
    known = () if not settings.refusal else refusals()
    anchor = _opening(case.anchor)
    return any(
        _opening(answer).startswith(phrase) and not anchor.startswith(phrase)
        for answer in case.answers
        for phrase in known
    )


def has_chat_residue(case: Case, settings: Filters) -> bool:
    """Traces of a conversation or a document in an answer, unless the anchor has them too.

    A number and full stop at the beginning are an ordinal in many languages (1. mai). In English they are not, so there
    the first item of a list is one also without a second.
    """
    if not settings.chat_residue or _has_residue(case.anchor, _FIRST_ITEM):
        return False
    items = _FIRST_ITEM if case.answer_language == ENGLISH else _TWO_ITEMS
    return any(_has_residue(answer, items) for answer in case.answers)


def _has_residue(text: str, items: re.Pattern[str]) -> bool:
    opening = text.lstrip(" \"'“‘*_#")
    return (
        any(pattern.match(opening) for pattern in (_LEAD_IN, _LABEL, items))
        or any(pattern.search(text) for pattern in (_LABEL_INSIDE, _SPECIAL_TOKEN, _MARKDOWN, _JSON))
        or repeats_prompt(text)
    )


def has_several_sentences(case: Case, settings: Filters) -> bool:
    """An answer of several sentences."""
    return settings.several_sentences == "reject" and any(len(split_sentences(answer)) > 1 for answer in case.answers)


def is_in_wrong_language(case: Case, settings: Filters) -> bool:
    """An answer clearly in another language than the strategy demands.

    Where both share a language and the anchor is mistaken for a related one, the answer may be mistaken for it too.
    """
    if not settings.wrong_language:
        return False
    script = measured_script(case.anchor, case.answer_language) if case.one_language else LATIN
    if script is None:
        return False
    accepted = {None, in_other_language(case.anchor, case.anchor_language, script) if case.one_language else None}
    return any(in_other_language(answer, case.answer_language, script) not in accepted for answer in case.answers)


def copies_anchor(case: Case, _settings: Filters) -> bool:
    """An answer that is its anchor, apart from case, punctuation and spacing."""
    return case.key[0] in case.key[1:]


def has_equal_answers(case: Case, _settings: Filters) -> bool:
    """A positive that is the negative."""
    return case.key[1] == case.key[2]


def nearly_copies_anchor(case: Case, settings: Filters) -> bool:
    """A positive with nearly the same characters as its anchor; negatives are meant to be close to theirs."""
    limit = settings.max_similarity_to_anchor
    if limit is None or not case.one_language:
        return False
    anchor, positive, _ = case.key
    matcher = SequenceMatcher(None, anchor, positive, autojunk=False)
    cheap_bounds = (matcher.real_quick_ratio, matcher.quick_ratio)
    return all(bound() > limit for bound in cheap_bounds) and matcher.ratio() > limit


def adds_numbers(case: Case, settings: Filters) -> bool:
    """A positive with a number in digits that is not in the anchor: an entailment adds no figures."""
    if not settings.numbers_differ or any(map(has_scaled_number, (case.anchor, case.positive))):
        return False
    held = {number for readings in number_readings(case.anchor) for reading in readings for number in reading}
    return any(
        all(not reading <= held for reading in readings) for readings in number_readings(case.positive, in_words=False)
    )


def adds_names(case: Case, settings: Filters) -> bool:
    """A positive with a name that is not in the anchor.

    Checked within one language only: others spell names and weekdays differently (Londen, London). Not checked where
    the anchor is in another script, which may spell out a name that the positive has in Latin letters, nor in languages
    whose nouns all have capitals. Inflected names count as the same, so the first letters decide.
    """
    if not settings.names_differ or not case.one_language or case.answer_language in NOUNS_IN_CAPITALS:
        return False
    if not is_mostly_latin(case.anchor):
        return False
    held = name_forms(case.anchor, case.anchor_language)
    return any(not _is_held(name, held, case.answer_language) for name in names(case.positive))


def _is_held(name: str, held: list[str], language: str) -> bool:
    """Whether a word begins like the name, or the name with a word: either may have endings."""
    whole, *parts = name_forms(name.partition("-")[0], language)
    forms = [whole, *(part for part in parts if len(part) >= _LEAST_STEM)]
    least = _LEAST_STEM if language in MUTATING else 2  # its first consonants are no evidence there
    stems = tuple(form[: max(least, min(len(form) - 2, (len(form) + 1) // 2))] for form in forms)
    return any(
        word.startswith(stems) or (len(word) >= _LEAST_STEM and any(form.startswith(word) for form in forms))
        for word in held
    )


def is_only_negated(case: Case, settings: Filters) -> bool:
    """A negative that only adds negation words to its anchor; endings may differ (runs, does not run)."""
    known = negations(case.anchor_language)
    if not settings.only_negated or not case.one_language or not known:
        return False
    anchor, negative = words(case.anchor), words(case.negative)
    left = [word for word in anchor if word not in known]
    right = [word for word in negative if word not in known]
    more = len(negative) - len(right) > len(anchor) - len(left)
    if not more or len(left) != len(right):
        return False
    different = Counter(left) - Counter(right), Counter(right) - Counter(left)
    return all(_is_inflected(a, b) for a, b in zip(*(sorted(c.elements()) for c in different), strict=True))


def _is_inflected(one: str, other: str) -> bool:
    """Whether two words of at least three letters differ in an ending of at most two."""
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 3 and len(longer) - len(shorter) <= 2 and longer.startswith(shorter)


def _opening(text: str) -> str:
    """The beginning of a text for comparison with phrases."""
    start = next((index for index, char in enumerate(text) if char.isalnum()), len(text))
    return " ".join(text[start : start + 80].casefold().replace("’", "'").split())
