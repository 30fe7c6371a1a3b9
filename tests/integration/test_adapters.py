"""Adapters on a tiny real model: training lowers the loss, composition adds weight updates, killed runs resume."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy import toy_nli
from transformers import TrainerCallback

from bootembed.adapters import train
from bootembed.adapters.examples import entailment_examples
from bootembed.adapters.train import train_adapter, train_adapters
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.names import Polarity
from bootembed.prompts import prompt_definition
from bootembed.settings.models import ComposeAdapter, Lora
from bootembed.strategies.adapter_composition import compose_adapters, read_adapter, write_adapter

LORA = Lora(
    r=4,
    lora_alpha=8,
    lora_dropout=0.0,
    train_examples=200,
    num_train_epochs=1,
    learning_rate=5e-3,
    lr_scheduler_type="constant",
    warmup_steps=0,
    per_device_train_batch_size=8,
    gradient_accumulation_steps=1,
    max_length=96,
    max_grad_norm=1.0,
    save_steps=10,
    gradient_checkpointing=False,
    bf16=False,
    load_in_4bit=False,
)


def _train(base, folder, *, polarity=Polarity.POSITIVE, settings=LORA, seed=1):
    examples = entailment_examples(toy_nli(200, seed=2), prompt_definition("entail_v1"), polarity)
    trained = train_adapter(
        base, examples, settings, output_dir=folder, checkpoint_dir=folder.with_name(folder.name + ".work"), seed=seed
    )
    return trained


def _train_seeds(base, folder, *, seeds):
    examples = entailment_examples(toy_nli(200, seed=2), prompt_definition("entail_v1"), Polarity.POSITIVE)
    folders = {"output_dir": folder, "checkpoint_dir": folder.with_name(folder.name + ".work")}
    folders["record"] = folder.with_name(folder.name + ".json")
    return train_adapters(base, dict.fromkeys(seeds, examples), LORA, seeds=seeds, **folders)


@pytest.fixture(scope="module")
def seeds(tiny_generator, tmp_path_factory):
    """The adapters of two seeds, and the metrics of their trainings."""
    folder = tmp_path_factory.mktemp("seeds") / "adapters"
    return folder, _train_seeds(tiny_generator, folder, seeds={0: 1, 1: 2})


def test_training_lowers_the_loss_of_every_seed_and_leaves_no_checkpoints(tiny_generator, seeds, tmp_path):
    adapters, metrics = seeds
    assert list(metrics) == [0, 1]
    assert all(found["last_loss"] < 0.7 * found["first_loss"] for found in metrics.values())
    for number in "01":
        assert sorted(file.name for file in (adapters / number).iterdir()) == [
            "adapter_config.json",
            "adapter_model.safetensors",
        ]
    assert content_hash(adapters / "0") != content_hash(adapters / "1")
    assert sorted(path.name for path in adapters.parent.iterdir()) == ["adapters", "adapters.json"]
    record = json.loads(adapters.with_name("adapters.json").read_text())
    assert list(record) == ["0", "1"]
    for number, found in metrics.items():
        points = record[str(number)]["curves"]["loss"]
        steps = int(found["steps"])
        assert [step for step, _ in points] == sorted({1, *range(25, steps, 25), steps})
        assert [points[0][1], points[-1][1]] == pytest.approx([found["first_loss"], found["last_loss"]], rel=1e-3)
    _train(tiny_generator, tmp_path / "alone", seed=2)  # a seed's adapter does not depend on the seeds before it
    assert content_hash(adapters / "1") == content_hash(tmp_path / "alone")


class _Killed(BaseException):
    pass


def _add_callback(monkeypatch, callback):
    """Every trainer made from now on has it."""
    trainer = train._trainer

    def with_callback(*args, **kwargs):
        made = trainer(*args, **kwargs)
        made.add_callback(callback)
        return made

    monkeypatch.setattr(train, "_trainer", with_callback)


def test_a_training_that_diverges_is_stopped(tiny_generator, tmp_path):
    wild = LORA.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(DataError, match=r"the loss is (nan|inf) at step \d: .* lower its learning_rate \(1e\+30\)"):
        _train(tiny_generator, tmp_path / "adapter", settings=wild)
    assert not (tmp_path / "adapter").exists()


def test_upper_layers_alone_get_an_adapter(tiny_generator, tmp_path):
    few = LORA.model_copy(update={"train_examples": 8})
    _train(tiny_generator, tmp_path / "all", settings=few)
    _train(tiny_generator, tmp_path / "upper", settings=few.model_copy(update={"upper_layers": 1}))
    modules, upper = (set(read_adapter(tmp_path / name).factors) for name in ("all", "upper"))
    last = max(int(re.search(r"layers\.(\d+)", name)[1]) for name in modules)
    assert last > 0
    assert upper == {name for name in modules if f"layers.{last}." in name}
    with pytest.raises(ParamsError, match=f"upper_layers: 99, but the generator has {last + 1} layers"):
        _train(tiny_generator, tmp_path / "none", settings=few.model_copy(update={"upper_layers": 99}))


def test_a_killed_run_goes_on_unless_its_inputs_changed(tiny_generator, tmp_path, monkeypatch):
    few = LORA.model_copy(update={"save_steps": 5, "lora_dropout": 0.1})
    faster = few.model_copy(update={"learning_rate": 8e-3})
    whole = _train(tiny_generator, tmp_path / "whole", settings=few)
    _train(tiny_generator, tmp_path / "other", settings=faster)
    begun = []

    class Kill(TrainerCallback):
        def on_train_begin(self, args, state, control, **kwargs):
            begun.append(state.global_step)

        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == 8 and len(begun) in (1, 3):
                raise _Killed

    _add_callback(monkeypatch, Kill())
    for name, then in (("same", few), ("changed", faster)):
        with pytest.raises(_Killed):
            _train(tiny_generator, tmp_path / name, settings=few)
        trained = _train(tiny_generator, tmp_path / name, settings=then)
        assert (trained == whole) == (name == "same")  # also its curve
    assert begun == [0, 5, 0, 0]
    assert content_hash(tmp_path / "same") == content_hash(tmp_path / "whole")
    assert content_hash(tmp_path / "changed") == content_hash(tmp_path / "other")


def test_seeds_that_a_killed_run_had_finished_are_not_trained_again(tiny_generator, seeds, tmp_path, monkeypatch):
    undisturbed, whole = seeds
    begun = []

    class Kill(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            begun.append(args.seed)
            if args.seed == 2 and begun.count(2) == 13:
                raise _Killed

    _add_callback(monkeypatch, Kill())
    with pytest.raises(_Killed):
        _train_seeds(tiny_generator, tmp_path / "killed", seeds={0: 1, 1: 2})
    shutil.rmtree(tmp_path / "killed")  # as DVC does before it runs a cell again
    before = begun.count(1)
    metrics = _train_seeds(tiny_generator, tmp_path / "killed", seeds={0: 1, 1: 2})
    assert begun.count(1) == before == whole[0]["steps"]
    assert begun.count(2) == whole[1]["steps"] + 3  # the last checkpoint was that of step 10
    assert metrics == whole
    assert content_hash(tmp_path / "killed") == content_hash(undisturbed)
    assert (tmp_path / "killed.json").read_bytes() == undisturbed.with_name("adapters.json").read_bytes()


def test_same_seed_same_bytes_in_every_process(tiny_generator, tmp_path):
    """Python hashes strings differently in every process; later stages see the folder's content hash."""
    script = "import sys, pathlib, test_adapters as t; t._train(*map(pathlib.Path, sys.argv[1:]))"
    tests, hash_seed = Path(__file__).parent, "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    command = [sys.executable, "-c", script, str(tiny_generator), str(tmp_path / "there")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    _train(tiny_generator, tmp_path / "here")
    assert content_hash(tmp_path / "there") == content_hash(tmp_path / "here")


@pytest.fixture(scope="module")
def three(tiny_generator, tmp_path_factory):
    """A task adapter, one of the target language, one of English."""
    folder = tmp_path_factory.mktemp("three")
    for number in range(3):
        _train(tiny_generator, folder / str(number), polarity=list(Polarity)[number % 2], seed=number)
    return [read_adapter(folder / str(number)) for number in range(3)]


def test_composition_loaded_by_peft_adds_the_weight_updates(tiny_generator, three, tmp_path):
    """`delta`: the logits with the composed adapter are those of a model whose weights got every update."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    task, target, english = three
    settings = ComposeAdapter(method="delta", reference="english", weight=0.7)
    write_adapter(compose_adapters(task, target, english, settings), tmp_path / "composed")

    composed = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_generator), tmp_path / "composed"
    ).eval()
    summed = AutoModelForCausalLM.from_pretrained(tiny_generator).eval()
    with torch.no_grad():
        for module in task.factors:
            weight = summed.get_submodule(module.removeprefix("base_model.model.")).weight
            weight += task.update(module) + 0.7 * (target.update(module) - english.update(module))
        ids = torch.arange(7, 40)[None]
        assert torch.allclose(composed(ids).logits, summed(ids).logits, atol=1e-4)


def test_composition_methods(three):
    task, target, _ = three
    module = next(iter(task.factors))

    def compose(method, weight=1.0):
        return compose_adapters(task, target, None, ComposeAdapter(method=method, reference="none", weight=weight))

    exact = task.update(module) + target.update(module)
    assert torch.allclose(compose("delta").update(module), exact, atol=1e-5)
    assert compose("delta").rank == 8
    u, s, v = torch.linalg.svd(exact)
    best = (u[:, :4] * s[:4]) @ v[:4]
    assert torch.allclose(compose("svd").update(module), best, atol=1e-4)
    (a_task, b_task), (a_target, b_target) = task.factors[module], target.factors[module]
    by_hand = 2.0 * (b_task + b_target) @ (a_task + a_target)
    assert torch.allclose(compose("factors").update(module), by_hand, atol=1e-5)
    assert torch.allclose(compose("factors", weight=0.0).update(module), task.update(module), atol=1e-6)
