"""The lexicon: concepts, their relations and their words, read from the reviewable tables in ``data/``.

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
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bootembed.sample.frame import Frame

LANGUAGES: tuple[str, ...] = ("eng", "afr", "ind", "swa", "spa", "por", "nld")
"""ISO 639-3 codes of the sample languages, English first."""

MINIMUM_CONTENT_WORDS = 60
ANIMATE_KINDS = frozenset({"person", "animal"})

# Share of the content words each category aims at, in the order in which they take turns.
_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "person": 0.13,
        "animal": 0.07,
        "thing": 0.30,
        "verb": 0.22,
        "adjective": 0.16,
        "place": 0.08,
        "time": 0.04,
    }
)


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


def _accepts(restriction: frozenset[str], noun: Noun) -> bool:
    if "!" + noun.concept in restriction:
        return False
    return noun.kind in restriction or noun.concept in restriction


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The concepts of a sample world, in table order, with the questions the grammar asks about them.

    Compared and hashed by identity, so that compiled grammars can be cached per lexicon.
    """

    nouns: Mapping[str, Noun]
    verbs: Mapping[str, Verb]
    adjectives: Mapping[str, Adjective]
    places: Mapping[str, Place]
    times: Mapping[str, Time]
    content_words: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the content words."""
        parts = (self.nouns, self.verbs, self.adjectives, self.places, self.times)
        object.__setattr__(self, "content_words", sum(len(part) for part in parts))

    @classmethod
    def load(cls, content_words: int | None = None) -> Lexicon:
        """Read the tables, whole or cut to a balanced subset.

        Args:
            content_words: how many concepts to keep, at least 60; None keeps all. The subset is deterministic, has
                between ``content_words - 2`` and ``content_words`` concepts (or all that there are), holds every
                category, the hypernyms of what it holds and both halves of every opposition.

        Returns:
            The lexicon; the same object for the same argument.

        Raises:
            ValueError: fewer than 60 content words asked for.
        """
        return _load(content_words)

    @cached_property
    def subjects(self) -> tuple[Noun, ...]:
        """Nouns that can act."""
        return tuple(noun for noun in self.nouns.values() if noun.kind in ANIMATE_KINDS)

    @cached_property
    def objects_of(self) -> Mapping[str, tuple[str, ...]]:
        """Noun ids that each verb takes as object."""
        nouns = self.nouns.values()
        return {
            verb.concept: tuple(noun.concept for noun in nouns if _accepts(verb.objects, noun))
            for verb in self.verbs.values()
        }

    @cached_property
    def adjectives_of(self) -> Mapping[str, tuple[str, ...]]:
        """Adjective ids that fit each noun."""
        return {
            noun.concept: tuple(a.concept for a in self.adjectives.values() if _accepts(a.fits, noun))
            for noun in self.nouns.values()
        }

    @cached_property
    def verbs_of(self) -> Mapping[str, tuple[str, ...]]:
        """Verb ids that each animate noun can be the subject of."""
        return {
            noun.concept: tuple(v.concept for v in self.verbs.values() if _accepts(v.subjects, noun))
            for noun in self.subjects
        }

    def places_of(self, subject: str, verb: str) -> tuple[str, ...]:
        """Place ids where the event makes sense; animals stay out of rooms."""
        return self._places[(self.nouns[subject].kind == "animal", self.verbs[verb].places)]

    @cached_property
    def _places(self) -> Mapping[tuple[bool, str], tuple[str, ...]]:
        settings = {
            "any": {"indoor", "outdoor"},
            "outdoor": {"outdoor"},
            "none": set[str](),
        }
        return {
            (animal, name): tuple(
                p.concept
                for p in self.places.values()
                if p.setting in allowed and not (animal and p.setting == "indoor")
            )
            for name, allowed in settings.items()
            for animal in (False, True)
        }

    def is_grammatical(self, frame: Frame) -> bool:
        """Whether the grammar has a sentence for the frame, however odd its meaning.

        Grammatical means: all concepts are of this lexicon and of the right category, the subject is animate,
        the object fits the verb's valency, and adjectives fit their nouns (many words, such as "old" and
        "short", mean different concepts with different nouns, so this keeps sentences unambiguous).
        """
        return self._concepts_known(frame) and self._object_fits(frame) and self._adjectives_fit(frame)

    def makes_sense(self, frame: Frame) -> bool:
        """Whether a grammatical frame also respects the verb's selectional restrictions."""
        verb = self.verbs[frame.verb]
        if not _accepts(verb.subjects, self.nouns[frame.subject]):
            return False
        if frame.object is not None and frame.object not in self.objects_of[frame.verb]:
            return False
        return frame.place is None or frame.place in self.places_of(frame.subject, frame.verb)

    def _concepts_known(self, frame: Frame) -> bool:
        noun = self.nouns.get(frame.subject)
        if noun is None or noun.kind not in ANIMATE_KINDS or frame.verb not in self.verbs:
            return False
        place_known = frame.place is None or frame.place in self.places
        return place_known and (frame.time is None or frame.time in self.times)

    def _object_fits(self, frame: Frame) -> bool:
        valency = self.verbs[frame.verb].valency
        if frame.object is None:
            bare = frame.object_count == 1 and frame.object_adjective is None
            return bare and valency is not Valency.TRANSITIVE
        known = frame.object in self.nouns and self.nouns[frame.object].kind != "person"
        return known and frame.object_count in (1, 2, 3) and valency is not Valency.INTRANSITIVE

    def _adjectives_fit(self, frame: Frame) -> bool:
        adjective = frame.subject_adjective
        if adjective is not None and adjective not in self.adjectives_of[frame.subject]:
            return False
        adjective = frame.object_adjective
        return adjective is None or (frame.object is not None and adjective in self.adjectives_of[frame.object])

    def noun_covers(self, general: str, specific: str) -> bool:
        """Whether ``general`` is ``specific`` or one of its hypernyms."""
        return _covers(self.nouns, general, specific)

    def place_covers(self, general: str, specific: str) -> bool:
        """Whether being in ``specific`` means being in ``general``."""
        return _covers(self.places, general, specific)

    def nouns_exclude(self, a: str, b: str) -> bool:
        """Whether an object cannot be both: nouns of one kind, neither covering the other."""
        same_kind = self.nouns[a].kind == self.nouns[b].kind
        return same_kind and not self.noun_covers(a, b) and not self.noun_covers(b, a)

    def places_exclude(self, a: str, b: str) -> bool:
        """Whether an event cannot happen in both places."""
        same_group = self.places[a].group == self.places[b].group
        return same_group and not self.place_covers(a, b) and not self.place_covers(b, a)

    def times_exclude(self, a: str, b: str) -> bool:
        """Whether an event cannot happen at both times."""
        return a != b and self.times[a].group == self.times[b].group

    def adjectives_exclude(self, a: str, b: str) -> bool:
        """Whether one noun cannot have both properties."""
        group = self.adjectives[a].group
        return a != b and group is not None and group == self.adjectives[b].group


def _covers(table: Mapping[str, Noun] | Mapping[str, Place], general: str, specific: str) -> bool:
    current: str | None = specific
    while current is not None:
        if current == general:
            return True
        current = table[current].hypernym
    return False


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


@lru_cache(maxsize=1)
def _whole() -> Lexicon:
    return Lexicon(
        nouns=_by_id(
            Noun(row["concept"], _words(row), row["kind"], row["hypernym"] or None) for row in read_table("nouns")
        ),
        verbs=_by_id(_read_verb(row) for row in read_table("verbs")),
        adjectives=_by_id(
            Adjective(
                concept=row["concept"],
                words=_words(row),
                group=row["group"] or None,
                fits=frozenset(row["fits"].split()),
                relative=row["relative"] == "yes",
            )
            for row in read_table("adjectives")
        ),
        places=_by_id(
            Place(row["concept"], _words(row), row["group"], row["hypernym"] or None, row["setting"])
            for row in read_table("places")
        ),
        times=_by_id(Time(row["concept"], _words(row), row["group"]) for row in read_table("times")),
    )


@lru_cache(maxsize=16)
def _load(content_words: int | None) -> Lexicon:
    whole = _whole()
    if content_words is None:
        return whole
    if content_words < MINIMUM_CONTENT_WORDS:
        raise ValueError(f"content_words is {content_words}; a balanced lexicon needs at least {MINIMUM_CONTENT_WORDS}")
    kept = _choose(_bundles(whole), content_words)
    return Lexicon(
        nouns={k: v for k, v in whole.nouns.items() if ("noun", k) in kept},
        verbs={k: v for k, v in whole.verbs.items() if ("verb", k) in kept},
        adjectives={k: v for k, v in whole.adjectives.items() if ("adjective", k) in kept},
        places={k: v for k, v in whole.places.items() if ("place", k) in kept},
        times={k: v for k, v in whole.times.items() if ("time", k) in kept},
    )


Member = tuple[str, str]


def _bundles(lexicon: Lexicon) -> dict[str, list[tuple[Member, ...]]]:
    """Concepts that only make sense together, per category, in table order (their priority)."""
    bundles: dict[str, list[tuple[Member, ...]]] = {category: [] for category in _SHARES}
    hypernyms = {noun.hypernym for noun in lexicon.nouns.values()} - {None}
    for noun in lexicon.nouns.values():
        category = noun.kind if noun.kind in ANIMATE_KINDS else "thing"
        if noun.concept not in hypernyms:
            bundles[category].append(_chain("noun", noun.concept, noun.hypernym))
    for verb in lexicon.verbs.values():
        bundles["verb"].append(_chain("verb", verb.concept, verb.opposite))
    for place in lexicon.places.values():
        bundles["place"].append(_chain("place", place.concept, place.hypernym))
    for time in lexicon.times.values():
        bundles["time"].append((("time", time.concept),))
    bundles["adjective"] = _adjective_bundles(lexicon.adjectives.values())
    return bundles


def _chain(category: str, *concepts: str | None) -> tuple[Member, ...]:
    return tuple((category, concept) for concept in concepts if concept is not None)


def _adjective_bundles(adjectives: Iterable[Adjective]) -> list[tuple[Member, ...]]:
    """Oppositions whole; of larger groups (colours) the first two together, the others singly."""
    groups: dict[str, list[str]] = {}
    for adjective in adjectives:
        groups.setdefault(adjective.group or adjective.concept, []).append(adjective.concept)
    order = {adjective.concept: rank for rank, adjective in enumerate(adjectives)}
    bundles = []
    for members in groups.values():
        bundles.append(_chain("adjective", *members[:2]))
        bundles.extend(_chain("adjective", member) for member in members[2:])
    return sorted(bundles, key=lambda bundle: order[bundle[0][1]])


def _choose(bundles: Mapping[str, Sequence[tuple[Member, ...]]], size: int) -> set[Member]:
    """Take bundles from the category furthest below its share until nothing fits any more."""
    kept: set[Member] = set()
    filled = dict.fromkeys(bundles, 0)
    queues = {category: list(queue) for category, queue in bundles.items()}
    while True:
        for category in sorted(queues, key=lambda name: filled[name] / _SHARES[name]):
            added = _take(queues[category], kept, size - len(kept))
            if added:
                filled[category] += added
                break
        else:
            return kept


def _take(queue: list[tuple[Member, ...]], kept: set[Member], room: int) -> int:
    """Move the first bundle that fits and adds something from the queue to what is kept."""
    for index, bundle in enumerate(queue):
        new = set(bundle) - kept
        if new and len(new) <= room:
            kept |= new
            del queue[index]
            return len(new)
    return 0
