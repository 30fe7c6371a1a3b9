"""Writing generated triplets: the kept rows, those rejected with their reason, and the metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.triplets.filters import Verdict
    from bootembed.triplets.generate import Triplets


def write_triplets(
    triplets: Triplets, output: Path, *, rejected: Path, metrics_path: Path, oracle_content_words: int | None
) -> dict[str, float]:
    """Write the tables and the metrics, and return the metrics.

    Args:
        triplets: What was generated.
        output: Table of kept triplets.
        rejected: Table of the others, each with its reason.
        metrics_path: JSON for `dvc metrics`.
        oracle_content_words: Size of the sample corpora's lexicon, to judge the kept triplets with their grammar; None
            for text that no grammar of ours wrote.
    """
    write_table(triplets.rows, GENERATED_TRIPLETS, output)
    write_table((_rejected_row(v) for v in triplets.verdicts if v.reason), REJECTED_TRIPLETS, rejected)
    metrics = triplets.metrics
    if oracle_content_words is not None and triplets.rows:
        metrics |= {f"oracle_{name}": value for name, value in _judge(triplets.rows, oracle_content_words).items()}
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


def _judge(rows: list[dict[str, Any]], content_words: int) -> dict[str, float]:
    from bootembed.sample.lexicon import Lexicon
    from bootembed.sample.oracle import Oracle

    oracle = Oracle(Lexicon.load(content_words=content_words))
    return oracle.precision(
        [row["anchor"] for row in rows],
        [row["positive"] for row in rows],
        [row["negative"] for row in rows],
        anchor_language=rows[0]["language"],
        answer_language=rows[0]["answer_language"],
    )
