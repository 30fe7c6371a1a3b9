"""Tables of sentence pairs as mteb's data and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.names import ENGLISH

if TYPE_CHECKING:
    from bootembed.evaluation.kind import Rows

PAIR = ("sentence1", "sentence2")
ENGLISH_CODE = f"{ENGLISH}-Latn"


def pair_data(task: Any, rows: Rows, *, code: str) -> Any:
    """The rows of a split as a data set of mteb.

    Args:
        task: mteb's, restricted to one subset.
        rows: Pairs, perhaps with a score.
        code: Language and script, as `hau-Latn`.
    """
    from datasets import Dataset

    columns = _columns(task, code)
    values = {theirs: [row[ours] for row in rows] for ours, theirs in sorted(columns.items(), key=lambda pair: pair[1])}
    if "score" in rows[0]:
        values["score"] = [row["score"] for row in rows]
    return Dataset.from_dict(values)


def pair_rows(task: Any, data: Any, *, code: str) -> Rows:
    """The reverse of `pair_data`."""
    values = {ours: data[theirs] for ours, theirs in sorted(_columns(task, code).items())}
    if "score" in data.column_names:
        values["score"] = [float(score) for score in data["score"]]
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _columns(task: Any, code: str) -> dict[str, str]:
    """Our columns -> the task's: all subsets in one table have columns named by language.

    `sentence1` of mteb's task is our English `sentence2` where English is the first language of the subset.
    """
    [subset] = task.hf_subsets
    columns = subset.split("-") if getattr(task, "parallel_subsets", False) else PAIR
    languages = list(task.metadata.hf_subsets_to_langscripts[subset])
    english_first = languages == [ENGLISH_CODE, code] and code != ENGLISH_CODE
    return dict(zip(reversed(PAIR) if english_first else PAIR, columns, strict=True))
