"""Semantic textual similarity: how alike two sentences are, against the scores of people."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bootembed.core.errors import DataError
from bootembed.core.tables import TEXT, schema
from bootembed.evaluation.kind import AnswerTable, Kind, Sentences
from bootembed.evaluation.pairs import PAIR, pair_data, pair_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bootembed.evaluation.kind import Rows

SCHEMA = schema(PAIR, split=TEXT, sentence1=TEXT, sentence2=TEXT, score=pa.float64())
PREDICTIONS = schema(task=TEXT, split=TEXT, index=pa.int64(), similarity=pa.float64(), gold=pa.float64())
POSITIVE_FROM = 0.8  # of the scale: 4 on a scale from 0 to 5 (as in SimCSE, arXiv:2104.08821)


def _similarities(saved: Any, rows: Rows) -> Iterator[dict[str, Any]]:
    for similarity, row in zip(saved["cosine_scores"], rows, strict=True):
        yield {"similarity": similarity, "gold": row["score"]}


class Sts(Kind):
    """Pairs of sentences with a score."""

    schema = SCHEMA
    task_type = "STS"
    base = "AbsTaskSTS"
    main_score = "cosine_spearman"
    answers = AnswerTable(
        "predictions.parquet",
        PREDICTIONS,
        _similarities,
        "Spearman",
        value=itemgetter("similarity"),
        gold=itemgetter("gold"),
    )

    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """Pairs; scores must differ, or there is no rank correlation."""
        for split, rows in by_split.items():
            _check_scores(f"{task.metadata.name}, split {split!r}", rows)
        return {split: pair_data(task, rows, code=code) for split, rows in by_split.items()}

    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """Pairs with their scores."""
        return pair_rows(task, by_split[split], code=code)

    def sentences(self, task: Any, rows: Rows) -> Sentences:
        """Pairs are positive from `POSITIVE_FROM` of the scale."""
        least = task.min_score + POSITIVE_FROM * (task.max_score - task.min_score)
        positive = [(row["sentence1"], row["sentence2"]) for row in rows if row["score"] >= least]
        return Sentences(positive, [row[name] for name in PAIR for row in rows])


def _check_scores(place: str, rows: Rows) -> None:
    scores = [row["score"] for row in rows]
    if not all(map(math.isfinite, scores)):
        raise DataError(f"{place}: a score is missing (NaN); check the column of the scores")
    if len(set(scores)) < 2:
        raise DataError(
            f"{place}: all {len(scores)} scores are equal, so no rank correlation exists; check the "
            "column of the scores"
        )


KIND = Sts()
