"""The check of meaning with a tiny real encoder."""

from __future__ import annotations

import numpy as np
import pytest
from encoders import sentences, write_encoder
from filter_settings import ALL

from bootembed.generation.answer_cache import Answer
from bootembed.triplets import semantic
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates
from bootembed.triplets.semantic import EncoderSimilarity

TEXTS = sentences(60, seed=3)
TRIPLETS = list(zip(TEXTS[:20], TEXTS[20:40], TEXTS[40:], strict=True))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder"), "modernbert")


def test_similarities_are_cosines_of_the_right_sentences(encoder):
    similarity = EncoderSimilarity(encoder, ALL.semantic)
    [(positive, negative)] = similarity([(TEXTS[0], TEXTS[0], TEXTS[1])])
    assert positive == pytest.approx(1.0, abs=1e-4)
    assert -1 <= negative < 0.9999
    assert similarity([(TEXTS[0], TEXTS[1], TEXTS[0])]) == [(negative, positive)]
    assert similarity([]) == []


def test_portions_and_order_change_nothing(encoder, monkeypatch):
    whole = EncoderSimilarity(encoder, ALL.semantic)(TRIPLETS)
    monkeypatch.setattr(semantic, "_CHUNK", 3)
    portions = EncoderSimilarity(encoder, ALL.semantic)
    assert np.allclose(portions(TRIPLETS), whole, atol=2e-5)
    assert np.allclose(portions(TRIPLETS[::-1])[::-1], whole, atol=2e-5)


def test_filters_use_it(encoder):
    similarity = EncoderSimilarity(encoder, ALL.semantic)
    found = similarity(TRIPLETS)
    least = sorted(positive for positive, _ in found)[10]
    candidates = [
        Candidate(number, anchor, Answer(positive, True), Answer(negative, True))
        for number, (anchor, positive, negative) in enumerate(TRIPLETS)
    ]
    settings = ALL.semantic.model_copy(update={"min_positive_similarity": least, "min_margin": 0.0})
    filters = ALL.model_copy(update={"semantic": settings, "wrong_language": False})
    verdicts = filter_candidates(
        candidates, filters, anchor_language="xyz", answer_language="xyz", similarity=similarity
    )
    expected = [
        TripletRejection.POSITIVE_TOO_FAR
        if positive < least
        else TripletRejection.FALSE_NEGATIVE
        if positive < negative
        else None
        for positive, negative in found
    ]
    assert [verdict.reason for verdict in verdicts] == expected
    assert expected.count(TripletRejection.POSITIVE_TOO_FAR) == 10
