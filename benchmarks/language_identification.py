"""Compare language identifiers that work offline, and measure the check of languages that is made of the chosen one.

The other identifiers are no dependencies: `pip install pycld2 cld3-py lingua-language-detector py3langid` first.

    python -m benchmarks.language_identification --tatoeba DIR --sib200 DIR --mafand DIR --semrel DIR --output FILE
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import langcodes

from benchmarks.language_corpora import Corpus, mafand, pooled, semrel, sib200, tatoeba
from benchmarks.language_limits import across_halves, evidence, sampled, usual_leads
from benchmarks.machine import machine
from bootembed.core.language_id import (
    identifier,
    in_other_language,
    leads_of_others,
    limits_of,
    other_by_leads,
    other_language_of_all,
    unchecked,
)
from bootembed.corpora.identifiers import family

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bootembed.core.language_id import Limits

    Identify = Callable[[str], str | None]

_ROWS = 40  # of each corpus, for the comparison
_LEAVES = re.compile(r"[\[{][^\[\]{}]*[\]}]")  # lists and objects of plain values, a line each
_NONE = {None, "und", "zxx", "un"}
_CODES = {"iw": "he", "jw": "jv"}  # where they are not today's


def identifiers() -> dict[str, Identify]:
    """Name -> text to ISO 639-3, or to a sign that it is undecided."""
    import gcld3
    import py3langid
    import pycld2
    from lingua import LanguageDetectorBuilder

    cld3 = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1000)
    lingua = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()

    def with_cld2(text: str) -> str | None:
        try:
            return _code(pycld2.detect(text, bestEffort=True)[2][0][1])
        except pycld2.error:  # control characters and the like
            return None

    def with_cld3(text: str) -> str | None:
        found = cld3.FindLanguage(text=text)
        return _code(found.language) if found.is_reliable else None

    def with_lingua(text: str) -> str | None:
        found = lingua.detect_language_of(text)
        return found and str(found.iso_code_639_3.name.lower())

    return {
        "heliport": identifier().identify,
        "CLD2": with_cld2,
        "CLD3": with_cld3,
        "lingua, low accuracy": with_lingua,
        "py3langid": lambda text: _code(py3langid.classify(text)[0]),
    }


def _code(tag: str) -> str:
    tag = tag.partition("-")[0]
    try:
        return str(langcodes.Language.get(_CODES.get(tag, tag)).to_alpha3())
    except LookupError:
        return tag


def compare(corpora: Sequence[Corpus]) -> dict[str, Any]:
    """For each identifier and corpus: right, undecided and wrong first guesses, of the corpora whose language it knows.

    A language counts as known if it is ever guessed right. Close relatives (`family`) count as right.
    """
    result: dict[str, Any] = {}
    for name, identify in identifiers().items():
        begun, counts = time.perf_counter(), {}
        for corpus in corpora:
            right = family(corpus.language)
            guesses = [identify(row) for row in corpus.rows[:_ROWS]]
            undecided = sum(guess in _NONE for guess in guesses)
            found = sum(guess in right for guess in guesses)
            counts[f"{corpus.source} {corpus.key}"] = [found, undecided, len(guesses) - found - undecided]
        known = {key: found for key, found in counts.items() if found[0] * 20 > sum(found)}
        rows = sum(map(sum, counts.values()))
        result[name] = {
            "rows_per_second": round(rows / (time.perf_counter() - begun)),
            "known_corpora": len(known),
            "all": _shares(list(known.values())),
            "over_5_percent_wrong": sum(found[2] > 0.05 * sum(found) for found in known.values()),
            "corpora": counts,
        }
    shared = set.intersection(*({k for k, v in r["corpora"].items() if v[0] * 20 > sum(v)} for r in result.values()))
    for found in result.values():
        found["shared"] = _shares([found["corpora"][key] for key in sorted(shared)])
    return {"shared_corpora": len(shared), **result}


def _shares(counts: Sequence[Sequence[int]]) -> list[float]:
    """Right, undecided, wrong."""
    rows = sum(map(sum, counts))
    return [round(sum(count[place] for count in counts) / rows, 4) for place in range(3)]


def check(corpora: Sequence[Corpus]) -> dict[str, Any]:
    """What the check loses of good rows, and catches of English and of the language most mistaken for it."""
    english = [corpus._replace(rows=corpus.rows[:200]) for corpus in corpora if corpus.key == "eng-Latn"]
    result: dict[str, Any] = {}
    for key, group in pooled(corpora).items():
        language, _, script = key.partition("-")
        limits = limits_of(language, script)
        if limits is None:
            result[key] = None
            continue
        guesses = Counter(
            guess
            for corpus in group
            for guess in identifier().par_identify(corpus.rows)
            if guess not in limits.relatives | {"und", "zxx"} and guess not in family(language)
        )
        near = next((found for code, _ in guesses.most_common() if (found := _corpora_of(code, corpora, script))), [])
        of_rows = {
            "lost": {corpus.source: _caught(corpus.rows, language, script) for corpus in group},
            "lost_across_halves": _across_halves(group, limits),
            "english_caught": {corpus.source: _caught(corpus.rows, language, script) for corpus in english},
            "neighbour_caught": {corpus.source: _caught(corpus.rows, language, script) for corpus in near},
        }
        result[key] = {
            "known": bool(limits.relatives),
            "neighbour": near[0].key if near else None,
            "rows": None if unchecked(language, script) else of_rows,
            "whole": {
                "alarm_across_sources": _across_sources(group, limits),
                "english": {corpus.source: _whole(corpus, language, script) for corpus in english},
                "neighbour": {corpus.source: _whole(corpus, language, script) for corpus in near},
            },
        }
    return result


def _corpora_of(code: str, corpora: Sequence[Corpus], script: str) -> list[Corpus]:
    return [corpus for corpus in corpora if corpus.language == code and corpus.script == script]


def _caught(rows: Sequence[str], language: str, script: str) -> float:
    return round(sum(in_other_language(row, language, script) is not None for row in rows) / len(rows), 4)


def _whole(corpus: Corpus, language: str, script: str) -> str | None:
    return other_language_of_all(sampled(corpus.rows), language, script)


def _across_sources(group: Sequence[Corpus], limits: Limits) -> dict[str, str | None]:
    """Source -> the other language that its good rows are taken for, with leads that the other sources set."""
    return {
        corpus.source: other_by_leads(
            leads_of_others(sampled(corpus.rows), limits.relatives),
            replace(limits, usual_leads=usual_leads([one for one in group if one is not corpus], limits.relatives)),
        )
        for corpus in group
        if len(group) > 1
    }


def _across_halves(group: Sequence[Corpus], limits: Limits) -> float | None:
    set_by = [corpus for corpus in group if corpus.source.startswith(("tatoeba", "sib200"))]
    if not set_by:
        return None
    return round(across_halves([evidence(corpus.rows, limits.relatives) for corpus in set_by], limits.least), 4)


def _on_one_line(leaf: re.Match[str]) -> str:
    return re.sub(r"(?<=[\[{]) | (?=[\]}])", "", " ".join(leaf[0].split()))


@click.command(help=__doc__)
@click.option("--tatoeba", "tatoeba_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--sib200", "sib200_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--mafand", "mafand_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--semrel", "semrel_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
def main(tatoeba_dir: Path, sib200_dir: Path, mafand_dir: Path, semrel_dir: Path, output: Path) -> None:
    """Measure both."""
    sentences = [*tatoeba(tatoeba_dir), *(corpus for corpus in sib200(sib200_dir) if corpus.source == "sib200-test")]
    corpora = [*sentences, *mafand(mafand_dir, "test"), *semrel(semrel_dir, "test")]
    result = {"machine": machine(), "identifiers": compare(corpora), "check": check(corpora)}
    lines = json.dumps(result, indent=1, ensure_ascii=False)
    output.write_text(_LEAVES.sub(_on_one_line, lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
