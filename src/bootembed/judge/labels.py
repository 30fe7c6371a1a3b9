"""The labels of NLI, and where a classifier has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTAILMENT, NEUTRAL, CONTRADICTION = LABELS = ("entailment", "neutral", "contradiction")
"""In the order of a judge's probabilities, and of the outputs of one that is trained here."""


def label_positions(id2label: Mapping[int, str], *, source: str) -> list[int]:
    """Index of each of `LABELS` among a classifier's outputs, by their names: published models have them in any order.

    Args:
        id2label: Of its configuration.
        source: Names the model in messages.

    Raises:
        DataError: The names are not exactly these three; upper and lower case are the same.
    """
    names = {str(name).strip().lower(): int(index) for index, name in id2label.items()}
    if set(names) != set(LABELS) or len(id2label) != len(LABELS):
        raise DataError(
            f"{source}: its labels are {list(id2label.values())}; a judge needs {list(LABELS)}, in any order. Choose "
            "another model, or write these names into `id2label` of its config.json if you know their order"
        )
    return [names[label] for label in LABELS]
