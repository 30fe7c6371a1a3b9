"""Cleaning of text, what counts as the same text, and what a text is made of."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

import regex

_SEPARATING = frozenset({"Cc", "Zl", "Zp", "Zs"})
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


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
    """Only characters of some major categories of Unicode stay."""

    def __init__(self, categories: str) -> None:
        super().__init__()
        self._categories = categories

    def _decide(self, character: str) -> str | None:
        return character if unicodedata.category(character)[0] in self._categories else None


class _InWords(_Kept):
    """Words stay, with their apostrophes; what lies between them becomes a space."""

    def _decide(self, character: str) -> str | None:
        if character in _JOINERS:
            return None
        return character if character == "'" else super()._decide(character) or " "


_SPACES = _Spaces()
_LETTERS_AND_DIGITS = _Kept("LMN")  # marks too: they carry the vowels of Indic scripts
_WITH_SYMBOLS = _Kept("LMNS")
_WORDS = _InWords("LMN")


def clean_text(text: str) -> str:
    """Text in Unicode NFC, without control characters, each run of white space one space, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(text.translate(_SPACES).split()))


@lru_cache(maxsize=4096)  # a text is compared with the evaluation sets and with its own table
def comparable(text: str, *, symbols: bool = True) -> str:
    """What two texts share that differ only in case, punctuation, spacing or Unicode form; may be empty.

    Args:
        text: Any text.
        symbols: Keep symbols such as `+`, `$` and emoji. In a corpus `C` and `C++` are different texts; a generated
            answer that only adds a backtick or an emoji to its anchor is a copy, and one of emoji alone is empty.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = folded.translate(_WITH_SYMBOLS if symbols else _LETTERS_AND_DIGITS)
    return unicodedata.normalize("NFKC", kept)  # a letter and its mark may have been apart


def words(text: str) -> list[str]:
    """Words for comparison: case-folded runs of letters, marks, digits and apostrophes."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return [word for word in folded.translate(_WORDS).split() if word.strip("'")]


def ngrams(text: str, size: int) -> frozenset[str]:
    """The distinct runs of `size` characters of a text; none of a shorter text."""
    return frozenset(text[start : start + size] for start in range(len(text) - size + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared n-grams / all n-grams; 0 for two texts without any."""
    return len(one & other) / max(1, len(one | other))


def repair_mojibake(text: str) -> str:
    """Repair text whose UTF-8 was once read as another encoding (`cafÃ©` -> `café`); other text stays as it is."""
    import ftfy

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
    """Share of a text's letters that are of a script (ISO 15924); 1 for a text without letters."""
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


_LETTER = regex.compile(r"\p{L}")


@cache
def _of_script(script: str) -> Any:
    return _LETTER if script == ANY_SCRIPT else regex.compile(rf"(?V1)[\p{{L}}&&[{_scripts(script)}]]")


@cache
def _of_other_script(script: str) -> Any:
    return regex.compile(r"(?!)" if script == ANY_SCRIPT else rf"(?V1)[\p{{L}}--[{_scripts(script)}]]")


def _scripts(script: str) -> str:
    return "||".join(rf"\p{{Script={name}}}" for name in _SCRIPTS_OF.get(script, (script,)))
