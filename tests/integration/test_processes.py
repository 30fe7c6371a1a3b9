"""Training in two processes: the loss curve of one process at the same total batch, and one process that writes."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from encoders import sentences, write_encoder
from generators import write_generator_model
from sentence_transformers import SentenceTransformer
from toy import toy_nli

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.processes import check_batch, started_processes
from bootembed.core.tables import NLI, TRIPLETS, write_table
from bootembed.strategies.adapter_composition import read_adapter, relative_difference

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
LAUNCH = "import sys; from bootembed.core import processes; processes.started_processes(sys.argv.pop(1), processes=2)"


def _without_dropout(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _params(folder, **changes):
    """The default profile's parameters with some changed; a key is section__name, or a name alone."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            raw[section][name] = value
        else:
            raw[section] = value
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def _run(folder, words):
    """Run Python in `folder`; returns what it said."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT, TESTS)))}
    done = subprocess.run(
        [sys.executable, *map(str, words)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def _alone(folder, words, caplog, monkeypatch):
    """Run a stage in `folder` and in this process; returns the losses that it logged."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.chdir(folder)
    caplog.clear()
    with caplog.at_level("INFO", logger="bootembed"):
        importlib.import_module(words[0]).main([*map(str, words[1:])], standalone_mode=False)
    return _losses(caplog.text)


def _losses(said):
    return [float(loss) for loss in re.findall(r": loss ([0-9.]+)", said)]


def _embedder(folder, base, training_sets, *, processes, batch, seeds=1, **changes):
    """Words that train embedders."""
    folder.mkdir()
    params = _params(
        folder,
        launch__processes=processes,
        train_embedder__seeds=seeds,
        train_embedder__per_device_train_batch_size=batch,
        train_embedder__bf16=False,
        train_embedder__warmup_steps=0,
        **({"train_embedder__num_train_epochs": 2} | changes),
    )
    words = ["stages.train_embedder", "--recipe", "xl_lora", "--language", "afr", "--encoder", "tiny"]
    words += ["--base-model", base, "--training-sets", training_sets, "--checkpoint-dir", "work"]
    return [*words, "--output-dir", "models", "--metrics", "training.json", "--params", params]


def _adapter(folder, base, rows, *, processes, batch):
    """Words that train adapters."""
    folder.mkdir()
    params = _params(
        folder,
        generator_seeds=2,
        launch__processes=processes,
        train_task_adapter__per_device_train_batch_size=batch,
        train_task_adapter__train_examples=64,
        train_task_adapter__num_train_epochs=7,
        train_task_adapter__bf16=False,
        train_task_adapter__max_length=256,
    )
    words = ["stages.train_entailment_adapter", "--section", "train_task_adapter", "--polarity", "positive"]
    words += ["--base-model", base, "--params", params, "--rows", rows]
    return [*words, "--checkpoint-dir", "work", "--output-dir", "adapter", "--record", "record.json"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return _without_dropout(write_encoder(tmp_path_factory.mktemp("encoder") / "base", "xlm-roberta"))


@pytest.fixture(scope="module")
def triplets(tmp_path_factory):
    """Some anchors occur twice: only drawn together do the processes keep them out of one another's negatives."""
    rows = []
    for number, (text, other) in enumerate(zip(sentences(60), sentences(60, seed=1), strict=True)):
        row = {"anchor": text, "positive": " ".join(reversed(text.split())), "negative": f"{text.split()[0]} {other}"}
        rows += [row] if number % 15 else [row, row | {"positive": row["positive"] + " bada"}]
    folder = tmp_path_factory.mktemp("rows")
    write_table(rows, TRIPLETS, folder / "0" / "training.parquet")
    return folder


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return write_generator_model(tmp_path_factory.mktemp("generator") / "base", "qwen3")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("nli") / "nli.parquet"
    write_table(toy_nli(64), NLI, path)
    return path


@pytest.fixture(scope="module")
def in_turn(encoder, triplets, generator, rows, tmp_path_factory):
    """Folders of stages that trained in the same two processes, started as a stage starts them, and all losses."""
    folder = tmp_path_factory.mktemp("in_turn")
    own = {"train_embedder__num_train_epochs": 0.25, "train_embedder__gather_across_devices": False}
    embedder = partial(_embedder, base=encoder, training_sets=triplets, batch=8)
    stages = {
        "two": embedder(folder / "two", processes=2, seeds=2),
        "cached": embedder(folder / "cached", processes=1, train_embedder__mini_batch_size=4),
        "own": embedder(folder / "own", processes=2, **own),
        "adapter": _adapter(folder / "adapter", generator, rows, processes=2, batch=8),
    }
    calls = [[str(folder / name), [*map(str, words)]] for name, words in stages.items()]
    (folder / "calls.json").write_text(json.dumps(calls))
    said = _run(folder, ["-c", LAUNCH, "stages_in_turn", "calls.json"])
    _, *parts = re.split(r"^folder .*/(\w+)$", said, flags=re.MULTILINE)
    assert parts[::2] == list(stages)
    return folder, dict(zip(stages, map(_losses, parts[1::2]), strict=True))


def test_embedders_of_one_and_two_processes_are_alike(encoder, triplets, in_turn, tmp_path, caplog, monkeypatch):
    """With mini-batches or without."""
    one = tmp_path / "one"
    losses = _alone(one, _embedder(one, encoder, triplets, processes=1, batch=16), caplog, monkeypatch)
    folder, found = in_turn
    assert len(losses) == 8
    assert len(found["two"]) == 16  # of two seeds, each printed once: by one process
    assert found["two"][:8] == pytest.approx(losses, abs=2e-3)
    assert sorted(path.name for path in (folder / "two/models").iterdir()) == ["0-0", "0-1"]
    assert found["cached"] == pytest.approx(losses, abs=2e-3)
    alone, together = (json.loads((run / "training.json").read_text()) for run in (one, folder / "two"))
    assert list(together) == ["0-0", "0-1"]
    assert together["0-0"]["similarity"]["before"] == alone["0-0"]["similarity"]["before"]
    curves = [[loss for _, loss in record["0-0"]["curves"]["loss"]] for record in (alone, together)]
    assert curves[1] == pytest.approx(curves[0], abs=2e-3)
    texts = sentences(5, seed=7)
    expected = SentenceTransformer(str(one / "models/0-0")).encode(texts)
    for run in (folder / "two", folder / "cached"):
        assert SentenceTransformer(str(run / "models/0-0")).encode(texts) == pytest.approx(expected, abs=1e-3)
        assert not (run / "work").exists()


def test_own_negatives(in_turn):
    """Processes that gather nothing have half the candidates each, and so a lower loss to begin with."""
    assert in_turn[1]["own"][0] < in_turn[1]["two"][0] - 0.2


def test_adapters_of_one_and_two_processes_are_alike(generator, rows, in_turn, tmp_path, caplog, monkeypatch):
    one, two = tmp_path / "one", in_turn[0] / "adapter"
    losses = _alone(one, _adapter(one, generator, rows, processes=1, batch=16), caplog, monkeypatch)
    assert len(losses) == 6  # of the first, the 25th and the last step of both seeds
    assert losses[1] < 0.95 * losses[0]
    assert in_turn[1]["adapter"] == pytest.approx(losses, rel=2e-3)  # as printed
    records = []
    for folder in (one, two):
        assert not (folder / "work").exists()
        records.append(json.loads((folder / "record.json").read_text()))
    for number in "01":
        curves = [[loss for _, loss in record[number]["curves"]["loss"]] for record in records]
        assert curves[1] == pytest.approx(curves[0], rel=2e-3)
        alone, shared = (read_adapter(folder / "adapter" / number) for folder in (one, two))
        assert relative_difference(shared, alone) < 0.02


@pytest.mark.parametrize("stage", ["train_embedder", "train_entailment_adapter"])
def test_a_stage_starts_itself_in_several_processes(
    stage, encoder, triplets, generator, rows, tmp_path, caplog, monkeypatch
):
    """As it is started in earnest above; those that it starts do the work."""
    words = {
        "train_embedder": lambda folder: _embedder(folder, encoder, triplets, processes=2, batch=8),
        "train_entailment_adapter": lambda folder: _adapter(folder, generator, rows, processes=2, batch=8),
    }[stage](tmp_path / "two")
    started = []
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr("sys.argv", ["stage", "its", "words"])
    monkeypatch.setattr("subprocess.run", lambda command, **_: started.append(command) or CompletedProcess([], 0))
    assert _alone(tmp_path / "two", words, caplog, monkeypatch) == []
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    assert started == [[*launcher, "-m", f"stages.{stage}", "its", "words"]]
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["params.yaml"]


def test_rows_too_few_for_all_processes_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(DataError, match="24 rows are fewer than a batch of 16 for each of 2 processes"):
        check_batch(24, 16, key="train_embedder.per_device_train_batch_size")


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(ParamsError, match=r"launch\.processes: 4: this machine has 2 GPUs"):
        started_processes("stages.train_embedder", processes=4)


@pytest.mark.parametrize(("visible", "left"), [(None, "0"), ("2,3", "2"), ("", ""), ("GPU-a,GPU-b", "GPU-a")])
def test_a_process_that_trains_alone_sees_one_gpu(monkeypatch, visible, left):
    """With several the trainer would multiply the batch size and split the in-batch negatives."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible or "")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert not started_processes("stages.train_embedder", processes=1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == left


def test_processes_of_torchrun_keep_their_gpus(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert not started_processes("stages.train_embedder", processes=1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,3"
