"""The training loop of scratch models: Muon for the hidden matrices, AdamW for the rest, resumable at any step.

With Muon the default profile's decoder reached its lowest loss in 400 steps; AdamW alone had not after 2,000 steps.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from bootembed.base_models.muon import Muon
from bootembed.core.step_log import StepLog, require_finite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bootembed.settings.models import Pretraining

logger = logging.getLogger(__name__)
_LOG_EVERY = 50
_SAVE_EVERY_SECONDS = 60.0


def pretrain(
    model: Any,
    settings: Pretraining,
    *,
    batch: Callable[[int], dict[str, torch.Tensor]],
    checkpoint_dir: Path,
    identity: str,
) -> list[float]:
    """Train `model` for `settings.max_steps` steps and return the loss of every step run by this call.

    Args:
        model: A transformers model that returns a loss for the inputs from `batch`.
        settings: Steps and learning rates, with linear warm-up and then linear decay to zero.
        batch: Step number (from 0) -> inputs. It must depend on the step alone, so that a resumed run sees the batches
            of an uninterrupted one.
        checkpoint_dir: Folder for the state, saved once a minute and resumed by the next run. The caller removes it
            when the model is saved.
        identity: Identifies everything that decides the result; a state with another identity is not resumed.
    """
    optimizers = _optimizers(model, settings)
    first_step = _restore(model, optimizers, checkpoint_dir, identity)
    peak_rates = [[group["initial_lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    losses: list[float] = []
    log = StepLog(settings.max_steps, done=first_step)
    saved_at = time.monotonic()
    model.train()
    for step in range(first_step, settings.max_steps):
        factor = _schedule(step, settings)
        for optimizer, rates in zip(optimizers, peak_rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        # Dropout draws from the global generator: seeding it by step makes a resumed run equal an uninterrupted one.
        torch.manual_seed(settings.max_steps + step)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=settings.bf16):
            loss = model(**batch(step)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        require_finite(losses[-1], step=step + 1, learning_rate=settings.learning_rate)
        if (step + 1) % _LOG_EVERY == 0:
            recent = losses[-_LOG_EVERY:]
            log.say(step + 1, loss=sum(recent) / len(recent))
        if time.monotonic() - saved_at > _SAVE_EVERY_SECONDS:
            _save(model, optimizers, step + 1, checkpoint_dir, identity)
            saved_at = time.monotonic()
    model.eval()
    return losses


def _optimizers(model: Any, settings: Pretraining) -> list[torch.optim.Optimizer]:
    matrices: list[torch.nn.Parameter] = []
    rest: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        hidden = parameter.ndim == 2 and not any(part in name for part in ("embed", "lm_head", "decoder", "classifier"))
        (matrices if hidden else rest).append(parameter)
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, lr=settings.muon_learning_rate, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=0.01),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


def _schedule(step: int, settings: Pretraining) -> float:
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    return (settings.max_steps - step) / max(1, settings.max_steps - settings.warmup_steps)


def _save(model: Any, optimizers: list[torch.optim.Optimizer], step: int, checkpoint_dir: Path, identity: str) -> None:
    """Write the whole state as safetensors into a new folder, then replace the old one by it."""
    partial = checkpoint_dir.with_name(checkpoint_dir.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weights = {name: value.contiguous().clone() for name, value in model.state_dict().items()}
    save_file(weights, partial / "model.safetensors")
    for number, optimizer in enumerate(optimizers):
        state = {
            f"{index}.{key}": torch.as_tensor(value).contiguous().clone()
            for index, entry in optimizer.state_dict()["state"].items()
            for key, value in entry.items()
        }
        save_file(state, partial / f"optimizer{number}.safetensors")
    (partial / "state.json").write_text(json.dumps({"step": step, "identity": identity}), encoding="utf-8")
    shutil.rmtree(checkpoint_dir, ignore_errors=True)
    os.replace(partial, checkpoint_dir)


def _restore(model: Any, optimizers: list[torch.optim.Optimizer], checkpoint_dir: Path, identity: str) -> int:
    """Load the state of a killed run, if there is one, and return the next step."""
    state_file = checkpoint_dir / "state.json"
    if not state_file.is_file():
        return 0
    state = json.loads(state_file.read_text(encoding="utf-8"))
    if state["identity"] != identity:
        logger.info("%s belongs to a run with other inputs and is not resumed", checkpoint_dir)
        return 0
    step = int(state["step"])
    model.load_state_dict(load_file(checkpoint_dir / "model.safetensors"))
    for number, optimizer in enumerate(optimizers):
        whole = optimizer.state_dict()
        whole["state"] = {}
        for name, value in load_file(checkpoint_dir / f"optimizer{number}.safetensors").items():
            index, key = name.split(".", 1)
            whole["state"].setdefault(int(index), {})[key] = value
        optimizer.load_state_dict(whole)
    logger.info("resuming at step %d from %s", step, checkpoint_dir)
    return step
