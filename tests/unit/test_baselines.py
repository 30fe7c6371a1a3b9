from __future__ import annotations

import pytest

from bootembed.baselines import BaselineData, build_baseline_rows
from bootembed.core.errors import DataError
from bootembed.core.names import Baseline
from bootembed.core.tables import ANCHORS, PAIRS, TRIPLETS

TEXTS = [{"text": f"anchor {index}"} for index in range(20)]
PAIR_ROWS = [{"english": f"english {index}", "text": f"own {index}"} for index in range(20)]


def nli(*rows: tuple[str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(("premise", "hypothesis", "label"), row, strict=True)) for row in rows]


NLI_ROWS = nli(
    ("p1", "e1", "entailment"),
    ("p2", "e2", "entailment"),
    ("p1", "c1", "contradiction"),
    ("p3", "c3", "contradiction"),
    ("p4", "c4", "contradiction"),
    ("p4", "e4", "entailment"),
    ("p4", "e4 again", "entailment"),
    ("p4", "c4 again", "contradiction"),
)

OWN_NLI_ROWS = nli(
    ("own premise", "own entailment", "entailment"), ("own premise", "own contradiction", "contradiction")
)
TRIPLET_ROWS = [{"anchor": f"own {i}", "positive": f"true {i}", "negative": f"false {i}"} for i in range(20)]


def build(baseline: Baseline, *, rows: int = 100, seed: int = 1, **tables: list[dict[str, str]]) -> BaselineData:
    given = {"anchors": TEXTS, "english_nli": NLI_ROWS, "own_nli": OWN_NLI_ROWS, "parallel": PAIR_ROWS}
    given |= {"triplets": TRIPLET_ROWS} | tables
    return build_baseline_rows(baseline, rows=rows, seed=seed, **given)


def test_unsupervised_simcse_trains_on_the_anchors_duplicates_included() -> None:
    data = build(Baseline.UNSUPERVISED_SIMCSE, anchors=[*TEXTS, TEXTS[0]])
    assert data.schema == ANCHORS
    assert data.rows == [*TEXTS, TEXTS[0]]


def test_english_nli_joins_entailments_and_contradictions_of_a_premise() -> None:
    data = build(Baseline.ENGLISH_NLI)
    assert data.schema == TRIPLETS
    assert [tuple(row.values()) for row in data.rows] == [
        ("p1", "e1", "c1"),
        ("p4", "e4", "c4"),
        ("p4", "e4 again", "c4 again"),
    ]
    assert data.metrics == {
        "rows": 3,
        "not_sampled": 0,
        "premises": 4,
        "premises_without_entailment": 1,
        "premises_without_contradiction": 1,
    }


def test_human_triplets_are_those_of_the_language_itself() -> None:
    data = build(Baseline.HUMAN_TRIPLETS)
    assert data.schema == TRIPLETS
    assert [tuple(row.values()) for row in data.rows] == [("own premise", "own entailment", "own contradiction")]


def test_published_triplets_are_taken_as_they_are() -> None:
    data = build(Baseline.PUBLISHED_TRIPLETS)
    assert (data.schema, data.rows) == (TRIPLETS, TRIPLET_ROWS)
    assert data.metrics == {"rows": 20, "not_sampled": 0}


def test_translation_pairs_go_from_the_language_to_english() -> None:
    data = build(Baseline.TRANSLATION_PAIRS)
    assert data.schema == PAIRS
    assert data.rows[0] == {"anchor": "own 0", "positive": "english 0"}


@pytest.mark.parametrize(
    "baseline", [Baseline.UNSUPERVISED_SIMCSE, Baseline.TRANSLATION_PAIRS, Baseline.PUBLISHED_TRIPLETS]
)
def test_rows_are_limited_by_seed_and_keep_their_order(baseline: Baseline) -> None:
    all_rows = build(baseline).rows
    data = build(baseline, rows=8)
    assert len(data.rows) == 8
    assert data.rows == [row for row in all_rows if row in data.rows]
    assert data.rows == build(baseline, rows=8).rows
    assert data.rows != build(baseline, rows=8, seed=2).rows
    assert data.metrics == {"rows": 8, "not_sampled": 12}


def test_untrained_has_no_rows() -> None:
    data = build(Baseline.UNTRAINED)
    assert data.rows == []
    assert data.metrics == {"rows": 0, "not_sampled": 0}


@pytest.mark.parametrize("baseline", [baseline for baseline in Baseline if baseline is not Baseline.UNTRAINED])
def test_a_baseline_without_data_is_refused_with_the_remedy(baseline: Baseline) -> None:
    with pytest.raises(DataError, match=rf"baseline {baseline}: .*grid\.baselines"):
        build(baseline, anchors=[], english_nli=[], own_nli=[], parallel=[], triplets=[])
