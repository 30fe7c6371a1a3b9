"""The plan's bytes of activations against what PyTorch keeps for the backward pass of real architectures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModel

from bootembed.settings.load import validate_params
from bootembed.workflow.plan import estimates
from bootembed.workflow.plan.sizes import model_size

LAPTOP = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
LAPTOP["launch"]["portable"] = False  # portable kernels have no bf16
LENGTH, WIDTH = 48, 256
_COMMON = {"vocab_size": 500, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
_GROUPED = _COMMON | {"num_key_value_heads": 2}
DECODERS = {
    "gemma2": _GROUPED | {"intermediate_size": 4 * WIDTH, "head_dim": 64},
    "gemma3_text": _GROUPED | {"intermediate_size": 4 * WIDTH, "head_dim": 64},
    "llama": _GROUPED | {"intermediate_size": 7 * WIDTH // 2},
    "qwen3": _GROUPED | {"intermediate_size": 3 * WIDTH, "head_dim": 64},
    "cohere": _GROUPED | {"intermediate_size": 11 * WIDTH // 4},
}
ENCODERS = {
    "xlm-roberta": _COMMON | {"intermediate_size": 4 * WIDTH},
    "modernbert": _COMMON | {"intermediate_size": 3 * WIDTH // 2, "pad_token_id": 0},
}
CONFIGS = DECODERS | ENCODERS


def _config(name):
    return AutoConfig.for_model(name, **CONFIGS[name])


def _size(name):
    return replace(model_size(_config(name).to_dict(), generates=False), vocabulary=0)


def _counted(name, *, lora=None, bf16, weights=torch.float32):
    """Bytes that the backward pass keeps for another token; copies of weights that autocast makes are there once."""
    model = AutoModel.from_config(_config(name), dtype=weights).train()
    if lora is not None:
        adapter = LoraConfig(r=lora.r, lora_alpha=32, lora_dropout=lora.lora_dropout, target_modules="all-linear")
        model = get_peft_model(model, adapter)
    few, many = (_kept(model, rows, bf16=bf16) for rows in (4, 12))
    return (many - few) / (8 * LENGTH)


def _kept(model, rows, *, bf16):
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.randint(5, 400, (rows, LENGTH))
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16),
    ):
        output = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state  # noqa: F841
    return sum(kept.values())


def _a_token(estimated, section, **own):
    """Bytes a token of an estimate: what another row of a batch adds."""
    base = LAPTOP[section] | own
    rows = [
        getattr(validate_params(LAPTOP | {section: base | {"per_device_train_batch_size": n}}, source="p"), section)
        for n in (2, 3)
    ]
    return (estimated(rows[1]) - estimated(rows[0])) / LENGTH / 1.15


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_an_embedder_keeps_what_is_estimated(name, bf16):
    own = {"max_seq_length": LENGTH, "bf16": bf16, "fp16": False}
    fused = name != "xlm-roberta"  # with dropout, attention is no single kernel on processors

    def estimated(settings):
        return estimates.embedder_training_bytes(_size(name), settings, fused=fused) / 3

    assert 0.6 < _counted(name, bf16=bf16) / _a_token(estimated, "train_embedder", **own) <= 1.05


@pytest.mark.parametrize("dropout", [0.0, 0.05])
@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("name", DECODERS)
def test_an_adapter_keeps_what_is_estimated(name, bf16, dropout):
    own = {"max_length": LENGTH, "bf16": bf16, "r": 16, "lora_dropout": dropout, "gradient_checkpointing": False}
    lora = validate_params(LAPTOP | {"train_task_adapter": LAPTOP["train_task_adapter"] | own}, source="p")
    weights = torch.bfloat16 if bf16 else torch.float32
    counted = _counted(name, lora=lora.train_task_adapter, bf16=bf16, weights=weights)

    def estimated(settings):
        return estimates.lora_training_bytes(_size(name), settings)

    assert 0.6 < counted / _a_token(estimated, "train_task_adapter", **own) <= 1.05
