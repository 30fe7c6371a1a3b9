"""Evaluation sets: read verbatim for scoring, and held against every text that something is trained on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from bootembed.corpora.cleaning import clean_text, comparable
from bootembed.corpora.layouts import Layout, evaluation_layout, read_rows
from bootembed.corpora.near import SHORTEST, NearTexts
from bootembed.corpora.rows import UNREADABLE
from bootembed.errors import DataError
from bootembed.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.corpora.rows import Row
    from bootembed.params import CorpusSpec, FileSpec, Language, TaskSpec

logger = logging.getLogger(__name__)
_TEXT_COLUMNS = ("sentence1", "sentence2", "text")


def prepare_evaluation(
    corpus: CorpusSpec,
    tasks: Mapping[str, TaskSpec],
    *,
    language: str,
    configured: Language,
    input_dir: Path,
    output_dir: Path,
) -> dict[str, int]:
    """Write the evaluation tables of one language, as their sources have them, so that scores are those of the sets.

    Args:
        corpus: The raw files, or `mteb` for a task's own data at the revision that mteb pins.
        tasks: The tasks, for their kind.
        language: The language's key.
        configured: Its entry in `languages`.
        input_dir: The language's raw folder.
        output_dir: Gets `<task>.parquet` for each task of the corpus.

    Returns:
        Rows by task.

    Raises:
        DataError: A file is missing or empty, or one of its rows cannot be read: a score over the others would be
            another score.
        ParamsError: A file's format does not fit its task, or mteb has no such task or subset.
    """
    counts = {}
    output_dir.mkdir(parents=True, exist_ok=True)
    for task, specs in corpus.evaluation.items():
        layout = evaluation_layout(task, tasks[task].kind)
        rows = [
            row
            for spec in specs
            for row in (
                _from_mteb(task, tasks[task], language=language, script=configured.script)
                if spec.format == "mteb"
                else _from_file(spec, layout, language=language, folder=input_dir)
            )
        ]
        counts[task] = write_table(rows, layout.schema, output_dir / f"{task}.parquet")
        logger.info("%s: %d rows", task, counts[task])
    return counts


def _from_mteb(name: str, task: TaskSpec, *, language: str, script: str) -> list[dict[str, Any]]:
    from bootembed.evaluation.hub import load_rows

    return load_rows(name, task.kind, language=language, script=script, subset=task.subset.get(language))


def _from_file(spec: FileSpec, layout: Layout, *, language: str, folder: Path) -> list[dict[str, Any]]:
    return [_whole(row, layout) for row in read_rows(spec, layout, folder=folder, language=language)]


def _whole(row: Row, layout: Layout) -> dict[str, Any]:
    if row.reason in UNREADABLE:
        shown = " | ".join(map(str, row.values.values()))[:80]
        detail = f" ({row.detail})" if row.detail else ""
        raise DataError(
            f"{row.file}: line {row.line}: cannot be read as a row of {layout.name}: {row.reason}{detail}: {shown!r}. "
            "Correct its entry in `corpora` (format, columns, quoting, encoding, pair_separator), or the file"
        )
    return row.values


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
