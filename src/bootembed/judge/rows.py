"""Which rows train the judge, and which measure it; no premise does both."""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.seeding import derive_seed
from bootembed.core.tables import JUDGE_NLI, stream_rows
from bootembed.judge.labels import LABELS, NEUTRAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bootembed.settings.judge import TrainJudge

logger = logging.getLogger(__name__)
_SEEDS = 2**31  # `derive_seed` gives numbers below it
Row = dict[str, Any]


@dataclass(frozen=True)
class JudgeRows:
    """Rows with premise, hypothesis and label.

    Attributes:
        training: Of all languages.
        validation: Language -> rows that measure the judge; languages without any are left out.
        counts: `<language>.<label>` -> training rows.
    """

    training: list[Row]
    validation: dict[str, list[Row]]
    counts: dict[str, float]


@dataclass(frozen=True)
class _Split:
    """Which rows of one language train and which measure.

    Attributes:
        published: Premises of the validation rows of all languages.
        share: Of the other premises that measure too.
        seed: Decides which.
    """

    published: frozenset[str]
    share: float
    seed: int

    def measures(self, row: Row) -> bool:
        return _validates(row) or self._is_held_out(row["premise"])

    def trains(self, row: Row) -> bool:
        """A premise that measures is no hypothesis either: turned round, a contradiction stays one."""
        texts = (row["premise"], row["hypothesis"])
        return not (_validates(row) or any(text in self.published or self._is_held_out(text) for text in texts))

    def _is_held_out(self, text: str) -> bool:
        return derive_seed(self.seed, "held out", text) < self.share * _SEEDS


def choose_rows(tables: Mapping[str, Path], settings: TrainJudge, *, seed: int) -> JudgeRows:
    """Choose rows of the tables `judge_nli`, by hashes: memory holds the chosen ones only.

    A language is measured on its validation rows; without any, on the rows of a share of its premises. A row does not
    train if its premise or its hypothesis is such a premise.

    In each language the labels are equally frequent: the rarest decides, at most `rows_per_label`. A language without
    neutral rows gets them from its premises with hypotheses of others, if `unrelated_as_neutral` says so; else the
    judge learns to call nothing neutral in that language.

    Args:
        tables: Language -> table.
        settings: Numbers and shares.
        seed: Decides which rows.
    """
    premises = {
        language: {row["premise"] for row in stream_rows(path, JUDGE_NLI) if _validates(row)}
        for language, path in tables.items()
    }
    published = frozenset().union(*premises.values())
    training: list[Row] = []
    validation: dict[str, list[Row]] = {}
    counts: dict[str, float] = {}
    for language, path in tables.items():
        split = _Split(published, 0.0 if premises[language] else settings.held_out_share, seed)
        validation[language] = _draw(path, settings.validation_rows, seed, split.measures)
        chosen = _balanced(path, settings, seed, split)
        training += [row for rows in chosen.values() for row in rows]
        counts |= {f"{language}.{label}": float(len(rows)) for label, rows in chosen.items()}
    logger.info("training rows of the judge: %s", counts)
    return JudgeRows(training, {language: rows for language, rows in validation.items() if rows}, counts)


def _validates(row: Row) -> bool:
    return bool(row["split"] == "validation")


def _draw(path: Path, count: int, seed: int, wanted: Callable[[Row], bool]) -> list[Row]:
    """At most `count` of the wanted rows, as if drawn at random, whatever their order in the file."""
    rows = (row for row in stream_rows(path, JUDGE_NLI) if wanted(row))
    return heapq.nsmallest(count, rows, key=lambda row: derive_seed(seed, row["premise"], row["hypothesis"]))


def _balanced(path: Path, settings: TrainJudge, seed: int, split: _Split) -> dict[str, list[Row]]:
    """Label -> rows, of each label as many; no rows if the table has none."""

    def drawn(label: str) -> list[Row]:
        return _draw(path, settings.rows_per_label, seed, lambda row: row["label"] == label and split.trains(row))

    found = {label: drawn(label) for label in LABELS}
    count = min((len(rows) for rows in found.values() if rows), default=0)
    balanced = {label: rows[:count] for label, rows in found.items()}
    if count and not balanced[NEUTRAL] and settings.unrelated_as_neutral:
        balanced[NEUTRAL] = _unrelated([row for rows in balanced.values() for row in rows], count, seed)
    return balanced


def _unrelated(rows: list[Row], count: int, seed: int) -> list[Row]:
    """At most `count` premises, each with the hypothesis of another one."""
    mixed = sorted(rows, key=lambda row: derive_seed(seed, "unrelated", row["premise"], row["hypothesis"]))
    pairs = zip(mixed, [*mixed[1:], *mixed[:1]], strict=True)
    made = [
        {**row, "hypothesis": other["hypothesis"], "label": NEUTRAL}
        for row, other in pairs
        if row["premise"] != other["premise"]
    ]
    return made[:count]
