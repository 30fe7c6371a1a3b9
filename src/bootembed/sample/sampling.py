"""Random frames that make sense, and the split that keeps combinations of them for evaluation.

A *combination* is the triple (subject, verb, object). A stable hash of the triple alone puts it into train (70 %),
validation (12 %) or test (18 %), whatever the language, the seed, the modifiers, the polarity or the file. A frame
of one part can therefore not occur in another part, in no language and in no role: all its words are seen in
training, but never who does this to what.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from bootembed.sample.concepts import Valency
from bootembed.sample.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bootembed.sample.lexicon import Lexicon

VALIDATION_PERCENT = 12
TEST_PERCENT = 18
ATTEMPTS = 400


class Split(StrEnum):
    """A part of the sample world."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def split_of(frame: Frame) -> Split:
    """The part a frame belongs to, by a stable hash of its (subject, verb, object)."""
    return _split_of_triple(frame.subject, frame.verb, frame.object)


@lru_cache(maxsize=200_000)
def _split_of_triple(subject: str, verb: str, thing: str | None) -> Split:
    digest = hashlib.blake2b(f"{subject}\t{verb}\t{thing or ''}".encode(), digest_size=8).digest()
    percent = int.from_bytes(digest, "big") % 100
    if percent < TEST_PERCENT:
        return Split.TEST
    return Split.VALIDATION if percent < TEST_PERCENT + VALIDATION_PERCENT else Split.TRAIN


class FrameSampler:
    """Draws sensible frames of one split from a lexicon.

    Args:
        lexicon: the concepts to use.
        rng: source of randomness.
        split: the part that every frame drawn belongs to.
        modifiers: probability of each modifier (adjectives, place, time) that the frame could have.
        negated: probability of negation.
    """

    def __init__(
        self, lexicon: Lexicon, rng: Random, split: Split, *, modifiers: float = 0.4, negated: float = 0.0
    ) -> None:
        self.lexicon = lexicon
        self.rng = rng
        self.split = split
        self._modifiers = modifiers
        self._negated = negated
        self._subjects = [noun.concept for noun in lexicon.subjects if lexicon.verbs_of[noun.concept]]

    def draw(self) -> Frame:
        """Draw one frame."""
        rng = self.rng
        frame = self._event()
        while split_of(frame) is not self.split:
            frame = self._event()
        adjectives = self.lexicon.adjectives_of
        return replace(
            frame,
            subject_adjective=self._maybe(adjectives[frame.subject]),
            object_adjective=None if frame.object is None else self._maybe(adjectives[frame.object]),
            place=self._maybe(self.lexicon.places_of(frame.subject, frame.verb)),
            time=self._maybe(tuple(self.lexicon.times)),
            negated=rng.random() < self._negated,
        )

    def draw_where(self, condition: Callable[[Frame], bool]) -> Frame:
        """Draw frames until one meets the condition.

        Raises:
            ValueError: none of the first 400 did.
        """
        for _ in range(ATTEMPTS):
            frame = self.draw()
            if condition(frame):
                return frame
        raise ValueError(f"no suitable frame in {ATTEMPTS} draws; use a larger content_words")

    def within(self, make: Callable[[], Frame], attempts: int = 12) -> Frame | None:
        """Call ``make`` until its frame belongs to the split; None if it never does."""
        for _ in range(attempts):
            frame = make()
            if split_of(frame) is self.split:
                return frame
        return None

    def _event(self) -> Frame:
        """A subject, a verb and (two times in three, where optional) an object with a count."""
        rng = self.rng
        subject = rng.choice(self._subjects)
        verb = rng.choice(self.lexicon.verbs_of[subject])
        objects = self.lexicon.objects_of[verb]
        valency = self.lexicon.verbs[verb].valency
        bare = valency is Valency.INTRANSITIVE or (valency is Valency.OPTIONAL and rng.random() < 0.33)
        if bare or not objects:
            return Frame(subject, verb)
        return Frame(subject, verb, object=rng.choice(objects), object_count=rng.choice((1, 1, 1, 2, 3)))

    def _maybe(self, options: tuple[str, ...]) -> str | None:
        return self.rng.choice(options) if options and self.rng.random() < self._modifiers else None
