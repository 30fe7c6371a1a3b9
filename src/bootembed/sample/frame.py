"""The meaning of a sample sentence: who does what to how many of what, where and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A meaning that every sample language can say in exactly one way.

    All values are concept ids of the lexicon (English words, see ``data/*.csv``).

    Attributes:
        subject: a person or animal, always definite and singular ("the farmer").
        verb: a verb concept, in the present tense.
        subject_adjective: attribute of the subject, or None.
        object: an indefinite noun ("an apple"), or None.
        object_count: 1 ("an apple"), 2 or 3; 1 where there is no object.
        object_adjective: attribute of the object, or None.
        place: a place with its preposition ("in the kitchen"), or None.
        time: a time with its preposition ("on Monday"), or None.
        negated: whether the sentence denies the event.
    """

    subject: str
    verb: str
    subject_adjective: str | None = None
    object: str | None = None
    object_count: int = 1
    object_adjective: str | None = None
    place: str | None = None
    time: str | None = None
    negated: bool = False
