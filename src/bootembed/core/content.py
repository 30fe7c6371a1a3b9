"""What a file really is, by its first bytes: a pointer, a page or an archive in the place of text or weights."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = 4096
"""How many of the first bytes are looked at."""
_LEAST_NULS = 3
_MOST_CONTROLS = 0.02  # of bytes that are text
_MOST_ODD = 0.01  # of characters that are decoded rightly
_LONGEST_REFUSAL = 200
_LEAST_ENDS = 4  # CRs in a sample without LF, of lines of a thousand characters
_BLANK = b" \t\r\n"

_FETCH = "fetch the data itself"
_POINTERS = (
    (rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/", "Git LFS", "`git lfs pull`"),
    (rb"(?:\.\.?/)*\.git/annex/objects/|/annex/objects/", "git-annex", "`git annex get`"),
    (rb"# xet version ", "Xet", "`git xet checkout`, or download the file itself"),
    (
        rb"(?:md5: \w+\s+(?:frozen: \w+\s+)?)?outs:\s+- (?:md5|etag|hash|size)",
        "DVC",
        "`dvc pull`, and name the file itself",
    ),
)
_PAGE = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype html|html|head|body|script|meta|iframe|style)\b",
    re.I | re.S,
)
_ERROR_DOCUMENT = re.compile(rb"(?:<\?xml[^>]*>\s*)?<Error>\s*<", re.I)  # of S3 and its like
_REFUSAL = re.compile(
    rb"(?:[45]\d\d:? )?(?:(?:file|page|entry|repository) )?(?:not found|access denied|forbidden|unauthorized|"
    rb"bad request|bad gateway|gateway time-?out|service unavailable|internal server error|too many requests|"
    rb"rate limit exceeded|invalid username or password|access to (?:dataset|model) \S+ is restricted)"
    rb"(?:[.!]?|[.!] .*)\s*",
    re.I,
)
_LIST = re.compile(
    rb"""[\[{][ \t]*\r?\n\s*["'\[{]  # what is written over several lines
    |\[\s*\{\s*["'][^"'\r\n]*["']\s*:  # objects
    |\[\s*\[\s*["']  # lists
    |\[\s*"(?:[^"\\\r\n]|\\.)*"(?:\s*,\s*"(?:[^"\\\r\n]|\\.)*")*\s*\]\s*?(?:\n|$)  # texts
    |\[\s*'(?:[^'\\\r\n]|\\.)*'(?:\s*,\s*'(?:[^'\\\r\n]|\\.)*')*\s*\]\s*?(?:\n|$)
    """,
    re.X,
)
_OBJECT = re.compile(rb"""\{\s*(["'])[^"'\r\n]*\1\s*:\s*(?:["'\d\[{-]|[Tt]rue\b|[Ff]alse\b|null\b|None\b)""")
_DOCUMENT = re.compile(rb"<(?:\?xml|tmx|!doctype)\b", re.I)
_SHEET = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|\b(?:xl|word|ppt|docProps)/[\w/]+\.xml|mimetypeapplication/vnd\.oasis\.opendocument"
)
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip data", "let its name end in .gz"),
    (b"BZh", "bzip2 data", "let its name end in .bz2"),
    (b"\xfd7zXZ\0", "xz data", "let its name end in .xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data", "let its name end in .zst"),
    (b"PK\x03\x04", "a zip archive", "let its name end in .zip"),
    (b"PK\x05\x06", "an empty zip archive", _FETCH),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
    (b"\x1f\x9d", "data of `compress`", "unpack it"),
    (b"%PDF-", "a PDF document", "extract its text"),
    (b"%!PS", "a PostScript document", "extract its text"),
    (b"{\\rtf", "an RTF document", "save it as plain text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old Office", "save it as CSV or plain text in UTF-8"),
    (b"PAR1", "a Parquet table", "read it with `format: parquet`"),
    (b"ARROW1", "an Arrow table", "read it with `format: datasets`, or convert it to Parquet"),
    (b"SQLite format 3\0", "an SQLite database", "export it as CSV"),
    (b"\x89HDF\r\n", "an HDF5 file", "export it as CSV or Parquet"),
    (b"\x93NUMPY", "a NumPy array", "export it as text"),
    (b"GGUF", "weights of a model in GGUF", _FETCH),
    (b"\x89PNG\r\n", "a picture", _FETCH),
    (b"\xff\xd8\xff", "a picture", _FETCH),
    (b"\x7fELF", "a program", _FETCH),
)  # fmt: skip


def describe_file(path: Path, *, expected: str = "") -> str | None:
    """What stands in a file's place and what to do about it; None if nothing is known to be wrong.

    Args:
        path: The file; it need not exist.
        expected: Of what its name promises, a part of the description, such as `Parquet`: that is not wrong.
    """
    try:
        with path.open("rb") as stream:
            found = describe(stream.read(SAMPLE))
    except OSError:
        return broken_link(path)
    return None if expected and found and expected in found else found


def broken_link(path: Path) -> str | None:
    """What to do about a link to what is not there, as git-annex leaves it before the data are fetched."""
    if not path.is_symlink() or path.exists():
        return None
    target = str(path.readlink())
    if "annex/objects/" in target:
        return "is a link of git-annex, and its data are not there; fetch them: `git annex get`"
    return f"is a link to {target}, which is not there; correct the link, or put the file there"


def describe(start: bytes) -> str | None:
    """What a file is that begins so and is neither text nor XML, and what to do about it; None for text and XML."""
    text = start.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    for pattern, system, remedy in _POINTERS:
        if re.match(pattern, text):
            return f"is a pointer of {system} in the data's place, not the data; fetch them: {remedy}"
    if _PAGE.match(text):
        return "is an HTML page, perhaps an error message or a login; fetch the data again from the address of the file"
    if _ERROR_DOCUMENT.match(text) or (len(start) < _LONGEST_REFUSAL and _REFUSAL.fullmatch(text)):
        return "is a server's error message in the data's place; fetch the data again from the address of the file"
    return _described_by_magic(start)


def _described_by_magic(start: bytes) -> str | None:
    if start.startswith(b"PK\x03\x04") and _SHEET.search(start):
        return "is a spreadsheet or another Office document; save it as CSV in UTF-8"
    for magic, what, remedy in _MAGIC:
        if start.startswith(magic):
            return f"is {what}; {remedy}"
    if _is_tar(start):
        return "is a tar archive; unpack it and name the file in it"
    return f"is weights of a model (safetensors); {_FETCH}" if start[5:10] == b'\0\0\0{"' else None


def describe_text(start: bytes) -> str | None:
    """What a file is that begins so and is no text that can be read line by line; None for such text."""
    if wide := _wide_encoding(start):
        marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
        sign = f"begins with the byte order mark of {wide.upper()}" if marked else f"is text in {wide.upper()}"
        return f"{sign}, which cannot be read line by line; convert it (`iconv -f {wide} -t utf-8`) and say utf-8"
    if _DOCUMENT.match(start.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)):
        return "is an XML document; if it is a translation memory, read it with `format: tmx`"
    least = _LEAST_ENDS if len(start) >= SAMPLE else 1  # a long line may hold a stray one
    if b"\n" not in start and start.rstrip(b"\r").count(b"\r") >= least:
        return r"ends its lines with CR alone, which are not told apart; convert them (`tr '\r' '\n' < OLD > NEW`)"
    if len(start) >= 64 and start.count(0) > len(start) / 10:
        return f"is no text: a tenth of its first bytes are zero; {_FETCH}"
    return None


def describe_json(start: bytes, *, wanted: bool) -> str | None:
    """What a file of JSON is that begins so, where it is not JSON Lines, or these are not wanted; None for others."""
    text = start.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    if _LIST.match(text):
        return (
            "holds JSON that is not one object a line; convert it (a list of objects by `jq -c '.[]' OLD > NEW`) and "
            "read it with `format: jsonl`"
        )
    if _OBJECT.match(text) and not wanted:
        return "holds JSON (or what Python prints); read it with `format: jsonl`, or fetch it again if this is an error"
    return None


def _is_tar(start: bytes) -> bool:
    """Whether the first 512 bytes are a header of tar, whose checksum is right; old ones have no magic number."""
    if len(start) < 512:
        return False
    field = start[148:156].strip(b"\0 ")
    if not re.fullmatch(rb"[0-7]+", field):
        return False
    return sum(start[:148]) + 8 * ord(" ") + sum(start[156:512]) == int(field, 8)


def _wide_encoding(start: bytes) -> str | None:
    """`utf-16` or `utf-32` (with the order of bytes, where no mark says it) if the text is in one of them."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    nuls = start.count(0)
    controls = sum(map(start.count, (bytes([code]) for code in range(32) if code not in b"\t\n\r")))
    if nuls < _LEAST_NULS or controls < _MOST_CONTROLS * len(start):
        return None
    little = start[1::2].count(0) >= start[::2].count(0)  # the high byte of a space and of a line end is zero
    order = "le" if little else "be"
    return next((name for name in (f"utf-32-{order}", f"utf-16-{order}") if _is_text_in(name, start)), None)


def _is_text_in(encoding: str, start: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)  # the sample may end within a character
    except UnicodeDecodeError:
        return False
    odd = sum(unicodedata.category(character) in {"Cc", "Cn", "Co", "Cs"} for character in text)
    blank = sum(map(text.count, " \t\r\n"))
    return 0 < blank < len(text) and odd - sum(map(text.count, "\t\r\n")) <= _MOST_ODD * len(text)
