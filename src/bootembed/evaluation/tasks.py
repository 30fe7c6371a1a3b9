"""Evaluation tasks: classes of `mteb`, fed from our tables; nothing is fetched."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

from bootembed.errors import DataError, ParamsError
from bootembed.params import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.params import TaskSpec

    Rows = Sequence[dict[str, Any]]

SPLITS = ("validation", "test")
_ENGLISH_CODE = f"{ENGLISH}-Latn"
_KINDS = {"sts": ("STS", "cosine_spearman"), "bitext_mining": ("BitextMining", "f1")}
_COLUMNS = {"sts": ("sentence1", "sentence2", "score"), "bitext_mining": ("sentence1", "sentence2")}


def build_task(name: str, spec: TaskSpec, rows: Rows, *, language: str, script: str) -> Any:
    """An `mteb` task that holds its data.

    Args:
        name: Task's name; with `implementation: mteb` the name of one of mteb's tasks.
        spec: Kind, and whose class.
        rows: Of `tables.STS` or `tables.BITEXT_MINING` (`sentence1` in the language, `sentence2` in English), of the
            splits validation and test; a split without rows is not scored.
        language: ISO 639-3 code.
        script: ISO 15924 code.

    Returns:
        The task, restricted to one subset, its data loaded.

    Raises:
        ParamsError: mteb has no such task, or the task has no subset for this language, or is of another kind.
        DataError: There are no rows, or the STS scores of a split are all equal.
    """
    code = f"{language}-{script}"
    task = _own_task(name, spec.kind, code) if spec.implementation == "bootembed" else _mteb_task(name, spec.kind)
    subset, english_first = _subset(task, spec.kind, code)
    splits = _splits(name, spec.kind, rows)
    task.hf_subsets = [subset]
    task.filter_eval_splits(list(splits))
    task.dataset = _dataset(task, subset, splits, english_first=english_first)
    task.data_loaded = True
    return task


def _own_task(name: str, kind: str, code: str) -> Any:
    """A task of ours: scores 0 to 5 for STS, the language against English for bitext mining."""
    from mteb import TaskMetadata
    from mteb.abstasks import AbsTaskBitextMining, AbsTaskSTS

    task_type, main_score = _KINDS[kind]
    metadata = TaskMetadata(
        name=name,
        description="Evaluation set of a corpus of bootembed.",
        type=task_type,
        category="t2t",
        dataset={"path": f"bootembed/{name}", "revision": "local"},
        eval_splits=list(SPLITS),
        eval_langs={"default": [code] if kind == "sts" else [code, _ENGLISH_CODE]},
        main_score=main_score,
    )
    base = AbsTaskSTS if kind == "sts" else AbsTaskBitextMining
    return type(name, (base,), {"metadata": metadata})()


def _mteb_task(name: str, kind: str) -> Any:
    import mteb
    from mteb.get_tasks import TASK_LIST

    known = [task.metadata.name for task in TASK_LIST if task.metadata.type == _KINDS[kind][0]]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see `mteb available-tasks`"
        raise ParamsError(f"evaluate_embedder.tasks.{name}: mteb has no task of this name and of kind {kind!r}; {hint}")
    return mteb.get_task(name)


def _subset(task: Any, kind: str, code: str) -> tuple[str, bool]:
    """Name of the one subset for a language, and whether its first column is English."""
    name = task.metadata.name
    subsets: dict[str, list[str]] = task.metadata.hf_subsets_to_langscripts
    wanted = [[code], [code, code]] if kind == "sts" else [[code, _ENGLISH_CODE], [_ENGLISH_CODE, code]]
    for codes in wanted:
        for subset, found in subsets.items():
            if list(found) == codes:
                return subset, codes[0] == _ENGLISH_CODE != code
    present = sorted({found for codes in subsets.values() for found in codes})
    same_language = [found for found in present if found.partition("-")[0] == code.partition("-")[0]]
    close = same_language or difflib.get_close_matches(code, present, n=3)
    hint = f"did you mean the language {' or '.join(map(repr, close))}? " if close else ""
    raise ParamsError(
        f"evaluate_embedder.tasks.{name}: has no subset for {code!r}; {hint}Correct the key or the script of the "
        "language, or take the task out of its corpus"
    )


def _splits(name: str, kind: str, rows: Rows) -> dict[str, dict[str, list[Any]]]:
    """Columns of each split that has rows."""
    splits = {}
    for split in SPLITS:
        chosen = [row for row in rows if row["split"] == split]
        if not chosen:
            continue
        columns = {column: [row[column] for row in chosen] for column in _COLUMNS[kind]}
        if kind == "sts" and not all(map(math.isfinite, columns["score"])):
            raise DataError(f"{name}, split {split!r}: a score is missing (NaN); check the column of the scores")
        if kind == "sts" and len(set(columns["score"])) < 2:
            raise DataError(
                f"{name}, split {split!r}: all {len(chosen)} scores are equal, so no rank correlation exists; check "
                "the column of the scores"
            )
        splits[split] = columns
    if not splits:
        raise DataError(f"{name}: no rows of the splits {' or '.join(SPLITS)}; check the task's files in `corpora`")
    return splits


def _dataset(task: Any, subset: str, splits: dict[str, dict[str, list[Any]]], *, english_first: bool) -> Any:
    """The data as mteb's classes keep it: by subset and split, or where all subsets share columns, by split."""
    from datasets import Dataset, DatasetDict

    names = ("sentence2", "sentence1") if english_first else ("sentence1", "sentence2")
    parallel = getattr(task, "parallel_subsets", False)
    columns = tuple(subset.split("-")) if parallel else ("sentence1", "sentence2")
    datasets = DatasetDict()
    for split, values in splits.items():
        texts = dict(zip(columns, (values[name] for name in names), strict=True))
        datasets[split] = Dataset.from_dict(texts | {k: v for k, v in values.items() if k == "score"})
    return datasets if parallel else {subset: datasets}
