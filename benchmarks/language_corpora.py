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
                rows = _column(path / f"{split}.tsv", "text")
                yield Corpus(f"sib200-{split}", language, one_script(script), rows)


def mafand(folder: Path) -> Iterator[Corpus]:
    """Of MAFAND-MT as tables `en-<language>/test.tsv`: news, in which some rows are in another language."""
    for path in sorted(folder.glob("en-*/test.tsv")):
        language = path.parent.name.removeprefix("en-")
        yield Corpus("mafand", language, "Latn", _column(path, language))


def semrel(folder: Path) -> Iterator[Corpus]:
    """Of SemRel 2024 as `<language>/<split>.csv`: both sentences of each pair."""
    for path in sorted(folder.glob("*/test.csv")):
        language = path.parent.name
        if language in SEMREL:
            with path.open(encoding="utf-8", newline="") as file:
                pairs = [row["Text"] for row in csv.DictReader(file)]
            rows = [half.strip() for pair in pairs for half in pair.replace("\t", "\n").split("\n") if half.strip()]
            yield Corpus("semrel", language, _script(rows), rows)


def pooled(corpora: Iterable[Corpus]) -> dict[str, list[Corpus]]:
    """The corpora by language and script."""
    found = defaultdict(list)
    for corpus in corpora:
        found[corpus.key].append(corpus)
    return dict(found)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row.get(name)]


def _script(rows: list[str]) -> str:
    text = " ".join(rows[:300])
    shares = {script: script_share(text, script) for script in _SCRIPTS}
    return max(shares, key=lambda script: round(shares[script], 2))
