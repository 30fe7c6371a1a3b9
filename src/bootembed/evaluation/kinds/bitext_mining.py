"""Bitext mining: for each sentence of the language, find its translation among the English ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bootembed.core.tables import TEXT, schema
from bootembed.evaluation.kind import AnswerTable, Kind, Sentences
from bootembed.evaluation.pairs import PAIR, pair_data, pair_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bootembed.evaluation.kind import Rows

SCHEMA = schema(PAIR, split=TEXT, sentence1=TEXT, sentence2=TEXT)
NEAREST = schema(task=TEXT, split=TEXT, index=pa.int64(), nearest=pa.int64(), similarity=pa.float64())


def _nearest(saved: Any, _rows: Rows) -> Iterator[dict[str, Any]]:
    [neighbours] = saved.values()
    for found in neighbours:
        yield {"nearest": found["corpus_id"], "similarity": found["score"]}


def _is_right(row: dict[str, Any]) -> float:
    """A sentence and its translation have one index."""
    return float(row["nearest"] == row["index"])


class BitextMining(Kind):
    """Translations: `sentence1` in the language, `sentence2` in English."""

    schema = SCHEMA
    task_type = "BitextMining"
    base = "AbsTaskBitextMining"
    main_score = "f1"
    halves = PAIR
    answers = AnswerTable("nearest.parquet", NEAREST, _nearest, "accuracy@1", value=_is_right)

    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """Pairs."""
        return {split: pair_data(task, rows, code=code) for split, rows in by_split.items()}

    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """Pairs."""
        return pair_rows(task, by_split[split], code=code)

    def sentences(self, task: Any, rows: Rows) -> Sentences:
        """All pairs are positive; of the sentences those of the language, not English ones, should spread."""
        return Sentences([(row["sentence1"], row["sentence2"]) for row in rows], [row["sentence1"] for row in rows])


KIND = BitextMining()
