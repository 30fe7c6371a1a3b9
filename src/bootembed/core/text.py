"""Cleaning of text, what counts as the same text, and what a text is made of."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import regex

from bootembed.core.letters import SPELLINGS, join_letters, respell, unescape

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEPARATING = frozenset({"Cc", "Zl", "Zp", "Zs"})
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


_IN_WORDS = "'\u2019\u02b9\u02bb\u02bc\u02bd\ua78b\ua78c\uff07\u07f4\u07f5"
"""Apostrophes that are letters, or stand for one."""
APOSTROPHES = _IN_WORDS + "`\u2018\u201b\u02be\u02bf\u02c8\u2032\u2035\u055a\u05f3"
"""Also others that are typed for them."""
_SPACING_ACCENTS = "\u00b4\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u0384\u02dd"
"""Accents that are typed for them too; NFKC puts these onto letters."""
_MARKS = "".join(
    map(
        chr,
        (
            0x640,  # tatweel, which only stretches a word
            0x307,  # what is left of the dot of a folded \u0130
            0x34F,  # combining grapheme joiner
            *range(0x64B, 0x653),  # short vowels of Arabic and
            0x670,
            *range(0x591, 0x5BE),  # of Hebrew, which most texts leave out
            *(0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7),
            *range(0x180B, 0x180E),  # variation selectors
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
_VARIANTS: dict[str, str | None] = {
    **dict.fromkeys(APOSTROPHES + _MARKS),
    **dict.fromkeys("|~\u2212\u2044\u2215\u22c5"),  # typed for danda, wave dash, hyphen, slash and middle dot
    "\u0131": "i",  # what capitals do not tell apart
    "\u0643": "\u06a9",  # kaf and yeh of Arabic and of Persian keyboards
    "\u064a": "\u06cc",
    "\u0649": "\u06cc",
}
"""Characters that stand for the same letter, by the one that is compared; None: no letter."""


class _Translation(dict[int, str | None]):
    """A table for `str.translate` that decides each character once."""

    def __missing__(self, code: int) -> str | None:
        self[code] = decided = self._decide(chr(code))
        return decided

    def _decide(self, character: str) -> str | None:
        raise NotImplementedError


class _Spaces(_Translation):
    """Control characters and every kind of white space become a space; a stray byte order mark is removed."""

    def _decide(self, character: str) -> str | None:
        if character == "\N{ZERO WIDTH NO-BREAK SPACE}":
            return None
        return " " if unicodedata.category(character) in _SEPARATING else character


class _Kept(_Translation):
    """Only characters of some major categories of Unicode stay; variants of a letter or digit become one."""

    def __init__(self, categories: str, variants: Mapping[str, str | None]) -> None:
        super().__init__()
        self._categories = categories
        self._variants = variants

    def _decide(self, character: str) -> str | None:
        if character in self._variants:
            return self._variants[character]
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        return character if category[0] in self._categories else None


class _InWords(_Kept):
    """Words stay, with their apostrophes; what lies between them becomes a space."""

    def _decide(self, character: str) -> str | None:
        if character in _JOINERS or character in _MARKS:
            return None
        if character in _IN_WORDS:
            return "'"
        return super()._decide(character) or " "


_SPACES = _Spaces()
_LETTERS_AND_DIGITS = _Kept("LMN", _VARIANTS | SPELLINGS)  # marks too: they carry the vowels of Indic scripts
_WITH_SYMBOLS = _Kept("LMNS", _VARIANTS | SPELLINGS)
_WORDS = _InWords("LMN", _VARIANTS)


def clean_text(text: str) -> str:
    """Text in Unicode NFC, without control characters, each run of white space one space, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(text.translate(_SPACES).split()))


@lru_cache(maxsize=4096)  # a text is compared with the evaluation sets and with its own table
def comparable(text: str, *, symbols: bool = True) -> str:
    """What two texts share that differ only in case, punctuation, spacing or Unicode form; may be empty.

    Variants of a letter are one letter: apostrophes and what is typed for them are none, as are tatweel, variation
    selectors and the vowel points of Arabic and Hebrew; digits of all scripts are those of ASCII, and i has no dots.
    So are the spellings in `core.letters`, and entities of HTML are their characters.

    Args:
        text: Any text.
        symbols: Keep symbols such as `+`, `$` and emoji. In a corpus `C` and `C++` are different texts; a generated
            answer that only adds a backtick or an emoji to its anchor is a copy, and one of emoji alone is empty.
    """
    kept = _WITH_SYMBOLS if symbols else _LETTERS_AND_DIGITS
    if "&" in text:
        text = unescape(clean_text(text))  # cleaning may first make an entity whole
    if text.isascii():
        return text.lower().translate(kept)
    for accent in _SPACING_ACCENTS:
        text = text.replace(accent, "")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    letters = respell(join_letters(folded).translate(kept))
    while (composed := unicodedata.normalize("NFKC", letters)) != letters:  # a letter and its mark may have been apart
        letters = respell(composed.translate(kept))
    return letters


def words(text: str) -> list[str]:
    """Words for comparison: case-folded runs of letters, marks, digits and apostrophes."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in folded.translate(_WORDS).split() if word.strip("'")]


def ngrams(text: str, size: int) -> frozenset[str]:
    """The distinct runs of `size` characters of a text; none of a shorter text."""
    return frozenset(map("".join, zip(*(text[start:] for start in range(size)), strict=False)))  # no loop in Python


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared n-grams / all n-grams; 0 for two texts without any."""
    return len(one & other) / max(1, len(one | other))


def repair_mojibake(text: str) -> str:
    """Repair text whose UTF-8 was once read as another encoding (`cafÃ©` -> `café`); other text stays as it is."""
    import ftfy

    if text.isascii():  # most text in many languages, and slow to search
        return text
    return str(ftfy.fix_encoding(text))


_REPEAT_NGRAM = 4
_SHORTEST_REPEAT = 40
_SCRIPTS_OF = {  # ISO 15924 codes that stand for several scripts of Unicode
    "Jpan": ("Hira", "Kana", "Hani"),
    "Kore": ("Hang", "Hani"),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
}
ANY_SCRIPT = "Zyyy"
"""The ISO 15924 code for a language, or a mix of languages, that is not bound to a script."""


def distinct_share(text: str) -> float:
    """Distinct character 4-grams / all; near 0 in a text that repeats itself, 1 for a text too short to judge."""
    if len(text) < _SHORTEST_REPEAT:
        return 1.0
    return len(ngrams(text, _REPEAT_NGRAM)) / (len(text) - _REPEAT_NGRAM + 1)


def script_share(text: str, script: str) -> float:
    """Share of a text's letters that are of a script (ISO 15924); 1 for a text without letters.

    Letters that several scripts share, such as the Arabic tatweel and the length mark of kana, are of none.
    """
    if not _of_other_script(script).search(text):  # most text; counting is slow
        return 1.0
    letters = len(_LETTER.findall(text))
    return len(_of_script(script).findall(text)) / letters if letters else 1.0


def is_known_script(script: str) -> bool:
    """Whether `script_share` knows an ISO 15924 code."""
    try:
        _of_script(script)
    except regex.error:
        return False
    return True


_LETTERS = r"\p{L}--\p{Script=Common}--\p{Script=Inherited}"
_LETTER = regex.compile(rf"(?V1)[{_LETTERS}]")


@cache
def _of_script(script: str) -> Any:
    return _LETTER if script == ANY_SCRIPT else regex.compile(rf"(?V1)[\p{{L}}&&[{_scripts(script)}]]")


@cache
def _of_other_script(script: str) -> Any:
    return regex.compile(r"(?!)" if script == ANY_SCRIPT else rf"(?V1)[{_LETTERS}--[{_scripts(script)}]]")


def _scripts(script: str) -> str:
    return "||".join(rf"\p{{Script={name}}}" for name in _SCRIPTS_OF.get(script, (script,)))


_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Ethiopic}\p{Yi}\p{Vai}\p{Cherokee}\p{Cans}]")
_FIRST_DENSE = "\u1100"  # in the order of Unicode; to compare is faster than to search
_HAN = regex.compile(r"\p{Han}")
_LETTERS_OF_HAN, _LETTERS_OF_SYLLABLE = 4, 2


class _Spelt(dict[int, str]):
    """Characters that carry as much as several letters, as so many.

    The sentences of SIB-200 have in English 3 times as many letters as in Chinese, 2.0 times as many as in Japanese,
    2.2 times as many as in Korean and 1.6 times as many as in Amharic; in alphabets, Thai and Indic scripts 0.7 to 1.3
    times. Counted as one letter each, most Chinese sentences would be too short, and one word would change most of one.
    An ideograph counts as one letter more than it carries: a word that is added must not change a sentence more.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        spelt = unicodedata.normalize("NFD", character)  # of Hangul
        if _HAN.match(character):
            spelt = character * _LETTERS_OF_HAN
        elif len(spelt) == 1 and _DENSE.match(character):
            spelt = character * _LETTERS_OF_SYLLABLE
        self[code] = spelt if _DENSE.match(character) else character
        return self[code]


_SPELT = _Spelt()


def spelt_out(text: str) -> str:
    """The text with each character that carries as much as several letters as so many."""
    may_be_dense = max(text, default="") >= _FIRST_DENSE
    return text.translate(_SPELT) if may_be_dense and _DENSE.search(text) else text
