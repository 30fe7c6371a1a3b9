"""Rows that score an embedder on the way: early stopping, and the best checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
from encoders import sentences, write_encoder
from hypothesis import given
from hypothesis import strategies as st
from kills import die_in_call
from sentence_transformers import SentenceTransformer

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.names import EmbedderId
from bootembed.embedder.held_out import SCORE, HeldOutAccuracy, hold_out
from bootembed.embedder.train import train_embedder
from bootembed.embedder.training_record import TrainingRecord
from bootembed.settings.embedder import EncoderLora, HeldOut, TrainEmbedder

SETTINGS = TrainEmbedder(
    objective="contrastive",
    distillation_english_share=0.25,
    pooling="mean",
    temperature=0.05,
    num_train_epochs=4,
    learning_rate=2e-3,
    warmup_steps=0,
    lr_scheduler_type="constant",
    per_device_train_batch_size=16,
    held_out=HeldOut(share=0.2, evaluations=8),
    max_seq_length=24,
    bf16=False,
    fp16=False,
)
LORA = EncoderLora(r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear")
PROBE = sentences(3, seed=7)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta")


def _triplets(count):
    other = sentences(count, seed=1)
    return [
        {"anchor": text, "positive": " ".join(reversed(text.split())), "negative": other[index]}
        for index, text in enumerate(sentences(count))
    ]


def _train(base, folder, settings, rows=None, record=None):
    names = {"recipe": "xl_lora", "language": "afr", "encoder": "tiny", "scoring_max_seq_length": 24}
    work = folder.with_name(folder.name + ".work")
    return train_embedder(
        base, rows or _triplets(80), settings, **names, output_dir=folder, checkpoint_dir=work, seed=1, record=record
    )


def _with(**changes):
    return SETTINGS.model_copy(update={"held_out": SETTINGS.held_out.model_copy(update=changes)})


@pytest.fixture
def scripted(monkeypatch):
    """Scores as given, one after another; returns what the model embedded at each."""
    seen = []

    def script(*scores):
        def score(_self, model, *_, **__):
            seen.append(model.encode(PROBE))
            return {SCORE: scores[len(seen) - 1]}

        monkeypatch.setattr(HeldOutAccuracy, "__call__", score)
        return seen

    return script


rows_with_repeated_anchors = st.lists(
    st.tuples(st.text("abcd", min_size=1, max_size=2), st.text(max_size=3)), min_size=1, max_size=60
)


@given(rows=rows_with_repeated_anchors, share=st.floats(0.05, 0.95), seed=st.integers(0, 9))
def test_every_row_trains_or_scores_and_no_anchor_does_both(rows, share, seed):
    rows = [{"anchor": anchor, "positive": positive} for anchor, positive in rows]
    settings = HeldOut(share=share)
    try:
        training, held_out = hold_out(rows, settings, seed=seed)
    except DataError:
        anchors = len({row["anchor"] for row in rows})
        assert min(round(anchors * share), anchors - round(anchors * share)) < 2
        return
    assert sorted(map(str, [*training, *held_out])) == sorted(map(str, rows))
    assert not {row["anchor"] for row in training} & {row["anchor"] for row in held_out}
    assert hold_out(rows, settings, seed=seed) == (training, held_out)


def test_texts_alone_cannot_be_held_out(encoder, tmp_path):
    with pytest.raises(DataError, match="no positives to score with; set it to null"):
        _train(encoder, tmp_path / "model", SETTINGS, [{"text": text} for text in sentences(40)])


def test_the_score_is_the_share_of_anchors_that_find_their_positive(encoder):
    class Model:
        def encode(self, texts, **_):
            return np.array([points[text] for text in texts])

    points = {"a": [1, 0], "a+": [1, 0], "a-": [0.9, 0.1], "b": [0, 1], "b+": [0.2, 0.8], "b-": [0, 1]}
    rows = [{"anchor": name, "positive": f"{name}+", "negative": f"{name}-"} for name in "ab"]
    assert HeldOutAccuracy(rows, batch_size=2)(Model()) == {SCORE: 0.5}
    mixed = [{"recipe": "one", **rows[0]}, {"recipe": "other", "anchor": "b", "positive": "b+"}]
    assert HeldOutAccuracy(mixed, batch_size=2)(Model()) == {SCORE: 1.0}


def test_held_out_rows_do_not_train_and_their_score_is_logged_and_kept(encoder, tmp_path, caplog):
    record = TrainingRecord(EmbedderId(0, 0), [], SETTINGS, seed=1)
    with caplog.at_level("INFO", logger="bootembed"):
        metrics = _train(encoder, tmp_path / "model", SETTINGS, record=record)
    assert (metrics["rows"], metrics["held_out_rows"], metrics["steps"]) == (64, 16, 16)
    assert metrics["kept_step"] == 16
    assert "step 8 of 16: held out accuracy" in caplog.text
    points = [record for record in caplog.records if "0-0/held_out_accuracy" in getattr(record, "curve", {})]
    assert [record.step for record in points] == list(range(2, 17, 2))
    assert points[-1].curve["0-0/held_out_accuracy"] == metrics[SCORE]
    kept = record.as_json()["curves"]
    assert kept[SCORE] == [[point.step, pytest.approx(point.curve["0-0/held_out_accuracy"])] for point in points]
    assert [step for step, _ in kept["loss"]] == list(range(1, 17))


@pytest.mark.parametrize("lora", [None, LORA])
def test_the_best_checkpoint_is_kept(encoder, tmp_path, scripted, lora):
    seen = scripted(0.1, 0.3, 0.9, 0.2, 0.9, 0.4, 0.1, 0.0)
    metrics = _train(encoder, tmp_path / "model", _with(keep_best=True).model_copy(update={"lora": lora}))
    assert (metrics[SCORE], metrics["kept_step"], metrics["steps"]) == (0.9, 6, 16)
    saved = SentenceTransformer(str(tmp_path / "model")).encode(PROBE)
    np.testing.assert_allclose(saved, seen[2], atol=1e-5)
    assert np.abs(saved - seen[-1]).max() > 1e-3
    assert not (tmp_path / "model.work").exists()


@pytest.mark.parametrize(("keep_best", "kept"), [(True, 4), (False, 10)])
def test_training_stops_when_the_score_no_longer_rises(encoder, tmp_path, scripted, keep_best, kept):
    scripted(0.1, 0.5, 0.4, 0.5, 0.3, 0.9, 0.9, 0.9)
    metrics = _train(encoder, tmp_path / "model", _with(patience=3, keep_best=keep_best))
    assert (metrics["steps"], metrics["kept_step"]) == (10, kept)


def test_a_killed_run_keeps_its_best_score(encoder, tmp_path, monkeypatch):
    settings = _with(keep_best=True)
    _train(encoder, tmp_path / "whole", settings)
    calls = die_in_call(monkeypatch, 12)
    with pytest.raises(KeyboardInterrupt):
        _train(encoder, tmp_path / "killed", settings)
    _train(encoder, tmp_path / "killed", settings)
    assert calls[12] == 10
    assert content_hash(tmp_path / "killed") == content_hash(tmp_path / "whole")
