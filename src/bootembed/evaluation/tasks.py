"""Evaluation tasks: classes of `mteb`, fed from our tables; nothing is fetched."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import ENGLISH
from bootembed.evaluation.contents import as_mteb_data
from bootembed.evaluation.kinds import KINDS, SPLITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.evaluation import TaskSpec

    Rows = Sequence[dict[str, Any]]

_ENGLISH_CODE = f"{ENGLISH}-Latn"


@dataclass(frozen=True)
class Task:
    """A task that holds its data.

    Attributes:
        name: Its name, that of its table.
        kind: Key of `KINDS`.
        mteb: mteb's task, restricted to one subset, its data loaded.
        splits: Scored split in our words -> in mteb's (for MIRACL, mteb reports `dev`: our `test`).
        rows: What it was made of.
    """

    name: str
    kind: str
    mteb: Any
    splits: dict[str, str]
    rows: Rows


def build_task(name: str, spec: TaskSpec, rows: Rows, *, language: str, script: str) -> Task:
    """A task that holds its data.

    Args:
        name: Task's name; with `implementation: mteb` the name of one of mteb's tasks.
        spec: Kind, whose class, and subsets that are not the languages' own.
        rows: Of the kind's table, of the splits validation and test, classification also of train; a split without
            rows is not scored. Bitext mining: `sentence1` in the language, `sentence2` in English.
        language: ISO 639-3 code.
        script: ISO 15924 code.

    Raises:
        ParamsError: mteb has no such task, or the task has no subset for this language, or is of another kind.
        DataError: There are no rows, or rows that cannot be scored.
    """
    code = f"{language}-{script}"
    own = spec.implementation == "bootembed"
    task = _own_task(name, spec.kind, code) if own else mteb_task(name, spec.kind)
    subset = subset_of(task, spec.kind, code, named=spec.subset.get(language))
    names = split_names(task, spec.kind)
    found = _by_split(name, rows, list(names))
    task.hf_subsets = [subset]
    task.filter_eval_splits(_scored_splits(task, [names[split] for split in found]))
    data = as_mteb_data(task, spec.kind, found, strict=own, english_first=english_first(task, code))
    task.dataset = _as_kept(task, subset, {names[split]: content for split, content in data.items()})
    task.data_loaded = True
    return Task(name, spec.kind, task, {split: names[split] for split in SPLITS if split in found}, rows)


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


def _own_task(name: str, kind: str, code: str) -> Any:
    """A task of ours: scores 0 to 5 for STS, the language against English for bitext mining."""
    from mteb import TaskMetadata

    metadata = TaskMetadata(
        name=name,
        description="Evaluation set of a corpus of bootembed.",
        type=KINDS[kind].task_type,
        category="t2c" if kind in ("classification", "clustering") else "t2t",
        dataset={"path": f"bootembed/{name}", "revision": "local"},
        eval_splits=list(SPLITS),
        eval_langs={"default": [code, _ENGLISH_CODE] if kind == "bitext_mining" else [code]},
        main_score=KINDS[kind].main_score,
    )
    members: dict[str, Any] = {"metadata": metadata}
    if kind == "clustering":
        members["max_fraction_of_documents_to_embed"] = None  # mteb's 4 % is for huge sets: embed everything
    return type(name, (KINDS[kind].base_class,), members)()


def mteb_task(name: str, kind: str) -> Any:
    """One of mteb's own text tasks.

    Raises:
        ParamsError: mteb has none of this name and kind.
    """
    import mteb
    from mteb.get_tasks import TASK_LIST

    known = [
        task.metadata.name
        for task in TASK_LIST
        if task.metadata.type == KINDS[kind].task_type
        and issubclass(task, KINDS[kind].base_class)
        and task.metadata.modalities == ["text"]
    ]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see `mteb available-tasks`"
        raise ParamsError(f"evaluate_embedder.tasks.{name}: mteb has no task of this name and of kind {kind!r}; {hint}")
    return mteb.get_task(name)


def subset_of(task: Any, kind: str, code: str, *, named: str | None) -> str:
    """Name of the one subset for a language.

    It is the subset of this language and script alone, for bitext mining the one of this language and English. A task
    may have others with the same language in it (BelebeleRetrieval: English questions on Hausa text), which is why
    mteb's own filter by language is not used; `named` takes one of them.

    Args:
        task: mteb's.
        kind: Key of `KINDS`.
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
    both = [[code, _ENGLISH_CODE], [_ENGLISH_CODE, code]]
    for codes in both if kind == "bitext_mining" else [[code], [code, code]]:
        for subset, found in subsets.items():
            if list(found) == codes:
                return subset
    present = sorted({found for codes in subsets.values() for found in codes})
    same_language = [found for found in present if found.partition("-")[0] == code.partition("-")[0]]
    close = same_language or difflib.get_close_matches(code, present, n=3)
    hint = f"did you mean the language {_either(close)}? " if close else ""
    raise ParamsError(
        f"{key}: has no subset for {code!r}; {hint}Correct the key or the script of the language, name a subset of "
        f"another code in `{key}.subset`, or take the task out of its corpus"
    )


def split_names(task: Any, kind: str) -> dict[str, str]:
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
    if kind == "classification" and not task.is_cross_validation:
        names["train"] = task.train_split
    return {split: names[split] for split in ("train", *SPLITS) if split in names}


def _scored_splits(task: Any, present: Sequence[str]) -> list[str]:
    """Splits to score: mteb's own first and in mteb's order, since clustering draws its samples in that order."""
    own = [split for split in task.metadata.eval_splits if split in present]
    unscored = getattr(task, "train_split", None)
    return own + [split for split in present if split not in own and split != unscored]


def english_first(task: Any, code: str) -> bool:
    """Whether English is the first column of a task's one subset, and the language `code` the second."""
    [subset] = task.hf_subsets
    return list(task.metadata.hf_subsets_to_langscripts[subset]) == [_ENGLISH_CODE, code] and code != _ENGLISH_CODE


def _as_kept(task: Any, subset: str, splits: dict[str, Any]) -> Any:
    """The data as mteb's classes keep it: by subset and split, or where all subsets share columns, by split."""
    from datasets import DatasetDict

    if task.metadata.type == "Retrieval":
        return {subset: splits}
    return DatasetDict(splits) if getattr(task, "parallel_subsets", False) else {subset: DatasetDict(splits)}


def _either(names: Sequence[str]) -> str:
    return " or ".join(map(repr, names))
