"""Loading a generator and its tokenizer from a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from bootembed.core.attention import attention_options
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.portable_kernels import replace_kernels
from bootembed.prompts import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.core.attention import Attention


def load_generator(
    folder: Path, *, bf16: bool, load_in_4bit: bool, attention: Attention = "auto", adapted: bool = True
) -> tuple[Any, Any]:
    """Load (model, tokenizer); the tokenizer pads on the left, as generation needs.

    Each of several processes loads it onto the device of its rank.

    Args:
        folder: Generator in Hugging Face format.
        bf16: Weights in bfloat16, else in float32.
        load_in_4bit: Weights of the linear layers as 4-bit NormalFloat with quantised scales, computing in bfloat16
            (QLoRA, Dettmers et al. 2023). Works on GPUs and, more slowly than unquantised weights, on CPUs.
        attention: Implementation of attention; see `attention_options`.
        adapted: As `load_tokenizer`.

    Raises:
        DataError: The folder holds no causal language model, or one that needs its own code.
        ParamsError: This machine cannot load 4-bit weights, or cannot use the implementation of attention.
    """
    from transformers import AutoModelForCausalLM

    replace_kernels()
    options: dict[str, Any] = {"dtype": torch.bfloat16 if bf16 else torch.float32}
    options |= attention_options(attention, folder, auto_class=AutoModelForCausalLM, half_precision=bf16)
    if load_in_4bit:
        options["quantization_config"] = _four_bit()
    if torch.cuda.is_available():
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", torch.cuda.current_device()))}
    try:
        tokenizer = load_tokenizer(folder, adapted=adapted)
        model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError) as error:
        cause = str(error).partition("\n")[0]
        raise DataError(
            f"{folder}: cannot be loaded as a generator: {cause}; it must be a causal language model of an "
            "architecture in transformers: code that comes with a model is not run"
        ) from error
    _take_rows_at_once(model)
    return model, tokenizer


def _take_rows_at_once(model: Any) -> None:
    """Give the output layer the states of a batch's last tokens as one matrix.

    They come as a slice, which is not contiguous, and `torch.matmul` would multiply each row of the batch by a copy of
    frozen weights, as they are beneath adapters: seven eighths of generation's time in bf16 on a CPU, in fp32 a
    twelfth, and half the memory (Gemma 3 270M, batches of 32).
    """
    model.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: (inputs[0].contiguous(), *inputs[1:]))


def load_tokenizer(folder: Path, *, adapted: bool = True) -> Any:
    """Load a generator's tokenizer, padding on the left, as generation needs.

    Args:
        folder: Generator in Hugging Face format.
        adapted: Whether adapters are in use; without them a base model gets its plain template (`base_models.chat`).
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if isinstance(tokenizer.chat_template, dict) and not adapted:
        tokenizer.chat_template = tokenizer.chat_template.get(PLAIN, tokenizer.get_chat_template())
    return tokenizer


def _four_bit() -> Any:
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    remedy = "set load_in_4bit to false, or `pip install bitsandbytes` in a version for this machine"
    if not is_bitsandbytes_available():
        raise ParamsError(f"load_in_4bit: true needs the package bitsandbytes, which is missing or too old; {remedy}")
    from transformers.integrations import validate_bnb_backend_availability

    try:
        validate_bnb_backend_availability(raise_exception=True)
    except (ImportError, OSError, RuntimeError) as error:
        raise ParamsError(
            f"load_in_4bit: true: bitsandbytes does not support this machine ({error}); {remedy}"
        ) from error
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
