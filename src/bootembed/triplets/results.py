"""Writing generated triplets: the kept rows, those rejected with their reason, and the dataset card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.triplets.filters import Verdict
    from bootembed.triplets.generate import Triplets


def write_triplets(triplets: Triplets, folder: Path, *, card: str) -> None:
    """Write a folder that `datasets` can load.

    Args:
        triplets: What was generated.
        folder: Gets the kept triplets, the others with the reason of each, and the card.
        card: Text of the dataset card.
    """
    write_table(triplets.rows, GENERATED_TRIPLETS, folder / "training.parquet")
    rejected = (_rejected_row(verdict) for verdict in triplets.verdicts if verdict.reason)
    write_table(rejected, REJECTED_TRIPLETS, folder / "rejected.parquet")
    (folder / "README.md").write_text(card, encoding="utf-8")


def _rejected_row(verdict: Verdict) -> dict[str, Any]:
    candidate = verdict.candidate
    return {
        "anchor": candidate.anchor,
        "positive": candidate.positive.text if candidate.positive else "",
        "negative": candidate.negative.text if candidate.negative else "",
        "anchor_id": candidate.anchor_id,
        "reason": str(verdict.reason),
    }
