"""Examples in prompts: never an anchor, the same for the same seed, and chosen as the parameters say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.generation.shots import ShotPicker, choose_pool
from bootembed.settings.generation import InContext

PREMISES = [
    "The cat sleeps in the garden.",
    "The dog sleeps in the garden.",
    "A teacher reads a newspaper at school.",
    "A teacher reads a letter at school.",
    "Nine ships leave the harbour at dawn.",
    "It rains.",
]
ROWS = [{"anchor": p, "positive": f"{p} yes", "negative": f"{p} no"} for p in PREMISES]


def _settings(count, selection="random", order="random", pool=100):
    return InContext(examples=count, examples_language="target", selection=selection, order=order, pool=pool)


def _shown(pool, anchor, polarity=Polarity.POSITIVE):
    return [shot.premise for shot in ShotPicker(pool).shots(anchor, polarity=polarity)]


def test_by_default_all_anchors_are_shown_the_same_examples():
    pool = choose_pool(ROWS, _settings(3), anchors=[], seed=1)
    assert len(pool.examples) == 3
    assert _shown(pool, "The cat sleeps.") == _shown(pool, "It rains hard.") == [e.anchor for e in pool.examples]


def test_the_polarities_differ_in_the_answer_only():
    picker = ShotPicker(choose_pool(ROWS, _settings(2, "similar"), anchors=[], seed=1))
    positive, negative = (picker.shots("The cat runs.", polarity=polarity) for polarity in Polarity)
    assert [shot.premise for shot in positive] == [shot.premise for shot in negative]
    assert all(shot.answer == f"{shot.premise} yes" for shot in positive)
    assert all(shot.answer == f"{shot.premise} no" for shot in negative)


def test_examples_that_are_anchors_are_left_out_and_counted():
    anchors = ["the CAT sleeps, in the garden", "It rains.", "Something else."]
    pool = choose_pool(ROWS, _settings(4, "similar"), anchors=anchors, seed=1)
    assert pool.excluded == 2
    assert not {"The cat sleeps in the garden.", "It rains."} & {example.anchor for example in pool.examples}
    with pytest.raises(DataError, match=r"in_context.examples: 5 .* has 4 .*\(2 more are anchors"):
        choose_pool(ROWS, _settings(5), anchors=anchors, seed=1)


def test_similar_examples_are_found_for_each_anchor():
    pool = choose_pool(ROWS, _settings(2, "similar", "most_similar_last"), anchors=[], seed=1)
    assert _shown(pool, "The dog sleeps in the yard.") == PREMISES[:2]
    assert _shown(pool, "A teacher reads a letter.") == PREMISES[2:4]
    assert _shown(pool, "The cat sleeps in a garden.") == [PREMISES[1], PREMISES[0]]


def test_similarity_needs_no_spaces_between_words():
    rows = [
        {"anchor": text, "positive": "p", "negative": "n"} for text in ("고양이가정원에서잔다", "선생님이신문을읽는다")
    ]
    pool = choose_pool(rows, _settings(1, "similar"), anchors=[], seed=1)
    assert _shown(pool, "선생님이편지를읽는다") == ["선생님이신문을읽는다"]


def test_diverse_examples_are_no_near_copies():
    for seed in range(20):
        chosen = {
            example.anchor for example in choose_pool(ROWS, _settings(3, "diverse"), anchors=[], seed=seed).examples
        }
        assert len(chosen) == 3
        assert not set(PREMISES[:2]) <= chosen
        assert not set(PREMISES[2:4]) <= chosen


@pytest.mark.parametrize("selection", ["random", "diverse"])
def test_a_fixed_choice_can_be_ordered_by_similarity(selection):
    pool = choose_pool(ROWS, _settings(6, selection, "most_similar_last"), anchors=[], seed=3)
    assert _shown(pool, "It rained.")[-1] == "It rains."
    assert sorted(_shown(pool, "It rained.")) == sorted(PREMISES)


def test_the_pool_is_bounded():
    assert len(choose_pool(ROWS, _settings(2, "similar", pool=4), anchors=[], seed=1).examples) == 4
    assert len(choose_pool(ROWS, _settings(5, "similar", pool=4), anchors=[], seed=1).examples) == 5


def test_other_seeds_choose_other_examples():
    for selection in ("random", "diverse"):
        chosen = {
            tuple(e.anchor for e in choose_pool(ROWS, _settings(2, selection), anchors=[], seed=seed).examples)
            for seed in range(20)
        }
        assert len(chosen) > 1


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(st.text(max_size=20), min_size=1, max_size=12),
    anchor=st.text(max_size=20),
    count=st.integers(0, 4),
    selection=st.sampled_from(["random", "similar", "diverse"]),
    order=st.sampled_from(["random", "most_similar_last"]),
    seed=st.integers(0, 5),
)
def test_any_text_gives_the_asked_number_of_examples_and_always_the_same(texts, anchor, count, selection, order, seed):
    rows = [{"anchor": text, "positive": text, "negative": text} for text in texts]
    chosen = _settings(min(count, len(rows)), selection, order)
    first, again = (_shown(choose_pool(rows, chosen, anchors=[], seed=seed), anchor) for _ in range(2))
    assert first == again
    assert len(first) == min(count, len(rows))
    assert set(first) <= set(texts)
