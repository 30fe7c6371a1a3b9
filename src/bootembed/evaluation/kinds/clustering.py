"""Clustering: whether texts with the same label lie together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from bootembed.evaluation.kind import Kind
from bootembed.evaluation.labels import SCHEMA, check_labels, labelled_data, labelled_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.evaluation.kind import Rows


class Clustering(Kind):
    """Texts with labels."""

    schema = SCHEMA
    task_type = "Clustering"
    base = "AbsTaskClustering"
    main_score = "v_measure"
    category = "t2c"
    overrides: ClassVar = {"max_fraction_of_documents_to_embed": None}  # mteb's 4 % is for huge sets: embed everything

    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """Texts with the numbers of their labels."""
        check_labels(task.metadata.name, by_split, strict=strict)
        return labelled_data(task, by_split)

    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """Texts with labels."""
        return labelled_rows(task, split, by_split)


KIND = Clustering()
