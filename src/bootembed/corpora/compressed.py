"""The content of bz2, xz and Zstandard files, to the very end, or an error.

Python's own readers of bz2 and xz take whatever follows the first stream and is none for rubbish, and say nothing of
it; that of Zstandard accepts a frame that is cut off.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_MAX_ZST_WINDOW = 1 << 31  # `zstd --long=31`, its greatest; the library's own limit is 128 MiB


@contextlib.contextmanager
def open_bz2(path: Path) -> Iterator[IO[bytes]]:
    """The content of a bz2 file; reading it raises what `bz2` raises where it is damaged or cut off."""
    with _opened(path, bz2.BZ2Decompressor) as stream:
        yield stream


@contextlib.contextmanager
def open_xz(path: Path) -> Iterator[IO[bytes]]:
    """The content of an xz file; reading it raises what `lzma` raises where it is damaged or cut off."""
    with _opened(path, lzma.LZMADecompressor, padding=b"\0") as stream:
        yield stream


@contextlib.contextmanager
def open_zst(path: Path) -> Iterator[IO[bytes]]:
    """The content of a Zstandard file.

    Raises:
        EOFError: It is cut off or damaged; while it is being read.
    """
    import zstandard

    with _opened(path, _ZstFrame) as stream:
        try:
            yield stream
        except zstandard.ZstdError as error:
            raise EOFError(str(error)) from error


class _Frame(Protocol):
    """What decompresses one stream or frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZstFrame:
    """A frame of Zstandard with the methods that streams of bz2 and xz have."""

    needs_input = True

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor(max_window_size=_MAX_ZST_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int, /) -> bytes:
        return self._frame.decompress(data)


def _opened(
    path: Path, new_frame: Callable[[], _Frame], *, padding: bytes = b""
) -> contextlib.AbstractContextManager[IO[bytes]]:
    return io.BufferedReader(_Frames(path.open("rb"), new_frame, padding), _CHUNK)


class _Frames(io.RawIOBase):
    """The content of all frames of a file, which is closed with it.

    Args:
        source: The file.
        new_frame: Gives what decompresses the next frame.
        padding: May stand between frames and at the end.
    """

    def __init__(self, source: IO[bytes], new_frame: Callable[[], _Frame], padding: bytes) -> None:
        self._source = source
        self._new_frame = new_frame
        self._padding = padding
        self._frame: _Frame | None = None
        self._unread = b""
        self._content = b""

    def close(self) -> None:
        self._source.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._content and self._fill():
            pass
        count = min(len(buffer), len(self._content))
        buffer[:count], self._content = self._content[:count], self._content[count:]
        return count

    def _fill(self) -> bool:
        """Decompress some more, perhaps to nothing; false at the end of the file."""
        if not self._unread and (self._frame is None or self._frame.needs_input):
            self._unread = self._source.read(_CHUNK)
            if not self._unread:
                return self._ended()
        if self._frame is None:
            self._unread = self._unread.lstrip(self._padding) if self._padding else self._unread
            if not self._unread:
                return True
            self._frame = self._new_frame()
        self._content, self._unread = self._frame.decompress(self._unread, _CHUNK), b""
        if self._frame.eof:
            self._unread, self._frame = self._frame.unused_data, None
        return True

    def _ended(self) -> bool:
        if self._frame is not None:
            raise EOFError("the last stream is cut off")
        return False
