"""Whether the files of a model are whole, by their headers; the weights themselves are not read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.content import describe_file
from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LENGTH = 8  # bytes that tell how long the header is
_MOST_HEADER = 100_000_000  # as in the safetensors library
_REMEDY = "fetch it again, and compare its size with the source's"


def check_model_files(files: Iterable[Path]) -> None:
    """Refuse pointers of Git LFS and the like, weights that are cut off, and an index of weights that are not there.

    The format is https://huggingface.co/docs/safetensors: the length of a header, the header as JSON with where each
    tensor begins and ends behind it, and the tensors.

    Raises:
        DataError: A file is not what its name says, or not whole.
    """
    for file in files:
        if fault := describe_file(file, expected="safetensors"):
            raise DataError(f"{file}: {fault}")
        if file.suffix == ".safetensors":
            _check_weights(file)
        elif file.suffix == ".json":
            _check_json(file)


def _check_weights(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH), "little")
        header = stream.read(length) if length <= min(_MOST_HEADER, size) else b""
    try:
        tensors: dict[str, Any] = json.loads(header)
        ends = [tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"]
        needed = _LENGTH + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: is not whole, or is no safetensors: its header cannot be read; {_REMEDY}") from error
    if size != needed:
        raise DataError(f"{path}: is {size} bytes long, and its header says {needed}; {_REMEDY}")


def _check_json(path: Path) -> None:
    """Check that it is whole, and for an index of weights that their files are there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        weights = content["weight_map"] if path.name.endswith(".safetensors.index.json") else {}
        named = set(weights.values())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: is not whole, or is no JSON: {error}; {_REMEDY}") from error
    missing = sorted(name for name in named if not (path.parent / name).is_file())
    if missing:
        raise DataError(f"{path}: names {len(missing)} files that are not there, first {missing[0]}; fetch them too")
