"""Loading a generator and its tokenizer from a folder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch

from bootembed.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


def load_generator(folder: Path, *, bf16: bool, load_in_4bit: bool) -> tuple[Any, Any]:
    """Load (model, tokenizer); the tokenizer pads on the left, as generation needs.

    Raises:
        ParamsError: 4-bit loading is asked for where bitsandbytes or a CUDA device is missing.
    """
    from transformers import AutoModelForCausalLM

    # On a CPU weights stay in fp32 and autocast computes in bfloat16; small models are then as exact as they are fast.
    options: dict[str, Any] = {"dtype": torch.bfloat16 if bf16 and torch.cuda.is_available() else torch.float32}
    if load_in_4bit:
        options["quantization_config"] = _four_bit()
    if torch.cuda.is_available():
        options["device_map"] = {"": torch.cuda.current_device()}
    return AutoModelForCausalLM.from_pretrained(folder, **options), load_tokenizer(folder)


def load_tokenizer(folder: Path) -> Any:
    """Load a generator's tokenizer, padding on the left, as generation needs."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _four_bit() -> Any:
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    if not (torch.cuda.is_available() and is_bitsandbytes_available()):
        raise ParamsError(
            "load_in_4bit: True: needs a CUDA device and the package bitsandbytes; set it to False, "
            "or `pip install bitsandbytes` on a machine with a GPU"
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_quant_storage=torch.bfloat16,
    )
