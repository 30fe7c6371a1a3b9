"""The generated triplets that the page holds: every text once, and rows of numbers that point to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.report.page.facts import Facts

_TEXTS = ("anchor", "positive", "negative")
KEPT = "kept"


def triplets_for_page(facts: Facts) -> dict[str, Any]:
    """Kept and rejected triplets of all strategies and languages, thinned out evenly if the page may hold fewer.

    Returns:
        `total`: how many there are. `texts`: each text once. `sets`: strategy, language, generator seed and language of
        the answers. `reasons`: `kept`, and why others are rejected. `rows`: places in `sets`, `reasons` and, three
        times, in `texts`.
    """
    groups = [
        ((strategy, language, *found))
        for language in facts.grid.languages
        for strategy in facts.grid.strategies
        for found in _read(facts.folders.training_sets / f"{strategy}-{language}")
    ]
    total = sum(len(rows) for *_, rows in groups)
    share = min(1.0, facts.settings.triplets / max(total, 1))
    sets, reasons, rows = _Numbered(), _Numbered(), []
    texts = _Numbered()
    reasons.place(KEPT)
    for strategy, language, seed, answer_language, found in groups:
        for row in _thinned(found, share):
            place = sets.place((strategy, language, seed, answer_language))
            reason = reasons.place(row.get("reason", KEPT))
            rows.append([place, reason, *(texts.place(row[name]) for name in _TEXTS)])
    return {"total": total, "texts": [*texts], "sets": [*sets], "reasons": [*reasons], "rows": rows}


class _Numbered(dict[Any, int]):
    """Values in the order in which they first came."""

    def place(self, value: Any) -> int:
        return self.setdefault(value, len(self))


def _read(folder: Path) -> list[tuple[int, str, list[dict[str, Any]]]]:
    """Of each generator seed its number, the language of the answers, and all rows in the order of their anchors."""
    found = []
    for one in sorted(folder.glob("*/rejected.parquet"), key=lambda path: int(path.parent.name)):
        kept = read_table(one.with_name("training.parquet"), GENERATED_TRIPLETS)
        rows = sorted([*kept, *read_table(one, REJECTED_TRIPLETS)], key=lambda row: row["anchor_id"])
        found.append((int(one.parent.name), kept[0]["answer_language"] if kept else "", rows))
    return found


def _thinned(rows: Sequence[dict[str, Any]], share: float) -> list[dict[str, Any]]:
    count = int(share * len(rows))
    return [rows[n * len(rows) // count] for n in range(count)]
