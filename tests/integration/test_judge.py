"""The judge: trained on encoders and decoders, resumed, taken from a folder; how it reads pairs and rates triplets."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from encoders import write_encoder
from generators import write_generator_model
from judges import READING, judge_settings, toy_rows, write_rows
from kills import die_in_call
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.judge import model as judge_model
from bootembed.judge.build import build_judge
from bootembed.judge.labels import LABELS
from bootembed.judge.measure import measure_judge
from bootembed.judge.model import Judge, has_judge, open_judge
from bootembed.judge.rating import rate_triplets
from bootembed.judge.rows import choose_rows
from bootembed.judge.train import train_judge

PAIRS = [(row["premise"], row["hypothesis"]) for row in toy_rows(40, seed=9)]


def _base(folder, architecture):
    write = write_encoder if architecture in ("bert", "xlm-roberta", "modernbert") else write_generator_model
    return write(folder / "bases/base", architecture).parent


def _build(folder, bases, rows, **changes):
    return build_judge(
        judge_settings(**changes),
        rows,
        base_models_dir=bases,
        output_dir=folder / "judge",
        checkpoint_dir=folder / "work",
        seed=3,
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    tables = write_rows(tmp_path_factory.mktemp("rows"), eng=toy_rows(240))
    return choose_rows(tables, judge_settings(), seed=1)


@pytest.fixture(scope="module", params=["modernbert", "xlm-roberta", "bert", "gemma3_text", "llama"])
def trained(request, tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp(request.param)
    training = _build(folder, _base(folder, request.param), rows)
    assert training.curves["loss"][0] == [1, pytest.approx(training.metrics["first_loss"], rel=1e-3)]
    assert training.curves["loss"][-1][1] == pytest.approx(training.metrics["last_loss"], rel=1e-3)
    return folder / "judge", training.metrics


def test_a_trained_judge_beats_chance_on_premises_it_has_not_seen(trained, rows):
    folder, metrics = trained
    found = measure_judge(folder, rows.validation, READING)["eng"]
    assert found["accuracy"] > 0.6
    assert {f"{label}_recall" for label in LABELS} <= set(found)
    assert metrics["rows"] == metrics["eng.neutral"] * 3 == len(rows.training)


def test_its_folder_is_a_plain_classifier_that_gives_the_same_alone(trained):
    folder, _ = trained
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".safetensors"}
    model, tokenizer = (kind.from_pretrained(folder) for kind in (AutoModelForSequenceClassification, AutoTokenizer))
    with torch.no_grad():
        alone = [model(**tokenizer(*pair, return_tensors="pt")).logits.softmax(1)[0].numpy() for pair in PAIRS]
    assert np.allclose(Judge(folder, READING).probabilities(PAIRS), alone, atol=1e-4)
    assert [model.config.id2label[index] for index in range(3)] == list(LABELS)


def test_portions_batches_and_order_change_nothing(trained, monkeypatch):
    folder, _ = trained
    whole = Judge(folder, READING).probabilities(PAIRS)
    monkeypatch.setattr(judge_model, "_CHUNK", 7)
    judge = Judge(folder, READING.model_copy(update={"batch_size": 3}))
    assert np.allclose(judge.probabilities(PAIRS), whole, atol=1e-4)
    assert np.allclose(judge.probabilities(PAIRS[::-1])[::-1], whole, atol=1e-4)
    assert judge.probabilities([]).shape == (0, 3)


def test_bfloat16_is_close(trained):
    folder, _ = trained
    half = Judge(folder, READING.model_copy(update={"bf16": True})).probabilities(PAIRS)
    assert np.abs(half - Judge(folder, READING).probabilities(PAIRS)).mean() < 0.1


@pytest.mark.parametrize(("seconds", "saved"), [(120.0, "checkpoint-10"), (0.0, "checkpoint-12")])
def test_a_killed_training_resumes_and_ends_the_same(tmp_path, rows, monkeypatch, seconds, saved):
    """Whether it was saved by steps or by time."""
    monkeypatch.setattr("bootembed.core.trainer_callbacks.SAVE_EVERY_SECONDS", seconds)
    bases = _base(tmp_path, "llama")
    _build(tmp_path / "whole", bases, rows)
    calls = die_in_call(monkeypatch, 13)
    with pytest.raises(KeyboardInterrupt):
        _build(tmp_path / "killed", bases, rows)
    assert (tmp_path / "killed/work" / saved).is_dir()
    _build(tmp_path / "killed", bases, rows)
    assert content_hash(tmp_path / "killed/judge") == content_hash(tmp_path / "whole/judge")
    assert len(calls[13:]) < 40 and not (tmp_path / "killed/work").exists()


@pytest.mark.parametrize("architecture", ["modernbert", "llama"])
def test_the_loss_is_a_mean_however_many_steps_are_accumulated(tmp_path, architecture):
    bases = _base(tmp_path, architecture)
    settings = judge_settings(per_device_train_batch_size=4, gradient_accumulation_steps=4, num_train_epochs=1)
    folders = {"output_dir": tmp_path / "judge", "checkpoint_dir": tmp_path / "work"}
    metrics = train_judge(bases / "base", toy_rows(32), settings, **folders, seed=0).metrics
    assert metrics["steps"] == 2
    assert metrics["first_loss"] == pytest.approx(np.log(3), abs=0.3)


def test_pairs_that_are_too_long_do_not_train_and_are_cut_when_judged(tmp_path, caplog):
    bases = _base(tmp_path, "llama")
    long = {"premise": "bada " * 60, "hypothesis": "kefe", "label": "neutral"}
    with pytest.raises(DataError, match=r"none of 1 NLI rows fits into max_length 48"):
        train_judge(
            bases / "base", [long], judge_settings(), output_dir=tmp_path / "a", checkpoint_dir=tmp_path / "b", seed=0
        )
    metrics = train_judge(
        bases / "base",
        [*toy_rows(30), long],
        judge_settings(num_train_epochs=1),
        output_dir=tmp_path / "judge",
        checkpoint_dir=tmp_path / "work",
        seed=0,
    ).metrics
    assert metrics["rows_too_long"] == 1
    judge = Judge(tmp_path / "judge", READING)
    assert judge.probabilities([(long["premise"], "kefe"), ("bada", "kefe")]).shape == (2, 3)
    assert "1 of 2 pairs are longer than 48 tokens and were cut" in caplog.text


def test_a_folder_with_labels_in_another_order_gives_the_same_probabilities(trained, tmp_path):
    folder, _ = trained
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    order = [2, 0, 1]  # new output -> old one
    head = [module for module in model.modules() if isinstance(module, torch.nn.Linear) and module.out_features == 3]
    with torch.no_grad():
        for layer in head:
            layer.weight.copy_(layer.weight[order].clone())
            if layer.bias is not None:
                layer.bias.copy_(layer.bias[order].clone())
    model.config.id2label = {new: LABELS[old].upper() for new, old in enumerate(order)}
    model.config.label2id = {name: index for index, name in model.config.id2label.items()}
    model.save_pretrained(tmp_path / "published")
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "published")
    _build(tmp_path, tmp_path, None, source="local", path=str(tmp_path / "published"))
    expected = Judge(folder, READING).probabilities(PAIRS)
    assert np.allclose(Judge(tmp_path / "judge", READING).probabilities(PAIRS), expected, atol=1e-5)


def test_a_local_classifier_of_other_labels_is_refused(tmp_path):
    _base(tmp_path, "bert")
    base = tmp_path / "bases/base"
    with pytest.raises(DataError, match="names no labels"):
        _build(tmp_path, tmp_path, None, source="local", path=str(base))
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}))
    with pytest.raises(DataError, match=r"LABEL_0.*a judge needs"):
        _build(tmp_path, tmp_path, None, source="local", path=str(base))


def test_without_a_judge_the_folder_says_so_and_nothing_is_measured(tmp_path, rows):
    assert _build(tmp_path, tmp_path, rows, source="none") == ({}, {})
    assert [path.name for path in (tmp_path / "judge").iterdir()] == ["README.md"]
    assert not has_judge(tmp_path / "judge") and open_judge(tmp_path / "judge", READING) is None
    assert measure_judge(tmp_path / "judge", rows.validation, READING) == {}


def test_it_rates_any_table_of_triplets(trained):
    folder, _ = trained
    judge = Judge(folder, READING)
    by_label = {label: [row for row in toy_rows(60, seed=4) if row["label"] == label] for label in LABELS}
    made = [
        {"anchor": row["premise"], "positive": row["hypothesis"], "negative": other["hypothesis"]}
        for row, other in zip(by_label["entailment"], by_label["contradiction"], strict=True)
    ]
    good = rate_triplets(judge, made).metrics
    swapped = [{**row, "positive": row["negative"], "negative": row["positive"]} for row in made]
    bad = rate_triplets(judge, swapped).metrics
    for name in ("positive_entailment_rate", "negative_contradiction_rate", "both_right_rate"):
        assert good[name] > bad[name]
    assert sum(good[f"positive_{label}_rate"] for label in LABELS) == pytest.approx(1)
    assert rate_triplets(judge, []).metrics == {"triplets": 0.0}
