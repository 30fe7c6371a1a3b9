"""Reader of TMX, the XML format of translation memories (TMX 1.4b): one pass, one unit in memory."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.corpora.rows import Row, RowRejection
from bootembed.corpora.streams import open_raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.corpora.streams import RawFile

MAX_UNIT_BYTES = 16 * 1024 * 1024
"""A larger translation unit means a damaged file; it would fill the memory."""
_CHUNK = 1 << 16
_CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})  # elements that hold the markup of the translated document
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def read_tmx(file: RawFile, *, column: str, english_column: str, language: str) -> Iterator[Row]:
    """Read the units of a TMX file that hold both the language and English; a row's line is where its unit ends.

    Of several variants of a language in a unit, such as those of its countries, the first that is not empty is taken.

    Args:
        file: The file; its encoding is what its XML declaration says.
        column: Column of the language's text.
        english_column: Column of the English text.
        language: ISO 639-3 key; `ha`, `ha-NG` and `hau` are all Hausa.

    Raises:
        DataError: The file is missing, empty or damaged, is neither XML nor TMX, or declares entities (which could be
            made to fill the memory).
    """
    wanted = {column: _base_language(language), english_column: "en"}
    for unit, line in _units(file):
        texts: dict[str, str] = {}
        for variant in unit:
            code = _base_language(variant.get(_LANGUAGE) or variant.get("lang") or "")
            if not texts.get(code, "").strip():
                texts[code] = _segment_text(variant)
        values = {name: texts.get(code, "") for name, code in wanted.items()}
        row = Row(values, file.name, line)
        absent = [code for code in wanted.values() if code not in texts]
        empty = [name for name, value in values.items() if not value.strip()]
        if absent:
            yield row.reject(RowRejection.MISSING_LANGUAGE, f"no {', '.join(absent)}; has {', '.join(texts)}"[:100])
        else:
            yield row.reject(RowRejection.EMPTY, ", ".join(empty)) if empty else row


def _units(file: RawFile) -> Iterator[tuple[list[ET.Element], int]]:
    """The `tuv` elements of each `tu`, and the line it ends on."""
    parser: ET.XMLPullParser[Any] = ET.XMLPullParser(["start", "end"])
    body = ET.Element("body")
    root: str | None = None
    unread = 0
    for chunk, line in _chunks(file):
        for event, element in _events(parser, chunk, file):
            name = _local(element.tag)
            if root is None:
                root = name
                _require_tmx(root, file)
            if event == "start" and name == "body":
                body = element
            elif event == "end" and name == "tu":
                yield [inner for inner in element if _local(inner.tag) == "tuv"], line
                body.clear()
                unread = 0
        unread += len(chunk)
        if unread > MAX_UNIT_BYTES:
            raise DataError(f"{file.path}: line {line}: a translation unit does not end; is this a TMX file?")
    _events(parser, None, file)


def _chunks(file: RawFile) -> Iterator[tuple[bytes, int]]:
    """The lines of the file, long ones in parts, with their numbers."""
    line = 1
    with open_raw(file) as stream:
        while chunk := stream.readline(_CHUNK):
            if b"<!ENTITY" in chunk:
                raise DataError(f"{file.path}: line {line}: declares XML entities, which are not read; take them out")
            yield chunk, line
            line += chunk.endswith(b"\n")
    if line == 1 and not file.path.stat().st_size:
        raise DataError(f"{file.path}: is empty; put the data there, or take the file out of `corpora`")


def _events(parser: ET.XMLPullParser[Any], chunk: bytes | None, file: RawFile) -> list[Any]:
    """What a chunk adds, or with None what is left at the end of the file."""
    try:
        if chunk is None:
            parser.close()
        else:
            parser.feed(chunk)
        return list(parser.read_events())
    except ET.ParseError as error:
        raise DataError(
            f"{file.path}: is not well-formed TMX from line {error.position[0]} on: {error}; fetch or repair it"
        ) from error
    except LookupError as error:
        raise DataError(f"{file.path}: its XML declaration: {str(error)[:100]}; correct the encoding there") from error


def _require_tmx(root: str, file: RawFile) -> None:
    if root != "tmx":
        raise DataError(f"{file.path}: is XML, but its outermost element is <{root}>, not <tmx>; convert it to TMX")


def _local(tag: Any) -> str:
    """An element's name without its namespace; none of a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _segment_text(variant: ET.Element) -> str:
    """The text of a variant's segment without the inline marks of translation tools."""
    segment = next((inner for inner in variant if _local(inner.tag) == "seg"), None)
    return "".join(_texts(segment)) if segment is not None else ""


def _texts(element: ET.Element) -> Iterator[str]:
    yield element.text or ""
    for inner in element:
        if _local(inner.tag) not in _CODES:
            yield from _texts(inner)
        yield inner.tail or ""


def _base_language(tag: str) -> str:
    """The language of a tag without region and script, by its shortest code, within its macrolanguage."""
    import langcodes

    try:
        return str(langcodes.standardize_tag(tag, macro=True)).partition("-")[0]
    except langcodes.tag_parser.LanguageTagError:
        return tag
