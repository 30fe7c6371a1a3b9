"""The size of a model in a GGUF file, from its header."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.base_models.gguf import SUFFIX
from bootembed.base_models.gguf_header import read_header
from bootembed.core.errors import DataError
from bootembed.workflow.plan.sizes import ModelSize

if TYPE_CHECKING:
    from bootembed.settings.models import BaseModelSpec

_EMBEDDINGS, _HEAD = "token_embd.weight", "output.weight"
_NO_PARAMETER = "rope_freqs"  # a table that is computed elsewhere
_CONVERTED_BYTES = 4  # a base model is made of it in float32


def gguf_file(spec: BaseModelSpec) -> Path | None:
    """The GGUF file that a base model is made of, if it is one of this machine."""
    path = Path(str(spec.path)).expanduser()
    return path if spec.source == "local" and path.suffix == SUFFIX and path.is_file() else None


def gguf_size(file: Path, *, generates: bool) -> ModelSize:
    """Count what the base model will have that is made of the file.

    Args:
        file: A model in one file.
        generates: Whether it is a generator, with an output head.

    Raises:
        DataError: As `read_header`; or the file is no whole language model.
    """
    header = read_header(file)
    shapes = {
        tensor.name: tensor.shape
        for tensor in header.tensors
        if not tensor.name.startswith(_NO_PARAMETER) and (generates or tensor.name != _HEAD)
    }
    matrices = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    linear = tuple((inputs, outputs) for name, (outputs, inputs) in matrices.items() if name.startswith("blk."))
    layers, heads, key_value_heads, key_length = (
        _most(header.own(name))
        for name in ("block_count", "attention.head_count", "attention.head_count_kv", "attention.key_length")
    )
    if not (layers and heads and _EMBEDDINGS in matrices):
        raise DataError(f"{file}: is no whole language model, or of an unknown kind; take it as a folder or Hub id")
    vocabulary, hidden = matrices[_EMBEDDINGS]
    body = sum(inputs * outputs for inputs, outputs in linear)
    return ModelSize(
        parameters=sum(math.prod(shape) for shape in shapes.values()),
        active=body + (vocabulary * hidden if generates else 0),
        quantised=body,
        linear=linear,
        layers=layers,
        hidden=hidden,
        key_value=(key_length or hidden // heads) * (key_value_heads or heads),
        heads=heads,
        vocabulary=vocabulary if generates else 0,
        stored_bytes=_CONVERTED_BYTES,
    )


def _most(of_layers: Any) -> int:
    """A number, or that of the layer that has most; 0 if none is given."""
    numbers = of_layers if isinstance(of_layers, list) else [of_layers]
    return max((number for number in numbers if isinstance(number, int)), default=0)
