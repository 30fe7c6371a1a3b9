"""A base model, encoder or decoder, as an untrained NLI classifier with a tokenizer that takes pairs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.judge.labels import LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.settings.judge import TrainJudge


def load_classifier(folder: Path, settings: TrainJudge) -> tuple[Any, Any]:
    """Load (model with LoRA factors and a new output layer, tokenizer); the base's own weights are frozen.

    A decoder's last token is classified, so its pairs end with a line break, as the premise does: the saved tokenizer
    says so, and any library that loads the folder encodes pairs as in training.

    Args:
        folder: Base model in Hugging Face format.
        settings: LoRA and length.

    Raises:
        DataError: The folder holds no model that can classify, or its tokenizer cannot be told how to join a pair.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    names = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="right", trust_remote_code=False)
        model, info = AutoModelForSequenceClassification.from_pretrained(
            folder, trust_remote_code=False, dtype=torch.float32, output_loading_info=True, **names
        )
    except (OSError, ValueError, KeyError) as error:
        cause = str(error).partition("\n")[0]
        raise DataError(
            f"{folder}: cannot be loaded as a classifier: {cause}; choose another train_judge.base"
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if _is_decoder(model.config):
        tokenizer = _joining(tokenizer, folder)
        torch.nn.init.zeros_(model.score.weight)  # states are large there: random scores would be sure, and wrong
    tokenizer.model_max_length = min(settings.max_length, int(tokenizer.model_max_length))
    for config in (model.config, model.config.get_text_config()):
        config.pad_token_id = tokenizer.pad_token_id  # it says which token of a padded pair is the last
    return _with_lora(model, _new_modules(model, info["missing_keys"]), settings), tokenizer


def _is_decoder(config: Any) -> bool:
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    return type(config) not in MODEL_FOR_MASKED_LM_MAPPING


def _joining(tokenizer: Any, folder: Path) -> Any:
    """A decoder's tokenizer that puts a line break after each text of a pair, and keeps to that when it is saved.

    The general class is taken because those of some families set their own way to join texts when they are loaded.
    """
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise DataError(f"{folder}: its tokenizer has no tokenizer.json; choose another train_judge.base")
    line = tokenizer.encode("\n", add_special_tokens=False) or [tokenizer.eos_token_id]
    pieces = [{"id": "<line>", "ids": line, "tokens": tokenizer.convert_ids_to_tokens(line)}]
    begin = ""
    if tokenizer.bos_token_id is not None:
        pieces.append({"id": "<begin>", "ids": [tokenizer.bos_token_id], "tokens": [tokenizer.bos_token]})
        begin = "<begin> "
    backend.post_processor = TemplateProcessing(
        single=f"{begin}$A <line>", pair=f"{begin}$A <line> $B:0 <line>", special_tokens=pieces
    )
    special = {name: getattr(tokenizer, name) for name in ("bos_token", "eos_token", "unk_token", "pad_token")}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        model_input_names=["input_ids", "attention_mask"],
        padding_side="right",
        **{name: token for name, token in special.items() if token is not None},
    )


def _new_modules(model: Any, missing: set[str]) -> list[str]:
    """The modules that the base does not have: the output layer, and what stands before it in some architectures."""
    own = f"{model.base_model_prefix}."
    return sorted({key.rpartition(".")[0] if key.startswith(own) else key.partition(".")[0] for key in missing})


def _with_lora(model: Any, new: list[str], settings: TrainJudge) -> Any:
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=settings.r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        bias="none",
        target_modules="all-linear",
        exclude_modules=rf"({'|'.join(map(re.escape, new))})(\..*)?",
        modules_to_save=new,
        task_type="SEQ_CLS",
    )
    return get_peft_model(model, lora)
