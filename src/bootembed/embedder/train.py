"""Contrastive finetuning of an encoder: SimCSE's objective with in-batch and hard negatives."""

from __future__ import annotations

import logging
import math
import shutil
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from bootembed.core.checkpoints import newest_checkpoint
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.processes import batch_arguments, is_main_process, process_count, wait_for_all
from bootembed.core.seeding import derive_seed, seed_everything
from bootembed.embedder.card import Origin, model_card
from bootembed.embedder.freezing import freeze_upper_layers
from bootembed.embedder.lora import add_lora, merge_lora
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.embedder.vocabulary import add_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.embedder import TrainEmbedder

logger = logging.getLogger(__name__)
_LOGS = 20  # points of the loss curve


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
) -> dict[str, float]:
    """Finetune an encoder on `rows` and save it as a Sentence Transformers folder.

    The loss is the cross-entropy over cosine similarities / temperature, the candidates of a row being every positive
    and every hard negative of its batch (Gao et al. 2021, SimCSE). Rows of one text are their own positives: dropout
    makes the two views. No text occurs in two rows of a batch, where it would be a false negative. With the objective
    `distillation` the rows are translation pairs and the loss is `distillation.TeacherContrast`.

    Under torchrun every process calls this with the same arguments; each trains on its share of every batch, and the
    first one writes.

    Args:
        base_model_dir: Encoder in Hugging Face format, or a Sentence Transformers folder; it is not changed.
        rows: Of the columns text, or anchor and positive, or anchor, positive and negative; all rows alike.
        settings: Pooling, optimiser and loss.
        recipe: Strategy or baseline that made the rows; named in the model card.
        language: Code of the rows' language; named in the model card.
        encoder: Key of the base encoder; named in the model card.
        scoring_max_seq_length: Saved with the model; training cuts at `settings.max_seq_length`.
        output_dir: Gets the model, safetensors only, and its card.
        checkpoint_dir: Checkpoints of the run; one of the same inputs is continued, the folder is removed at the end.
        seed: Decides order and dropout; same inputs and seed give the same bytes on the same machine.

    Returns:
        Metrics: rows, optimiser steps, first and last training loss (the median of the last few logged: the last batch
        of an epoch is smaller, and so is its loss).

    Raises:
        DataError: Fewer than 2 rows, or a text that is in all of them: nothing to contrast with; or, with several
            processes, fewer rows than one batch of all.
        ParamsError: `fp16` without a CUDA device, or together with `bf16`; `bf16` on a GPU without it;
            dimensions that the encoder does not have, or that the objective has no use for; LoRA on modules it lacks;
            LoRA together with `trained_layers` or `new_word_min_count`; more `trained_layers` than it has;
            `new_word_min_count` without WordPiece.
    """
    _check_precision(settings)
    _check_trained_weights(settings)
    columns = training_columns(rows, per_process=settings.per_device_train_batch_size)
    seed_everything(seed)
    length = max(settings.max_seq_length, scoring_max_seq_length)
    model = build_embedder(
        base_model_dir,
        pooling=settings.pooling,
        max_seq_length=length,
        attention=settings.attention,
        # a teacher embeds outside autocast, in fp32
        half_precision=(settings.bf16 or settings.fp16) and settings.objective == "contrastive",
    )
    scoring_length = min(scoring_max_seq_length, model.max_seq_length)
    model.max_seq_length = min(settings.max_seq_length, model.max_seq_length)
    data, loss = _data_and_loss(model, columns, settings)  # a teacher is the model as it is before anything is added
    if settings.new_word_min_count is not None:
        translations = columns["positive"] if settings.new_word_start == "positives" else None
        words = settings.new_word_min_count
        added = add_words(model, columns["anchor"], min_count=words, translations=translations)
        logger.info("%d words of the anchors have become tokens", added)
    if settings.trained_layers is not None:
        freeze_upper_layers(model, settings.trained_layers)
    if settings.lora is not None:
        add_lora(model, settings.lora, base_model_dir)
    trainer = _trainer(model, data, loss, settings, checkpoint_dir=checkpoint_dir, seed=seed)
    base_hash = content_hash(base_model_dir)
    inputs = {"base": base_hash, "columns": columns, "settings": settings.model_dump(mode="json"), "seed": seed}
    inputs["processes"] = process_count()
    trainer.train(resume_from_checkpoint=newest_checkpoint(checkpoint_dir, inputs=inputs))
    model.max_seq_length = scoring_length
    if settings.lora is not None:
        merge_lora(model)
    if is_main_process():
        model.save_pretrained(str(output_dir), create_model_card=False)
        origin = Origin(recipe=recipe, language=language, encoder=encoder, base_hash=base_hash)
        card = model_card(
            origin, settings, rows=len(rows), columns=tuple(rows[0]), max_seq_length=scoring_length, seed=seed
        )
        (output_dir / "README.md").write_text(card, encoding="utf-8")
        shutil.rmtree(checkpoint_dir, ignore_errors=True)
    wait_for_all()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    first, last = float(losses[0]), float(median(losses[-5:]))
    logger.info("%d rows, %d steps, loss %.3f -> %.3f", len(rows), trainer.state.global_step, first, last)
    return {
        "rows": float(len(rows)),
        "steps": float(trainer.state.global_step),
        "first_loss": first,
        "last_loss": last,
    }


def _check_precision(settings: TrainEmbedder) -> None:
    import torch

    if settings.fp16 and settings.bf16:
        raise ParamsError("train_embedder.fp16: true together with train_embedder.bf16; set one of them to false")
    if settings.fp16 and not torch.cuda.is_available():
        raise ParamsError(
            "train_embedder.fp16: true needs a CUDA device and there is none; set train_embedder.fp16=false "
            "(train_embedder.bf16=true works on CPUs too)"
        )
    if settings.bf16 and torch.cuda.is_available() and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ParamsError("train_embedder.bf16: true, which this GPU cannot; set train_embedder.fp16=true instead")


def _check_trained_weights(settings: TrainEmbedder) -> None:
    for name in ("trained_layers", "new_word_min_count"):
        if settings.lora is not None and getattr(settings, name) is not None:
            raise ParamsError(
                f"train_embedder.{name}: {getattr(settings, name)} together with train_embedder.lora, which trains its "
                "own factors only and no embeddings; set one of the two to null"
            )


def training_columns(rows: Sequence[dict[str, str]], *, per_process: int) -> dict[str, list[str]]:
    """The training columns, in the order the loss reads them; a column `text` becomes both sides of a pair.

    Args:
        rows: As `train_embedder` takes them.
        per_process: Rows of a batch in each process.

    Raises:
        DataError: There is nothing to contrast, or no whole batch for several processes.
    """
    if len(rows) < 2:
        raise DataError(
            f"training set: {len(rows)} rows; contrastive finetuning needs at least 2: check the recipe's anchors and "
            "its filters"
        )
    if process_count() > 1 and len(rows) < per_process * process_count():
        raise DataError(
            f"training set: {len(rows)} rows are fewer than a batch of {per_process} for each "
            f"of {process_count()} processes; lower train_embedder.per_device_train_batch_size or launch.processes"
        )
    if "text" in rows[0]:
        texts = [row["text"] for row in rows]
        columns = {"anchor": texts, "positive": texts}
    else:
        columns = {name: [row[name] for row in rows] for name in ("anchor", "positive", "negative") if name in rows[0]}
    [(text, count)] = Counter(text for row in zip(*columns.values(), strict=True) for text in set(row)).most_common(1)
    if count == len(rows):
        raise DataError(
            f"training set: every one of its {count} rows holds {text!r}, so no two may share a batch and nothing is "
            "contrasted; check the recipe's anchors and its filters"
        )
    return columns


def _trainer(
    model: Any, data: dict[str, list[Any]], loss: Any, settings: TrainEmbedder, *, checkpoint_dir: Path, seed: int
) -> Any:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from transformers import PrinterCallback

    from bootembed.embedder.progress import Progress

    batch = settings.per_device_train_batch_size * process_count()
    batches = math.ceil(len(data["anchor"]) / batch)
    steps = math.ceil(batches * settings.num_train_epochs)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(checkpoint_dir),
        num_train_epochs=settings.num_train_epochs,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        lr_scheduler_type=settings.lr_scheduler_type,
        **batch_arguments(settings.per_device_train_batch_size),
        # the candidates of distillation are not those of the batch: equal texts do no harm there
        batch_sampler=BatchSamplers.BATCH_SAMPLER if "label" in data else BatchSamplers.NO_DUPLICATES,
        optim="adamw_torch_fused",
        bf16=settings.bf16,
        fp16=settings.fp16,
        save_strategy="no",  # `Progress` asks for checkpoints
        save_total_limit=1,
        eval_strategy="no",
        logging_steps=max(1, steps // _LOGS),
        logging_first_step=True,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        data_seed=derive_seed(seed, "order"),
        dataloader_num_workers=0,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(data),
        loss=loss,
        callbacks=[Progress()],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _data_and_loss(
    model: Any, columns: dict[str, list[str]], settings: TrainEmbedder
) -> tuple[dict[str, list[Any]], Any]:
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss

    _check_dimensions(settings, int(model.get_embedding_dimension()))
    if settings.objective == "distillation":
        from bootembed.embedder.distillation import TeacherContrast, teacher_embeddings, with_teacher_labels

        data, texts = with_teacher_labels(columns)
        teacher = teacher_embeddings(model, texts)
        share = settings.distillation_english_share
        distillation = TeacherContrast(model, teacher, temperature=settings.temperature, english_share=share)
        return data, _by_length(distillation, settings)
    loss = _by_length(_contrast(model, settings), settings)
    if settings.matryoshka_dimensions:
        loss = MatryoshkaLoss(model, loss, settings.matryoshka_dimensions)
    return columns, loss


def _by_length(loss: Any, settings: TrainEmbedder) -> Any:
    """The loss, its texts embedded in parts of similar length if the settings say so."""
    if settings.texts_per_forward is not None:
        from bootembed.embedder.by_length import ByLength

        loss.model = ByLength(loss.model, texts=settings.texts_per_forward)
    return loss


def _contrast(model: Any, settings: TrainEmbedder) -> Any:
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MultipleNegativesRankingLoss,
    )

    options: dict[str, Any] = {
        "scale": 1.0 / settings.temperature,
        "gather_across_devices": settings.gather_across_devices and process_count() > 1,
    }
    if settings.mini_batch_size is None:
        return MultipleNegativesRankingLoss(model, **options)
    return CachedMultipleNegativesRankingLoss(model, mini_batch_size=settings.mini_batch_size, **options)


def _check_dimensions(settings: TrainEmbedder, size: int) -> None:
    key, dimensions = "train_embedder.matryoshka_dimensions", settings.matryoshka_dimensions
    if not dimensions:
        return
    if settings.objective == "distillation":
        raise ParamsError(
            f"{key}: {dimensions}: the objective 'distillation' follows all dimensions of its teacher; set [] for it "
            "(train_embedder_recipes can, for one recipe)"
        )
    if max(dimensions) > size:
        raise ParamsError(f"{key}: {dimensions}: the encoder's embeddings have {size} dimensions; name no more")
    if len(set(dimensions)) < len(dimensions):
        raise ParamsError(f"{key}: {dimensions}: a dimension is named twice; name it once")
    if size not in dimensions:
        raise ParamsError(f"{key}: {dimensions}: add {size}: whole embeddings would not be trained")
