"""The kinds of evaluation tasks: which of mteb's classes scores them, and which of our tables holds their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.tables import BITEXT_MINING, CLASSIFICATION, CLUSTERING, RETRIEVAL, STS

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Kind:
    """A kind of task, in mteb's words and ours."""

    schema: pa.Schema
    task_type: str
    base: str
    main_score: str

    @property
    def base_class(self) -> Any:
        """The class of mteb that every task of this kind derives from."""
        import mteb.abstasks

        return getattr(mteb.abstasks, self.base)


KINDS = {
    "sts": Kind(STS, "STS", "AbsTaskSTS", "cosine_spearman"),
    "bitext_mining": Kind(BITEXT_MINING, "BitextMining", "AbsTaskBitextMining", "f1"),
    "classification": Kind(CLASSIFICATION, "Classification", "AbsTaskClassification", "accuracy"),
    "clustering": Kind(CLUSTERING, "Clustering", "AbsTaskClustering", "v_measure"),
    "retrieval": Kind(RETRIEVAL, "Retrieval", "AbsTaskRetrieval", "ndcg_at_10"),
}
