"""LoRA finetuning of an encoder: few trained weights, merged at the end so that nothing of it is left to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.settings.embedder import EncoderLora

_NO_PART_OF_EMBEDDINGS = r".*\bpooler\b.*"  # the head of BERT's first token: nothing trains it


def add_lora(model: Any, settings: EncoderLora, base_model_dir: Path) -> None:
    """Freeze the encoder of a Sentence Transformers model and put trainable LoRA factors beside its linear layers.

    Args:
        model: Its first module is the encoder.
        settings: Rank, scaling, dropout, and which layers.
        base_model_dir: The encoder's folder; checkpoints name it.

    Raises:
        ParamsError: The encoder has none of the named modules.
    """
    import re

    from peft import LoraConfig

    encoder = model[0].model
    has_pooler = any(re.fullmatch(_NO_PART_OF_EMBEDDINGS, name) for name, _ in encoder.named_modules())
    config = LoraConfig(
        r=settings.r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        bias="none",
        target_modules=settings.target_modules,
        exclude_modules=_NO_PART_OF_EMBEDDINGS if has_pooler else None,
        base_model_name_or_path=str(base_model_dir),
    )
    try:
        model.add_adapter(config)
    except ValueError as error:
        raise ParamsError(
            f"train_embedder.lora.target_modules: {settings.target_modules}: {error}; 'all-linear' fits any encoder"
        ) from error


def merge_lora(model: Any, *, share: float = 1.0) -> None:
    """Add a share of the LoRA updates to the encoder's weights and take the factors away: a plain encoder again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    encoder = model[0].model
    for name, module in list(encoder.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.scale_layer(share)
            module.merge(safe_merge=True)
            encoder.set_submodule(name, module.get_base_layer())
    encoder._hf_peft_config_loaded = False  # transformers' mark: it would save factors, of which there are none now
    del encoder.peft_config
