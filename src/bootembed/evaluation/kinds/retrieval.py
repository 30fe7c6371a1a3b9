"""Retrieval: for each query, find the relevant documents."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bootembed.core.errors import DataError
from bootembed.core.tables import TEXT, schema
from bootembed.evaluation.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.evaluation.kind import Rows
    from bootembed.settings.corpora import FileSpec

logger = logging.getLogger(__name__)
# part: document, query or relevance. A relevance row names a query (id) and a document, and says how relevant it is.
SCHEMA = schema(("text",), split=TEXT, part=TEXT, id=TEXT, text=TEXT, document=TEXT, score=pa.float64())
_COLUMNS = {"document": ("id", "text"), "query": ("id", "text"), "relevance": ("id", "document", "score")}
_TITLE = "title"  # may be missing or empty (`corpora.rows.may_be_empty`)
_NONE = {"id": "", "text": "", "document": "", "score": 0.0}


class Retrieval(Kind):
    """Documents, queries, and which documents are relevant for a query, all in one table."""

    schema = SCHEMA
    task_type = "Retrieval"
    base = "AbsTaskRetrieval"
    main_score = "ndcg_at_10"

    def file_columns(self, spec: FileSpec) -> list[str]:
        """Those of the part that the file holds; documents may have a title.

        Raises:
            ValueError: The file's part is not named.
        """
        if spec.part is None:
            raise ValueError("say which `part` of the task the file holds: document, query or relevance")
        titled = spec.part == "document" and _TITLE in spec.columns
        return [*_COLUMNS[spec.part], *([_TITLE] if titled else [])]

    def interpret(self, values: dict[str, Any], spec: FileSpec) -> dict[str, Any]:
        """The columns of other parts are empty; a title is put before its text, as in mteb."""
        whole = {"part": spec.part} | _NONE | values
        text = _titled(whole)
        whole.pop(_TITLE, None)
        return whole | {"text": text}

    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """Documents, queries and relevance, as mteb's loader returns them."""
        name = task.metadata.name
        return {split: _split_data(f"{name}, split {split!r}", rows, strict=strict) for split, rows in by_split.items()}

    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """Documents, the queries that have relevant ones, and relevance."""
        name, data = task.metadata.name, by_split[split]
        if data["top_ranked"] is not None:
            raise DataError(f"{name}: it ranks given candidates, which the table of retrieval does not hold")
        relevance = data["relevant_docs"]
        asked = {query["id"]: _query_text(name, query) for query in data["queries"] if relevance.get(query["id"])}
        return [
            *(_NONE | {"part": "document", "id": row["id"], "text": _titled(row)} for row in data["corpus"]),
            *(_NONE | {"part": "query", "id": query, "text": text} for query, text in asked.items()),
            *(
                _NONE | {"part": "relevance", "id": query, "document": document, "score": float(score)}
                for query in asked
                for document, score in relevance[query].items()
            ),
        ]


def _titled(row: Mapping[str, Any]) -> str:
    """Title and text in one, as mteb embeds them."""
    title = row.get(_TITLE)
    return f"{title} {row['text']}".strip() if title else str(row["text"])


def _query_text(name: str, row: dict[str, Any]) -> str:
    """Text and instruction in one, as mteb embeds them."""
    if not isinstance(row["text"], str):
        raise DataError(f"{name}: its queries are conversations, which the table of retrieval does not hold")
    instruction = row.get("instruction")
    return row["text"] if instruction is None else f"{row['text']} {instruction}"


def _split_data(place: str, rows: Rows, *, strict: bool) -> dict[str, Any]:
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


KIND = Retrieval()
