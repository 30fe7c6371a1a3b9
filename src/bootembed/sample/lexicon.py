"""The lexicon: the concepts of a sample world and their relations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from bootembed.sample.concepts import (
    ANIMATE_KINDS,
    Valency,
    read_adjectives,
    read_nouns,
    read_places,
    read_times,
    read_verbs,
)
from bootembed.sample.subset import choose_subset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.sample.concepts import Adjective, Noun, Place, Time, Verb
    from bootembed.sample.frame import Frame

MINIMUM_CONTENT_WORDS = 60


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


@lru_cache(maxsize=1)
def _whole() -> Lexicon:
    return Lexicon(read_nouns(), read_verbs(), read_adjectives(), read_places(), read_times())


@lru_cache(maxsize=16)
def _load(content_words: int | None) -> Lexicon:
    whole = _whole()
    if content_words is None:
        return whole
    if content_words < MINIMUM_CONTENT_WORDS:
        raise ValueError(f"content_words is {content_words}; a balanced lexicon needs at least {MINIMUM_CONTENT_WORDS}")
    kept = choose_subset(
        whole.nouns.values(),
        whole.verbs.values(),
        whole.adjectives.values(),
        whole.places.values(),
        whole.times.values(),
        size=content_words,
    )
    return Lexicon(
        nouns={k: v for k, v in whole.nouns.items() if ("noun", k) in kept},
        verbs={k: v for k, v in whole.verbs.items() if ("verb", k) in kept},
        adjectives={k: v for k, v in whole.adjectives.items() if ("adjective", k) in kept},
        places={k: v for k, v in whole.places.items() if ("place", k) in kept},
        times={k: v for k, v in whole.times.items() if ("time", k) in kept},
    )
