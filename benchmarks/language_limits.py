"""Write the evidence that is needed to say that a row is in another language, from sentences of known language.

The limits of Hausa and other languages of Africa are set by development sets of MAFAND and SemRel, too.

    python -m benchmarks.language_limits --tatoeba DIR --sib200 DIR --mafand DIR --semrel DIR
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from benchmarks.language_corpora import Corpus, mafand, pooled, semrel, sib200, tatoeba
from bootembed.core.language_id import evidence_of_other, identifier, leads_of_others
from bootembed.core.names import ENGLISH
from bootembed.corpora.identifiers import family

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Found = list[tuple[str, float] | None]
Needed = dict[str, float | None]
TABLE = Path("src/bootembed/core/data/language_limits.json")
_LADDER = (3.0, 4.0, 6.0, 8.0, 12.0, 20.0, None)  # None: no evidence is enough
_STEPS = (3.0, 4.0, 6.0, 8.0)  # of them the least with which limits of one half of the rows hold for the other
_TARGET = 0.005  # rows of a corpus that may be lost
_MOST_LOST = 0.01  # of those that set no limit
_LEAST_ENGLISH_CAUGHT = 0.95
_LEAST_RIGHT = 0.5  # first guesses, for a language to count as known
_ENGLISH_ROWS = 200  # of each source
_SAMPLE = 300  # rows of a corpus that are looked at as a whole


class Entry(NamedTuple):
    """Of the table, as `core.language_id.Limits`; None: no evidence is enough."""

    relatives: set[str]
    least: float | None
    needed: Needed
    usual_leads: dict[str, float]

    def shown(self) -> str:
        """For the file."""
        sorted_values = {
            "relatives": sorted(self.relatives),
            "least": self.least,
            "needed": dict(sorted(self.needed.items())),
            "usual_leads": dict(sorted(self.usual_leads.items())),
        }
        return json.dumps(sorted_values)


def lost(found: Found, least: float, needed: Needed) -> list[str]:
    """The other languages that rows are taken for."""
    rows = [row for row in found if row is not None]
    limits = {other: float("inf") if limit is None else limit for other, limit in needed.items()}
    return [other for other, evidence in rows if evidence >= limits.get(other, least)]


def raise_limits(corpora: Sequence[Found], least: float) -> Needed:
    """Raise the limit of the language that most rows are taken for until few rows of each corpus are lost.

    English, which is most often found in other languages' files, begins with the lowest.
    """
    needed: Needed = {ENGLISH: _LADDER[0]}
    while True:
        shares = [len(lost(found, least, needed)) / len(found) for found in corpora]
        if max(shares) <= _TARGET:
            return needed
        taken = lost(corpora[shares.index(max(shares))], least, needed)
        other = Counter(taken).most_common(1)[0][0]
        needed[other] = _LADDER[_LADDER.index(needed.get(other, least)) + 1]


def measured(corpora: Sequence[Corpus], english: Sequence[str]) -> Entry:
    """Relatives and limits of a language in a script; `least` None where single texts cannot be checked well enough.

    Limits set by one half of the rows should hold for the other. Where they never do, the strictest are taken if the
    identifier knows the language, and none if not.
    """
    relatives = family(corpora[0].language) & set(identifier().get_confidence_all())
    if not _is_known(corpora, relatives):
        relatives = set()
    found = [evidence(corpus.rows, relatives) for corpus in corpora]
    strictest = _STEPS[-1] if relatives else None
    least = next((step for step in _STEPS if across_halves(found, step) <= _MOST_LOST), strictest)
    leads = usual_leads(corpora, relatives)
    if least is None:
        return Entry(relatives, None, {}, leads)
    needed = raise_limits(found, least)
    caught = len(lost(evidence(english, relatives), least, needed)) / len(english)
    is_english = corpora[0].language == ENGLISH
    if not is_english and caught < _LEAST_ENGLISH_CAUGHT:
        return Entry(relatives, None, {}, leads)
    needed = {other: limit for other, limit in needed.items() if limit != least}
    return Entry(relatives, least, needed, leads)


def usual_leads(corpora: Sequence[Corpus], relatives: Collection[str]) -> dict[str, float]:
    """The largest lead of each other language in any of the corpora, where it is above zero."""
    leads: dict[str, float] = {}
    for corpus in corpora:
        for other, lead in leads_of_others(sampled(corpus.rows), frozenset(relatives)).items():
            leads[other] = max(round(lead.mean, 2), leads.get(other, 0.0))
    return {other: lead for other, lead in leads.items() if lead > 0}


def across_halves(corpora: Sequence[Found], least: float) -> float:
    """The share of one half of the rows that is lost by limits that the other half set; of the worst corpus."""
    needed = raise_limits([rows[::2] for rows in corpora], least)
    return max(len(lost(rows[1::2], least, needed)) / len(rows[1::2]) for rows in corpora)


def evidence(rows: Sequence[str], relatives: Collection[str]) -> Found:
    """The evidence against the language that rows should be in."""
    return [evidence_of_other(row, frozenset(relatives)) for row in rows]


def sampled(rows: Sequence[str]) -> Sequence[str]:
    """Rows of a corpus at equal distances, to be looked at as a whole."""
    return rows[:: max(1, len(rows) // _SAMPLE)]


def _is_known(corpora: Sequence[Corpus], relatives: set[str]) -> bool:
    rows = [row for corpus in corpora for row in corpus.rows]
    right = sum(identifier().identify(row, ignore_confidence=True) in relatives for row in rows)
    return right >= _LEAST_RIGHT * len(rows)


def _with_names(table: Mapping[str, Entry]) -> dict[str, Entry]:
    """The table, with macrolanguages of which only members were measured, and members of which only the macrolanguage.

    A macrolanguage gets the highest limits of its members, and they get its.
    """
    found: dict[str, Entry] = {}
    for key, entry in table.items():
        language, _, script = key.partition("-")
        for other in sorted(_names(language)):
            same = f"{other}-{script}"
            if same not in table or table[same].relatives == entry.relatives:
                found[same] = _highest(entry, found.get(same, table.get(same, entry)))
    return dict(table) | found


def _names(language: str) -> set[str]:
    """The macrolanguage of a language, and the members of a macrolanguage."""
    from iso639 import Lang

    if len(family(language)) == 1:
        return set()
    macro, members = Lang(language).macro(), Lang(language).individuals()
    return {macro.pt3} if macro else {one.pt3 for one in members}


def _highest(one: Entry, other: Entry) -> Entry:
    leads = one.usual_leads | {
        key: max(lead, one.usual_leads.get(key, lead)) for key, lead in other.usual_leads.items()
    }
    if one.least is None or other.least is None:  # single texts are checked by the limits of the one that has any
        return (other if one.least is None else one)._replace(usual_leads=leads)
    both = {key: [entry.needed.get(key, entry.least) for entry in (one, other)] for key in one.needed | other.needed}
    needed = {key: _LADDER[max(map(_LADDER.index, pair))] for key, pair in both.items()}
    return Entry(one.relatives | other.relatives, max(one.least, other.least), needed, leads)


@click.command(help=__doc__)
@click.option("--tatoeba", "tatoeba_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--sib200", "sib200_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--mafand", "mafand_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--semrel", "semrel_dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), default=TABLE)
def main(tatoeba_dir: Path, sib200_dir: Path, mafand_dir: Path, semrel_dir: Path, output: Path) -> None:
    """Measure every language at hand."""
    sentences = [*tatoeba(tatoeba_dir), *sib200(sib200_dir)]
    corpora = pooled([*sentences, *mafand(mafand_dir, "dev"), *semrel(semrel_dir, "train")])
    english = [row for corpus in corpora["eng-Latn"] for row in corpus.rows[:_ENGLISH_ROWS]]
    table: dict[str, Entry] = {}
    for key, group in sorted(corpora.items()):
        table[key] = measured(group, english)
        if table[key].least is None:
            click.echo(f"{key}: only as a whole")
    lines = ",\n".join(f'"{key}": {entry.shown()}' for key, entry in sorted(_with_names(table).items()))
    output.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
