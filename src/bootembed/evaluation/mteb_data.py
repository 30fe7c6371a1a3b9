"""Rows of mteb's own evaluation sets, loaded as mteb loads them: from the Hub, at the revision mteb pins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.evaluation.contents import pair_columns
from bootembed.evaluation.tasks import english_first, mteb_task, split_names, subset_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Rows = list[dict[str, Any]]


def load_rows(name: str, kind: str, *, language: str, script: str, subset: str | None = None) -> Rows:
    """The evaluation set of one of mteb's tasks for one language, as rows of our table of its kind.

    Scored by `build_task`, in this order and unchanged, they give the score mteb gives on its own. Besides the splits
    that mteb reports they hold `train` of classification and the data set's `validation` (or `dev`) split, where
    there is one.

    Args:
        name: One of mteb's tasks.
        kind: Key of `KINDS`.
        language: ISO 639-3 code.
        script: ISO 15924 code.
        subset: As `TaskSpec.subset` names it for this language.

    Raises:
        ParamsError: mteb has no such task, or the task has no such subset, or is of another kind.
        DataError: The data cannot be loaded, or is of a form that our tables do not hold.
    """
    task = mteb_task(name, kind)
    code = f"{language}-{script}"
    task.hf_subsets = [subset_of(task, kind, code, named=subset)]
    _load(task)
    by_split = _by_split(task)
    to_rows: Callable[[str, Any], Rows]
    if kind == "retrieval":
        to_rows = _retrieval_rows
    elif kind in ("classification", "clustering"):
        to_rows = _labelled_rows(task, by_split)
    else:
        columns = pair_columns(task, english_first=english_first(task, code))
        to_rows = _pair_rows(columns)
    names = split_names(task, kind)
    if "validation" not in by_split and "dev" not in names.values():
        names["validation"] = "dev"  # mteb does not score it, so that it may have any name
    rows = [
        {"split": ours} | row
        for ours, theirs in names.items()
        if theirs in by_split
        for row in to_rows(name, by_split[theirs])
    ]
    if not rows:
        raise DataError(f"{name}: its data set has the splits {list(by_split)}, none of {list(names.values())}")
    return rows


def _load(task: Any) -> None:
    """Let mteb load the one subset.

    Raises:
        DataError: There is no such data set, no access to it, or no network.
    """
    source = task.metadata.dataset
    try:
        task.load_data()
    except (OSError, ValueError) as error:
        raise DataError(
            f"{task.metadata.name}: data set {source['path']!r}, revision {source['revision']}, subset "
            f"{task.hf_subsets[0]!r} cannot be loaded: {error}. Allow network access to the Hub (or set HF_ENDPOINT to "
            "a mirror of it, and HF_TOKEN if the data set is gated), or name local files for the task in `corpora`"
        ) from error
    if hasattr(task, "convert_v1_dataset_format_to_v2"):
        task.convert_v1_dataset_format_to_v2(num_proc=None)


def _by_split(task: Any) -> dict[str, Any]:
    """Splits of the one subset, in mteb's words; monolingual tasks and those of parallel columns keep no subsets."""
    [subset] = task.hf_subsets
    return dict(task.dataset.get(subset, task.dataset))


def _pair_rows(columns: dict[str, str]) -> Callable[[str, Any], Rows]:
    def rows(_name: str, data: Any) -> Rows:
        values = {ours: data[theirs] for ours, theirs in sorted(columns.items())}
        if "score" in data.column_names:
            values["score"] = [float(score) for score in data["score"]]
        return _zipped(values)

    return rows


def _labelled_rows(task: Any, by_split: dict[str, Any]) -> Callable[[str, Any], Rows]:
    """Rows with the names of the labels where these order them as their numbers do, else with the numbers.

    The order of the classes is part of what a classifier learns from; splits may also have been numbered apart.
    """
    text, label = task.input_column_name, task.label_column_name
    features = [data.features[label] for data in by_split.values()]
    names: list[list[str]] = [getattr(feature, "names", []) for feature in features]
    named = bool(names[0]) and all(found == sorted(names[0]) for found in names)

    def rows(name: str, data: Any) -> Rows:
        labels = data[label]
        if any(isinstance(found, list) for found in labels):
            raise DataError(f"{name}: its texts have several labels each, which the table of labels does not hold")
        told = [names[0][number] for number in labels] if named else [str(found) for found in labels]
        return _zipped({"text": data[text], "label": told})

    return rows


def _retrieval_rows(name: str, data: Any) -> Rows:
    if data["top_ranked"] is not None:
        raise DataError(f"{name}: it ranks given candidates, which the table of retrieval does not hold")
    relevance = data["relevant_docs"]
    asked = {query["id"]: _query_text(name, query) for query in data["queries"] if relevance.get(query["id"])}
    none = {"text": "", "document": "", "score": 0.0}
    return [
        *(none | {"part": "document", "id": row["id"], "text": _document_text(row)} for row in data["corpus"]),
        *(none | {"part": "query", "id": query, "text": text} for query, text in asked.items()),
        *(
            none | {"part": "relevance", "id": query, "document": document, "score": float(score)}
            for query in asked
            for document, score in relevance[query].items()
        ),
    ]


def _document_text(row: dict[str, Any]) -> str:
    """Title and text in one, as mteb embeds them."""
    title = row.get("title")
    return f"{title} {row['text']}".strip() if title else str(row["text"])


def _query_text(name: str, row: dict[str, Any]) -> str:
    """Text and instruction in one, as mteb embeds them."""
    if not isinstance(row["text"], str):
        raise DataError(f"{name}: its queries are conversations, which the table of retrieval does not hold")
    instruction = row.get("instruction")
    return row["text"] if instruction is None else f"{row['text']} {instruction}"


def _zipped(columns: dict[str, Sequence[Any]]) -> Rows:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
