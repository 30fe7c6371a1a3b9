"""Mixtures: the training sets of two recipes as one, as one who has both would train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def mix_training_sets(
    parts: Mapping[str, Mapping[int, Sequence[Mapping[str, str]]]],
) -> dict[int, list[dict[str, Any]]]:
    """Put the training sets of recipes together, those of the same generator seed.

    A recipe with one training set, as baselines have, goes with each of the other's.

    Args:
        parts: Recipe -> number of a training set -> rows, as `training_sets.read_training_sets` returns them.

    Returns:
        Number -> rows of `tables.MIXTURE`, the recipes one after the other. Texts alone are their own positives.

    Raises:
        DataError: The recipes have different numbers of training sets, or one of them has no rows.
    """
    longest = max(parts.values(), key=len)
    for recipe, sets in parts.items():
        if len(sets) > 1 and set(sets) != set(longest):
            counts = {name: len(found) for name, found in parts.items()}
            raise DataError(f"mixture of {counts} training sets: the numbers differ; generate those of all seeds again")
        if not all(sets.values()):
            raise DataError(f"mixture: {recipe!r} has a training set without rows; take it out of grid.mixtures")
    return {
        number: [
            _row(recipe, row) for recipe, sets in parts.items() for row in sets[number if len(sets) > 1 else min(sets)]
        ]
        for number in longest
    }


def _row(recipe: str, row: Mapping[str, str]) -> dict[str, Any]:
    if "text" in row:
        return {"recipe": recipe, "anchor": row["text"], "positive": row["text"], "negative": None}
    return {"recipe": recipe, "anchor": row["anchor"], "positive": row["positive"], "negative": row.get("negative")}
