"""Words and their translations, found by which sentences they share."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootembed.embedder.alignment import align_words

WORD = st.text(alphabet="abcdefgh", min_size=1, max_size=2)
SENTENCE = st.lists(WORD, min_size=1, max_size=6)


def test_a_cipher_is_read():
    """Every word has one translation; the order differs, and a word without meaning is in every translation."""
    rng = random.Random(5)
    lexicon = {f"w{number}": f"t{number}" for number in range(20)}
    sides = []
    for _ in range(200):
        words = rng.sample(list(lexicon), 4)
        translated = [*(lexicon[word] for word in words), "the"]
        sides.append((words, rng.sample(translated, len(translated))))
    found = align_words(sides, list(lexicon), most=3)
    assert {word: best[0][0] for word, best in found.items()} == lexicon
    assert all(best[0][1] > 0.75 for best in found.values())


def test_the_first_round_is_the_one_computed_by_hand():
    """Two rows, one word between them: the shared word takes the shared translation."""
    sides = [(["a", "b"], ["x", "y"]), (["a"], ["x"])]
    found = align_words(sides, ["a", "b"], most=2)
    assert found["a"][0][0] == "x"
    assert found["b"][0][0] == "y"
    assert found["a"][0][1] > 0.95


@given(sides=st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=8), most=st.integers(1, 4))
def test_probabilities_of_words_seen_together(sides, most):
    words = sorted({word for left, _ in sides for word in left})
    found = align_words(sides, words, most=most)
    assert sorted(found) == words
    for word, translations in found.items():
        together = {other for left, right in sides if word in left for other in right}
        assert 1 <= len(translations) <= most
        assert {name for name, _ in translations} <= together
        assert sum(probability for _, probability in translations) == pytest.approx(1)
        assert sorted((p for _, p in translations), reverse=True) == [p for _, p in translations]
