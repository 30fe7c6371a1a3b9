"""What every LoRA training shares: the trainer's arguments, and what it reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from bootembed.core.processes import batch_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.settings.models import LoraTraining

POINT_EVERY = 25
"""Steps between points of a curve."""

LARGEST_LOGITS = 1 << 26
"""Values of logits that a training step computes at a time, 256 MB in fp32; see `answers_only`."""

Curves = dict[str, list[list[float]]]
"""Name -> points (step, value)."""


class Trained(NamedTuple):
    """What is kept of a training beside the model; both are empty where nothing is trained.

    Attributes:
        metrics: Rows, steps and losses.
        curves: Of the loss.
    """

    metrics: dict[str, float]
    curves: Curves


def lora_arguments(settings: LoraTraining, *, checkpoint_dir: Path, seed: int, order: int, **others: Any) -> Any:
    """Transformers' `TrainingArguments`.

    Args:
        settings: LoRA and optimiser.
        checkpoint_dir: Gets the checkpoints; the newest stays.
        seed: Of dropout and initial weights.
        order: Seed of the order of the rows.
        others: Further arguments.
    """
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(checkpoint_dir),
        num_train_epochs=settings.num_train_epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.lr_scheduler_type,
        warmup_steps=settings.warmup_steps,
        **batch_arguments(settings.per_device_train_batch_size),
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        max_grad_norm=settings.max_grad_norm,
        optim="adamw_torch_fused",
        bf16=settings.bf16,
        remove_unused_columns=False,
        save_strategy="steps",
        save_steps=settings.save_steps,
        save_total_limit=1,
        logging_steps=1,  # `TrainerProgress` makes a curve of them
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        data_seed=order,
        dataloader_num_workers=0,
        **others,
    )


def write_curves(curves: Mapping[str, Curves], path: Path) -> None:
    """Write the record of a cell as JSON: name of each training -> its `curves`, a training a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'"{name}": {json.dumps({"curves": own}, sort_keys=True)}' for name, own in curves.items()]
    path.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


def after_training(trainer: Any, *, of: str, kept: int, too_long: int) -> Trained:
    """Rows used and rejected under the name `of`, optimiser steps, first and last point of the loss; and its curve."""
    from bootembed.core.trainer_callbacks import training_curves

    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    metrics = {
        of: float(kept),
        f"{of}_too_long": float(too_long),
        "steps": float(trainer.state.global_step),
        "first_loss": float(losses[0]),
        "last_loss": float(losses[-1]),
    }
    return Trained(metrics, training_curves(trainer.state.log_history))
