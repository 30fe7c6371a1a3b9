"""Concepts of the sample world and their words, read from the reviewable tables in ``data/``.

One row is one concept, one column one language. Cells hold the forms a grammar needs, separated by ``|``:

=============  ===============================================================================================
nouns          eng, afr: singular|plural; ind: noun|classifier; swa: singular|plural|class of the singular;
               spa, por: singular|plural|gender; nld: singular|plural|article
verbs          eng: third person|base; afr, nld: finite form or finite form|particle; swa: affirmative|negative
adjectives     spa, por: masculine (regular -o, -e) or all four forms (m, f, m plural, f plural);
               swa: ``-stem|class 9 form[|class 5 form]``, ``-a word``, ``-enye word`` or an invariable word;
               afr: the attributive form; nld: base|inflected
places, times  the whole phrase
=============  ===============================================================================================
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LANGUAGES: tuple[str, ...] = ("eng", "afr", "ind", "swa", "spa", "por", "nld")
"""ISO 639-3 codes of the sample languages, English first."""

ANIMATE_KINDS = frozenset({"person", "animal"})


class Valency(StrEnum):
    """Whether a verb takes an object."""

    INTRANSITIVE = "intransitive"
    TRANSITIVE = "transitive"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Concept:
    """A content word: its id and its cell of forms in every language."""

    concept: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Noun(Concept):
    """A noun. Two nouns of the same kind exclude each other unless one is the other's hypernym."""

    kind: str
    hypernym: str | None


@dataclass(frozen=True, slots=True)
class Verb(Concept):
    """A verb with its selectional restrictions (kinds or ids; ``!id`` excludes)."""

    valency: Valency
    opposite: str | None
    subjects: frozenset[str]
    objects: frozenset[str]
    places: str


@dataclass(frozen=True, slots=True)
class Adjective(Concept):
    """An adjective. Adjectives of one group exclude each other; relative ones depend on their noun."""

    group: str | None
    fits: frozenset[str]
    relative: bool


@dataclass(frozen=True, slots=True)
class Place(Concept):
    """A place phrase. Places of one group exclude each other unless one lies in the other."""

    group: str
    hypernym: str | None
    setting: str


@dataclass(frozen=True, slots=True)
class Time(Concept):
    """A time phrase. Times of one group exclude each other."""

    group: str


C = TypeVar("C", bound=Concept)


def check_language(language: str) -> str:
    """Return the language if the sample world has it.

    Raises:
        ValueError: no such sample language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no sample grammar for {language!r}; choose one of {', '.join(LANGUAGES)}")
    return language


def read_table(name: str) -> list[dict[str, str]]:
    """Read one of the package's tables as rows of strings."""
    text = resources.files("bootembed.sample").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _words(row: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({language: row[language] for language in LANGUAGES})


def _by_id(concepts: Iterable[C]) -> dict[str, C]:
    return {concept.concept: concept for concept in concepts}


def _read_verb(row: Mapping[str, str]) -> Verb:
    return Verb(
        concept=row["concept"],
        words=_words(row),
        valency=Valency(row["valency"]),
        opposite=row["opposite"] or None,
        subjects=frozenset(row["subjects"].split()),
        objects=frozenset(row["objects"].split()),
        places=row["places"],
    )


def read_nouns() -> dict[str, Noun]:
    """The nouns by id, in table order; so are the other concepts."""
    return _by_id(
        Noun(row["concept"], _words(row), row["kind"], row["hypernym"] or None) for row in read_table("nouns")
    )


def read_verbs() -> dict[str, Verb]:
    """The verbs."""
    return _by_id(_read_verb(row) for row in read_table("verbs"))


def read_adjectives() -> dict[str, Adjective]:
    """The adjectives."""
    return _by_id(
        Adjective(
            concept=row["concept"],
            words=_words(row),
            group=row["group"] or None,
            fits=frozenset(row["fits"].split()),
            relative=row["relative"] == "yes",
        )
        for row in read_table("adjectives")
    )


def read_places() -> dict[str, Place]:
    """The places."""
    return _by_id(
        Place(row["concept"], _words(row), row["group"], row["hypernym"] or None, row["setting"])
        for row in read_table("places")
    )


def read_times() -> dict[str, Time]:
    """The times."""
    return _by_id(Time(row["concept"], _words(row), row["group"]) for row in read_table("times"))
