"""What single values of a row mean: two sentences in one, a score, a label."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bootembed.core.nli import LABELS, NEUTRAL
from bootembed.corpora.rows import Row, RowRejection

if TYPE_CHECKING:
    from bootembed.settings.corpora import FileSpec


def with_pair(row: Row, separator: str) -> Row:
    """The row with the two sentences that one column holds."""
    sentences = row.values["text"].split(separator)
    if len(sentences) != 2 or not all(sentence.strip() for sentence in sentences):
        return row.reject(RowRejection.NOT_A_PAIR, f"{len(sentences)} parts")
    others = {name: value for name, value in row.values.items() if name != "text"}
    return replace(row, values={"sentence1": sentences[0], "sentence2": sentences[1], **others})


def with_score(row: Row) -> Row:
    """The row with its score as a number."""
    written = row.values["score"]
    try:
        score = float(written)
    except ValueError:
        score = math.nan
    if not math.isfinite(score) or "_" in written:  # to Python `1_0` is 10
        return row.reject(RowRejection.SCORE, written[:50])
    return replace(row, values={**row.values, "score": score})


def with_label(row: Row, spec: FileSpec, *, neutral: bool) -> Row:
    """The row with the label as we call it; rejected if it is none of ours, or neutral where that is not wanted."""
    raw = str(spec.label or row.values["label"]).strip()
    label = spec.label_values.get(raw, raw.lower())
    if label == NEUTRAL and not neutral:
        return row.reject(RowRejection.NEUTRAL)
    if label not in (*LABELS, NEUTRAL):
        return row.reject(RowRejection.LABEL, raw[:50])
    return replace(row, values={**row.values, "label": label})
