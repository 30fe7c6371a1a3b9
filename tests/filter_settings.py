"""Settings of the filters for tests: all on, and none but those that have no switch."""

from __future__ import annotations

from bootembed.settings.triplets import Filters, JudgeFilter, Semantic

ALL = Filters(
    max_characters=300,
    max_length_ratio=5.0,
    strip_quotes=True,
    refusal=True,
    chat_residue=True,
    several_sentences="reject",
    wrong_language=True,
    max_similarity_to_anchor=0.9,
    numbers_differ=True,
    names_differ=True,
    only_negated=True,
    max_translation_probability=None,
    semantic=Semantic(
        encoder="tiny", pooling="mean", max_seq_length=32, batch_size=8, min_positive_similarity=None, min_margin=None
    ),
    judge=JudgeFilter(min_entailment=None, min_contradiction=None),
)
FIRST = ALL.model_copy(
    update={
        "max_characters": 60,
        "max_length_ratio": 3.0,
        "strip_quotes": False,
        "refusal": False,
        "chat_residue": False,
        "several_sentences": "keep",
        "wrong_language": False,
        "max_similarity_to_anchor": None,
        "numbers_differ": False,
        "names_differ": False,
        "only_negated": False,
    }
)
