"""Inference, contradiction, similarity and the oracle of the sample world."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.sample import (
    Frame,
    Lexicon,
    Oracle,
    Relation,
    contradictions,
    entailments,
    realise,
    relation,
    similarity,
)
from bootembed.sample.rewriting import has_entailments
from bootembed.sample.sampling import FrameSampler, Split

WHOLE = Lexicon.load()
BUYS = Frame("farmer", "buy", "young", "apple", 1, "red", "kitchen", "morning")
EATS = Frame("child", "eat", None, "apple", 2, "big")


def draw_frame(seed: int, negated: float = 0.0) -> Frame:
    return FrameSampler(WHOLE, random.Random(seed), Split.TRAIN, modifiers=0.5, negated=negated).draw()


seeds = st.integers(0, 2**31)


@pytest.mark.parametrize(
    ("premise", "hypothesis", "expected"),
    [
        (BUYS, BUYS, "same"),
        (BUYS, replace(BUYS, time=None), "entailment"),
        (BUYS, replace(BUYS, place="house"), "entailment"),
        (BUYS, Frame("person", "buy", object="fruit"), "entailment"),
        (BUYS, replace(BUYS, subject="person"), "neutral"),  # "young" is relative to the noun
        (BUYS, replace(BUYS, subject="person", subject_adjective=None), "entailment"),
        (EATS, Frame("child", "eat"), "entailment"),
        (EATS, replace(EATS, object="fruit"), "neutral"),  # a big apple need not be a big fruit
        (EATS, replace(EATS, object="fruit", object_adjective=None), "entailment"),
        (Frame("child", "eat"), EATS, "neutral"),
        (BUYS, replace(BUYS, verb="sell"), "contradiction"),
        (BUYS, replace(BUYS, object="banana", object_adjective=None), "contradiction"),
        (BUYS, replace(BUYS, object_count=2), "contradiction"),
        (BUYS, replace(BUYS, object_adjective="green"), "contradiction"),
        (BUYS, replace(BUYS, place="market"), "contradiction"),
        (BUYS, replace(BUYS, place="market", time=None), "contradiction"),
        (BUYS, replace(BUYS, place="town"), "neutral"),  # a kitchen may be in a city
        (BUYS, replace(BUYS, time="night"), "contradiction"),
        (BUYS, replace(BUYS, time="monday"), "neutral"),  # a Monday has a morning
        (BUYS, replace(BUYS, time="night", place="market"), "contradiction"),
        (BUYS, replace(BUYS, time="night", place="market", object_count=3), "neutral"),  # too far apart
        (BUYS, replace(BUYS, subject="king"), "neutral"),
        (BUYS, replace(BUYS, object="book", object_adjective=None), "neutral"),
        (BUYS, replace(BUYS, verb="carry"), "neutral"),
        (BUYS, replace(BUYS, negated=True), "contradiction"),
        (BUYS, Frame("person", "buy", object="fruit", negated=True), "contradiction"),
        (BUYS, Frame("farmer", "buy", object="banana", negated=True), "neutral"),
        (Frame("farmer", "sleep", negated=True), Frame("farmer", "sleep", place="garden"), "contradiction"),
        (Frame("farmer", "sleep", place="garden", negated=True), Frame("farmer", "sleep"), "neutral"),
        (Frame("farmer", "sleep", negated=True), Frame("person", "sleep", negated=True), "neutral"),
        (Frame("farmer", "sleep", negated=True), Frame("farmer", "sleep", negated=True), "same"),
        (
            Frame("mouse", "sleep", "big"),
            Frame("animal", "sleep", "small"),
            "neutral",  # a big mouse is a small animal
        ),
    ],
)
def test_relation(premise: Frame, hypothesis: Frame, expected: str) -> None:
    """The rules of the docstring, one example each."""
    assert relation(premise, hypothesis, WHOLE) == expected


@settings(max_examples=300, deadline=None)
@given(seeds)
def test_written_entailments_are_judged_entailed(seed: int) -> None:
    """A generalisation is entailed, sensible, and does not entail its premise back."""
    frame = draw_frame(seed)
    if not has_entailments(frame, WHOLE):
        with pytest.raises(ValueError, match="nothing more general"):
            entailments(frame, random.Random(seed), WHOLE)
        return
    general = entailments(frame, random.Random(seed), WHOLE)
    assert relation(frame, general, WHOLE) is Relation.ENTAILMENT
    assert relation(general, frame, WHOLE) is Relation.NEUTRAL
    assert WHOLE.is_grammatical(general)
    assert WHOLE.makes_sense(general)


@settings(max_examples=300, deadline=None)
@given(seeds)
def test_written_contradictions_are_judged_contradicting(seed: int) -> None:
    """A contradiction is judged one in its own direction and stays close to its premise."""
    frame = draw_frame(seed, negated=0.2)
    opposed = contradictions(frame, random.Random(seed), WHOLE)
    assert relation(frame, opposed, WHOLE) is Relation.CONTRADICTION
    assert WHOLE.is_grammatical(opposed)
    assert WHOLE.makes_sense(opposed)
    assert frame.subject == opposed.subject


def test_negation_is_one_way_of_contradicting_among_others() -> None:
    """More than a tenth of the contradictions are negations, and less than half."""
    rng = random.Random(0)
    frames = [draw_frame(seed) for seed in range(3000)]
    rich = [frame for frame in frames if frame.object is not None]
    negated = sum(contradictions(frame, rng, WHOLE).negated for frame in rich)
    assert 0.1 < negated / len(rich) < 0.5


def test_contradictions_change_every_slot() -> None:
    """All the exclusive changes occur."""
    rng = random.Random(0)
    changed: Counter[str] = Counter()
    for _ in range(400):
        other = contradictions(BUYS, rng, WHOLE)
        changed.update(
            name
            for name in Frame.__slots__
            if getattr(other, name) not in (getattr(BUYS, name), None)  # a dropped modifier is no change
        )
    assert set(changed) == {
        "verb", "object", "object_count", "subject_adjective", "object_adjective", "place", "time", "negated"
    }  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(seeds, seeds)
def test_relations_of_any_two_frames(first: int, second: int) -> None:
    """Contradiction of affirmative frames is mutual; a frame is the same as itself only."""
    a, b = draw_frame(first, negated=0.2), draw_frame(second, negated=0.2)
    assert relation(a, a, WHOLE) is Relation.SAME
    assert (relation(a, b, WHOLE) is Relation.SAME) == (a == b)
    forth, back = relation(a, b, WHOLE), relation(b, a, WHOLE)
    assert (forth is Relation.CONTRADICTION) == (back is Relation.CONTRADICTION)


@settings(max_examples=300, deadline=None)
@given(seeds, seeds)
def test_similarity_is_a_symmetric_share(first: int, second: int) -> None:
    """In [0, 1], symmetric, 1 only for equal meanings."""
    a, b = draw_frame(first, negated=0.2), draw_frame(second, negated=0.2)
    score = similarity(a, b, WHOLE)
    assert 0.0 <= score <= 1.0
    assert score == similarity(b, a, WHOLE)
    assert (score == 1.0) == (a == b)
    assert similarity(a, a, WHOLE) == 1.0


def test_similarity_is_graded() -> None:
    """Generalising costs little, excluding more, opposing and denying most."""
    ordered = [
        replace(BUYS, time=None),
        replace(BUYS, time="night"),
        replace(BUYS, object="banana", object_adjective=None),
        replace(BUYS, verb="sell"),
        replace(BUYS, negated=True),
        Frame("dog", "sleep"),
    ]
    scores = [similarity(BUYS, other, WHOLE) for other in ordered]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.9
    assert scores[-1] < 0.15


def test_similarity_formula() -> None:
    """The documented formula, by hand: ((3 * 0.75) + 3 + (3 * 0.2) + 1) / 10 * 0.8."""
    a = Frame("farmer", "buy", object="apple")
    b = Frame("person", "buy", object="banana")
    assert similarity(a, b, WHOLE) == pytest.approx((2.25 + 3 + 0.6 + 1) / 10 * 0.8)


def test_oracle_judges_across_languages() -> None:
    """A text is read in the language it is in, and judged by meaning."""
    oracle = Oracle(WHOLE)
    anchor = realise(BUYS, "afr", WHOLE)
    translated = oracle.judge(anchor, "afr", realise(BUYS, "swa", WHOLE))
    assert (translated.well_formed, translated.language, translated.relation) == (True, "swa", Relation.SAME)
    nonsense = oracle.judge(anchor, "afr", "Die boer die boer.")
    assert (nonsense.well_formed, nonsense.language, nonsense.relation) == (False, None, None)
    assert oracle.judge("Die boer die boer.", "afr", anchor).relation is None
    with pytest.raises(ValueError, match="no sample grammar"):
        oracle.judge(anchor, "afr", anchor, "zul")


def test_oracle_knows_only_its_lexicon() -> None:
    """A word outside the lexicon makes a sentence ill-formed."""
    outside = next(noun.concept for noun in WHOLE.subjects if noun.concept not in Lexicon.load(60).nouns)
    text = realise(Frame(outside, "sleep"), "ind", WHOLE)
    assert Oracle(WHOLE).judge(text, "ind", text).well_formed
    assert not Oracle(Lexicon.load(60)).judge(text, "ind", text).well_formed


def test_precision_counts_what_it_says() -> None:
    """Copies do not count within a language, translations do across languages."""
    oracle = Oracle(WHOLE)
    general, opposed = replace(BUYS, time=None), replace(BUYS, verb="sell")
    anchors = [realise(BUYS, "afr", WHOLE)] * 4
    positives = [realise(general, "afr", WHOLE), anchors[0], realise(general, "eng", WHOLE), "Niks."]
    negatives = [realise(opposed, "afr", WHOLE), anchors[0], realise(opposed, "eng", WHOLE), ""]
    scores = oracle.precision(anchors, positives, negatives, "afr", "afr")
    assert scores["positive_precision"] == scores["negative_precision"] == 0.25
    assert scores["well_formed_positive"] == scores["well_formed_negative"] == 0.75
    assert scores["right_language_positive"] == scores["right_language_negative"] == 0.5
    assert scores["positive_same"] == scores["positive_unjudged"] == 1
    assert scores["positive_entailment"] == scores["negative_contradiction"] == 2
    english = [realise(BUYS, "eng", WHOLE)] * 4
    across = oracle.precision(english, positives, negatives, "eng", "afr")
    assert across["positive_precision"] == 0.5
    assert oracle.precision([], [], [], "afr", "afr")["positive_precision"] == 0
    with pytest.raises(ValueError, match="one positive and one negative per anchor"):
        oracle.precision(anchors, [], [], "afr", "afr")
