"""What a judge says of triplets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bootembed.core.errors import DataError
from bootembed.judge.labels import CONTRADICTION, ENTAILMENT, LABELS
from bootembed.judge.model import open_judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bootembed.judge.model import Judge
    from bootembed.settings.judge import RateTriplets

_WANTED = {"positive": ENTAILMENT, "negative": CONTRADICTION}


@dataclass(frozen=True)
class Ratings:
    """Probabilities of `LABELS` given the anchor, shape (triplets, 3).

    Attributes:
        positive: Of the positives.
        negative: Of the negatives.
    """

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]

    def label(self, side: str, index: int) -> str:
        """The most probable label of the sentence on one side of a triplet."""
        return LABELS[int(getattr(self, side)[index].argmax())]

    def wanted(self, side: str) -> NDArray[np.float64]:
        """Probability of the label that a side should have, shape (triplets)."""
        column: NDArray[np.float64] = getattr(self, side)[:, LABELS.index(_WANTED[side])]
        return column

    @property
    def metrics(self) -> dict[str, float]:
        """Counts, shares of each label on each side and of triplets right on both, mean probabilities of the wanted.

        Without triplets, only their number.
        """
        count = len(self.positive)
        if not count:
            return {"triplets": 0.0}
        found: dict[str, float] = {"triplets": float(count)}
        right = np.ones(count, dtype=bool)
        for side, wanted in _WANTED.items():
            labels = getattr(self, side).argmax(axis=1)
            right &= labels == LABELS.index(wanted)
            found |= {f"{side}_{label}_rate": float(np.mean(labels == i)) for i, label in enumerate(LABELS)}
            found[f"{side}_{wanted}_probability"] = float(self.wanted(side).mean())
        return found | {"both_right_rate": float(right.mean())}


def rate_triplets(judge: Judge, rows: Sequence[Mapping[str, Any]]) -> Ratings:
    """Judge positives and negatives against their anchors.

    Args:
        judge: The judge.
        rows: With anchor, positive and negative, whoever wrote them.
    """
    sides = [judge.probabilities([(row["anchor"], row[side]) for row in rows]) for side in _WANTED]
    return Ratings(*sides)


class JudgeRating:
    """The `rating` argument of `filter_candidates`; the judge is loaded when it is first called.

    Args:
        folder: Of the stage `train_judge`.
        settings: How the judge reads.
    """

    def __init__(self, folder: Path, settings: RateTriplets) -> None:
        self._folder = folder
        self._settings = settings
        self._judge: Judge | None = None

    def __call__(self, triplets: Sequence[tuple[str, str, str]]) -> list[tuple[float, float]]:
        """Probabilities that the positive follows from the anchor and that the negative contradicts it, by triplet.

        Raises:
            DataError: The folder holds no judge.
        """
        self._judge = self._judge or open_judge(self._folder, self._settings)
        if self._judge is None:
            raise DataError(f"{self._folder}: holds no judge; set train_judge.source, and run the stage train_judge")
        names = ("anchor", "positive", "negative")
        ratings = rate_triplets(self._judge, [dict(zip(names, triplet, strict=True)) for triplet in triplets])
        return list(zip(*(ratings.wanted(side).tolist() for side in _WANTED), strict=True))
