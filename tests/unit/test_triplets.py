"""Filters, answer cache, generator folders and XL-LoRA's rows: the logic around the model."""

from __future__ import annotations

import pytest
from filter_settings import FIRST
from hypothesis import given
from hypothesis import strategies as st

from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.core.plugins import plugin_names
from bootembed.generation.answer_cache import Answer
from bootembed.generation.generator import GeneratorDescription, read_generator, write_generator
from bootembed.generation.shots import Example, ShotPool
from bootembed.settings.models import BuildXlLoraData
from bootembed.settings.triplets import JudgeFilter
from bootembed.strategies import answer_language
from bootembed.strategies.xl_lora import SourceText, build_xl_lora_data
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates


def _filter(candidates, settings=FIRST, languages=("eng", "eng"), similarity=None):
    return filter_candidates(
        candidates, settings, anchor_language=languages[0], answer_language=languages[1], similarity=similarity
    )


def _candidate(anchor, positive, negative, *, number=0, finished=True):
    return Candidate(number, anchor, Answer(positive, finished), Answer(negative, True))


@pytest.mark.parametrize(
    ("positive", "negative", "reason"),
    [
        ("The dog runs.", "The dog sleeps.", None),
        ("", "The dog sleeps.", TripletRejection.EMPTY),
        (" ?!", "The dog sleeps.", TripletRejection.EMPTY),
        ("the big dog runs", "The dog sleeps.", TripletRejection.COPY_OF_ANCHOR),
        ("The dog runs.", "The  BIG dog runs!", TripletRejection.COPY_OF_ANCHOR),
        ("The dog runs.", "The dog runs", TripletRejection.POSITIVE_EQUALS_NEGATIVE),
        ("The dog runs " * 5, "The dog sleeps.", TripletRejection.OVER_LONG),
    ],
)
def test_each_filter(positive, negative, reason):
    (verdict,) = _filter([_candidate("The big dog runs.", positive, negative)])
    assert verdict.reason is reason


def test_unfinished_answers_and_unanswered_prompts_are_rejected():
    rows = [
        _candidate("The big dog runs.", "The dog", "The dog sleeps.", finished=False),
        Candidate(1, "The big dog runs.", None, Answer("x", True)),
    ]
    assert [v.reason for v in _filter(rows)] == [TripletRejection.OVER_LONG, TripletRejection.PROMPT_TOO_LONG]


def test_duplicate_anchors_survive_and_duplicate_triplets_do_not():
    rows = [
        _candidate("The big dog runs.", "The dog runs.", "The dog sleeps.", number=0),
        _candidate("The big dog runs.", "A dog runs.", "The dog sleeps.", number=1),
        _candidate("The big dog runs.", "The dog runs.", "The dog sleeps.", number=2),
    ]
    assert [v.reason for v in _filter(rows)] == [None, None, TripletRejection.DUPLICATE]


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)), max_size=20))
def test_every_candidate_gets_one_verdict_in_order(rows):
    candidates = [_candidate(*row, number=number) for number, row in enumerate(rows)]
    verdicts = _filter(candidates)
    assert [v.candidate for v in verdicts] == candidates


def test_generator_folder_round_trip(tmp_path):
    shots = ShotPool([Example("a", "b", "c"), Example("d", "e", "f")], 1, "similar", "most_similar_last", 7, 3)
    description = GeneratorDescription("in_context", "hau", "hau", "Hausa", "entail_v1", shots=shots)
    write_generator(description, {}, tmp_path / "generator")
    assert read_generator(tmp_path / "generator") == description


def test_xl_lora_answers_in_english_and_the_others_in_the_target_language():
    names = plugin_names("bootembed.strategies")
    languages = {name: answer_language(name, "hau") for name in names}
    assert languages == {"in_context": "hau", "adapter_composition": "hau", "xl_lora": "eng"}


def test_missing_adapter_and_missing_generator_are_named(tmp_path):
    description = GeneratorDescription("xl_lora", "hau", "eng", "English", "entail_v1")
    with pytest.raises(DataError, match="xl_lora lacks its positive adapter"):
        write_generator(description, {Polarity.POSITIVE: tmp_path / "none"}, tmp_path / "generator")
    with pytest.raises(DataError, match="assemble_generator"):
        read_generator(tmp_path / "nowhere")


def test_xl_lora_rows_pair_foreign_premises_with_english_hypotheses():
    nli = [
        {"premise": f"mbwa {n}", "hypothesis": f"dog {n}", "label": label}
        for n in range(5)
        for label in ("entailment", "contradiction")
    ]
    parallel = [{"english": f"the big cat {n}", "text": f"paka {n}"} for n in range(4)]
    asked = []

    def answer(premises):
        asked.extend(premises)
        return {
            polarity: [Answer("" if premise.endswith("3") else f"{polarity} {premise}", True) for premise in premises]
            for polarity in Polarity
        }

    data = build_xl_lora_data(
        {"swa": SourceText(nli, parallel)},
        BuildXlLoraData(source_languages=["swa"], nli_rows=3, parallel_rows=4),
        FIRST.model_copy(update={"judge": JudgeFilter(min_entailment=0.5, min_contradiction=0.5)}),  # not for these
        answer=answer,
        seed=1,
    )
    assert set(asked) == {row["english"] for row in parallel}
    from_parallel = [row for row in data.rows if row["origin"] == "parallel"]
    assert len(from_parallel) == 6
    assert all(row["premise"].startswith("paka") and "cat" in row["hypothesis"] for row in from_parallel)
    assert data.counts["rejected_empty"] == 1
    for label in ("entailment", "contradiction"):
        assert sum(row["label"] == label and row["origin"] == "nli" for row in data.rows) == 3
