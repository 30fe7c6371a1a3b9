"""Classification: a classifier is trained on the embeddings of labelled texts, and tested on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.evaluation.kind import Kind
from bootembed.evaluation.labels import SCHEMA, check_labels, labelled_data, labelled_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.evaluation.kind import Rows


class Classification(Kind):
    """Texts with labels, of the splits `train` and those that are scored."""

    schema = SCHEMA
    task_type = "Classification"
    base = "AbsTaskClassification"
    main_score = "accuracy"
    category = "t2c"

    def train_split(self, task: Any) -> str | None:
        """The split of the classifier's training."""
        return None if task.is_cross_validation else str(task.train_split)

    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """Texts with the numbers of their labels; a label that the classifier never saw is a mistake."""
        name = task.metadata.name
        if self.train_split(task) and "train" not in by_split:
            raise DataError(f"{name}: no rows of split 'train', on which mteb trains its classifier; add a file of it")
        check_labels(name, by_split, strict=strict)
        if strict:
            _check_known_labels(name, by_split)
        return labelled_data(task, by_split)

    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """Texts with labels."""
        return labelled_rows(task, split, by_split)


def _check_known_labels(name: str, by_split: Mapping[str, Rows]) -> None:
    known = {row["label"] for row in by_split["train"]}
    for split, rows in by_split.items():
        unknown = sorted({row["label"] for row in rows} - known)
        if unknown:
            raise DataError(
                f"{name}, split {split!r}: no row of split 'train' has the label {unknown[0]!r} "
                f"({len(unknown)} such labels), so it can never be found; add rows or take the label out"
            )


KIND = Classification()
