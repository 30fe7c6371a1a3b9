"""Tables of labelled texts as mteb's data and back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.tables import TEXT, schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bootembed.evaluation.kind import Rows

SCHEMA = schema(("text",), split=TEXT, text=TEXT, label=TEXT)


def labelled_data(task: Any, by_split: Mapping[str, Rows]) -> dict[str, Any]:
    """The rows of each split as a data set of mteb."""
    from datasets import Dataset

    numbers = _label_ids(row["label"] for rows in by_split.values() for row in rows)
    return {
        split: Dataset.from_dict(
            {
                task.input_column_name: [row["text"] for row in rows],
                task.label_column_name: [numbers[row["label"]] for row in rows],
            }
        )
        for split, rows in by_split.items()
    }


def labelled_rows(task: Any, split: str, by_split: Mapping[str, Any]) -> Rows:
    """The reverse: labels by name where the names are in the order of the numbers, otherwise by number.

    The order of the classes is part of what a classifier learns from; splits may also have been numbered apart.

    Raises:
        DataError: A text has several labels.
    """
    label = task.label_column_name
    features = [data.features[label] for data in by_split.values()]
    names: list[list[str]] = [getattr(feature, "names", []) for feature in features]
    named = bool(names[0]) and all(found == sorted(names[0]) for found in names)
    labels = by_split[split][label]
    if any(isinstance(found, list) for found in labels):
        raise DataError(
            f"{task.metadata.name}: its texts have several labels each, which the table of labels does not hold"
        )
    shown = [names[0][number] for number in labels] if named else [str(found) for found in labels]
    texts = by_split[split][task.input_column_name]
    return [{"text": text, "label": found} for text, found in zip(texts, shown, strict=True)]


def check_labels(name: str, by_split: Mapping[str, Rows], *, strict: bool) -> None:
    """Refuse labels that give nothing to learn or to group.

    Args:
        name: Of the task.
        by_split: Split -> its rows.
        strict: Refuse labels that occur once even if others occur more often.

    Raises:
        DataError: There is one label only, or labels occur once.
    """
    for split, rows in by_split.items():
        _check_split(f"{name}, split {split!r}", [row["label"] for row in rows], strict=strict)


def _check_split(place: str, labels: Sequence[str], *, strict: bool) -> None:
    counts = Counter(labels)
    once = [label for label, count in counts.items() if count == 1]
    if len(counts) < 2:
        raise DataError(
            f"{place}: all {len(labels)} labels are {labels[0]!r}: nothing to tell apart; check the column "
            "of the labels"
        )
    if once and (strict or len(once) == len(counts)):
        raise DataError(
            f"{place}: {len(once)} of {len(counts)} labels occur once, first {once[0]!r}: nothing to learn or to "
            "group; check the column of the labels, or take these rows out"
        )


def _label_ids(labels: Iterable[str]) -> dict[str, int]:
    """Label -> number: the label itself if all are whole numbers, otherwise its place in the order of the alphabet.

    This is the order of the classes in mteb (`class_encode_column`), so that the same classifier is trained.
    """
    found = sorted(set(labels))
    if all(_is_whole(label) for label in found):
        return {label: int(label) for label in found}
    return {label: number for number, label in enumerate(found)}


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isascii() and label.removeprefix("-").isdigit() and str(int(label)) == label
