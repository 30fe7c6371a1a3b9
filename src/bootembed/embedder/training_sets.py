"""Training sets of embedders, as the strategies and the baselines write them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.tables import ANCHORS, GENERATED_TRIPLETS, MIXTURE, PAIRS, TRIPLETS, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COLUMNS = ("recipe", "text", "anchor", "positive", "negative")


def read_training_set(path: Path) -> list[dict[str, str]]:
    """Read the texts of a training set, whichever recipe wrote it; provenance columns are left out.

    Returns:
        Rows of the columns text, or anchor and positive, or anchor, positive and negative; of a mixture each with the
        recipe that wrote it.

    Raises:
        DataError: The file cannot be read, or has other columns than a recipe's.
    """
    rows = read_table(path, GENERATED_TRIPLETS, TRIPLETS, PAIRS, ANCHORS, MIXTURE)
    return [{name: row[name] for name in _COLUMNS if row.get(name) is not None} for row in rows]


def read_training_sets(folder: Path) -> dict[int, list[dict[str, str]]]:
    """The numbered training sets of a recipe and language: number -> rows, in the order of the numbers.

    Args:
        folder: Holds `<number>/training.parquet`, a number for each seed of the generator.

    Raises:
        DataError: There is none, or one cannot be used.
    """
    numbers = sorted(int(path.parent.name) for path in folder.glob("[0-9]*/training.parquet"))
    if not numbers:
        raise DataError(f"{folder}: no training sets (<number>/training.parquet); run the stage that writes it")
    return {number: read_training_set(folder / str(number) / "training.parquet") for number in numbers}


def rows_by_recipe(rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """The rows of each recipe of a mixture, without its name; those of any other training set under ``""``."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        own = {name: text for name, text in row.items() if name != "recipe"}
        found.setdefault(row.get("recipe", ""), []).append(own)
    return found


def training_columns(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """The rows as columns, in the order in which losses read them; a column `text` becomes both sides of a pair."""
    if not rows:
        return {}
    if "text" in rows[0]:
        texts = [row["text"] for row in rows]
        return {"anchor": texts, "positive": texts}
    return {name: [row[name] for row in rows] for name in ("anchor", "positive", "negative") if name in rows[0]}


def check_contrast(columns: dict[str, list[str]]) -> None:
    """Refuse a training set that contrasts nothing.

    Raises:
        DataError: There are fewer than 2 rows, or one text is in all of them.
    """
    rows = list(zip(*columns.values(), strict=True))
    if len(rows) < 2:
        raise DataError(
            f"training set: {len(rows)} rows; contrastive finetuning needs at least 2: check the recipe's anchors and "
            "its filters"
        )
    [(text, count)] = Counter(text for row in rows for text in set(row)).most_common(1)
    if count == len(rows):
        raise DataError(
            f"training set: every one of its {count} rows holds {text!r}, so no two may share a batch and nothing is "
            "contrasted; check the recipe's anchors and its filters"
        )
