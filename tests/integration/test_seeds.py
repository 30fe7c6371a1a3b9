"""The embedders of a cell: one for each training set and seed, each as if it were trained alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from encoders import sentences, write_encoder

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.metrics import embedder_metrics
from bootembed.core.names import EmbedderId
from bootembed.core.seeding import derive_seed
from bootembed.core.tables import PAIRS, TRIPLETS, write_table
from bootembed.embedder import train_all
from bootembed.embedder.train import train_embedder
from bootembed.embedder.train_all import train_embedders
from bootembed.embedder.training_record import TrainingRecord
from bootembed.embedder.training_sets import read_training_sets
from bootembed.settings.embedder import TrainEmbedder

NAMES = {"recipe": "xl_lora", "language": "afr", "encoder": "tiny", "scoring_max_seq_length": 40}
TWO = TrainEmbedder(
    seeds=2, objective="contrastive", distillation_english_share=0.25, pooling="mean", temperature=0.05,
    num_train_epochs=1, learning_rate=2e-3, warmup_steps=0, lr_scheduler_type="constant",
    per_device_train_batch_size=8, max_seq_length=12, bf16=False, fp16=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta")


def _pairs(count, seed=0):
    return [{"anchor": text, "positive": " ".join(reversed(text.split()))} for text in sentences(count, seed=seed)]


def _train(encoder, folder, training_sets, settings=TWO):
    work = folder.with_name(f"{folder.name}.work")
    places = {"output_dir": folder, "checkpoint_dir": work, "metrics_file": _records(folder)}
    return train_embedders(encoder, training_sets, settings, **NAMES, **places, seed=1)


def _records(folder):
    return folder.with_name(f"{folder.name}.json")


def test_each_is_the_embedder_that_is_trained_alone(encoder, tmp_path):
    sets = {0: _pairs(24), 1: _pairs(24, seed=1)}
    found = _train(encoder, tmp_path / "cell", sets)
    assert list(map(str, found)) == ["0-0", "0-1", "1-0", "1-1"]
    assert sorted(path.name for path in (tmp_path / "cell").iterdir()) == ["0-0", "0-1", "1-0", "1-1"]
    assert not (tmp_path / "cell.work").exists()
    assert len({content_hash(path / "model.safetensors") for path in (tmp_path / "cell").iterdir()}) == 4
    records = json.loads(_records(tmp_path / "cell").read_text())
    assert records["0-0"]["similarity"]["after"] != records["0-1"]["similarity"]["after"]
    for identity, metrics in found.items():
        number, count = identity.training_set, identity.seed
        alone = tmp_path / "alone" / str(identity)
        record = TrainingRecord(identity, sets[number], TWO, seed=derive_seed(1, "similarity", number))
        told = train_embedder(
            encoder,
            sets[number],
            TWO.model_copy(update={"seeds": 7}),
            **NAMES,
            output_dir=alone,
            checkpoint_dir=tmp_path / "work",
            seed=derive_seed(1, "embedder", number, count),
            record=record,
        )
        assert told == metrics
        assert records[str(identity)] == record.as_json()
    assert content_hash(tmp_path / "alone") == content_hash(tmp_path / "cell")
    card = (tmp_path / "cell/1-0/README.md").read_text()
    assert "| training set | 1 |" in card
    assert f"| seed | number 0: {derive_seed(1, 'embedder', 1, 0)} |" in card


def test_where_nothing_is_trained_there_is_one(encoder, tmp_path):
    found = _train(encoder, tmp_path / "cell", {0: []}, TWO.model_copy(update={"objective": "none"}))
    assert found == {EmbedderId(0, 0): {"rows": 0.0, "steps": 0.0}}
    assert [path.name for path in (tmp_path / "cell").iterdir()] == ["0-0"]
    assert json.loads(_records(tmp_path / "cell").read_text()) == {"0-0": {}}


@pytest.fixture
def trained(monkeypatch):
    """Names of the embedders that are trained; the first of a fixture's `killed` is interrupted."""
    seen = []

    def counted(*arguments, record, **others):
        identity = str(record.identity)
        seen.append(identity)
        if seen.count(identity) == 1 and identity in counted.killed:
            raise KeyboardInterrupt
        return train_embedder(*arguments, record=record, **others)

    counted.killed = ()
    monkeypatch.setattr(train_all, "train_embedder", counted)
    counted.seen = seen
    return counted


def test_a_killed_run_keeps_what_it_had_finished(encoder, tmp_path, trained):
    three, sets = TWO.model_copy(update={"seeds": 3}), {0: _pairs(20)}
    undisturbed = _train(encoder, tmp_path / "whole", sets, three)
    trained.seen.clear()
    trained.killed = ("0-1",)
    with pytest.raises(KeyboardInterrupt):
        _train(encoder, tmp_path / "killed", sets, three)
    assert not (tmp_path / "killed").exists()
    assert _train(encoder, tmp_path / "killed", sets, three) == undisturbed
    assert trained.seen == ["0-0", "0-1", "0-1", "0-2"]
    assert content_hash(tmp_path / "killed") == content_hash(tmp_path / "whole")
    assert _records(tmp_path / "killed").read_bytes() == _records(tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("changed", ["rows", "settings"])
def test_what_was_finished_on_other_inputs_is_trained_again(encoder, tmp_path, trained, changed):
    trained.killed = ("0-1",)
    with pytest.raises(KeyboardInterrupt):
        _train(encoder, tmp_path / "cell", {0: _pairs(20)})
    rows = _pairs(20, seed=3) if changed == "rows" else _pairs(20)
    settings = TWO.model_copy(update={"learning_rate": 1e-5}) if changed == "settings" else TWO
    _train(encoder, tmp_path / "cell", {0: rows}, settings)
    assert trained.seen == ["0-0", "0-1", "0-0", "0-1"]
    _train(encoder, tmp_path / "fresh", {0: rows}, settings)
    assert content_hash(tmp_path / "cell") == content_hash(tmp_path / "fresh")


def test_an_embedder_killed_while_it_was_kept_is_trained_again(encoder, tmp_path, trained):
    trained.killed = ("0-1",)
    with pytest.raises(KeyboardInterrupt):
        _train(encoder, tmp_path / "cell", {0: _pairs(20)})
    [label] = (tmp_path / "cell.work").rglob("finished.json")
    label.write_text(label.read_text()[:10])
    (label.parent / "model" / "model.safetensors").write_bytes(b"half")
    _train(encoder, tmp_path / "cell", {0: _pairs(20)})
    assert trained.seen == ["0-0", "0-1", "0-0", "0-1"]
    assert (tmp_path / "cell/0-0/model.safetensors").stat().st_size > 4


def test_similarities_are_quantiles_of_cosines_of_the_rows():
    points = {"a": [1, 0], "b": [0, 1], "c": [0.6, 0.8], "d": [-1, 0]}

    class Model:
        def encode(self, texts, **_):
            return np.array([points[text] for text in texts])

    rows = [{"anchor": "a", "positive": "b", "negative": "d"}, {"anchor": "a", "positive": "c"}, {"text": "a"}]
    record = TrainingRecord(EmbedderId(0, 0), rows, TWO, seed=1)
    record.begin(Model())
    points["b"] = [1, 0]
    record.end(Model(), {})
    found = record.as_json()["similarity"]
    before = {"positive": {"5": 0.03, "25": 0.15, "50": 0.3, "75": 0.45, "95": 0.57}}
    assert found["before"] == before | {"negative": dict.fromkeys(before["positive"], -1.0)}
    assert found["after"]["positive"]["50"] == 0.8
    alone = TrainingRecord(EmbedderId(0, 0), [{"text": "a"}], TWO, seed=1)
    alone.end(Model(), {"loss": [[1, 2.0]]})
    assert alone.as_json() == {"curves": {"loss": [[1, 2.0]]}}


def test_training_sets_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 0):
        write_table(_pairs(number + 1), PAIRS, tmp_path / "sets" / str(number) / "training.parquet")
    (tmp_path / "sets" / "notes").mkdir()
    found = read_training_sets(tmp_path / "sets")
    assert {number: len(rows) for number, rows in found.items()} == {0: 1, 2: 3, 10: 11}
    assert list(found) == [0, 2, 10]
    write_table([], TRIPLETS, tmp_path / "old" / "training.parquet")
    with pytest.raises(DataError, match=r"old: no training sets"):
        read_training_sets(tmp_path / "old")


def test_names_of_embedders():
    assert sorted([EmbedderId(1, 0), EmbedderId(0, 10), EmbedderId(0, 2)]) == list(
        map(EmbedderId.parse, ("0-2", "0-10", "1-0"))
    )
    for wrong in ("0", "0-1-2", "a-b", "0-"):
        with pytest.raises(ValueError, match=r"unpack|invalid literal"):
            EmbedderId.parse(wrong)


def test_metrics_say_which_embedder_they_are_of():
    one, other = EmbedderId(0, 0), EmbedderId(0, 1)
    assert embedder_metrics({one: {"loss": 2.0}}) == {"0-0/loss": 2.0}
    found = embedder_metrics({one: {"loss": 2.0}, other: {"loss": 4.0}})
    assert found == {"0-0/loss": 2.0, "0-1/loss": 4.0, "mean/loss": 3.0, "deviation/loss": pytest.approx(2**0.5)}
    assert json.dumps(found)
