"""Whether a text is surely in another language than it should be, by heliport and limits that were measured.

heliport (github.com/ZJaume/heliport) ports HeLI-OTS (Jauhiainen et al. 2022, "HeLI-OTS, Off-the-shelf Language
Identifier for Text", LREC): it knows 220 languages and works offline. Its first guess alone is wrong for up to 40 % of
the rows of some languages, so `data/language_limits.json`, which `benchmarks.language_limits` writes from sentences of
known language, says for each language and script what evidence is needed to contradict it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import inf
from typing import Any

from bootembed.core.text import script_share

FEWEST_LETTERS = 8
"""A text of fewer letters is not judged."""
_ONE_SCRIPT = {"Hans": "Hani", "Hant": "Hani", "Hang": "Kore"}
_NO_LANGUAGE = frozenset({"und", "zxx"})
_WORST_SCORE = 7.0  # heliport's of a language that knows nothing of a text
_ALL = 1_000


@dataclass(frozen=True)
class Limits:
    """What was measured of one language in one script.

    Attributes:
        relatives: The identifier's codes of the language itself, its macrolanguage and its siblings; empty if it knows
            none of them in this script.
        least: The evidence that contradicts this language in favour of most others.
        needed: Another language -> the evidence that contradicts this one in its favour; infinite: none does.
    """

    relatives: frozenset[str]
    least: float
    needed: dict[str, float]


def limits_of(language: str, script: str) -> Limits | None:
    """The limits of a language (ISO 639-3) in a script (ISO 15924); None where it cannot be checked."""
    return _measured().get(f"{language}-{one_script(script)}")


def one_script(script: str) -> str:
    """The code that stands for all variants of a script."""
    return _ONE_SCRIPT.get(script, script)


def unchecked(language: str, script: str) -> str | None:
    """A sentence that says why a language is not checked; None where it is."""
    if limits_of(language, script):
        return None
    return (
        f"The language of rows was not checked: the identifier has no measured rates for `{language}` in the script "
        f"`{script}`."
    )


def is_checkable(language: str) -> bool:
    """Whether a language can be checked in any script."""
    return bool(_scripts(language))


def measured_script(text: str, language: str) -> str | None:
    """The script that most letters of a text are in, of those in which its language can be checked."""
    return next((script for script in _scripts(language) if script_share(text, script) > 0.5), None)


def in_other_language(text: str, language: str, script: str) -> str | None:
    """The identifier's code (ISO 639-3) of the other language that a text is surely in.

    None where it is in `language`, in a close relative, or unclear, and where the language cannot be checked
    (`unchecked`).
    """
    limits = limits_of(language, script)
    found = evidence_of_other(text, limits.relatives) if limits else None
    if limits is None or found is None:
        return None
    other, evidence = found
    return other if evidence >= limits.needed.get(other, limits.least) else None


def evidence_of_other(text: str, relatives: frozenset[str]) -> tuple[str, float] | None:
    """The language that fits a text best, and how much better than the relatives; None if it is one of them.

    Evidence is the difference of heliport's scores (negative log10 probability of a word) times the square root of the
    number of letters, since chance differences shrink with it. Without relatives the second best language stands for
    them.
    """
    letters = sum(map(str.isalpha, text))
    if letters < FEWEST_LETTERS:
        return None
    first, best = identifier().identify_with_score(text, ignore_confidence=True)
    if first in relatives or first in _NO_LANGUAGE:
        return None
    ranked = identifier().identify_topk_with_score(text, _ALL if relatives else 2)
    others = [score for code, score in ranked if (code in relatives if relatives else code != first)]
    return first, (min(others, default=_WORST_SCORE) - best) * letters**0.5


@cache
def _scripts(language: str) -> list[str]:
    return [key.partition("-")[2] for key in _measured() if key.startswith(f"{language}-")]


@cache
def identifier() -> Any:
    """Heliport's identifier, loaded when first used."""
    from heliport import Identifier

    return Identifier()


@cache
def _measured() -> dict[str, Limits]:
    text = resources.files("bootembed.core").joinpath("data/language_limits.json").read_text(encoding="utf-8")
    return {
        key: Limits(
            frozenset(entry["relatives"]),
            entry["least"],
            {other: inf if needed is None else needed for other, needed in entry["needed"].items()},
        )
        for key, entry in json.loads(text).items()
    }
