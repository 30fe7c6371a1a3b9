"""Whether a text is surely in another language than it should be, by heliport and limits that were measured.

heliport (github.com/ZJaume/heliport) ports HeLI-OTS (Jauhiainen et al. 2022, "HeLI-OTS, Off-the-shelf Language
Identifier for Text", LREC): it knows 220 languages and works offline. Its first guess alone is wrong for up to 40 % of
the rows of some languages, so `data/language_limits.json`, which `benchmarks.language_limits` writes from sentences of
known language, says for each language and script what evidence is needed to contradict it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import fsum, inf
from typing import TYPE_CHECKING, Any, NamedTuple

from bootembed.core.text import script_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST_LETTERS = 8
"""A text of fewer letters is not judged."""
_ONE_LANGUAGE = {"fil": "tgl"}  # two codes of ISO 639-3 for one language
_ONE_SCRIPT = {"Hans": "Hani", "Hant": "Hani", "Hang": "Kore"}
_NO_LANGUAGE = frozenset({"und", "zxx"})
_WORST_SCORE = 7.0  # heliport's of a language that knows nothing of a text
_ALL = 1_000
FEWEST_TEXTS = 30
"""Fewer texts are not judged as a whole."""
_SLACK = 0.1  # that a lead must also stand out by: other sources have other leads
_SLACK_OF_UNKNOWN = 0.3  # where the identifier does not know the language itself: there they differ more
_ERRORS = 3.0  # standard errors that a lead must stand out by
_MOST_OTHERS = 8  # languages whose leads are computed


@dataclass(frozen=True)
class Limits:
    """What was measured of one language in one script.

    Attributes:
        relatives: The identifier's codes of the language itself, its macrolanguage and its siblings; empty if it knows
            none of them in this script.
        least: The evidence that contradicts this language in favour of most others; infinite: single texts cannot be
            checked.
        needed: Another language -> the evidence that contradicts this one in its favour; infinite: none does.
        usual_leads: Another language -> its lead (`leads_of_others`) in texts of this one, where it is above zero.
    """

    relatives: frozenset[str]
    least: float
    needed: dict[str, float]
    usual_leads: dict[str, float]


def limits_of(language: str, script: str) -> Limits | None:
    """The limits of a language (ISO 639-3) in a script (ISO 15924); None where nothing was measured."""
    return _measured().get(f"{one_language(language)}-{one_script(script)}")


def one_language(language: str) -> str:
    """The code that stands for all codes of a language."""
    return _ONE_LANGUAGE.get(language, language)


def one_script(script: str) -> str:
    """The code that stands for all variants of a script."""
    return _ONE_SCRIPT.get(script, script)


def unchecked(language: str, script: str) -> str | None:
    """A sentence that says why single texts of a language are not checked; None where they are."""
    limits = limits_of(language, script)
    if limits and limits.least < inf:
        return None
    why = f"The language of rows was not checked: the identifier has no {{}} for `{language}` in the script `{script}`."
    return f"{why.format('safe limits')} Tables were checked as a whole." if limits else why.format("measured rates")


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


def other_language_of_all(texts: Sequence[str], language: str, script: str) -> str | None:
    """The identifier's code of the other language that texts as a whole are in; None where they are not, or too few.

    A mean over many texts tells neighbours apart that no text alone does: the lead of another language is held against
    the one that it has in texts known to be in `language`.
    """
    limits = limits_of(language, script)
    return other_by_leads(leads_of_others(texts, limits.relatives), limits) if limits else None


def other_by_leads(leads: Mapping[str, Lead], limits: Limits) -> str | None:
    """The language whose lead stands out most from chance and from its usual one; None if none does."""
    slack = _SLACK if limits.relatives else _SLACK_OF_UNKNOWN
    excess = {
        other: lead.mean - _ERRORS * lead.error - limits.usual_leads.get(other, 0.0) - slack
        for other, lead in leads.items()
    }
    found = max(excess, key=excess.__getitem__, default=None)
    return found if found is not None and excess[found] > 0 else None


class Lead(NamedTuple):
    """How much better another language fits texts: the mean and its standard error, in heliport's scores."""

    mean: float
    error: float


def leads_of_others(texts: Sequence[str], relatives: frozenset[str]) -> dict[str, Lead]:
    """The leads over the relatives of the languages that are most often the first guess; none of too few texts.

    Long texts count more, by the square root of their letters. Without relatives, the best of all other languages
    stands for them.
    """
    scored = [
        (letters**0.5, dict(identifier().identify_topk_with_score(text, _ALL)))
        for text in texts
        if (letters := sum(map(str.isalpha, text))) >= FEWEST_LETTERS
    ]
    if len(scored) < FEWEST_TEXTS:
        return {}
    guesses = Counter(min(scores, key=scores.__getitem__) for _, scores in scored if scores)
    others = [code for code, _ in guesses.most_common() if code not in relatives | _NO_LANGUAGE]
    return {other: _lead(other, scored, relatives) for other in others[:_MOST_OTHERS]}


def _lead(other: str, scored: Sequence[tuple[float, dict[str, float]]], relatives: frozenset[str]) -> Lead:
    def over_own(scores: dict[str, float]) -> float:
        own = (score for code, score in scores.items() if (code in relatives if relatives else code != other))
        return min(own, default=_WORST_SCORE) - scores.get(other, _WORST_SCORE)

    leads = [(weight, over_own(scores)) for weight, scores in scored]
    total = fsum(weight for weight, _ in leads)
    mean = fsum(weight * lead for weight, lead in leads) / total
    return Lead(mean, fsum((weight * (lead - mean)) ** 2 for weight, lead in leads) ** 0.5 / total)


@cache
def _scripts(language: str) -> list[str]:
    keys = [key for key, limits in _measured().items() if limits.least < inf]
    return [key.partition("-")[2] for key in keys if key.startswith(f"{one_language(language)}-")]


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
            _or_infinite(entry["least"]),
            {other: _or_infinite(needed) for other, needed in entry["needed"].items()},
            entry["usual_leads"],
        )
        for key, entry in json.loads(text).items()
    }


def _or_infinite(evidence: float | None) -> float:
    return inf if evidence is None else evidence
