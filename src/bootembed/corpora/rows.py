"""A row of a raw file on its way into a table, and why it may not get there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a row is set aside; the values are the keys of a corpus's report."""

    UNDECODABLE = "undecodable"
    LINE_TOO_LONG = "line_too_long"
    MALFORMED = "malformed_quotes"
    MALFORMED_JSON = "malformed_json"
    MISSING_COLUMN = "missing_column"
    NOT_TEXT = "value_is_no_text"
    MISSING_LANGUAGE = "missing_language"
    FIELD_COUNT = "wrong_number_of_fields"
    EMPTY = "empty"
    NOT_A_PAIR = "not_a_pair"
    SCORE = "score_is_no_number"
    LABEL = "unknown_label"
    NEUTRAL = "neutral"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LENGTH_RATIO = "length_ratio"
    REPETITIVE = "repetitive"
    OTHER_SCRIPT = "other_script"
    OTHER_LANGUAGE = "other_language"
    IN_EVALUATION_SET = "in_evaluation_set"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"


UNREADABLE = frozenset(
    {
        Reason.UNDECODABLE,
        Reason.LINE_TOO_LONG,
        Reason.MALFORMED,
        Reason.MALFORMED_JSON,
        Reason.MISSING_COLUMN,
        Reason.NOT_TEXT,
        Reason.MISSING_LANGUAGE,
        Reason.FIELD_COUNT,
        Reason.NOT_A_PAIR,
        Reason.SCORE,
        Reason.LABEL,
    }
)
"""Reasons that speak of the file's form, not of its text: if every row has one, the file is not what was declared."""

SELECTOR = "where:"
"""Before the name of a file's column that only decides whether a row is read."""
TITLE = "title"
"""Our name of the column of a document's title."""


def may_be_empty(column: str) -> bool:
    """Whether a row is whole without a value in this column."""
    return column.startswith(SELECTOR) or column == TITLE


@dataclass(frozen=True, slots=True)
class Row:
    """A row with where it comes from.

    Attributes:
        values: Our column -> value; of a row that does not parse the raw text, under `raw`.
        file: Path below the corpus's folder.
        line: Line it begins on, from 1.
        reason: Why it is set aside; None as long as it is kept.
        detail: What the reason refers to, e.g. the evaluation set that holds the text.
    """

    values: dict[str, Any]
    file: str
    line: int
    reason: Reason | None = None
    detail: str = ""

    def set_aside(self, reason: Reason, detail: str = "") -> Row:
        """The same row, set aside."""
        return replace(self, reason=reason, detail=detail)
