"""Sentences whose language is known: Tatoeba (LASER), SIB-200, MAFAND-MT and SemRel 2024, from local folders."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from bootembed.core.language_id import one_script
from bootembed.core.text import script_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SCRIPTS = (  # Kore and Jpan include Hani, which comes first: text without kana or Hangul is Chinese
    *("Latn", "Cyrl", "Arab", "Deva", "Beng", "Gujr", "Guru", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Thai"),
    *("Laoo", "Khmr", "Mymr", "Tibt", "Geor", "Armn", "Grek", "Hebr", "Ethi", "Nkoo", "Olck", "Tfng"),
    *("Hani", "Kore", "Jpan"),
)
SEMREL = {"afr", "hau", "hin", "ind", "mar", "tel"}


class Corpus(NamedTuple):
    """Sentences of one source in one language (ISO 639-3) and script (ISO 15924)."""

    source: str
    language: str
    script: str
    rows: list[str]

    @property
    def key(self) -> str:
        """`language-Script`."""
        return f"{self.language}-{self.script}"


def tatoeba(folder: Path) -> Iterator[Corpus]:
    """Of LASER's `data/tatoeba/v1`: up to 1,000 sentences a language; the script is that of most letters."""
    for path in sorted(folder.glob("tatoeba.*-eng.*")):
        language = path.suffix[1:]
        if language != "eng":
            rows = _lines(path)
            yield Corpus("tatoeba", language, _script(rows), rows)
    english = folder / "tatoeba.cmn-eng.eng"
    if english.is_file():
        yield Corpus("tatoeba", "eng", "Latn", _lines(english))


def sib200(folder: Path) -> Iterator[Corpus]:
    """Of SIB-200's `data/annotated`: 1,004 sentences of FLORES in each of 205 languages and scripts."""
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        language, _, script = path.name.partition("_")
        for split in ("train", "dev", "test"):
            if (path / f"{split}.tsv").is_file():
                rows = [text for (text,) in _columns(path / f"{split}.tsv", "text")]
                yield Corpus(f"sib200-{split}", language, one_script(script), rows)


def mafand(folder: Path, split: str) -> Iterator[Corpus]:
    """Of MAFAND-MT as tables `en-<language>/<split>.tsv`: news.

    Left out are rows that share half of their words or more with their English side: lists of names, and rows that
    nobody translated.
    """
    for path in sorted(folder.glob(f"en-*/{split}.tsv")):
        language = path.parent.name.removeprefix("en-")
        pairs = _columns(path, language, "en")
        yield Corpus(f"mafand-{split}", language, "Latn", [row for row, other in pairs if not _is_copied(row, other)])


def _is_copied(row: str, other: str) -> bool:
    words, others = set(row.casefold().split()), set(other.casefold().split())
    return 2 * len(words & others) >= len(words)


def semrel(folder: Path, split: str) -> Iterator[Corpus]:
    """Of SemRel 2024 as `<language>/<split>.csv`: both sentences of each pair."""
    for path in sorted(folder.glob(f"*/{split}.csv")):
        language = path.parent.name
        if language in SEMREL:
            with path.open(encoding="utf-8", newline="") as file:
                pairs = [row["Text"] for row in csv.DictReader(file)]
            rows = [half.strip() for pair in pairs for half in pair.replace("\t", "\n").split("\n") if half.strip()]
            yield Corpus(f"semrel-{split}", language, _script(rows), rows)


def pooled(corpora: Iterable[Corpus]) -> dict[str, list[Corpus]]:
    """The corpora by language and script."""
    found = defaultdict(list)
    for corpus in corpora:
        found[corpus.key].append(corpus)
    return dict(found)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _columns(path: Path, *names: str) -> list[tuple[str, ...]]:
    """Of the rows that have them all."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            [row.get(name) for name in names] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    return [tuple(map(str, row)) for row in rows if all(row)]


def _script(rows: list[str]) -> str:
    text = " ".join(rows[:300])
    shares = {script: script_share(text, script) for script in _SCRIPTS}
    return max(shares, key=lambda script: round(shares[script], 2))
