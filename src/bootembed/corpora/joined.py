"""Parallel text of two tables whose rows have a key in common."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.corpora.rows import KEY, Row, RowRejection, belongs_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def join_rows(
    rows: Iterable[Row],
    english_rows: Iterable[Row],
    *,
    column: str,
    english_column: str,
    selection: Mapping[str, str],
) -> Iterator[Row]:
    """Each row with the text of the English row of its key; the English ones are held in memory.

    Args:
        rows: Of the language; the values of other columns are kept.
        english_rows: Of English. Those that are rejected are given too, before all others.
        column: Column of the language's text.
        english_column: Column of the English text.
        selection: Column -> value; rows of the language with another value there are given as they are.

    Raises:
        DataError: A key stands for two texts of one language, so it is unclear which ones translate each other.
    """
    translations: dict[str, str] = {}
    for row in english_rows:
        if row.reason:
            yield row
        else:
            _remember(row, row.values[english_column], translations)
    own: dict[str, int] = {}
    for row in rows:
        if row.reason or belongs_elsewhere(row, selection):
            yield row
            continue
        key = _remember(row, hash(row.values[column]), own)
        others = {name: value for name, value in row.values.items() if name != KEY}
        joined = replace(row, values=others | {english_column: translations.get(key, "")})
        yield joined if key in translations else joined.reject(RowRejection.MISSING_LANGUAGE, f"no English row {key}")


def _remember(row: Row, text: str | int, known: dict[str, Any]) -> str:
    """Note the text of a row's key, and give the key."""
    key = _canonical(row.values[KEY])
    if known.setdefault(key, text) != text:
        raise DataError(
            f"{row.file}: line {row.line}: the key {key!r} stood for another text before, so it is unclear which one "
            "is translated by its row in the other file; set `key` to a column whose values occur once"
        )
    return key


def _canonical(key: str) -> str:
    """A key without spaces around it; `1.0` is `1`, since pandas makes it that."""
    key = key.strip()
    whole = _WHOLE.fullmatch(key)
    return whole[1] if whole else key
