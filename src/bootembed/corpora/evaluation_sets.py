"""The sentences of evaluation sets, to compare with every text that something is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from bootembed.core.errors import DataError
from bootembed.core.tables import read_schema, stream_rows, text_columns
from bootembed.core.text import clean_text, comparable, repair_mojibake
from bootembed.corpora.near import NearTexts, may_be_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_SENTENCE_END = regex.compile(r"(?<=\p{Sentence_Terminal})(?:\s+|(?<=[\u3002\uff01\uff1f]))|\n+")  # last: CJK, no space


@dataclass(frozen=True)
class Match:
    """A text of an evaluation set that another text repeats.

    Attributes:
        task: The evaluation set, as `<language>/<task>`.
        kind: `exact`, `normalised` (the same except for case, punctuation, spacing and Unicode form) or `near`.
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
        texts: (set, sentence); a sentence in several sets counts for the first.
        near_threshold: Jaccard similarity of character n-grams from which a text is near; None: no near matches.
    """

    def __init__(self, texts: Sequence[tuple[str, str]], *, near_threshold: float | None) -> None:
        self._texts = texts
        self._exact: dict[int, int] = {}  # hashes of texts, not texts: retrieval sets have hundreds of thousands
        self._comparable: dict[int, int] = {}
        long: list[str] = []
        self._long: list[int] = []
        for number, (_, text) in enumerate(texts):
            for form in _forms(text):
                self._exact.setdefault(hash(form), number)
                key = comparable(form)
                if not key or hash(key) in self._comparable:  # a text of punctuation alone is like no other
                    continue
                self._comparable[hash(key)] = number
                if may_be_near(key):
                    long.append(key)
                    self._long.append(number)
        self._near = None if near_threshold is None else NearTexts(long, near_threshold)

    def match(self, texts: Sequence[str]) -> list[Match | None]:
        """For each cleaned text the text of a set that it repeats, or None."""
        if not self._exact:
            return [None] * len(texts)
        keys = [comparable(text) for text in texts]
        found = [self._same(text, key) for text, key in zip(texts, keys, strict=True)]
        asked = [i for i, key in enumerate(keys) if found[i] is None and may_be_near(key)]
        if self._near is None or not asked:
            return found
        for index, nearest in zip(asked, self._near.nearest([keys[i] for i in asked]), strict=True):
            if nearest is not None:
                found[index] = self._match(self._long[nearest[0]], "near", nearest[1])
        return found

    def _same(self, text: str, key: str) -> Match | None:
        for kind, number in (("exact", self._exact.get(hash(text))), ("normalised", self._comparable.get(hash(key)))):
            if number is not None:
                return self._match(number, kind, 1.0)
        return None

    def _match(self, number: int, kind: str, similarity: float) -> Match:
        task, text = self._texts[number]
        return Match(task, kind, similarity, text)


def _forms(text: str) -> list[str]:
    """A sentence as `prepare_corpora` makes it, with and without its mojibake repaired."""
    return list(dict.fromkeys((clean_text(text), clean_text(repair_mojibake(text)))))


def read_evaluation_texts(folder: Path, languages: Iterable[str]) -> list[tuple[str, str]]:
    """The sentences of the evaluation tables of some languages, each with its set.

    Args:
        folder: Holds `<language>/<task>.parquet`; what other profiles left there is not looked at.
        languages: Those that are scored.

    Raises:
        DataError: A table does not mark its texts (`core.tables.schema`).
    """
    return [
        (f"{language}/{file.stem}", text)
        for language in languages
        for file in sorted((folder / language).glob("*.parquet"))
        for text in _texts(file)
    ]


def _texts(path: Path) -> Iterator[str]:
    """The texts of a table, and the sentences of documents: what is trained on comes in sentences."""
    found = read_schema(path)
    if not text_columns(found):
        raise DataError(f"{path}: marks no column as text, so nothing could be held out; run stage prepare_evaluation")
    for name in text_columns(found):
        yield from (row[name] for row in stream_rows(path, columns=[name]) if row[name])
    if "part" in found.names:
        for row in stream_rows(path, columns=["part", "text"]):
            if row["part"] == "document":
                yield from _sentences(row["text"])


def _sentences(document: str) -> list[str]:
    """The sentences of a longer text, without those too short to be its own ("See also.")."""
    parts = _SENTENCE_END.split(document)
    return [part for part in parts if may_be_near(comparable(part))] if len(parts) > 1 else []
