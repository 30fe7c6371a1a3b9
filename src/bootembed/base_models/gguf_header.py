"""The header of a GGUF file: its metadata, and names and shapes of its tensors, which are not read.

Readers of the package `gguf` take half a minute for a large vocabulary, and that of transformers refuses files with
types of tensors that it does not compute with. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))  # type -> that of `struct`
_STRING, _ARRAY = 8, 9
_MOST_DIMENSIONS = 4
# What bytes that are none of a header give when they are taken for some.
_DAMAGES = (struct.error, LookupError, UnicodeDecodeError, ArithmeticError, MemoryError, TypeError)


class Tensor(NamedTuple):
    """Name, shape as in torch, type by its number, and where it begins in the file's data."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


class Header(NamedTuple):
    """Metadata by name, of arrays of strings only the length; and the tensors."""

    metadata: dict[str, Any]
    tensors: list[Tensor]

    def own(self, name: str) -> Any:
        """What the file says under the name of its architecture; None if nothing."""
        return self.metadata.get(f"{self.metadata.get('general.architecture')}.{name}")


def read_header(file: Path) -> Header:
    """Read the header.

    Raises:
        DataError: The file cannot be read, is no GGUF, or is truncated, be it among its tensors.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _read(content, file)
    except _DAMAGES as error:
        raise DataError(f"{file}: is truncated or damaged; fetch it again") from error
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise DataError(f"{file}: cannot be read: {error}") from error


def _read(content: mmap.mmap, file: Path) -> Header:
    if content[: len(_MAGIC)] != _MAGIC:
        raise DataError(f"{file}: is no GGUF file: it does not begin with {_MAGIC.decode()}; fetch it again")
    cursor = _Cursor(content, len(_MAGIC))
    version = cursor.take("I")
    if version not in _VERSIONS:
        raise DataError(f"{file}: is of version {version} of GGUF; take one of {' or '.join(map(str, _VERSIONS))}")
    tensor_count, metadata_count = cursor.take("Q"), cursor.take("Q")
    metadata = dict(cursor.entry() for _ in range(metadata_count))
    tensors = [cursor.tensor() for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", 32)
    start = math.ceil(cursor.position / alignment) * alignment
    if len(content) < start + max((tensor.offset + _bytes_of(tensor) for tensor in tensors), default=0):
        raise DataError(f"{file}: is truncated at {len(content):,} bytes; fetch it again")
    return Header(metadata, tensors)


class _Cursor:
    """Takes one value after the other."""

    def __init__(self, content: mmap.mmap, position: int) -> None:
        self._content = content
        self.position = position

    def take(self, kind: str) -> Any:
        found = struct.unpack_from(f"<{kind}", self._content, self.position)
        self.position += struct.calcsize(f"<{kind}")
        return found[0] if len(found) == 1 else found

    def string(self) -> str:
        length = self.take("Q")
        self.position += length
        return self._content[self.position - length : self.position].decode("utf-8")

    def entry(self) -> tuple[str, Any]:
        return self.string(), self._value(self.take("I"))

    def tensor(self) -> Tensor:
        name, dimensions = self.string(), self.take("I")
        if dimensions > _MOST_DIMENSIONS:
            raise IndexError(dimensions)
        shape = tuple(reversed([self.take("Q") for _ in range(dimensions)]))  # in the file the fastest one is first
        return Tensor(name, shape, self.take("I"), self.take("Q"))

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.take(_number(kind))
        inner, count = self.take("I"), self.take("Q")
        if inner != _STRING:
            values = struct.unpack_from(f"<{count}{_number(inner)}", self._content, self.position)
            self.position += struct.calcsize(f"<{count}{_number(inner)}")
            return list(values)
        for _ in range(count):
            length = self.take("Q")
            self.position += length
        return count


def _number(kind: int) -> str:
    if kind not in _NUMBERS:
        raise IndexError(kind)
    return _NUMBERS[kind]


def _bytes_of(tensor: Tensor) -> int:
    """Bytes in the file; 0 of a type that is newer than the package `gguf`."""
    import gguf

    known = {kind.value: sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    block, size = known.get(tensor.kind, (1, 0))
    return math.prod(tensor.shape) // block * size
