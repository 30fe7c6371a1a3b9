"""Evaluation tasks: classes of `mteb`, fed from our tables; nothing is fetched."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, ParamsError
from bootembed.evaluation.kind import SPLITS, task_kind
from bootembed.evaluation.pairs import ENGLISH_CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.evaluation.kind import Kind, Rows
    from bootembed.settings.evaluation import TaskSpec


_SHOWN = 3


@dataclass(frozen=True)
class Task:
    """A task that holds its data.

    Attributes:
        name: Its name, that of its table.
        kind: Its kind.
        mteb: mteb's task, restricted to one subset, its data loaded.
        splits: Scored split in our words -> in mteb's (for MIRACL, mteb reports `dev`: our `test`).
        rows: What it was made of.
    """

    name: str
    kind: Kind
    mteb: Any
    splits: dict[str, str]
    rows: Rows


def build_task(name: str, spec: TaskSpec, rows: Rows, *, language: str, script: str) -> Task:
    """A task that holds its data.

    Args:
        name: Task's name; with `implementation: mteb` the name of one of mteb's tasks.
        spec: Kind, whose class, and subsets that are not the languages' own.
        rows: Of the kind's table, of the splits validation and test, classification also of train; a split without
            rows is not scored.
        language: ISO 639-3 code.
        script: ISO 15924 code.

    Raises:
        ParamsError: mteb has no such task, or the task has no subset for this language, or is of another kind.
        DataError: There are no rows, or rows that cannot be scored.
    """
    code = f"{language}-{script}"
    kind = task_kind(spec.kind)
    own = spec.implementation == "bootembed"
    task = _own_task(name, kind, code) if own else mteb_task(name, kind)
    subset = subset_of(task, kind, code, named=spec.subset.get(language))
    names = split_names(task, kind)
    found = _by_split(name, rows, list(names))
    task.hf_subsets = [subset]
    task.filter_eval_splits(_scored_splits(task, kind, [names[split] for split in found]))
    data = kind.to_mteb(task, found, code=code, strict=own)
    task.dataset = _as_kept(task, subset, {names[split]: content for split, content in data.items()})
    task.data_loaded = True
    return Task(name, kind, task, {split: names[split] for split in SPLITS if split in found}, rows)


def _by_split(name: str, rows: Rows, names: Sequence[str]) -> dict[str, Rows]:
    """The rows of each split that has some, in the order of `names`."""
    lost = sorted({row["split"] for row in rows} - set(names))
    if lost:
        raise DataError(
            f"{name}: has rows of split {_either(lost)}, but only {_either(names)} mean something for this task; "
            "correct `split` of its files in `corpora`"
        )
    by_split = {split: [row for row in rows if row["split"] == split] for split in names}
    found: dict[str, Rows] = {split: chosen for split, chosen in by_split.items() if chosen}
    if not any(split in found for split in SPLITS):
        raise DataError(f"{name}: no rows of the splits {' or '.join(SPLITS)}; check the task's files in `corpora`")
    return found


def _own_task(name: str, kind: Kind, code: str) -> Any:
    """A task of ours: in the language, translations in the language and English."""
    from mteb import TaskMetadata

    metadata = TaskMetadata(
        name=name,
        description="Evaluation set of a corpus of bootembed.",
        type=kind.task_type,
        category=kind.category,
        dataset={"path": f"bootembed/{name}", "revision": "local"},
        eval_splits=list(SPLITS),
        eval_langs={"default": [code, ENGLISH_CODE] if kind.halves else [code]},
        main_score=kind.main_score,
    )
    return type(name, (kind.base_class,), {"metadata": metadata, **kind.overrides})()


def mteb_task(name: str, kind: Kind) -> Any:
    """One of mteb's own text tasks.

    Raises:
        ParamsError: mteb has none of this name and kind.
    """
    import mteb
    from mteb.get_tasks import TASK_LIST

    known = [
        task.metadata.name
        for task in TASK_LIST
        if task.metadata.type == kind.task_type
        and issubclass(task, kind.base_class)
        and task.metadata.modalities == ["text"]
    ]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see `mteb available-tasks`"
        raise ParamsError(
            f"evaluate_embedder.tasks.{name}: mteb has no task of this name and of kind {kind.name!r}; {hint}"
        )
    return mteb.get_task(name)


def subset_of(task: Any, kind: Kind, code: str, *, named: str | None) -> str:
    """Name of the one subset for a language.

    It is the subset of this language and script alone, for translations the one of this language and English. A task
    may have others with the same language in it (BelebeleRetrieval: English questions on Hausa text), which is why
    mteb's own filter by language is not used; `named` takes one of them.

    Args:
        task: mteb's.
        kind: Its kind.
        code: As `hau-Latn`.
        named: From `TaskSpec.subset`.

    Raises:
        ParamsError: There is none.
    """
    key = f"evaluate_embedder.tasks.{task.metadata.name}"
    subsets: dict[str, list[str]] = task.metadata.hf_subsets_to_langscripts
    if named is not None:
        if named in subsets:
            return named
        close = difflib.get_close_matches(named, subsets, n=3) or list(subsets)[:3]
        raise ParamsError(f"{key}.subset: mteb's task has no subset {named!r}; did you mean {_either(close)}?")
    both = [[code, ENGLISH_CODE], [ENGLISH_CODE, code]]
    for codes in both if kind.halves else [[code], [code, code]]:
        for subset, found in subsets.items():
            if list(found) == codes:
                return subset
    present = sorted({found for codes in subsets.values() for found in codes})
    same_language = [found for found in present if found.partition("-")[0] == code.partition("-")[0]]
    if code in present:
        together = [subset for subset, codes in subsets.items() if code in codes][:_SHOWN]
        wanted = f"with {ENGLISH_CODE!r} alone" if kind.halves else "alone"
        hint = f"it has {code!r} only with other languages, in {_either(together)}, not {wanted}. "
    else:
        close = same_language or difflib.get_close_matches(code, present, n=_SHOWN)
        hint = f"did you mean the language {_either(close)}? " if close else ""
    raise ParamsError(
        f"{key}: has no subset for {code!r}; {hint}Correct the key or the script of the language, name a subset of "
        f"another code in `{key}.subset`, or take the task out of its corpus"
    )


def split_names(task: Any, kind: Kind) -> dict[str, str]:
    """Our splits -> mteb's: `test` is what mteb reports, `validation` what it calls so or `dev`.

    Raises:
        ParamsError: mteb scores several splits, none of which is `test`.
    """
    evaluated = list(task.metadata.eval_splits)
    if "test" not in evaluated and len(evaluated) > 1:
        raise ParamsError(
            f"evaluate_embedder.tasks.{task.metadata.name}: mteb scores its splits {evaluated}, none of them `test`; "
            "take the task out"
        )
    names = {"test": "test" if "test" in evaluated else evaluated[0]}
    validation = "dev" if "dev" in evaluated and "validation" not in evaluated else "validation"
    if names["test"] != validation:
        names["validation"] = validation
    elif validation == "dev":
        names["validation"] = "validation"
    if train := kind.train_split(task):
        names["train"] = train
    return {split: names[split] for split in ("train", *SPLITS) if split in names}


def _scored_splits(task: Any, kind: Kind, present: Sequence[str]) -> list[str]:
    """Splits to score: mteb's own first and in mteb's order, since clustering draws its samples in that order."""
    own = [split for split in task.metadata.eval_splits if split in present]
    return own + [split for split in present if split not in own and split != kind.train_split(task)]


def _as_kept(task: Any, subset: str, splits: dict[str, Any]) -> Any:
    """The data as mteb's classes keep it: by subset and split, or where all subsets share columns, by split."""
    from datasets import Dataset, DatasetDict

    if not all(isinstance(data, Dataset) for data in splits.values()):
        return {subset: splits}  # of retrieval, several data sets a split
    return DatasetDict(splits) if getattr(task, "parallel_subsets", False) else {subset: DatasetDict(splits)}


def _either(names: Sequence[str]) -> str:
    return " or ".join(map(repr, names))
