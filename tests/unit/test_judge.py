"""The judge without a model: labels in any order, which rows train and measure, settings, and the report's section."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest
from filter_settings import ALL
from judges import judge_settings, toy_rows, write_rows
from pydantic import ValidationError

from bootembed.core.errors import DataError
from bootembed.generation.answer_cache import Answer
from bootembed.judge.labels import LABELS, label_positions
from bootembed.judge.rating import Ratings
from bootembed.judge.rows import choose_rows
from bootembed.report.judge import judge_section, judge_summary, read_judgements
from bootembed.settings.triplets import JudgeFilter
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_labels_are_found_by_name_in_any_order(order):
    names = {index: LABELS[label].upper() if index else LABELS[label] for index, label in enumerate(order)}
    found = label_positions(names, source="x")
    assert [names[index].lower() for index in found] == list(LABELS)
    assert label_positions({str(index): name for index, name in names.items()}, source="x") == found


@pytest.mark.parametrize(
    "names",
    [
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "entailment", 1: "not_entailment"},
        {0: "entailment", 1: "neutral", 2: "contradiction", 3: "other"},
        {0: "entailment", 1: "neutral", 2: "neutral"},
    ],
)
def test_other_labels_are_refused(names):
    with pytest.raises(DataError, match=r"owner/name: its labels are .*in any order"):
        label_positions(names, source="owner/name")


def _premises(rows):
    return {row["premise"] for row in rows}


def test_no_premise_trains_and_measures_and_labels_are_equally_frequent(tmp_path):
    rows = toy_rows(300)
    turned = [{**row, "premise": row["hypothesis"], "hypothesis": row["premise"]} for row in rows]
    tables = write_rows(tmp_path, eng=[*rows, *turned], swa=[])
    found = choose_rows(tables, judge_settings(rows_per_label=50), seed=1)
    assert found.counts == {f"eng.{label}": 50 for label in LABELS} | {f"swa.{label}": 0 for label in LABELS}
    assert list(found.validation) == ["eng"] and len(found.validation["eng"]) == 60
    measuring = _premises(found.validation["eng"])
    assert not any({row["premise"], row["hypothesis"]} & measuring for row in found.training)


def test_order_of_the_file_does_not_matter_and_the_seed_does(tmp_path):
    rows = toy_rows(200)
    shuffled = random.Random(0).sample(rows, len(rows))
    one, two, other = (
        choose_rows(write_rows(tmp_path / name, eng=own), judge_settings(rows_per_label=20), seed=seed)
        for name, own, seed in (("a", rows, 1), ("b", shuffled, 1), ("c", rows, 2))
    )
    assert one == two
    assert one.training != other.training


def test_validation_rows_measure_and_their_premises_train_nowhere(tmp_path):
    train, validation = toy_rows(60), toy_rows(12, seed=5, split="validation")
    seen = [{**row, "split": "train"} for row in validation]
    tables = write_rows(tmp_path, ind=[*train, *validation], eng=seen)
    found = choose_rows(tables, judge_settings(held_out_share=0.0), seed=1)
    assert _premises(found.validation["ind"]) == _premises(validation)
    assert found.counts["ind.neutral"] == 20
    assert found.counts["eng.entailment"] == 0
    assert "eng" not in found.validation


def test_unrelated_pairs_stand_for_neutral_ones_where_there_are_none(tmp_path):
    tables = write_rows(tmp_path, mul=toy_rows(40, labels=("entailment", "contradiction")))
    settings = judge_settings(held_out_share=0.0)
    found = choose_rows(tables, settings, seed=1)
    made = [row for row in found.training if row["label"] == "neutral"]
    pairs = {(row["premise"], row["hypothesis"]) for row in found.training if row["label"] != "neutral"}
    assert len(made) == found.counts["mul.neutral"] == found.counts["mul.entailment"] == 20
    assert not any((row["premise"], row["hypothesis"]) in pairs for row in made)
    without = choose_rows(tables, settings.model_copy(update={"unrelated_as_neutral": False}), seed=1)
    assert without.counts["mul.neutral"] == 0 and without.counts["mul.entailment"] == 20


@pytest.mark.parametrize(("source", "missing"), [("hub", "id"), ("local", "path"), ("trained", "base")])
def test_a_source_names_what_it_needs(source, missing):
    with pytest.raises(ValidationError, match=rf"source '{source}' needs \['{missing}'"):
        judge_settings(source=source, base=None)
    with pytest.raises(ValidationError, match="unknown_key"):
        judge_settings(unknown_key=1)


def _ratings(*pairs):
    """Of (label of the positive, label of the negative), each with probability 0.8."""
    sides = np.full((2, len(pairs), 3), 0.1)
    for index, pair in enumerate(pairs):
        for side, label in enumerate(pair):
            sides[side, index, LABELS.index(label)] = 0.8
    return Ratings(*sides)


def test_rates():
    found = _ratings(("entailment", "contradiction"), ("entailment", "neutral"), ("contradiction", "contradiction"))
    metrics = found.metrics
    assert metrics["positive_entailment_rate"] == pytest.approx(2 / 3)
    assert metrics["positive_contradiction_rate"] == pytest.approx(1 / 3)
    assert metrics["negative_neutral_rate"] == pytest.approx(1 / 3)
    assert metrics["both_right_rate"] == pytest.approx(1 / 3)
    assert metrics["positive_entailment_probability"] == pytest.approx((0.8 + 0.8 + 0.1) / 3)
    assert found.label("negative", 1) == "neutral"


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        ((0.5, None), [None, TripletRejection.NOT_ENTAILED, None]),
        ((None, 0.5), [None, None, TripletRejection.NOT_CONTRADICTED]),
        ((0.5, 0.5), [None, TripletRejection.NOT_ENTAILED, TripletRejection.NOT_CONTRADICTED]),
        ((0.0, 0.0), [None, None, None]),
    ],
)
def test_the_filter_rejects_by_its_thresholds_only_what_no_other_filter_has(thresholds, expected):
    texts = [("A man sells a red bag.", "A bag is for sale.", "Nobody sells bags today."),
             ("The child sleeps at noon.", "A child rests quietly.", "Every child is awake now."),
             ("Two dogs run on the beach.", "Some animals are moving.", "No animal goes outside.")]  # fmt: skip
    rated = [(0.9, 0.9), (0.4, 0.9), (0.9, 0.4)]
    asked = []

    def rating(triplets):
        asked.extend(triplets)
        return rated[: len(triplets)]

    candidates = [Candidate(n, a, Answer(p, True), Answer(c, True)) for n, (a, p, c) in enumerate(texts)]
    copied = Candidate(3, texts[0][0], Answer(texts[0][0], True), Answer(texts[0][2], True))
    filters = ALL.model_copy(
        update={"judge": JudgeFilter(min_entailment=thresholds[0], min_contradiction=thresholds[1])}
    )
    verdicts = filter_candidates(
        [*candidates, copied], filters, anchor_language="eng", answer_language="eng", rating=rating
    )
    assert [verdict.reason for verdict in verdicts] == [*expected, TripletRejection.COPY_OF_ANCHOR]
    assert asked == texts
    with pytest.raises(ValueError, match="`rating` is needed"):
        filter_candidates(candidates, filters, anchor_language="eng", answer_language="eng")


GRID = SimpleNamespace(languages=["ind"], strategies=["xl_lora", "in_context"])


def _judgements(folder, own, rated):
    (folder / "ratings").mkdir()
    (folder / "judge.json").write_text(json.dumps({"training": {}, "languages": own}))
    for strategy in GRID.strategies:
        (folder / f"ratings/{strategy}-ind.json").write_text(json.dumps(rated))
    return read_judgements(folder / "judge.json", folder / "ratings", GRID)


def test_the_report_states_the_judges_own_accuracy_beside_its_ratings(tmp_path):
    own = {"ind": {"rows": 200.0, "accuracy": 0.705, "entailment_recall": 0.8, "contradiction_recall": 0.6}}
    one = _ratings(("entailment", "contradiction"), ("entailment", "neutral")).metrics
    other = _ratings(("entailment", "contradiction"), ("neutral", "neutral")).metrics
    found = _judgements(tmp_path, own, {"0": one, "1": other, "2": {"triplets": 0.0}})
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in judge_section(found).splitlines()]
    row = next(row for row in cells if row[:2] == ["xl_lora", "ind"])
    assert row[2] == "75.0% (50.0% to 100.0%)"
    assert ["ind", "200", "70.5%", "80.0%", "", "60.0%"] in cells
    summary = judge_summary(found)
    assert summary["judge"]["ind"]["accuracy"] == 0.705
    assert summary["triplets"]["ind"]["in_context"]["both_right_rate"] == [0.5, 0.5, None]
    (tmp_path / "ratings/xl_lora-ind.json").unlink()
    left = read_judgements(tmp_path / "judge.json", tmp_path / "ratings", GRID)
    assert list(left.triplets) == [("in_context", "ind")]
    (tmp_path / "ratings/in_context-ind.json").write_text("{")
    with pytest.raises(DataError, match="run stage rate_triplets@in_context-ind"):
        read_judgements(tmp_path / "judge.json", tmp_path / "ratings", GRID)


def test_the_report_says_that_nothing_is_known_of_a_judge_without_rows(tmp_path):
    rated = {"0": _ratings(("entailment", "contradiction")).metrics}
    assert "is not known" in judge_section(_judgements(tmp_path, {}, rated))


def test_without_a_judge_the_report_says_nothing(tmp_path):
    found = _judgements(tmp_path, {}, {})
    assert judge_section(found) == ""
    assert judge_summary(found) == {}
