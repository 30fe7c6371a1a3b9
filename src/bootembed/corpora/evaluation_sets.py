"""The sentences of evaluation sets, held against every text that something is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bootembed.corpora.cleaning import clean_text, comparable
from bootembed.corpora.near import SHORTEST, NearTexts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TEXT_COLUMNS = ("sentence1", "sentence2", "text")


@dataclass(frozen=True)
class Match:
    """A text of an evaluation set that another text is.

    Attributes:
        task: The evaluation set, as `<language>/<task>`.
        kind: `exact`, `normalised` (but for case, punctuation, spacing, Unicode form) or `near`.
        similarity: Jaccard similarity of character n-grams.
        text: The text in the set.
    """

    task: str
    kind: str
    similarity: float
    text: str


class EvaluationTexts:
    """The sentences of evaluation sets.

    Args:
        texts: (set, sentence); of several sets that hold a sentence the first is named.
        near_threshold: Jaccard similarity of character n-grams from which a text is near; None: no near matches.
    """

    def __init__(self, texts: Sequence[tuple[str, str]], *, near_threshold: float | None) -> None:
        self._exact: dict[str, tuple[str, str]] = {}
        self._comparable: dict[str, tuple[str, str]] = {}
        for task, text in texts:
            self._exact.setdefault(clean_text(text), (task, text))
            if key := comparable(text):  # a text of punctuation alone is like no other
                self._comparable.setdefault(key, (task, text))
        self._long = [key for key in self._comparable if len(key) >= SHORTEST]
        self._near = None if near_threshold is None else NearTexts(self._long, near_threshold)

    def match(self, texts: Sequence[str]) -> list[Match | None]:
        """What each cleaned text is in the sets, or None."""
        if not self._exact:
            return [None] * len(texts)
        keys = [comparable(text) for text in texts]
        found = [self._same(text, key) for text, key in zip(texts, keys, strict=True)]
        asked = [i for i, key in enumerate(keys) if found[i] is None and len(key) >= SHORTEST]
        if self._near is None or not asked:
            return found
        for index, nearest in zip(asked, self._near.nearest([keys[i] for i in asked]), strict=True):
            if nearest is not None:
                task, text = self._comparable[self._long[nearest[0]]]
                found[index] = Match(task, "near", nearest[1], text)
        return found

    def _same(self, text: str, key: str) -> Match | None:
        if text in self._exact:
            return Match(self._exact[text][0], "exact", 1.0, self._exact[text][1])
        if key in self._comparable:
            return Match(self._comparable[key][0], "normalised", 1.0, self._comparable[key][1])
        return None


def read_evaluation_texts(folder: Path) -> list[tuple[str, str]]:
    """The sentences of all evaluation tables below a folder of `<language>/<task>.parquet`, each with its set."""
    texts = []
    for file in sorted(folder.glob("*/*.parquet")):
        table = pq.read_table(file)
        name = f"{file.parent.name}/{file.stem}"
        for column in _TEXT_COLUMNS:
            if column in table.schema.names:
                texts += [(name, text) for text in table.column(column).to_pylist() if text]
    return texts
