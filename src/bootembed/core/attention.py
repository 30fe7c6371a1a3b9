"""The implementation of attention that a model is loaded with, as machine, precision and model allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from bootembed.core.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

Attention = Literal["auto", "sdpa", "flash_attention_2", "eager"]
_AMPERE = 8  # major compute capability; FlashAttention 2 has no kernels for older GPUs


def attention_options(wanted: Attention, folder: Path, *, auto_class: Any, half_precision: bool) -> dict[str, str]:
    """The keyword argument for `from_pretrained`, or none where transformers' own choice is right.

    `auto` is FlashAttention 2 where its package, a GPU of Ampere or later, 16-bit computing and the model's
    architecture allow it. Elsewhere transformers chooses: PyTorch's scaled dot product attention, or eager attention
    for an architecture without it.

    Args:
        wanted: Value of the parameter.
        folder: Model in Hugging Face format.
        auto_class: The `AutoModel...` class that will load it.
        half_precision: Whether it computes in bf16 or fp16.

    Raises:
        ParamsError: The parameter names an implementation that cannot be used here.
    """
    if wanted == "eager":
        return {"attn_implementation": "eager"}
    if wanted == "sdpa":
        if not _supports(auto_class, folder, "_supports_sdpa"):
            raise ParamsError(f"attention: sdpa: the model in {folder} does not support it; set auto or eager")
        return {"attn_implementation": "sdpa"}
    obstacle = _flash_obstacle(half_precision=half_precision)
    if obstacle is None and not _supports(auto_class, folder, "_supports_flash_attn"):
        obstacle = f"the model in {folder} does not support it"
    if obstacle is None:
        return {"attn_implementation": "flash_attention_2"}
    if wanted == "flash_attention_2":
        raise ParamsError(f"attention: flash_attention_2: {obstacle}; set auto")
    return {}


def _flash_obstacle(*, half_precision: bool) -> str | None:
    import torch
    from transformers.utils import is_flash_attn_2_available

    if not torch.cuda.is_available():
        return "there is no GPU"
    if torch.cuda.get_device_capability()[0] < _AMPERE:
        return "this GPU is older than Ampere"
    if not half_precision:
        return "it needs bf16 or fp16 computing, and the parameters ask for fp32"
    if not is_flash_attn_2_available():
        return "the package flash-attn is not installed"
    return None


def _supports(auto_class: Any, folder: Path, attribute: str) -> bool:
    from transformers import AutoConfig

    mapping = auto_class._model_mapping
    config = type(AutoConfig.from_pretrained(folder))
    return config in mapping and bool(getattr(mapping[config], attribute, False))
