"""What tasks hold: rows of our tables as the data mteb's classes score, checked."""

from __future__ import annotations

import logging
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Rows = Sequence[dict[str, Any]]

logger = logging.getLogger(__name__)


def as_mteb_data(
    task: Any, kind: str, by_split: Mapping[str, Rows], *, strict: bool, english_first: bool
) -> dict[str, Any]:
    """The data of each split as the task's class expects it.

    Args:
        task: mteb's, restricted to one subset.
        kind: Key of `KINDS`.
        by_split: Our split -> its rows, at least one.
        strict: Refuse what is most likely a mistake. Not for mteb's own tasks: what they were published with is scored.
        english_first: Sentence pairs: `sentence1` of mteb's task is our English `sentence2`.

    Raises:
        DataError: The rows cannot be scored.
    """
    name = task.metadata.name
    if kind == "retrieval":
        return {split: _retrieval(f"{name}, split {split!r}", rows, strict=strict) for split, rows in by_split.items()}
    if kind in ("classification", "clustering"):
        return _labelled(task, kind, by_split, strict=strict)
    if kind == "sts":
        for split, rows in by_split.items():
            _check_scores(f"{name}, split {split!r}", rows)
    return {split: _pairs(task, rows, english_first=english_first) for split, rows in by_split.items()}


def pair_columns(task: Any, *, english_first: bool) -> dict[str, str]:
    """Our columns of a sentence pair -> the task's: all subsets in one table have columns named by language."""
    [subset] = task.hf_subsets
    columns = subset.split("-") if getattr(task, "parallel_subsets", False) else ("sentence1", "sentence2")
    ours = ("sentence2", "sentence1") if english_first else ("sentence1", "sentence2")
    return dict(zip(ours, columns, strict=True))


def label_ids(labels: Iterable[str]) -> dict[str, int]:
    """Label -> number: the label itself if all are whole numbers, else its place in the order of the alphabet.

    This is the order of the classes in mteb (`class_encode_column`), so that the same classifier is trained.
    """
    found = sorted(set(labels))
    if all(_is_whole(label) for label in found):
        return {label: int(label) for label in found}
    return {label: number for number, label in enumerate(found)}


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isascii() and label.removeprefix("-").isdigit() and str(int(label)) == label


def _pairs(task: Any, rows: Rows, *, english_first: bool) -> Any:
    from datasets import Dataset

    columns = pair_columns(task, english_first=english_first)
    values = {theirs: [row[ours] for row in rows] for ours, theirs in sorted(columns.items(), key=lambda pair: pair[1])}
    if "score" in rows[0]:
        values["score"] = [row["score"] for row in rows]
    return Dataset.from_dict(values)


def _check_scores(place: str, rows: Rows) -> None:
    scores = [row["score"] for row in rows]
    if not all(map(math.isfinite, scores)):
        raise DataError(f"{place}: a score is missing (NaN); check the column of the scores")
    if len(set(scores)) < 2:
        raise DataError(
            f"{place}: all {len(scores)} scores are equal, so no rank correlation exists; check the "
            "column of the scores"
        )


def _labelled(task: Any, kind: str, by_split: Mapping[str, Rows], *, strict: bool) -> dict[str, Any]:
    """Texts with labels, of classification and clustering."""
    from datasets import Dataset

    name = task.metadata.name
    if kind == "classification" and not task.is_cross_validation and "train" not in by_split:
        raise DataError(f"{name}: no rows of split 'train', on which mteb trains its classifier; add a file of it")
    for split, rows in by_split.items():
        _check_labels(f"{name}, split {split!r}", [row["label"] for row in rows], strict=strict)
    if strict and kind == "classification":
        _check_known_labels(name, by_split)
    numbers = label_ids(row["label"] for rows in by_split.values() for row in rows)
    return {
        split: Dataset.from_dict(
            {
                task.input_column_name: [row["text"] for row in rows],
                task.label_column_name: [numbers[row["label"]] for row in rows],
            }
        )
        for split, rows in by_split.items()
    }


def _check_labels(place: str, labels: Sequence[str], *, strict: bool) -> None:
    counts = Counter(labels)
    once = [label for label, count in counts.items() if count == 1]
    if len(counts) < 2:
        raise DataError(
            f"{place}: all {len(labels)} labels are {labels[0]!r}: nothing to tell apart; check the column "
            "of the labels"
        )
    if once and (strict or len(once) == len(counts)):
        raise DataError(
            f"{place}: {len(once)} of {len(counts)} labels occur once, first {once[0]!r}: nothing to learn or to "
            "group; check the column of the labels, or take these rows out"
        )


def _check_known_labels(name: str, by_split: Mapping[str, Rows]) -> None:
    known = {row["label"] for row in by_split["train"]}
    for split, rows in by_split.items():
        unknown = sorted({row["label"] for row in rows} - known)
        if unknown:
            raise DataError(
                f"{name}, split {split!r}: no row of split 'train' has the label {unknown[0]!r} "
                f"({len(unknown)} such labels), so it can never be found; add rows or take the label out"
            )


def _retrieval(place: str, rows: Rows, *, strict: bool) -> dict[str, Any]:
    """Documents, queries and relevance of one split, as mteb's loader returns them."""
    from datasets import Dataset

    documents, queries = (_by_id(place, rows, part) for part in ("document", "query"))
    relevance = _relevance(place, rows, queries)
    _check_documents(place, relevance, documents, strict=strict)
    without = [query for query in queries if query not in relevance]
    if without:
        raise DataError(
            f"{place}: {len(without)} of {len(queries)} queries have no relevant documents, first {without[0]!r}; add "
            "relevance rows or take the queries out"
        )
    return {
        "corpus": Dataset.from_dict({"id": list(documents), "text": list(documents.values())}),
        "queries": Dataset.from_dict({"id": list(queries), "text": list(queries.values())}),
        "relevant_docs": relevance,
        "top_ranked": None,
    }


def _by_id(place: str, rows: Rows, part: str) -> dict[str, str]:
    """Texts of the documents or queries of a split."""
    chosen = [row for row in rows if row["part"] == part]
    texts = {row["id"]: row["text"] for row in chosen}
    if not texts:
        raise DataError(f"{place}: no rows of part {part!r}; check the task's files in `corpora`")
    if len(texts) < len(chosen):
        [(twice, _count)] = Counter(row["id"] for row in chosen).most_common(1)
        raise DataError(f"{place}: the {part} id {twice!r} occurs more than once; ids must be unique")
    return texts


def _relevance(place: str, rows: Rows, queries: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Query -> document -> how relevant; mteb counts in whole numbers."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["part"] != "relevance":
            continue
        if row["id"] not in queries:
            raise DataError(f"{place}: a relevance row names the unknown query {row['id']!r}; correct its id")
        if not row["score"].is_integer():
            raise DataError(f"{place}: the relevance of {row['id']!r} is {row['score']}; it must be a whole number")
        found.setdefault(row["id"], {})[row["document"]] = int(row["score"])
    return found


def _check_documents(
    place: str, relevance: Mapping[str, Mapping[str, int]], documents: Mapping[str, str], *, strict: bool
) -> None:
    named = [(query, document) for query, found in relevance.items() for document in found]
    unknown = [pair for pair in named if pair[1] not in documents]
    if not unknown:
        return
    query, document = unknown[0]
    fault = f"{len(unknown)} of {len(named)} relevance rows name unknown documents, first {document!r} for {query!r}"
    if strict or len(unknown) == len(named):
        raise DataError(f"{place}: {fault}; correct their ids, or add the documents")
    logger.warning("%s: %s; scored as mteb does: such a document is never found", place, fault)
