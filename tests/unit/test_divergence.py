"""A training whose loss is no number any more is stopped."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments

from bootembed.base_models.pretrain import pretrain
from bootembed.core.errors import DataError
from bootembed.core.trainer_callbacks import TrainerProgress, add_callbacks
from bootembed.settings.models import Pretraining


class Broken(torch.nn.Module):
    """Its loss is `losses`, one after the other."""

    def __init__(self, losses):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self._losses = iter(losses)

    def forward(self, x=None):
        return {"loss": self.weight * next(self._losses)}


def _arguments(folder, **others):
    return TrainingArguments(
        output_dir=str(folder),
        report_to="none",
        logging_steps=1,
        num_train_epochs=1,
        per_device_train_batch_size=1,
        disable_tqdm=True,
        use_cpu=True,
        **others,
    )


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_trainer_is_stopped_at_the_step(tmp_path, broken):
    rows = [{"x": torch.zeros(1)}] * 8
    trainer = Trainer(Broken([1.0, 0.9, broken, 0.5]), _arguments(tmp_path, learning_rate=2e-3), train_dataset=rows)
    add_callbacks(trainer)
    with pytest.raises(DataError, match=rf"the loss is {broken} at step 3: .* lower its learning_rate \(0.002\)"):
        trainer.train()


def _told(tmp_path, monkeypatch, losses, *, every=1):
    """Curve of a training in fp16 with these losses, as `TrainerProgress` leaves it."""
    arguments = _arguments(tmp_path)
    monkeypatch.setattr(arguments, "fp16", True)
    state, control = TrainerState(max_steps=len(losses)), TrainerControl()
    progress = TrainerProgress("", every)
    progress.on_train_begin(arguments, state, control)
    for step, loss in enumerate(losses, 1):
        state.global_step = step
        state.log_history.append({"loss": loss, "step": step})
        progress.on_log(arguments, state, control, logs={"loss": loss})
    progress.on_train_end(arguments, state, control)
    return [(entry["step"], entry["loss"]) for entry in state.log_history]


def test_steps_that_fp16_leaves_out_are_in_no_curve(tmp_path, monkeypatch):
    assert _told(tmp_path, monkeypatch, [math.inf, 1.0, math.nan, 3.0]) == [(2, 1.0), (4, 3.0)]
    assert _told(tmp_path, monkeypatch, [math.inf, 1.0, math.nan, 3.0], every=4) == [(4, 2.0)]


@pytest.mark.parametrize("losses", [[math.nan] * 3, [1.0, *[math.nan] * 20]])
def test_fp16_that_leaves_out_all_steps_is_stopped(tmp_path, monkeypatch, losses):
    with pytest.raises(DataError, match=f"the loss is nan at step {len(losses)}"):
        _told(tmp_path, monkeypatch, losses)


def test_a_scratch_model_is_stopped_at_the_step(tmp_path):
    class Model(torch.nn.Linear):
        device = torch.device("cpu")

        def forward(self, loss):
            return SimpleNamespace(loss=super().forward(torch.ones(2)).mean() * loss)

    shares = dict.fromkeys(("monolingual_share", "parallel_share", "nli_share", "english_weight"), 1.0)
    steps = {"documents": 1, "max_steps": 4, "per_device_train_batch_size": 1, "warmup_steps": 0, "bf16": False}
    settings = Pretraining(languages=["afr"], learning_rate=1e-3, muon_learning_rate=1e-2, **shares, **steps)
    losses = [1.0, math.nan]
    with pytest.raises(DataError, match=r"the loss is nan at step 2: .* lower its learning_rate \(0.001\)"):
        pretrain(
            Model(2, 2), settings, batch=lambda step: {"loss": losses[step]}, checkpoint_dir=tmp_path, identity="a"
        )
