"""Noun phrases of every sample language: articles, agreement, classifiers and noun classes.

A language is a `NounPhrases`: `subject` builds the definite singular ("the young farmer"), `objects` the indefinite
phrase of one to three things ("a red apple", "two red apples"), `denied` the same under negation where the
language changes it (Dutch *geen*).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.sample.concepts import Adjective, Noun


class NounPhrases(Protocol):
    """How one language builds its noun phrases."""

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase, without an initial capital."""
        ...

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase of ``count`` (1, 2 or 3) things."""
        ...

    def denied(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase as the object of a negated verb."""
        ...


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)


class _SameWhenDenied:
    """A language whose objects look the same under negation."""

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        raise NotImplementedError

    def denied(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        return self.objects(noun, count, adjective)


class English(_SameWhenDenied):
    """The/a/an; the adjective precedes and never changes."""

    numerals = ("", "two", "three")

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase."""
        return _join("the", _word(adjective, "eng"), noun.words["eng"].split("|")[0])

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase; "an" before a vowel letter (the lexicon has no exceptions)."""
        singular, plural = noun.words["eng"].split("|")
        phrase = _join(_word(adjective, "eng"), singular if count == 1 else plural)
        if count > 1:
            return _join(self.numerals[count - 1], phrase)
        return ("an " if phrase[0] in "aeiou" else "a ") + phrase


class Afrikaans(_SameWhenDenied):
    """Die / 'n; the table lists attributive adjectives, which depend on neither number nor definiteness."""

    numerals = ("'n", "twee", "drie")

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase."""
        return _join("die", _word(adjective, "afr"), noun.words["afr"].split("|")[0])

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase."""
        forms = noun.words["afr"].split("|")
        return _join(self.numerals[count - 1], _word(adjective, "afr"), forms[min(count, 2) - 1])


class Indonesian(_SameWhenDenied):
    """Numeral with classifier, noun, adjective; "itu" makes the phrase definite."""

    numerals = ("se", "dua ", "tiga ")

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase."""
        return _join(noun.words["ind"].split("|")[0], _word(adjective, "ind"), "itu")

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase: "sebuah apel merah", "dua ekor anjing"."""
        word, classifier = noun.words["ind"].split("|")
        return _join(self.numerals[count - 1] + classifier, word, _word(adjective, "ind"))


class Swahili(_SameWhenDenied):
    """Bare nouns; adjectives and numerals follow and agree with the noun class.

    An adjective of one word precedes the numeral ("vitabu vikubwa viwili"), a phrase with -a or -enye follows it
    ("vitabu viwili vya zamani").

    Classes are numbered as in grammars: 1/2 (people, and all animals by meaning), 3/4, 5/6, 7/8, 9/10, 11/10.
    """

    plural_class = {1: 2, 3: 4, 5: 6, 7: 8, 9: 10, 11: 10}  # noqa: RUF012
    two = {2: "wawili", 4: "miwili", 6: "mawili", 8: "viwili", 10: "mbili"}  # noqa: RUF012
    three = {2: "watatu", 4: "mitatu", 6: "matatu", 8: "vitatu", 10: "tatu"}  # noqa: RUF012

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The singular phrase, definite by position."""
        return self._phrase(noun, 1, adjective)

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The phrase of one (bare noun), two or three things."""
        return self._phrase(noun, count, adjective)

    def _phrase(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        singular, plural, noun_class = noun.words["swa"].split("|")
        number = int(noun_class)
        if count == 1:
            return _join(singular, _swahili_adjective(adjective, number))
        number = self.plural_class[number]
        numeral = (self.two if count == 2 else self.three)[number]
        inflected = _swahili_adjective(adjective, number)
        if " " in inflected:
            return _join(plural, numeral, inflected)
        return _join(plural, inflected, numeral)


# Concords by class: adjective prefix before a consonant and before e, connective -a, possessive -enye.
_BEFORE_CONSONANT = {1: "m", 2: "wa", 3: "m", 4: "mi", 5: "", 6: "ma", 7: "ki", 8: "vi", 11: "m"}
_BEFORE_E = {1: "mw", 2: "w", 3: "mw", 4: "my", 5: "j", 6: "m", 7: "ch", 8: "vy", 9: "ny", 10: "ny", 11: "mw"}
_CONNECTIVE = {
    1: "wa",
    2: "wa",
    3: "wa",
    4: "ya",
    5: "la",
    6: "ya",
    7: "cha",
    8: "vya",
    9: "ya",
    10: "za",
    11: "wa",
}
_HAVING = {1: "mwenye", 2: "wenye"}


def _swahili_adjective(adjective: Adjective | None, noun_class: int) -> str:
    if adjective is None:
        return ""
    cell = adjective.words["swa"]
    if cell.startswith("-a "):
        return _CONNECTIVE[noun_class] + cell.removeprefix("-a")
    if cell.startswith("-enye "):
        return _HAVING[noun_class] + cell.removeprefix("-enye")
    if not cell.startswith("-"):
        return cell
    return _swahili_stem(cell.removeprefix("-").split("|"), noun_class)


def _swahili_stem(forms: list[str], noun_class: int) -> str:
    """Inflect [stem], [stem, class 9 form] or [stem, class 9 form, class 5 form]."""
    stem = forms[0]
    if stem.startswith("e"):
        return _BEFORE_E[noun_class] + stem
    if noun_class in (9, 10):
        return forms[1]
    if noun_class == 5 and len(forms) > 2:
        return forms[2]
    return _BEFORE_CONSONANT[noun_class] + stem


class _Romance(_SameWhenDenied):
    """Article or numeral, noun, agreeing adjective."""

    language: str
    definite: Mapping[str, str]
    numerals: Mapping[str, tuple[str, str, str]]

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase."""
        singular, _, gender = noun.words[self.language].split("|")
        return _join(self.definite[gender], singular, self._adjective(adjective, gender, plural=False))

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase."""
        singular, plural, gender = noun.words[self.language].split("|")
        inflected = self._adjective(adjective, gender, plural=count > 1)
        return _join(self.numerals[gender][count - 1], plural if count > 1 else singular, inflected)

    def _adjective(self, adjective: Adjective | None, gender: str, *, plural: bool) -> str:
        if adjective is None:
            return ""
        cell = adjective.words[self.language]
        if "|" in cell:
            return cell.split("|")[2 * plural + (gender == "f")]
        word = cell[:-1] + "a" if cell.endswith("o") and gender == "f" else cell
        return word + "s" if plural else word


class Spanish(_Romance):
    """El/la, un/una, dos, tres."""

    language = "spa"
    definite = {"m": "el", "f": "la"}  # noqa: RUF012
    numerals = {"m": ("un", "dos", "tres"), "f": ("una", "dos", "tres")}  # noqa: RUF012


class Portuguese(_Romance):
    """O/a, um/uma, dois/duas, três."""

    language = "por"
    definite = {"m": "o", "f": "a"}  # noqa: RUF012
    numerals = {"m": ("um", "dois", "três"), "f": ("uma", "duas", "três")}  # noqa: RUF012


class Dutch:
    """De/het, een; the adjective takes -e except in an indefinite singular het-phrase; *geen* denies."""

    numerals = ("een", "twee", "drie")
    numerals_denied = ("geen", "geen twee", "geen drie")

    def subject(self, noun: Noun, adjective: Adjective | None) -> str:
        """The definite singular phrase."""
        singular, _, article = noun.words["nld"].split("|")
        return _join(article, self._adjective(adjective, inflected=True), singular)

    def objects(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase."""
        return _join(self.numerals[count - 1], self._bare(noun, count, adjective))

    def denied(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        """The indefinite phrase with "geen"."""
        return _join(self.numerals_denied[count - 1], self._bare(noun, count, adjective))

    def _bare(self, noun: Noun, count: int, adjective: Adjective | None) -> str:
        singular, plural, article = noun.words["nld"].split("|")
        inflected = count > 1 or article == "de"
        return _join(self._adjective(adjective, inflected=inflected), plural if count > 1 else singular)

    def _adjective(self, adjective: Adjective | None, *, inflected: bool) -> str:
        return "" if adjective is None else adjective.words["nld"].split("|")[inflected]


def _word(adjective: Adjective | None, language: str) -> str:
    return "" if adjective is None else adjective.words[language]


NOUN_PHRASES: Mapping[str, NounPhrases] = {
    "eng": English(),
    "afr": Afrikaans(),
    "ind": Indonesian(),
    "swa": Swahili(),
    "spa": Spanish(),
    "por": Portuguese(),
    "nld": Dutch(),
}
