"""Writing generated triplets: the kept rows, those rejected with their reason, and the metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.triplets.filters import Verdict
    from bootembed.triplets.generate import Triplets


def write_triplets(triplets: Triplets, output: Path, *, rejected: Path, metrics_path: Path) -> dict[str, float]:
    """Write the tables and the metrics, and return the metrics.

    Args:
        triplets: What was generated.
        output: Table of kept triplets.
        rejected: Table of the others, each with its reason.
        metrics_path: JSON for `dvc metrics`.
    """
    write_table(triplets.rows, GENERATED_TRIPLETS, output)
    write_table((_rejected_row(v) for v in triplets.verdicts if v.reason), REJECTED_TRIPLETS, rejected)
    metrics = triplets.metrics
    metrics_path.parent.mkdir(parents=True, exist_ok=True)
    metrics_path.write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return metrics


def _rejected_row(verdict: Verdict) -> dict[str, Any]:
    candidate = verdict.candidate
    return {
        "anchor": candidate.anchor,
        "positive": candidate.positive.text if candidate.positive else "",
        "negative": candidate.negative.text if candidate.negative else "",
        "anchor_id": candidate.anchor_id,
        "reason": str(verdict.reason),
    }
