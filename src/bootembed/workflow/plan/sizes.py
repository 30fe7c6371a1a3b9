"""Sizes of models, counted on the architecture itself without its weights."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.hub import hub_token
from bootembed.core.names import UNRESOLVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.settings.models import BaseModelSpec, Scratch

_NOT_LANGUAGE = ("vision", "audio", "multi_modal_projector")  # parts that get no LoRA: `adapters.train`
_TIMEOUT = 5  # seconds, of the Hub
_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


@dataclass(frozen=True)
class ModelSize:
    """What estimates need of a model.

    Attributes:
        parameters: All, shared ones once.
        active: Those a token of text is multiplied with: every linear layer of the language model, and its output head.
        quantised: Weights that 4-bit loading quantises: linear layers but the output head.
        linear: (inputs, outputs) of each linear layer of the language model but the head, which are what LoRA adapts.
        layers: Blocks of the language model.
        hidden: Width of the residual stream.
        key_value: Width of the keys of one token in one layer.
        heads: Attention heads.
        vocabulary: Tokens; 0 for an encoder, which writes none.
        stored_bytes: Bytes of one parameter in its published files.
    """

    parameters: int
    active: int
    quantised: int
    linear: tuple[tuple[int, int], ...]
    layers: int
    hidden: int
    key_value: int
    heads: int
    vocabulary: int
    stored_bytes: int

    @property
    def linear_values(self) -> int:
        """Values of a token that go into and come out of all linear layers."""
        return sum(inputs + outputs for inputs, outputs in self.linear)

    def lora_parameters(self, r: int) -> int:
        """Weights of a LoRA adapter of rank `r` on all linear layers: A is r x inputs, B outputs x r."""
        return r * self.linear_values

    @property
    def head(self) -> int:
        """Weights of the output head, which only tokens that are predicted are multiplied with; 0 of an encoder."""
        return self.vocabulary * self.hidden

    @property
    def body(self) -> int:
        """Weights that every token is multiplied with."""
        return self.active - self.head

    @property
    def download_bytes(self) -> int:
        """Bytes of the weights as published."""
        return self.parameters * self.stored_bytes


def published(model_id: str) -> dict[str, Any] | None:
    """Our copy of the published facts of a model of our profiles: `config`, `gated`, `source`."""
    table: dict[str, dict[str, Any]] = json.loads(
        (files("bootembed.workflow.plan") / "published.json").read_text("utf-8")
    )
    return table.get(model_id)


def config_of(spec: BaseModelSpec) -> tuple[dict[str, Any] | None, str]:
    """The configuration of a base model, and where it was found; None if it is not known here.

    Of the Hub's models: a copy in the local cache or the Hub itself, else our table of published numbers.
    """
    if spec.scratch is not None:
        return _scratch_config(spec.scratch), "its settings"
    if spec.source == "local":
        file = Path(str(spec.path)).expanduser() / "config.json"
        return (json.loads(file.read_text(encoding="utf-8")), str(file)) if file.is_file() else (None, str(file))
    fetched = _from_hub(str(spec.id), str(spec.revision))
    if fetched is not None:
        return fetched, "the Hub"
    known = published(str(spec.id))
    return (known["config"], "the table of published sizes") if known else (None, "the Hub")


def _from_hub(model_id: str, revision: str) -> dict[str, Any] | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if revision == UNRESOLVED:
        return None
    try:
        file = hf_hub_download(
            model_id,
            "config.json",
            revision=revision,
            etag_timeout=_TIMEOUT,
            token=hub_token(),
            local_files_only=not _hub_answers(),
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError):  # gated, offline, no such model
        return None
    found: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    return found


@cache
def _hub_answers() -> bool:
    """Whether the Hub can be reached. `hf_hub_download` tries six times, and tells it: half a minute for each model."""
    from httpx2 import HTTPError
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=_TIMEOUT)
    except (HTTPError, OSError):
        return False
    return True


def _scratch_config(scratch: Scratch) -> dict[str, Any]:
    names = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config: dict[str, Any] = {name: getattr(scratch, name) for name in (*names, "max_position_embeddings")}
    config |= {"model_type": scratch.architecture, "num_key_value_heads": scratch.num_attention_heads}
    config |= {"head_dim": scratch.hidden_size // scratch.num_attention_heads, "tie_word_embeddings": True}
    return config | {"pad_token_id": 0, "type_vocab_size": 1, "dtype": "float32"}


def model_size(config: Mapping[str, Any], *, generates: bool) -> ModelSize:
    """Build the architecture on torch's meta device, which has shapes and no storage, and count.

    Args:
        config: As in config.json.
        generates: Whether it is a generator, with an output head.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    given = {key: value for key, value in config.items() if key not in ("transformers_version", "architectures")}
    built = AutoConfig.for_model(given.pop("model_type"), **given)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with torch.device("meta"):
        model = (AutoModelForCausalLM if generates else AutoModel).from_config(built)
    text = built.get_text_config()
    head = model.get_output_embeddings() if generates else None
    modules = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }
    language = [m for name, m in modules.items() if not any(part in name for part in _NOT_LANGUAGE)]
    shapes = tuple((module.in_features, module.out_features) for module in language)
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    written = head.out_features * head.in_features if head is not None else 0
    return ModelSize(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        active=sum(inputs * outputs for inputs, outputs in shapes) + written,
        quantised=sum(module.weight.numel() for module in modules.values()),
        linear=shapes,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        key_value=head_dim * (getattr(text, "num_key_value_heads", None) or text.num_attention_heads),
        heads=text.num_attention_heads,
        vocabulary=head.out_features if head is not None else 0,
        stored_bytes=_BYTES.get(str(config.get("dtype") or config.get("torch_dtype")), 4),
    )
