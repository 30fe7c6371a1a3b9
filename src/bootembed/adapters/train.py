"""Training one LoRA adapter with PEFT: loss on the answer only, resumable."""

from __future__ import annotations

import json
import logging
import re
import shutil
from typing import TYPE_CHECKING, Any

from bootembed.adapters import NOT_LANGUAGE
from bootembed.adapters.arguments import POINT_EVERY, after_training, lora_arguments, write_curves
from bootembed.base_models.load import load_generator
from bootembed.core.checkpoints import newest_checkpoint
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.processes import is_main_process, process_count, wait_for_all
from bootembed.core.seeding import derive_seed, sample_rows, seed_everything
from bootembed.prompts import encode_example, encode_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.adapters.arguments import Trained
    from bootembed.adapters.examples import TrainingExample
    from bootembed.settings.models import Lora

logger = logging.getLogger(__name__)


def train_adapters(
    base_model_dir: Path,
    examples: Mapping[int, Sequence[TrainingExample]],
    settings: Lora,
    *,
    seeds: Mapping[int, int],
    output_dir: Path,
    checkpoint_dir: Path,
    record: Path,
) -> dict[int, dict[str, float]]:
    """Train an adapter for every seed, each in the folder of its number.

    The last checkpoint of a finished adapter stays until all are finished: what a killed run had finished is restored
    from it.

    Args:
        base_model_dir: As `train_adapter`.
        examples: Number of a seed -> the examples to choose from.
        settings: LoRA and optimiser.
        seeds: Number -> seed.
        output_dir: Gets a folder for each number.
        checkpoint_dir: The same for checkpoints; removed at the end.
        record: Gets the curves of each number.

    Returns:
        Number -> metrics: rows used and rejected, optimiser steps, first and last point of the loss.

    Raises:
        DataError: As `train_adapter`.
        ParamsError: As `load_generator`.
    """
    trained = {}
    for number, seed in seeds.items():
        trained[number] = train_adapter(
            base_model_dir,
            examples[number],
            settings,
            output_dir=output_dir / str(number),
            checkpoint_dir=checkpoint_dir / str(number),
            seed=seed,
            curve=f"{number}/",
        )
    if is_main_process():
        write_curves({str(number): own.curves for number, own in trained.items()}, record)
        shutil.rmtree(checkpoint_dir, ignore_errors=True)
    return {number: own.metrics for number, own in trained.items()}


def train_adapter(
    base_model_dir: Path,
    examples: Sequence[TrainingExample],
    settings: Lora,
    *,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
    curve: str = "",
) -> Trained:
    """Train a LoRA adapter on `examples` and save it as a PEFT folder.

    Under torchrun every process calls this with the same arguments, and the main process writes.

    Args:
        base_model_dir: Generator in Hugging Face format; stays unchanged.
        examples: At most `settings.train_examples` of them, chosen at random, are used.
        settings: LoRA and optimiser.
        output_dir: Gets `adapter_model.safetensors` and `adapter_config.json`.
        checkpoint_dir: Checkpoints of the run, which resumes from the newest; the last one stays.
        seed: Decides the choice of examples, initial weights, order and dropout.
        curve: Before the names of its curves in the log.

    Returns:
        Metrics and curves.

    Raises:
        DataError: No example fits into `settings.max_length`.
        ParamsError: As `load_generator`; or the generator has fewer layers than `settings.upper_layers`.
    """
    from bootembed.core.trainer_callbacks import add_callbacks

    seed_everything(seed)
    model, tokenizer = load_generator(
        base_model_dir, bf16=settings.bf16, load_in_4bit=settings.load_in_4bit, attention=settings.attention
    )
    if settings.load_in_4bit:
        _prepare_quantised(model)
    chosen = sample_rows(examples, settings.train_examples, seed=derive_seed(seed, "examples"))
    encoded = [_encode(tokenizer, example) for example in chosen]
    kept = [row for row in encoded if len(row["input_ids"]) <= settings.max_length]
    if not kept:
        raise DataError(
            f"none of {len(chosen)} training examples fits into max_length {settings.max_length}; "
            "raise it or check the corpora"
        )
    if len(kept) < len(encoded):
        logger.warning("%d of %d examples are longer than %d tokens and rejected",
                       len(encoded) - len(kept), len(encoded), settings.max_length)  # fmt: skip
    trainer = _trainer(model, tokenizer, kept, settings, checkpoint_dir=checkpoint_dir, seed=seed)
    inputs = {"base": content_hash(base_model_dir), "rows": kept, "settings": settings.model_dump(), "seed": seed}
    inputs["processes"] = process_count()
    add_callbacks(trainer, curve=curve, every=POINT_EVERY)
    trainer.train(resume_from_checkpoint=newest_checkpoint(checkpoint_dir, inputs=inputs))
    if is_main_process():
        trainer.model.save_pretrained(output_dir)
        _sort_config(output_dir / "adapter_config.json")
        (output_dir / "README.md").unlink(missing_ok=True)
    wait_for_all()
    return after_training(trainer, of="examples", kept=len(kept), too_long=len(encoded) - len(kept))


def _prepare_quantised(model: Any) -> None:
    """Freeze a 4-bit model and convert what is not quantised (norms, embeddings) to fp32, as in QLoRA."""
    from peft import prepare_model_for_kbit_training

    prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)  # the trainer does that


def _sort_config(path: Path) -> None:
    """Sort lists: PEFT writes sets in the order of string hashes, which differs from process to process."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {name: sorted(value) for name, value in config.items() if isinstance(value, list)}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _encode(tokenizer: Any, example: TrainingExample) -> dict[str, list[int]]:
    if example.messages:
        ids, mask = encode_example(tokenizer, example.messages, example.answer)
        return {"input_ids": ids, "completion_mask": mask}
    ids = encode_text(tokenizer, example.answer)
    return {"input_ids": ids, "completion_mask": [0] + [1] * (len(ids) - 1)}


def _trainer(
    model: Any,
    tokenizer: Any,
    rows: list[dict[str, list[int]]],
    settings: Lora,
    *,
    checkpoint_dir: Path,
    seed: int,
) -> Any:
    from bootembed.adapters.answers_only import answers_only, pad_batch
    from bootembed.adapters.trainer import LoraTrainer

    checkpointing = settings.gradient_checkpointing
    arguments = lora_arguments(
        settings, checkpoint_dir=checkpoint_dir, seed=seed, order=seed, activation_checkpointing=checkpointing
    )
    adapted = _with_lora(model, settings)
    answers_only(adapted)
    return LoraTrainer(
        model=adapted,
        args=arguments,
        train_dataset=rows,
        processing_class=tokenizer,
        data_collator=lambda batch: pad_batch(batch, padding=tokenizer.pad_token_id),
    )


def _with_lora(model: Any, settings: Lora) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=settings.r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        bias="none",
        target_modules="all-linear",
        exclude_modules=_without_adapter(model, settings.upper_layers),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, lora)
    if settings.gradient_checkpointing:
        adapted.enable_input_require_grads()  # else nothing that is computed again leads to a trained weight
    if settings.load_in_4bit:  # adapters in bfloat16, as in QLoRA
        for parameter in adapted.parameters():
            parameter.data = parameter.data.to(torch.bfloat16) if parameter.requires_grad else parameter.data
    return adapted


def _without_adapter(model: Any, upper_layers: int | None) -> str | None:
    """Pattern of the names of modules that get no adapter, or None: other towers, and layers below the uppermost.

    The lower layers are where a model reads the words of a language, the upper ones where it decides what to say. An
    adapter of the lower ones can learn its task word by word, and then does not know it for words of other languages.
    """
    import torch

    names = [name for name, _ in model.named_modules()]
    left_out = [NOT_LANGUAGE] if any(re.fullmatch(NOT_LANGUAGE, name) for name in names) else []
    if upper_layers is not None:
        depth = model.config.get_text_config().num_hidden_layers
        if upper_layers > depth:
            raise ParamsError(f"upper_layers: {upper_layers}, but the generator has {depth} layers; null adapts all")
        stack = next(
            name
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.ModuleList) and len(module) == depth and not re.fullmatch(NOT_LANGUAGE, name)
        )
        lower = "|".join(map(str, range(depth - upper_layers)))
        left_out += [rf"{re.escape(stack)}\.({lower})\..*"] if lower else []
    return "|".join(left_out) or None
