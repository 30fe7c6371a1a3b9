"""Training in two processes: the loss curve of one process at the same total batch, and one process that writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

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

ROOT = Path(__file__).parents[2]


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


def _run(folder, words, *, launcher=("-m",)):
    """Run a stage in `folder`; returns what it said."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, *launcher, *map(str, words)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _losses(said):
    return [float(loss) for loss in re.findall(r": loss ([0-9.]+)", said)]


def _embedder(folder, base, training_sets, *, processes, batch, seeds=1, launcher=("-m",), **changes):
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
    words += ["--output-dir", "models", "--metrics", "training.json"]
    return _run(folder, [*words, "--params", params], launcher=launcher)


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


TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m")


@pytest.fixture(scope="module")
def two_processes(encoder, triplets, tmp_path_factory):
    """Folder and log of a stage that trains two embedders, each in two processes."""
    folder = tmp_path_factory.mktemp("processes") / "two"
    return folder, _embedder(folder, encoder, triplets, processes=2, batch=8, seeds=2)


def test_embedders_of_one_and_two_processes_are_alike(encoder, triplets, two_processes, tmp_path):
    """Whoever starts the processes, with mini-batches or without."""
    one = _embedder(tmp_path / "one", encoder, triplets, processes=1, batch=16)
    folder, two = two_processes
    cached = _embedder(
        tmp_path / "cached",
        encoder,
        triplets,
        processes=1,
        batch=8,
        launcher=TORCHRUN,
        train_embedder__mini_batch_size=4,
    )
    assert len(_losses(one)) == 8
    assert len(_losses(two)) == 16  # of two seeds, each printed once: by one process
    assert _losses(two)[:8] == pytest.approx(_losses(one), abs=2e-3)
    assert sorted(folder.name for folder in (folder / "models").iterdir()) == ["0-0", "0-1"]
    alone, together = (json.loads((run / "training.json").read_text()) for run in (tmp_path / "one", folder))
    assert list(together) == ["0-0", "0-1"]
    assert together["0-0"]["similarity"]["before"] == alone["0-0"]["similarity"]["before"]
    curves = [[loss for _, loss in record["0-0"]["curves"]["loss"]] for record in (alone, together)]
    assert curves[1] == pytest.approx(curves[0], abs=2e-3)
    assert _losses(cached) == pytest.approx(_losses(one), abs=2e-3)
    texts = sentences(5, seed=7)
    expected = SentenceTransformer(str(tmp_path / "one/models/0-0")).encode(texts)
    for run in (folder, tmp_path / "cached"):
        found = SentenceTransformer(str(run / "models/0-0")).encode(texts)
        assert found == pytest.approx(expected, abs=1e-3)
        assert not (run / "work").exists()


def test_own_negatives(encoder, triplets, two_processes, tmp_path):
    """Processes that gather nothing have half the candidates each, and so a lower loss to begin with."""
    settings = {"train_embedder__num_train_epochs": 0.25, "train_embedder__gather_across_devices": False}
    own = _embedder(tmp_path / "own", encoder, triplets, processes=2, batch=8, **settings)
    _, gathered = two_processes
    assert _losses(own)[0] < _losses(gathered)[0] - 0.2


def test_adapters_of_one_and_two_processes_are_alike(tmp_path):
    base = write_generator_model(tmp_path / "base", "qwen3")
    write_table(toy_nli(64), NLI, tmp_path / "nli.parquet")
    losses = {}
    for name, processes, batch in (("one", 1, 16), ("two", 2, 8)):
        (tmp_path / name).mkdir()
        params = _params(
            tmp_path / name,
            generator_seeds=2,
            launch__processes=processes,
            train_task_adapter__per_device_train_batch_size=batch,
            train_task_adapter__train_examples=64,
            train_task_adapter__num_train_epochs=7,
            train_task_adapter__bf16=False,
            train_task_adapter__max_length=256,
        )
        words = ["stages.train_entailment_adapter", "--section", "train_task_adapter", "--polarity", "positive"]
        words += ["--base-model", base, "--params", params, "--rows", tmp_path / "nli.parquet"]
        words += ["--checkpoint-dir", "work", "--output-dir", "adapter"]
        said = _run(tmp_path / name, words)
        losses[name] = _losses(said)
        assert not (tmp_path / name / "work").exists()
    assert len(losses["one"]) == 4  # of the first and the 25th step of both seeds
    assert losses["one"][1] < 0.95 * losses["one"][0]
    assert losses["two"] == pytest.approx(losses["one"], rel=2e-3)  # as printed
    for number in "01":
        one, two = (read_adapter(tmp_path / name / "adapter" / number) for name in ("one", "two"))
        assert relative_difference(two, one) < 0.02


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
