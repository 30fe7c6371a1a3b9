"""The lines of a raw file, plain or compressed, each decoded on its own; only one line is held in memory."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, cast

from bootembed.core.content import SAMPLE, broken_link, describe, describe_json, describe_text
from bootembed.core.errors import DataError, ParamsError
from bootembed.corpora.compressed import open_bz2, open_xz, open_zst

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is rejected without being read: a binary file has no lines, and would fill the memory."""
_CHUNK = 1 << 20
_MEMBER = "!"
_WITHIN = re.compile(rf"(.*?\.zip){_MEMBER}(.+)", re.IGNORECASE | re.DOTALL)
_DAMAGE = (
    *(EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile),
    NotImplementedError,  # a version of zip that is none
)
_BEGINNINGS = {
    ".gz": (b"\x1f\x8b",),
    ".bz2": (b"BZh",),
    ".xz": (b"\xfd7zXZ\0", b"]\0\0"),
    ".zst": (b"\x28\xb5\x2f\xfd", *(bytes([code]) + b"\x2a\x4d\x18" for code in range(0x50, 0x60))),
    ".zip": (b"PK",),
}
_ALL_BEGINNINGS = tuple(start for starts in _BEGINNINGS.values() for start in starts)
_TAR = frozenset({".tgz", ".tbz", ".tbz2", ".txz", ".tzst"})


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of a corpus: where it lies, its name in reports, its text encoding.

    Attributes:
        path: The file; compressed if it ends in .gz, .bz2, .xz, .zst or .zip.
        name: Its name in reports.
        encoding: Of its text.
        member: Of a zip archive: the file in it; may be left out where it holds only one.
        holds: What it is read as; text is neither JSON nor XML.
    """

    path: Path
    name: str
    encoding: str = "utf-8"
    member: str | None = None
    holds: Literal["text", "json", "xml"] = "text"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its line end; undecodable bytes stand as backslash escapes."""

    number: int
    text: str
    decodable: bool
    complete: bool = True


def raw_file(
    folder: Path, name: str, *, encoding: str = "utf-8", holds: Literal["text", "json", "xml"] = "text"
) -> RawFile:
    """The file `name` below `folder`; `archive.zip!member` is a file within an archive, if none is called so itself."""
    within = None if (folder / name).exists() else _WITHIN.fullmatch(name)
    path, member = within.groups() if within else (name, None)
    return RawFile(folder / path, name, encoding, member, holds)


def read_raw_lines(file: RawFile) -> Iterator[Line]:
    """The lines of a file, at least one. Lines end at LF (or CR LF) only.

    Raises:
        DataError: The file is missing, empty, something else than text, or its compressed data is damaged or cut off.
        ParamsError: The encoding is unknown, or cannot be read line by line.
    """
    encoding = _checked_encoding(file.encoding)
    number = 0
    with open_raw(file) as stream:
        raw = stream.readline(MAX_LINE_BYTES)
        raw = raw.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else raw
        while raw:
            number += 1
            yield _line(number, raw, stream, encoding)
            raw = stream.readline(MAX_LINE_BYTES)
    if not number:
        raise DataError(f"{file.path}: is empty; put the data there, or name another file")


def count_lines(file: RawFile) -> int:
    """How many lines `read_raw_lines` will give.

    Raises:
        DataError: As `read_raw_lines`, but an empty file has 0 lines.
    """
    count, last = 0, b"\n"
    with open_raw(file) as stream:
        while chunk := stream.read(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


@contextlib.contextmanager
def open_raw(file: RawFile) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed.

    Raises:
        DataError: The file is missing, something else stands in its place, or its compressed data is damaged or cut
            off; also while it is being read.
    """
    try:
        _check_container(file)
        with _opened(file) as stream:
            _check_content(cast("io.BufferedReader", stream).peek(SAMPLE)[:SAMPLE], file)
            yield stream
    except _DAMAGE as error:
        raise _damaged(file, error) from error
    except OSError as error:
        if error.errno is None:  # not the system's, but bz2's
            raise _damaged(file, error) from error
        missing = "put the file there, or correct its path in `corpora`"
        fault = broken_link(file.path) or f"cannot be read ({error.strerror or error}); {missing}"
        raise DataError(f"{file.path}: {fault}") from error


def _check_container(file: RawFile) -> None:
    """Refuse a tar archive, and a compressed file that is not what its name says."""
    suffix = file.path.suffix.lower()
    if suffix in _TAR and file.path.is_file():
        raise DataError(f"{file.path}: is a tar archive; unpack it and name the file in it")
    if suffix not in _BEGINNINGS:
        return
    with file.path.open("rb") as stream:
        start = stream.read(SAMPLE)
    if not start or start.startswith(_BEGINNINGS[suffix]) or (suffix == ".zip" and zipfile.is_zipfile(file.path)):
        return
    fault = describe(start) or "is not compressed; fetch it again, or correct its name"
    raise DataError(f"{file.path}: its name ends in {suffix}, but it {fault}")


def _check_content(start: bytes, file: RawFile) -> None:
    """Refuse what is something else than lines, JSON Lines or XML."""
    fault = describe(start)
    if fault and file.path.suffix.lower() in _BEGINNINGS and start.startswith(_ALL_BEGINNINGS):
        fault = "holds data that are compressed once more; unpack it"
    if fault is None and file.holds != "xml":
        fault = describe_text(start) or describe_json(start, wanted=file.holds == "json")
    if fault is not None:
        within = f" ({file.member})" if file.member else ""
        raise DataError(f"{file.path}{within}: {fault}")


def _opened(file: RawFile) -> contextlib.AbstractContextManager[IO[bytes]]:
    suffix = file.path.suffix.lower()
    if suffix == ".gz":
        return contextlib.closing(cast("IO[bytes]", gzip.open(file.path)))
    if suffix == ".bz2":
        return open_bz2(file.path)
    if suffix == ".xz":
        return open_xz(file.path)
    if suffix == ".zst":
        return open_zst(file.path)
    if suffix == ".zip":
        return _opened_zip(file)
    return file.path.open("rb")


@contextlib.contextmanager
def _opened_zip(file: RawFile) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(file.path) as archive:
        names = [
            entry.filename for entry in archive.infolist() if not entry.is_dir() and not _is_of_mac(entry.filename)
        ]
        member = file.member or (names[0] if len(names) == 1 else None)
        if member not in names:
            raise DataError(
                f"{file.path}: holds {', '.join(names[:20]) or 'nothing'}; name one: `path: "
                f"{file.path.name}{_MEMBER}FILE`"
            )
        try:
            stream = archive.open(member)
        except (NotImplementedError, RuntimeError) as error:  # an unknown compression method, or encryption
            raise DataError(f"{file.path}: {member}: cannot be decompressed: {error}; unpack it yourself") from error
        with stream:
            yield stream


def _is_of_mac(name: str) -> bool:
    """Whether macOS put this beside a file of the same name."""
    return name.startswith("__MACOSX/")


def _damaged(file: RawFile, error: Exception) -> DataError:
    return DataError(
        f"{file.path}: its compressed data is damaged or cut off ({error}); fetch the file again, and compare its size "
        "with the source's"
    )


def _line(number: int, raw: bytes, stream: IO[bytes], encoding: str) -> Line:
    if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
        while not raw.endswith(b"\n") and (raw := stream.readline(_CHUNK)):
            pass
        return Line(number, "", decodable=True, complete=False)
    try:
        text = raw.decode(encoding)
        text.encode("utf-8")  # some encodings can spell lone surrogates, which no table can hold
    except UnicodeError:
        return Line(number, raw.decode("utf-8", errors="backslashreplace"), decodable=False)
    return Line(number, text, decodable=True)


def _checked_encoding(encoding: str) -> str:
    """The codec's own name, with `utf-8-sig` as `utf-8`; refuses what cannot be read line by line."""
    try:
        name = codecs.lookup(encoding).name
        plain = '\r\n\t,"'.encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise ParamsError(f"corpora: encoding {encoding!r} is not one that Python knows; use utf-8") from error
    if name == "utf-8-sig":
        return "utf-8"
    if plain != b'\r\n\t,"':
        raise ParamsError(
            f"corpora: encoding {encoding!r} cannot be read line by line; convert the file (`iconv -f {encoding} -t "
            "utf-8`) and say utf-8"
        )
    return name
