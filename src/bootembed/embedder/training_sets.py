"""Training sets of embedders, as the strategies and the baselines write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.tables import ANCHORS, GENERATED_TRIPLETS, PAIRS, TRIPLETS, read_table

if TYPE_CHECKING:
    from pathlib import Path

_TEXT_COLUMNS = ("text", "anchor", "positive", "negative")


def read_training_set(path: Path) -> list[dict[str, str]]:
    """Read the texts of a training set, whichever recipe wrote it; provenance columns are left out.

    Returns:
        Rows of the columns text, or anchor and positive, or anchor, positive and negative.

    Raises:
        DataError: The file cannot be read, or has other columns than a recipe's.
    """
    rows = read_table(path, GENERATED_TRIPLETS, TRIPLETS, PAIRS, ANCHORS)
    return [{name: row[name] for name in _TEXT_COLUMNS if name in row} for row in rows]
