"""Training the judge: a base model learns to classify pairs, with LoRA that is merged at the end; resumable."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any

from bootembed.adapters.arguments import POINT_EVERY, after_training, lora_arguments
from bootembed.core.checkpoints import newest_checkpoint
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.processes import check_batch, is_main_process, process_count, wait_for_all
from bootembed.core.seeding import derive_seed, seed_everything
from bootembed.judge.base import load_classifier
from bootembed.judge.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.adapters.arguments import Trained
    from bootembed.settings.judge import TrainJudge

logger = logging.getLogger(__name__)


def train_judge(
    base_model_dir: Path,
    rows: Sequence[dict[str, Any]],
    settings: TrainJudge,
    *,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
) -> Trained:
    """Train a judge on `rows` and save it as a plain sequence classifier with its tokenizer.

    Under torchrun every process calls this with the same arguments, and the main process writes.

    Args:
        base_model_dir: Encoder or decoder in Hugging Face format; stays unchanged.
        rows: With premise, hypothesis and label; those longer than `settings.max_length` are rejected and counted.
        settings: LoRA and optimiser.
        output_dir: Gets the model, safetensors only, its outputs in the order of `LABELS`.
        checkpoint_dir: Checkpoints of the run, which resumes from the newest; removed at the end.
        seed: Decides initial weights, order and dropout.

    Returns:
        Metrics and curves.

    Raises:
        DataError: No row fits, or several processes have fewer rows than one batch of all, or as `load_classifier`.
    """
    from bootembed.core.trainer_callbacks import add_callbacks

    seed_everything(seed)
    model, tokenizer = load_classifier(base_model_dir, settings)
    encoded = _encode(tokenizer, rows)
    kept = [row for row in encoded if len(row["input_ids"]) <= tokenizer.model_max_length]
    if not kept:
        raise DataError(
            f"train_judge: none of {len(rows)} NLI rows fits into max_length {settings.max_length}; give NLI under "
            "`judge_nli` of a corpus, or raise max_length"
        )
    check_batch(len(kept), settings.per_device_train_batch_size, key="train_judge.per_device_train_batch_size")
    trainer = _trainer(model, tokenizer, kept, settings, checkpoint_dir=checkpoint_dir, seed=seed)
    inputs = {"base": content_hash(base_model_dir), "rows": kept, "settings": settings.model_dump(), "seed": seed}
    inputs["processes"] = process_count()
    add_callbacks(trainer, every=POINT_EVERY)
    trainer.train(resume_from_checkpoint=newest_checkpoint(checkpoint_dir, inputs=inputs))
    merged = trainer.model.merge_and_unload(safe_merge=True)
    if is_main_process():
        merged.save_pretrained(output_dir)
        tokenizer.save_pretrained(output_dir)
        shutil.rmtree(checkpoint_dir, ignore_errors=True)
    wait_for_all()
    return after_training(trainer, of="rows", kept=len(kept), too_long=len(encoded) - len(kept))


def _encode(tokenizer: Any, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    found = tokenizer([row["premise"] for row in rows], [row["hypothesis"] for row in rows], verbose=False)
    values = zip(*found.values(), strict=True)
    return [
        {**dict(zip(found, own, strict=True)), "label": LABELS.index(row["label"])}
        for own, row in zip(values, rows, strict=True)
    ]


def _trainer(
    model: Any,
    tokenizer: Any,
    rows: list[dict[str, Any]],
    settings: TrainJudge,
    *,
    checkpoint_dir: Path,
    seed: int,
) -> Any:
    from transformers import DataCollatorWithPadding

    from bootembed.adapters.trainer import LoraTrainer

    order = derive_seed(seed, "order")
    arguments = lora_arguments(settings, checkpoint_dir=checkpoint_dir, seed=seed, order=order)
    trainer = LoraTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    # Some classifiers ignore the number of rows that the trainer else passes to the loss, and it would be scaled by the
    # steps that are accumulated, or by the processes.
    trainer.model_accepts_loss_kwargs = False
    return trainer
