"""Training sets of embedders, as the strategies and the baselines write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from bootembed.core.errors import DataError
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
    try:
        names = pq.read_schema(path).names
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); run the stage that makes it again") from error
    for schema in (GENERATED_TRIPLETS, TRIPLETS, PAIRS, ANCHORS):
        if names == schema.names:
            rows = read_table(path, schema)
            return [{name: row[name] for name in _TEXT_COLUMNS if name in row} for row in rows]
    raise DataError(
        f"{path}: columns {names} are no training set; expected text, or anchor and positive, or anchor, positive and "
        "negative"
    )
