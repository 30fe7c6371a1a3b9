"""Triplets from rows of natural language inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Hypotheses = dict[str, list[str]]
"""Label -> the hypotheses of one premise; both labels are keys."""
LABELS = ("entailment", "contradiction")
NEUTRAL = "neutral"


def hypotheses_by_premise(rows: Iterable[Mapping[str, Any]]) -> dict[str, Hypotheses]:
    """Premise -> its hypotheses by label, in the order of the rows.

    Args:
        rows: Rows of `tables.NLI`.
    """
    found: dict[str, Hypotheses] = {}
    for row in rows:
        found.setdefault(row["premise"], {label: [] for label in LABELS})[row["label"]].append(row["hypothesis"])
    return found


def nli_triplets(
    hypotheses: Mapping[str, Mapping[str, list[str]]], *, per_premise: int | None = None
) -> list[dict[str, str]]:
    """Triplets of a premise, an entailment and a contradiction; the n-th entailment goes with the n-th contradiction.

    Args:
        hypotheses: As `hypotheses_by_premise` returns them.
        per_premise: At most so many triplets of one premise; None for all.
    """
    return [
        {"anchor": premise, "positive": positive, "negative": negative}
        for premise, by_label in hypotheses.items()
        for positive, negative in list(zip(*(by_label[label] for label in LABELS), strict=False))[:per_premise]
    ]
