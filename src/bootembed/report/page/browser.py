"""The generated triplets that the page holds: every text once, and rows of numbers that point to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, read_table
from bootembed.report.page.elements import language_tag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bootembed.report.page.facts import Facts

Rows = list[dict[str, Any]]
_TEXTS = ("anchor", "positive", "negative")
KEPT = "kept"


def triplets_for_page(facts: Facts) -> dict[str, Any]:
    """Kept and rejected triplets of all strategies and languages, thinned out evenly if the page may hold fewer.

    Returns:
        `total`: how many there are. `texts`: each text once. `sets`: strategy, language, generator seed, and the
        language tags of anchors and answers. `reasons`: `kept`, and why others are rejected. `rows`: places in `sets`,
        `reasons` and, three times, in `texts`.
    """
    groups = {
        of_set: rows
        for language in facts.grid.languages
        for strategy in facts.grid.strategies
        for of_set, rows in _read(facts.folders.training_sets, strategy, language)
    }
    total = sum(map(len, groups.values()))
    share = min(1.0, facts.settings.triplets / max(total, 1))
    chosen = [(of_set, row) for of_set, rows in groups.items() for row in _thinned(rows, share)]
    # What strategies wrote for one anchor stands together.
    chosen.sort(key=lambda one: (facts.grid.languages.index(one[0].language), one[1]["anchor_id"]))
    sets, reasons, texts, places = _Numbered(), _Numbered(), _Numbered(), []
    reasons.place(KEPT)
    for of_set, row in chosen:
        reason = reasons.place(row.get("reason", KEPT))
        places.append([sets.place(of_set), reason, *(texts.place(row[name]) for name in _TEXTS)])
    return {"total": total, "texts": [*texts], "sets": [*sets], "reasons": [*reasons], "rows": places}


class _Set(NamedTuple):
    """Where triplets come from."""

    strategy: str
    language: str
    seed: int
    tag: str
    tag_of_answers: str


class _Numbered(dict[Any, int]):
    """Values in the order in which they first came."""

    def place(self, value: Any) -> int:
        return self.setdefault(value, len(self))


def _read(training_sets: Path, strategy: str, language: str) -> Iterator[tuple[_Set, Rows]]:
    """All rows of each generator seed in the order of their anchors."""
    paths = (training_sets / f"{strategy}-{language}").glob("*/rejected.parquet")
    for path in sorted(paths, key=lambda path: int(path.parent.name)):
        kept = read_table(path.with_name("training.parquet"), GENERATED_TRIPLETS)
        rows = sorted([*kept, *read_table(path, REJECTED_TRIPLETS)], key=lambda row: row["anchor_id"])
        answers = language_tag(kept[0]["answer_language"] if kept else "")
        yield _Set(strategy, language, int(path.parent.name), language_tag(language), answers), rows


def _thinned(rows: Rows, share: float) -> Rows:
    count = int(share * len(rows))
    return [rows[n * len(rows) // count] for n in range(count)]
