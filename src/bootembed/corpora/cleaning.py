"""Cleaning of text, and what counts as the same text."""

from __future__ import annotations

import unicodedata

_SEPARATING = frozenset({"Cc", "Zl", "Zp", "Zs"})


class _Translation(dict[int, str | None]):
    """A table for `str.translate` that decides each character once."""

    def __missing__(self, code: int) -> str | None:
        self[code] = decided = self._decide(chr(code))
        return decided

    def _decide(self, character: str) -> str | None:
        raise NotImplementedError


class _Spaces(_Translation):
    """Control characters and every kind of white space become a space; a stray byte order mark goes."""

    def _decide(self, character: str) -> str | None:
        if character == "\N{ZERO WIDTH NO-BREAK SPACE}":
            return None
        return " " if unicodedata.category(character) in _SEPARATING else character


class _Comparable(_Translation):
    """Only letters, marks, numbers and symbols stay. Marks carry the vowels of Indic scripts."""

    def _decide(self, character: str) -> str | None:
        return character if unicodedata.category(character)[0] in "LMNS" else None


_SPACES = _Spaces()
_COMPARABLE = _Comparable()


def clean_text(text: str) -> str:
    """Text in Unicode NFC, without control characters, each run of white space one space, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(text.translate(_SPACES).split()))


def comparable(text: str) -> str:
    """What two texts share that differ in case, punctuation, spacing or Unicode form only; may be empty."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded.translate(_COMPARABLE))  # what was taken out may have parted a letter
