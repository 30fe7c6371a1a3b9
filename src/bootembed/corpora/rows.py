"""A row of a raw file on its way into a table, and the reasons to reject it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class RowRejection(StrEnum):
    """Why a row is rejected; the values are the keys of a corpus's report."""

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
    NO_LETTERS = "no_letters"
    OTHER_SCRIPT = "other_script"
    OTHER_LANGUAGE = "other_language"
    COPIED = "copied"
    IN_EVALUATION_SET = "in_evaluation_set"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    CONTRADICTORY = "contradictory_labels"


UNREADABLE = frozenset(
    {
        RowRejection.UNDECODABLE,
        RowRejection.LINE_TOO_LONG,
        RowRejection.MALFORMED,
        RowRejection.MALFORMED_JSON,
        RowRejection.MISSING_COLUMN,
        RowRejection.NOT_TEXT,
        RowRejection.MISSING_LANGUAGE,
        RowRejection.FIELD_COUNT,
        RowRejection.NOT_A_PAIR,
        RowRejection.SCORE,
        RowRejection.LABEL,
    }
)
"""Reasons that concern the form of the file, not its text: if they hold for every row, it is not what was declared."""

SHOWN_CHARACTERS = 200
SELECTOR = "where:"
"""Prefix of a column that only decides whether a row is read."""
KEY = "key"
"""Our name of the column that joins a row with one of another file."""
TITLE = "title"
"""Our name of the column of a document's title."""


def may_be_empty(column: str) -> bool:
    """Whether a row is complete without a value in this column."""
    return column.startswith(SELECTOR) or column == TITLE


def named_by(column: str) -> str:
    """The parameter that says which of the file's columns is this one of ours."""
    if column == KEY:
        return "`key: ...`"
    return "`where: {...}`" if column.startswith(SELECTOR) else f"`columns: {{{column}: ...}}`"


@dataclass(frozen=True, slots=True)
class Row:
    """A row with where it comes from.

    Attributes:
        values: Our column -> value; of a row that does not parse the raw text, under `raw`.
        file: Path below the corpus's folder.
        line: Line it begins on, from 1.
        reason: Why it is rejected; None as long as it is kept.
        detail: What the reason refers to, e.g. the evaluation set that holds the text.
    """

    values: dict[str, Any]
    file: str
    line: int
    reason: RowRejection | None = None
    detail: str = ""

    def reject(self, reason: RowRejection, detail: str = "") -> Row:
        """The same row, rejected."""
        return replace(self, reason=reason, detail=detail)

    def shown(self) -> str:
        """The row's text in messages and reports, clipped."""
        return " | ".join(map(str, self.values.values()))[:SHOWN_CHARACTERS]


def belongs_elsewhere(row: Row, selected: Mapping[str, str]) -> bool:
    """Whether a column of the row says that it belongs to something else, e.g. to another language."""
    return any(row.values.get(column, value).strip() != value for column, value in selected.items())
