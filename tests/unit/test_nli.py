"""Triplets from NLI rows."""

from __future__ import annotations

from bootembed.core.nli import hypotheses_by_premise, nli_triplets

ROWS = [
    {"premise": premise, "hypothesis": hypothesis, "label": label}
    for premise, hypothesis, label in (
        ("p", "no", "contradiction"),
        ("q", "yes", "entailment"),
        ("p", "yes", "entailment"),
        ("p", "yes again", "entailment"),
        ("p", "no again", "contradiction"),
        ("p", "yes once more", "entailment"),
    )
]
FIRST = {"anchor": "p", "positive": "yes", "negative": "no"}
SECOND = {"anchor": "p", "positive": "yes again", "negative": "no again"}


def test_both_labels_of_a_premise_are_joined_in_order():
    assert nli_triplets(hypotheses_by_premise(ROWS)) == [FIRST, SECOND]


def test_the_triplets_of_one_premise_can_be_limited():
    assert nli_triplets(hypotheses_by_premise(ROWS), per_premise=1) == [FIRST]


def test_a_premise_without_one_of_the_labels_gives_no_triplet():
    found = hypotheses_by_premise(ROWS[:2])
    assert found == {
        "p": {"entailment": [], "contradiction": ["no"]},
        "q": {"entailment": ["yes"], "contradiction": []},
    }
    assert nli_triplets(found) == []
