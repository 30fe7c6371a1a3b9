"""Reader of TMX, the XML format of translation memories (TMX 1.4b): one pass, one unit in memory."""

from __future__ import annotations

import contextlib
import functools
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from bootembed.core.errors import DataError
from bootembed.corpora.rows import Row, RowRejection
from bootembed.corpora.streams import open_raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.corpora.streams import RawFile

MAX_UNIT_BYTES = 16 * 1024 * 1024
"""A larger translation unit means a damaged file; it would fill the memory."""
_CHUNK = 1 << 16
_MOST_TAGS = 50  # that a message lists
_PLACEHOLDER = "ph"
_PLACE = "\0"  # where a placeholder stood; no XML holds it
_CODES = frozenset({"bpt", "ept", "it", "ut"})  # elements that hold the markup of the translated document
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two languages that are read.

    Attributes:
        column: Our column of its text.
        language: ISO 639-3 key; `ha`, `ha-NG` and `hau` are all Hausa.
        script: Of several variants those in it (ISO 15924) are preferred; by default the language's usual one.
        tag: What the file calls it, where that is something else, such as `no` for Bokmål.
    """

    column: str
    language: str
    script: str | None = None
    tag: str | None = None

    def is_called(self, tag: str) -> bool:
        """Whether a tag of the file means this language."""
        if self.tag is None:
            return _base_language(tag) == _base_language(self.language)
        return f"{_plain(tag)}-".startswith(f"{_plain(self.tag)}-")

    def distance(self, tag: str) -> tuple[bool, int, bool]:
        """The least for the variant to be preferred: with the tag that was named, of the very language, in the script.

        Behind the language itself comes its macrolanguage: Dari is `prs`, else `fa`, else `pes`.
        """
        named = self.tag is not None and _plain(tag) == _plain(self.tag)
        own = _own_language(tag)
        nearness = (self.language, _own_language(_base_language(tag)), own).index(own)
        return not named, nearness, _script(tag) != (self.script or _script(self.language))

    def shown(self) -> str:
        """Its tag in messages."""
        return self.tag or _base_language(self.language)


def read_tmx(file: RawFile, own: Side, english: Side) -> Iterator[Row]:
    """Read the units of a TMX file that hold both the language and English; a row's line is where its unit ends.

    Of several variants of a language in a unit that are not empty, the one whose tag was named is taken, else one of
    the very language (not of another one in its macrolanguage), else one in the script, else the first.

    Args:
        file: The file; its encoding is what its XML declaration says.
        own: The language.
        english: English.

    Raises:
        DataError: The file is missing, empty or damaged, is neither XML nor TMX, declares entities (which could be
            made to fill the memory), or no unit holds both languages.
    """
    sides = (own, english)
    tags: dict[str, None] = {}
    incomplete, complete = False, False
    for unit, line in _units(file):
        variants = [(variant.get(_LANGUAGE) or variant.get("lang") or "", variant) for variant in unit]
        texts = {side: _text_in(side, variants) for side in sides}
        row = Row({side.column: text or "" for side, text in texts.items()}, file.name, line)
        absent = [side.shown() for side, text in texts.items() if text is None]
        if absent:
            incomplete = True
            found = dict.fromkeys(tag for tag, _ in variants)
            tags |= found if len(tags) < _MOST_TAGS else {}
            yield row.reject(RowRejection.MISSING_LANGUAGE, f"no {', '.join(absent)}; has {', '.join(found)}"[:100])
            continue
        complete = True
        empty = [name for name, value in row.values.items() if not value.strip()]
        yield row.reject(RowRejection.EMPTY, ", ".join(empty)) if empty else row
    if incomplete and not complete:
        raise DataError(
            f"{file.path}: no unit holds both {own.shown()!r} and {english.shown()!r}; its languages have the tags "
            f"{', '.join(map(repr, tags))}. If one of them is meant, name it in `corpora`: "
            f'`columns: {{{own.column}: "TAG"}}`'
        )


def _text_in(side: Side, variants: list[tuple[str, ET.Element]]) -> str | None:
    """The text of the fittest variant of a language; None if there is no variant of it."""
    fitting = [(tag, _segment_text(variant)) for tag, variant in variants if side.is_called(tag)]
    if len(fitting) < 2:
        return fitting[0][1] if fitting else None
    return min(fitting, key=lambda variant: (not variant[1].strip(), *side.distance(variant[0])))[1]


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
    prolog = _Prolog(file)
    with open_raw(file) as stream:
        while chunk := stream.readline(_CHUNK):
            if not prolog.over:
                prolog.feed(chunk)
            yield chunk, line
            line += chunk.endswith(b"\n")
    if line == 1 and not file.path.stat().st_size:
        raise DataError(f"{file.path}: is empty; put the data there, or name another file")


class _Prolog:
    """Looks for declarations of entities, which stand before the first element, in whichever encoding that is."""

    def __init__(self, file: RawFile) -> None:
        self.over = False
        self._file = file
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._end
        self._parser.EntityDeclHandler = self._refuse

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes; what is not well-formed is told by who reads them."""
        with contextlib.suppress(expat.ExpatError, LookupError):
            self._parser.Parse(chunk)

    def _end(self, *_: object) -> None:
        self.over = True

    def _refuse(self, *_: object) -> None:
        line = self._parser.CurrentLineNumber
        raise DataError(f"{self._file.path}: line {line}: declares XML entities, which are not read; take them out")


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
    """The text of a variant's segment without the inline marks of translation tools.

    A placeholder, such as a line break, between two letters leaves a space.
    """
    segment = next((inner for inner in variant if _local(inner.tag) == "seg"), None)
    if segment is None:
        return ""
    text, *parts = "".join(_texts(segment)).split(_PLACE)
    for part in parts:
        text += f" {part}" if _is_of_word(text[-1:]) and _is_of_word(part[:1]) else part
    return text


def _texts(element: ET.Element) -> Iterator[str]:
    yield element.text or ""
    for inner in element:
        name = _local(inner.tag)
        if name == _PLACEHOLDER:
            yield _PLACE
        elif name not in _CODES:
            yield from _texts(inner)
        yield inner.tail or ""


def _is_of_word(character: str) -> bool:
    """Whether it is a letter, a digit, or a mark such as an Indic vowel sign."""
    return bool(character) and unicodedata.category(character)[0] in "LMN"


@functools.lru_cache(maxsize=1024)
def _script(tag: str) -> str | None:
    """The script of a tag (ISO 15924), the usual one of its language and region where it says none."""
    import langcodes

    try:
        script: str | None = langcodes.Language.get(tag).maximize().script
    except langcodes.tag_parser.LanguageTagError:
        return None
    return script


def _plain(tag: str) -> str:
    return tag.lower().replace("_", "-")


@functools.lru_cache(maxsize=1024)
def _own_language(tag: str) -> str:
    """The language of a tag by its ISO 639-3 code, itself and not its macrolanguage."""
    import langcodes

    try:
        return str(langcodes.Language.get(tag, normalize=False).to_alpha3())
    except (LookupError, langcodes.tag_parser.LanguageTagError):
        return tag


@functools.lru_cache(maxsize=1024)
def _base_language(tag: str) -> str:
    """The language of a tag without region and script, by its shortest code, within its macrolanguage."""
    import langcodes

    try:
        return str(langcodes.standardize_tag(tag, macro=True)).partition("-")[0]
    except langcodes.tag_parser.LanguageTagError:
        return tag
