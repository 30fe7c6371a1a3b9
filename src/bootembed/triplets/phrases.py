"""The word lists of the filters, read from the reviewable file `data/phrases.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def refusals() -> tuple[str, ...]:
    """How refusals begin, in every listed language: a model may refuse in any."""
    return tuple(phrase.casefold() for phrases in _file()["refusals"].values() for phrase in phrases)


@cache
def negations(language: str) -> frozenset[str]:
    """Negation words of a language by its ISO 639-3 key; none for a language that is not listed."""
    lists = _file()
    return frozenset(word.casefold() for word in lists["negations"].get(lists["same_as"].get(language, language), ()))


@cache
def abbreviations() -> frozenset[str]:
    """Words whose full stop ends no sentence, whatever the language."""
    return frozenset(word.casefold() for word in _file()["words"]["abbreviations"])


@cache
def scales() -> frozenset[str]:
    """Words and signs that multiply the number before them, whatever the language."""
    return frozenset(word.casefold() for word in _file()["words"]["scales"])


@cache
def _file() -> dict[str, Any]:
    text = resources.files("bootembed.triplets").joinpath("data/phrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
