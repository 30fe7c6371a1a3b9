"""The ablation of the filters on a tiny finished run: every candidate is judged anew, finished scores are kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from encoders import sentences, write_encoder

from benchmarks import filter_ablation
from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, write_table
from bootembed.embedder import train
from bootembed.evaluation.kinds.bitext_mining import SCHEMA as BITEXT
from bootembed.evaluation.kinds.sts import SCHEMA as STS
from bootembed.judge.rating import JudgeRating
from bootembed.triplets import checks
from bootembed.triplets.filters import TripletRejection

TEXTS = sentences(90, seed=4)
ORIGIN = {
    "language": "afr",
    "answer_language": "afr",
    "strategy": "in_context",
    "generator_hash": "",
    "positive_adapter_hash": "",
    "negative_adapter_hash": "",
    "prompt_version": "entail_v1",
    "seed": 1,
}


def _triplet(number):
    return {
        "anchor": TEXTS[number],
        "positive": TEXTS[number + 30],
        "negative": TEXTS[number + 60],
        "anchor_id": number,
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["train_embedder"] |= {"num_train_epochs": 1, "per_device_train_batch_size": 8, "bf16": False}
    raw["generate_triplets"]["filters"]["wrong_language"] = False
    (folder / "params.yaml").write_text(yaml.safe_dump(raw))
    write_encoder(folder / "models/base/tiny", "modernbert")
    cell = folder / "data/training_sets/laptop/in_context-afr/0"
    write_table(({**_triplet(n), **ORIGIN} for n in range(20)), GENERATED_TRIPLETS, cell / "training.parquet")
    aside = [
        {**_triplet(20), "reason": "over_long"},
        {**_triplet(21), "positive": TEXTS[21], "reason": "copy_of_anchor"},
        {**_triplet(22), "positive": f"Positive: {TEXTS[52]}", "reason": "chat_residue"},
        {**_triplet(23), "positive": "", "reason": "empty"},
    ]
    write_table(aside, REJECTED_TRIPLETS, cell / "rejected.parquet")
    pairs = [
        {"split": split, "sentence1": TEXTS[n], "sentence2": TEXTS[n + 40], "score": float(n % 5)}
        for split in ("validation", "test")
        for n in range(20)
    ]
    write_table(pairs, STS, folder / "data/evaluation/afr/SampleSTS.parquet")
    return folder


def _ablate(run, output, *options):
    words = [str(run), "--languages", "afr", "--strategies", "in_context", "--output-dir", str(output), *options]
    result = CliRunner().invoke(filter_ablation.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads((output / "filter_ablation.json").read_text())


def test_settings_scores_and_going_on(run, tmp_path, monkeypatch):
    trained = []
    original = train.train_embedder

    def counted(*arguments, **others):
        trained.append(others["seed"])
        return original(*arguments, **others)

    monkeypatch.setattr(train, "train_embedder", counted)
    monkeypatch.setattr(checks, "measured_script", lambda *_: "Latn")
    monkeypatch.setattr(checks, "in_other_language", lambda text, *_: "eng" if text in TEXTS[30:33] else None)
    table = _ablate(run, tmp_path, "--seeds", "1", "--min-margin", "-2")
    by_name = {row["setting"]: row for row in table["rows"]}
    kept = {name: row["kept"] for name, row in by_name.items()}
    assert [kept[name] for name in ("none", "first", "configured", "all but wrong_language")] == [22, 21, 20, 20]
    assert kept["all but chat_residue"] == kept["all"] + 1 < 20  # three are "English"
    assert {f"all but {reason}" for reason in (TripletRejection.REFUSAL, TripletRejection.FALSE_NEGATIVE)} <= set(
        by_name
    )
    assert "all but positive_too_far" not in by_name
    for row in table["rows"]:
        assert row["kept"] + sum(row["reasons"].values()) == row["candidates"] == 24
        assert -1 <= row["scores"]["1"] <= 1
    assert len(trained) == len(set(kept.values())) == 5  # settings that keep the same rows share a training
    assert table["machine"]["processors"] > 0

    again = _ablate(run, tmp_path, "--seeds", "1,2", "--min-margin", "-2")
    assert trained == [1] * 5 + [2] * 5
    assert [row["scores"]["1"] for row in again["rows"]] == [row["scores"]["1"] for row in table["rows"]]
    text = (tmp_path / "filter_ablation.md").read_text()
    assert text.count("| in_context") == len(again["rows"])
    assert "±" in text


def test_too_few_rows_to_train_are_told_not_raised(run, tmp_path):
    table = _ablate(run, tmp_path, "--seeds", "1", "--min-positive-similarity", "1")
    scores = {row["setting"]: row["scores"]["1"] for row in table["rows"]}
    assert scores["all"] is None
    assert scores["first"] is not None
    assert "none could be trained" in (tmp_path / "filter_ablation.md").read_text()


def test_the_judge_is_ablated_like_the_other_filters(run, tmp_path, monkeypatch):
    rated = []

    def rating(self, triplets):
        assert self._folder == run / "models" / "judges" / "nli"  # where dvc.yaml has it
        rated.extend(triplets)
        return [(0.9, 0.2) if triplet[0] == TEXTS[0] else (0.2, 0.9) if triplet[0] == TEXTS[1] else (0.9, 0.9)
                for triplet in triplets]  # fmt: skip

    monkeypatch.setattr(JudgeRating, "__call__", rating)
    monkeypatch.setattr(filter_ablation, "_score", lambda *_: {"score": 0.5})
    monkeypatch.setattr(checks, "measured_script", lambda *_: None)
    table = _ablate(run, tmp_path, "--seeds", "1", "--min-entailment", "0.5", "--min-contradiction", "0.5")
    by_name = {row["setting"]: row for row in table["rows"]}
    assert by_name["all"]["reasons"]["not_entailed"] == by_name["all"]["reasons"]["not_contradicted"] == 1
    assert by_name["all but not_entailed"]["kept"] == by_name["all"]["kept"] + 1
    assert "not_entailed" not in by_name["first"]["reasons"] | by_name["configured"]["reasons"]
    assert len(rated) == len(set(rated))
    assert by_name["configured, with the judge"]["kept"] == by_name["configured"]["kept"] - 2


def test_chosen_settings_are_scored_on_chosen_tasks(run, tmp_path):
    """A set without a test split is scored on its validation split."""
    pairs = [{"split": "validation", "sentence1": TEXTS[n], "sentence2": TEXTS[n + 40], "score": float(n % 5)}
             for n in range(20)]  # fmt: skip
    texts = [{"split": "test", "sentence1": TEXTS[n], "sentence2": TEXTS[n]} for n in range(20)]
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    write_table(pairs, STS, folder / "data/evaluation/afr/SampleSTS.parquet")
    write_table(texts, BITEXT, folder / "data/evaluation/afr/SampleBitextMining.parquet")
    options = ["--seeds", "1,2", "--settings", "none", "--settings", "first", "--kinds", "sts,bitext_mining"]
    table = _ablate(folder, tmp_path / "out", *options)
    assert [row["setting"] for row in table["rows"]] == ["none", "first"]
    for row in table["rows"]:
        for seed, score in row["scores"].items():
            found = row["tasks"][seed]
            assert found["SampleBitextMining"] == 1.0
            assert score == pytest.approx((1.0 + found["SampleSTS"]) / 2)
    assert "SampleBitextMining 1.0000" in (tmp_path / "out/filter_ablation.md").read_text()
    words = [str(folder), "--output-dir", str(tmp_path), "--settings", "some", "--languages", "afr"]
    refused = CliRunner().invoke(filter_ablation.main, [*words, "--strategies", "in_context"])
    assert "--settings some: no such setting; choose of ['none', 'first'" in str(refused.exception)
