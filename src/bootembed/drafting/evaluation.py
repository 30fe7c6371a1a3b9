"""What a user says of an evaluation set: its task, its kind, its split."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, suggest
from bootembed.core.plugins import plugin_names
from bootembed.drafting.tables import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = "bootembed.evaluation.kinds"
_SPLITS = {"train": {"train", "training"}, "validation": {"dev", "val", "valid", "validation"}}
_TRAINING = {"classification"}  # kinds that train on the split `train`
VALIDATION = "ValidationBitextMining"
"""The task of translations that choose the champion."""


@dataclass(frozen=True)
class Task:
    """An evaluation set of a user: the file, its split, and the task's entry in `evaluate_embedder.tasks`."""

    request: Request
    split: str
    entry: dict[str, Any]


def validation_task(path: Path) -> Task:
    """Translations as a task that chooses the champion: find each sentence's translation."""
    entry = {"kind": "bitext_mining", "implementation": "bootembed"}
    return Task(Request(VALIDATION, path, kind="bitext_mining"), "validation", entry)


def parse_task(text: str) -> Task:
    """A task from `TASK=FILE` or `TASK:KIND=FILE`; the split is seen from the file's name, otherwise `test`.

    Raises:
        DataError: It is not written so, or the kind of the task is not known.
    """
    name, equals, path = text.partition("=")
    task, _, kind = name.partition(":")
    if not equals or not re.fullmatch(r"[A-Za-z0-9_.-]+", task):
        raise DataError(f"--evaluation {text}: write TASK=FILE, or TASK:KIND=FILE for a task of your own")
    known = plugin_names(_KINDS)
    if kind and kind not in known:
        raise DataError(f"--evaluation {text}: {kind!r} is no kind{suggest(kind, known)}; choose one of {known}")
    entry = {"kind": kind, "implementation": "bootembed"} if kind else _of_mteb(task, text, known)
    return Task(Request(task, Path(path), kind=str(entry["kind"])), _split(Path(path).name.lower()), entry)


def _split(name: str) -> str:
    """The split that a file's name speaks of."""
    words = re.findall(r"[a-z]+", name)
    return next((split for split, its_words in _SPLITS.items() if not its_words.isdisjoint(words)), "test")


def check_tasks(tasks: Sequence[Task]) -> None:
    """Refuse evaluation sets that cannot be scored together.

    Raises:
        DataError: Two files say different things of one task, or a task whose kind trains has no file to train on.
    """
    of_task: dict[str, list[Task]] = {}
    for task in tasks:
        of_task.setdefault(task.request.option, []).append(task)
    for name, its in of_task.items():
        kinds, splits = {task.entry["kind"] for task in its}, {task.split for task in its}
        if any(task.entry != its[0].entry for task in its):
            raise DataError(f"--evaluation {name}: its files are said to be of several kinds ({', '.join(kinds)})")
        if kinds <= _TRAINING and "train" not in splits and its[0].entry["implementation"] == "bootembed":
            raise DataError(
                f"--evaluation {name}: a classifier is trained first, and no file has `train` in its name; name one "
                f"more: --evaluation {name}:classification=train.csv"
            )
        if splits == {"train"}:
            raise DataError(f"--evaluation {name}: has only rows to train on; name one more file, to score")


def _of_mteb(task: str, text: str, known: list[str]) -> dict[str, str]:
    import mteb

    from bootembed.evaluation.kind import task_kind

    kinds = {task_kind(name).task_type: name for name in known}
    try:
        found = mteb.get_task(task).metadata.type
    except KeyError as error:
        raise DataError(
            f"--evaluation {text}: mteb has no task {task!r}; say the kind of your own: {task}:KIND=FILE, of {known}"
        ) from error
    if found not in kinds:
        raise DataError(f"--evaluation {text}: tasks of mteb's type {found!r} cannot be scored; choose another")
    return {"kind": kinds[found], "implementation": "mteb"}
