"""Training of one embedder: an encoder with pooling, finetuned with one of the objectives."""

from __future__ import annotations

import logging
import math
import shutil
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from bootembed.core.checkpoints import newest_checkpoint
from bootembed.core.errors import ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.names import EmbedderId
from bootembed.core.plugins import load_plugin
from bootembed.core.processes import batch_arguments, check_batch, is_main_process, process_count, wait_for_all
from bootembed.core.seeding import derive_seed, seed_everything
from bootembed.core.trainer_callbacks import add_callbacks, training_curves
from bootembed.embedder.averaging import average_with, trained_weights
from bootembed.embedder.card import EmbedderProvenance, model_card
from bootembed.embedder.dropout import set_dropout, warn_of_equal_views
from bootembed.embedder.freezing import freeze_upper_layers
from bootembed.embedder.held_out import METRIC, SCORE, HeldOutAccuracy, hold_out
from bootembed.embedder.lora import add_lora, merge_lora
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.embedder.training_sets import rows_by_recipe, training_columns
from bootembed.embedder.vocabulary import add_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import torch

    from bootembed.embedder.held_out import Rows
    from bootembed.embedder.objectives import Objective
    from bootembed.embedder.training_record import TrainingRecord
    from bootembed.settings.embedder import HeldOut, TrainEmbedder

logger = logging.getLogger(__name__)
_OBJECTIVES = "bootembed.embedder.objectives"
_POINTS = 20  # of the loss curve, about


def train_embedder(
    base_model_dir: Path,
    rows: Sequence[dict[str, str]],
    settings: TrainEmbedder,
    *,
    recipe: str,
    language: str,
    encoder: str,
    scoring_max_seq_length: int,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
    base_hash: str | None = None,
    record: TrainingRecord | None = None,
) -> dict[str, float]:
    """Finetune an encoder on `rows` and save it as a Sentence Transformers folder.

    Under torchrun every process calls this with the same arguments; each trains on its share of every batch, and the
    main process writes.

    Args:
        base_model_dir: Encoder in Hugging Face format, or a Sentence Transformers folder; it is not changed.
        rows: Of the columns text, or anchor and positive, or anchor, positive and negative; all rows alike, except that
            those of a mixture name their `recipe` and are alike within it. A batch holds rows of one recipe.
        settings: Objective, pooling and optimiser.
        recipe: Strategy or baseline that wrote the rows; named in the model card.
        language: Code of the rows' language; named in the model card.
        encoder: Key of the base encoder; named in the model card.
        scoring_max_seq_length: Saved with the model; training cuts at `settings.max_seq_length`.
        output_dir: Gets the model, safetensors only, and its card.
        checkpoint_dir: Checkpoints of the run; one of the same inputs is continued, the folder is removed at the end.
        seed: Decides order and dropout; same inputs and seed give the same bytes on the same machine.
        base_hash: Content hash of `base_model_dir`; computed unless given.
        record: Says which of the cell's embedders it is, the first without one, and gets what is kept of a training.

    Returns:
        Metrics: rows and optimiser steps; where there was training, its first and last loss. The last one is the median
        of the last few logged, because the last batch of an epoch is smaller and so is its loss. With `held_out` also
        the rows held out, and the saved checkpoint's score and step.

    Raises:
        DataError: The objective cannot use the rows, or several processes have fewer rows than one batch of all.
        ParamsError: The machine lacks the precision, or the encoder lacks dimensions, layers, modules or a tokenizer
            that the settings need.
    """
    identity = record.identity if record else EmbedderId(0, 0)
    rows, held_out = _divided(rows, settings, seed)
    columns = {part: training_columns(own) for part, own in rows_by_recipe(rows).items()} or {"": {}}
    objectives = {part: _objective(settings.objectives.get(part, settings.objective)) for part in columns}
    seed_everything(seed)
    model = build_embedder(
        base_model_dir,
        pooling=settings.pooling,
        max_seq_length=max(settings.max_seq_length, scoring_max_seq_length),
        attention=settings.attention,
        half_precision=(settings.bf16 or settings.fp16)
        and not any(objective.EMBEDS_BEFORE_TRAINING for objective in objectives.values()),
        bidirectional=settings.bidirectional,
    )
    scoring_length = min(scoring_max_seq_length, model.max_seq_length)
    model.max_seq_length = min(settings.max_seq_length, model.max_seq_length)
    tasks = {part: objectives[part].prepare(model, own, settings) for part, own in columns.items()}
    trains = any(loss is not None for _, loss in tasks.values())
    base_hash = base_hash or content_hash(base_model_dir)
    metrics = {"rows": float(len(rows)), "steps": 0.0}
    if trains:
        kept = settings.model_dump(mode="json", exclude={"seeds"})  # the number of its siblings changes no embedder
        inputs = {"base": base_hash, "columns": list(columns.items()), "settings": kept, "seed": seed}
        _check_machine(settings)
        check_batch(len(rows), settings.per_device_train_batch_size, key="train_embedder.per_device_train_batch_size")
        if record is not None:
            record.begin(model)
        before = _choose_weights(model, list(columns.values()), settings, base_model_dir)
        in_batch = any(objective.IN_BATCH_NEGATIVES for objective in objectives.values())
        trainer = _trainer(
            model, tasks, settings, held_out=held_out, in_batch=in_batch, checkpoint_dir=checkpoint_dir, seed=seed
        )
        every = max(1, _steps(tasks, settings) // _POINTS)
        add_callbacks(trainer, curve=f"{identity}/", every=every, scores=(SCORE,))
        inputs["processes"] = process_count()
        trainer.train(resume_from_checkpoint=newest_checkpoint(checkpoint_dir, inputs=inputs))
        metrics |= _training_metrics(trainer.state) | _held_out_metrics(trainer.state, len(held_out), settings)
        _settle_weights(model, before, settings)
        if record is not None:
            record.end(model, training_curves(trainer.state.log_history, (SCORE,)))
    model.max_seq_length = scoring_length
    if is_main_process():
        model.save_pretrained(str(output_dir), create_model_card=False)
        provenance = EmbedderProvenance(
            recipe=recipe,
            language=language,
            encoder=encoder,
            identity=identity,
            base_hash=base_hash,
            rows=len(rows),
            columns=tuple(name for name in rows[0] if name != "recipe") if rows else (),
            max_seq_length=scoring_length,
            seed=seed,
        )
        (output_dir / "README.md").write_text(model_card(provenance, settings), encoding="utf-8")
        shutil.rmtree(checkpoint_dir, ignore_errors=True)
    wait_for_all()
    logger.info("%s", metrics)
    return metrics


def _divided(rows: Sequence[dict[str, str]], settings: TrainEmbedder, seed: int) -> tuple[Rows, Rows]:
    """The rows that train, and those held out."""
    if settings.held_out is None or not rows:
        return list(rows), []
    return hold_out(rows, settings.held_out, seed=derive_seed(seed, "held_out"))


def _objective(name: str) -> Objective:
    return cast("Objective", load_plugin(_OBJECTIVES, name, key="train_embedder.objective"))


def _check_machine(settings: TrainEmbedder) -> None:
    import torch

    if settings.fp16 and not torch.cuda.is_available():
        raise ParamsError(
            "train_embedder.fp16: true needs a CUDA device and there is none; set train_embedder.fp16=false "
            "(train_embedder.bf16=true works on CPUs too)"
        )
    if settings.bf16 and torch.cuda.is_available() and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ParamsError("train_embedder.bf16: true, which this GPU cannot; set train_embedder.fp16=true instead")


def _choose_weights(
    model: Any, parts: Sequence[dict[str, list[str]]], settings: TrainEmbedder, base_model_dir: Path
) -> dict[str, torch.Tensor]:
    """Set dropout, add new words and LoRA factors, and freeze layers, as the settings say.

    Returns:
        Copies of the weights that will train, if a share of them is to stay; LoRA's need none.
    """
    if settings.dropout is not None:
        set_dropout(model, settings.dropout)
    if settings.new_word_min_count is not None:
        anchors = [text for columns in parts for text in columns["anchor"]]
        positives = [text for columns in parts for text in columns["positive"]]
        translations = positives if settings.new_word_start == "positives" else None
        words = settings.new_word_min_count
        added = add_words(model, anchors, min_count=words, translations=translations)
        logger.info("%d words of the anchors have become tokens", added)
    if settings.trained_layers is not None:
        freeze_upper_layers(model, settings.trained_layers)
    if settings.lora is not None:
        add_lora(model, settings.lora, base_model_dir)
    warn_of_equal_views(model, parts)
    return trained_weights(model) if settings.untrained_share and settings.lora is None else {}


def _settle_weights(model: Any, before: dict[str, torch.Tensor], settings: TrainEmbedder) -> None:
    """Make the weights that are saved: a plain encoder, a share of whose weights is what it was."""
    if settings.lora is None:
        average_with(model, before, settings.untrained_share)
    else:
        merge_lora(model, share=1 - settings.untrained_share)


def _training_metrics(state: Any) -> dict[str, float]:
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    return {"steps": float(state.global_step), "first_loss": float(losses[0]), "last_loss": float(median(losses[-5:]))}


def _held_out_metrics(state: Any, rows: int, settings: TrainEmbedder) -> dict[str, float]:
    """Score of the checkpoint that is saved: the best, or the last one scored."""
    scores = {entry["step"]: entry[METRIC] for entry in state.log_history if METRIC in entry}
    if settings.held_out is None or not scores:
        return {}
    step = max(scores, key=lambda step: (scores[step], -step)) if settings.held_out.keep_best else max(scores)
    return {"held_out_rows": float(rows), SCORE: float(scores[step]), "kept_step": float(step)}


def _trainer(
    model: Any,
    tasks: Mapping[str, tuple[dict[str, list[Any]], Any]],
    settings: TrainEmbedder,
    *,
    held_out: Sequence[dict[str, str]],
    in_batch: bool,
    checkpoint_dir: Path,
    seed: int,
) -> Any:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from transformers import EarlyStoppingCallback

    from bootembed.embedder.by_length import embed_by_length

    if settings.texts_per_forward is not None:
        for _, loss in tasks.values():
            embed_by_length(loss, texts=settings.texts_per_forward)
    batch = settings.per_device_train_batch_size * process_count()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(checkpoint_dir),
        num_train_epochs=settings.num_train_epochs,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        lr_scheduler_type=settings.lr_scheduler_type,
        **batch_arguments(settings.per_device_train_batch_size),
        batch_sampler=BatchSamplers.NO_DUPLICATES if in_batch else BatchSamplers.BATCH_SAMPLER,
        optim="adamw_torch_fused",
        bf16=settings.bf16,
        fp16=settings.fp16,
        save_total_limit=1,
        **_evaluation_arguments(settings.held_out, _steps(tasks, settings)),
        logging_steps=1,  # `TrainerProgress` makes a curve of them
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        data_seed=derive_seed(seed, "order"),
        dataloader_num_workers=0,
    )
    datasets = {part: Dataset.from_dict(data) for part, (data, _) in tasks.items()}
    losses = {part: loss for part, (_, loss) in tasks.items()}
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=datasets if len(tasks) > 1 else next(iter(datasets.values())),
        loss=losses if len(tasks) > 1 else next(iter(losses.values())),
        evaluator=HeldOutAccuracy(held_out, batch_size=settings.texts_per_forward or batch) if held_out else None,
    )
    if settings.held_out is not None and settings.held_out.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(settings.held_out.patience))
    return trainer


def _steps(tasks: Mapping[str, tuple[dict[str, list[Any]], Any]], settings: TrainEmbedder) -> int:
    """Optimiser steps of the training."""
    batch = settings.per_device_train_batch_size * process_count()
    batches = sum(math.ceil(len(next(iter(data.values()))) / batch) for data, _ in tasks.values())
    return math.ceil(batches * settings.num_train_epochs)


def _evaluation_arguments(settings: HeldOut | None, steps: int) -> dict[str, Any]:
    """When the trainer scores and saves; else it saves by time alone."""
    if settings is None:
        return {"save_strategy": "no", "eval_strategy": "no"}
    every = max(1, steps // settings.evaluations)
    saving = {"save_strategy": "steps", "save_steps": every} if settings.keep_best else {"save_strategy": "no"}
    return {
        "eval_strategy": "steps",
        "eval_steps": every,
        **saving,
        "load_best_model_at_end": settings.keep_best,
        "metric_for_best_model": METRIC,
        "greater_is_better": True,
    }
