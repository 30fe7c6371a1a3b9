"""Saying a `Frame` in a language, and reading a sentence back.

Every frame has exactly one sentence in every language and no two frames share one, so reading is strict: a text is
a sentence of the grammar only if it is, to the letter, what `realise` writes for the frame that was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bootembed.sample.concepts import Verb, check_language
from bootembed.sample.frame import Frame
from bootembed.sample.morphology import NOUN_PHRASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bootembed.sample.lexicon import Lexicon

NounKey = tuple[str, str | None]
ObjectKey = tuple[str, int, str | None]
Slots = dict[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class VerbForms:
    """The words of a verb: affirmative, negative (with the particle before it, if any) and separable part."""

    affirmative: str
    negative: str
    particle: str = ""


def realise(frame: Frame, language: str, lexicon: Lexicon) -> str:
    """Write the sentence of a frame.

    Args:
        frame: a meaning whose concepts are in the lexicon.
        language: ISO 639-3 code of a sample language.
        lexicon: the words.

    Returns:
        One sentence with an initial capital and a full stop.

    Raises:
        ValueError: unknown language, or the frame is not grammatical in this lexicon.
    """
    grammar = compile_grammar(lexicon, language)
    text = grammar.say(frame)
    if text is None:
        raise ValueError(f"not a frame of this lexicon (see Lexicon.is_grammatical): {frame}")
    return text


def parse(text: str, language: str, lexicon: Lexicon) -> Frame | None:
    """Read a sentence.

    Args:
        text: one sentence; white space around it is ignored, everything else counts.
        language: ISO 639-3 code of the language to read it in.
        lexicon: the words.

    Returns:
        The frame, or None if the text is not a well-formed sentence of this grammar in this language.

    Raises:
        ValueError: unknown language.
    """
    return compile_grammar(lexicon, language).read(text.strip())


@lru_cache(maxsize=64)
def compile_grammar(lexicon: Lexicon, language: str) -> Grammar:
    """Inflect the whole lexicon once, so that saying and reading are table look-ups.

    Raises:
        ValueError: unknown language.
    """
    return Grammar(lexicon, check_language(language))


class Grammar:
    """One language's phrase tables over one lexicon; get it from `compile_grammar`."""

    def __init__(self, lexicon: Lexicon, language: str) -> None:
        self._lexicon = lexicon
        self._order = _WORD_ORDERS[language]
        phrases = NOUN_PHRASES[language]
        adjectives = lexicon.adjectives
        self._subjects: dict[NounKey, str] = {
            (noun.concept, name): phrases.subject(noun, None if name is None else adjectives[name])
            for noun in lexicon.subjects
            for name in (None, *lexicon.adjectives_of[noun.concept])
        }
        keys: list[ObjectKey] = [
            (noun.concept, count, name)
            for noun in lexicon.nouns.values()
            if noun.kind != "person"
            for count in (1, 2, 3)
            for name in (None, *lexicon.adjectives_of[noun.concept])
        ]
        self._objects: dict[ObjectKey, str] = {}
        self._denied: dict[ObjectKey, str] = {}
        for key in keys:
            adjective = None if key[2] is None else adjectives[key[2]]
            self._objects[key] = phrases.objects(lexicon.nouns[key[0]], key[1], adjective)
            self._denied[key] = phrases.denied(lexicon.nouns[key[0]], key[1], adjective)
        self._verbs = {verb.concept: _verb_forms(verb, language) for verb in lexicon.verbs.values()}
        self._places = {place.concept: place.words[language] for place in lexicon.places.values()}
        self._times = {time.concept: time.words[language] for time in lexicon.times.values()}
        self._readings = self._index()
        self._lengths = _phrase_lengths(self._readings)

    def say(self, frame: Frame) -> str | None:
        """The sentence of a frame, or None if the frame is not grammatical in this lexicon."""
        if not self._lexicon.is_grammatical(frame):
            return None
        thing = ""
        if frame.object is not None:
            table = self._denied if frame.negated else self._objects
            thing = table[(frame.object, frame.object_count, frame.object_adjective)]
        parts = self._order(
            Parts(
                subject=self._subjects[(frame.subject, frame.subject_adjective)],
                verb=self._verbs[frame.verb],
                object=thing,
                place="" if frame.place is None else self._places[frame.place],
                time="" if frame.time is None else self._times[frame.time],
                negated=frame.negated,
            )
        )
        sentence = " ".join(part for part in parts if part)
        return f"{sentence[0].upper()}{sentence[1:]}."

    def read(self, text: str) -> Frame | None:
        """The frame whose sentence is exactly this text, or None."""
        if len(text) < 2 or not text.endswith(".") or not text[0].isupper():
            return None
        tokens = (text[0].lower() + text[1:-1]).split(" ")
        for slots in self._analyses(tokens, 0, {}):
            frame = _frame(slots)
            if frame is not None and self.say(frame) == text:
                return frame
        return None

    def _analyses(self, tokens: list[str], start: int, slots: Slots) -> Iterator[Slots]:
        """All ways to cover the tokens from ``start`` with known phrases, each slot at most once."""
        if start == len(tokens):
            yield slots
            return
        for length in self._lengths.get(tokens[start], ()):
            end = start + length
            phrase = " ".join(tokens[start:end]) if end <= len(tokens) else ""
            for reading in self._readings.get(phrase, ()):
                if not slots.keys() & reading.keys() - _REPEATABLE:
                    yield from self._analyses(tokens, end, slots | reading)

    def _index(self) -> dict[str, list[Slots]]:
        """Every phrase of the language with what it may mean; word order is checked afterwards."""
        index: dict[str, list[Slots]] = {}
        for phrase, reading in self._phrases():
            readings = index.setdefault(phrase, [])
            if reading not in readings:
                readings.append(reading)
        return index

    def _phrases(self) -> Iterator[tuple[str, Slots]]:
        for (noun, adjective), phrase in self._subjects.items():
            yield phrase, {"subject": noun, "subject_adjective": adjective}
        for key, phrase in self._objects.items():
            reading: Slots = {"object": key[0], "object_count": key[1], "object_adjective": key[2]}
            yield phrase, reading
            if self._denied[key] != phrase:
                yield self._denied[key], reading | {"negated": True}
        for verb, forms in self._verbs.items():
            yield from _verb_readings(verb, forms)
        for place, phrase in self._places.items():
            yield phrase, {"place": place}
        for time, phrase in self._times.items():
            yield phrase, {"time": time}
        for word in ("nie", "niet"):
            yield word, {"negated": True}


def _verb_readings(verb: str, forms: VerbForms) -> Iterator[tuple[str, Slots]]:
    yield forms.affirmative, {"verb": verb}
    if forms.negative != forms.affirmative:
        yield forms.negative, {"verb": verb, "negated": True}
    if forms.particle:
        yield forms.particle, {"particle": True}


_REPEATABLE = frozenset({"negated"})


def _phrase_lengths(readings: dict[str, list[Slots]]) -> dict[str, tuple[int, ...]]:
    """First token of a phrase -> the lengths in tokens of the phrases that begin with it, longest first."""
    lengths: dict[str, set[int]] = {}
    for phrase in readings:
        tokens = phrase.split(" ")
        lengths.setdefault(tokens[0], set()).add(len(tokens))
    return {token: tuple(sorted(found, reverse=True)) for token, found in lengths.items()}


def _frame(slots: Slots) -> Frame | None:
    if "subject" not in slots or "verb" not in slots:
        return None
    known = {name: value for name, value in slots.items() if name != "particle"}
    return replace(_EMPTY, **known)  # type: ignore[arg-type]


_EMPTY = Frame(subject="", verb="")


def _verb_forms(verb: Verb, language: str) -> VerbForms:
    """Inflect a verb for a third person singular subject in the present."""
    first, _, second = verb.words[language].partition("|")
    if language == "eng":
        return VerbForms(first, f"does not {second}")
    if language == "swa":
        return VerbForms(first, second)
    if language in ("afr", "nld"):
        return VerbForms(first, first, second)
    return VerbForms(first, f"{_NOT[language]} {first}")


_NOT = {"ind": "tidak", "spa": "no", "por": "não"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The phrases of a sentence before they are put in order; absent ones are empty."""

    subject: str
    verb: VerbForms
    object: str
    place: str
    time: str
    negated: bool


def _verb_before_object(parts: Parts) -> tuple[str, ...]:
    """English, Indonesian, Swahili, Spanish, Portuguese: subject, verb, object, place, time."""
    verb = parts.verb.negative if parts.negated else parts.verb.affirmative
    return (parts.subject, verb, parts.object, parts.place, parts.time)


def _afrikaans(parts: Parts) -> tuple[str, ...]:
    """Subject, verb, time, object, place, particle; negation is "nie" after the time and again at the end.

    The two "nie" fall together where nothing would stand between them ("Die kind slaap nie.").
    """
    rest = (parts.object, parts.place, parts.verb.particle)
    if not parts.negated:
        return (parts.subject, parts.verb.affirmative, parts.time, *rest)
    closing = ("nie",) if any(rest) else ()
    return (parts.subject, parts.verb.affirmative, parts.time, "nie", *rest, *closing)


def _dutch(parts: Parts) -> tuple[str, ...]:
    """Subject, verb, time, object, place, particle; "niet" follows the time unless the object has "geen"."""
    negation = "niet" if parts.negated and not parts.object else ""
    rest = (parts.object, parts.place, parts.verb.particle)
    return (parts.subject, parts.verb.affirmative, parts.time, negation, *rest)


_WORD_ORDERS: dict[str, Callable[[Parts], tuple[str, ...]]] = {
    "eng": _verb_before_object,
    "ind": _verb_before_object,
    "swa": _verb_before_object,
    "spa": _verb_before_object,
    "por": _verb_before_object,
    "afr": _afrikaans,
    "nld": _dutch,
}
