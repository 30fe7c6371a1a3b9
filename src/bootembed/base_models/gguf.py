"""GGUF files (llama.cpp's format, mostly quantised) as base-model folders: read by transformers, once, in float32."""

from __future__ import annotations

import functools
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".gguf"
_MAGIC = b"GGUF"


def convert_gguf(file: Path, role: Literal["generator", "encoder"], output_dir: Path) -> None:
    """Write the model and the tokenizer of a GGUF file as a Hugging Face folder with safetensors in float32.

    Dequantised weights fit into no 16-bit type without another loss.

    Args:
        file: The whole model in one file.
        role: A generator keeps its output layer.
        output_dir: Folder to fill.

    Raises:
        DataError: The file is no GGUF, is truncated, lacks weights, or is of an architecture that transformers does not
            read.
    """
    import torch
    from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

    architecture = _check(file)
    auto_class: Any = AutoModelForCausalLM if role == "generator" else AutoModel
    try:
        with _parsed_once():
            model, loaded = auto_class.from_pretrained(
                file.parent, gguf_file=file.name, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    except (OSError, ValueError, KeyError, IndexError, NotImplementedError, RuntimeError) as error:
        cause = str(error).partition("\n")[0]
        raise DataError(
            f"{file}: transformers cannot read this GGUF file of architecture {architecture!r}: {cause}; take the "
            "model as a Hugging Face folder (or Hub id) with safetensors"
        ) from error
    if missing := sorted(loaded["missing_keys"]):  # transformers fills these with random numbers
        raise DataError(
            f"{file}: holds no {missing[0]}, and lacks {len(missing)} of the model's weights in all; if it is one of "
            "several parts, join them (llama-gguf-split --merge)"
        )
    model = model.to(torch.float32)
    model.hf_quantizer = None  # it refuses to save, though nothing is quantised any more
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(output_dir)
    tokenizer.save_pretrained(output_dir)


@contextmanager
def _parsed_once() -> Iterator[None]:
    """Let transformers parse a file once: for configuration, weights and tokenizer it makes a reader each.

    With a vocabulary of 262,144 tokens a reader takes half a minute.
    """
    import gguf

    library: Any = gguf
    reader = library.GGUFReader
    library.GGUFReader = functools.cache(reader)
    try:
        yield
    finally:
        library.GGUFReader = reader


def _check(file: Path) -> str:
    """The architecture, of a file whose tensors are all there."""
    from transformers.integrations.gguf import GgufHeader, read_gguf_metadata

    if not file.is_file():
        raise DataError(f"{file}: no such file; set `path` (source: local) or `file` (source: hub) to a .gguf file")
    size = file.stat().st_size
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise DataError(f"{file}: is no GGUF file: it does not begin with {_MAGIC.decode()}; fetch it again")
    truncated = DataError(f"{file}: is truncated at {size:,} bytes; fetch it again")
    try:
        architecture = str(read_gguf_metadata(str(file))[0]["general.architecture"])
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise truncated from error
    except ValueError as error:
        raise DataError(f"{file}: cannot be read as GGUF: {error}") from error
    try:
        header = GgufHeader.from_file(str(file))
    except ValueError:  # a type of tensor that this reader does not know; the loader may
        return architecture
    if size < header.data_start + max((tensor.offset + tensor.nbytes for tensor in header.tensors), default=0):
        raise truncated
    return architecture
