"""Rows of mteb's own evaluation sets, loaded as mteb loads them: from the Hub, at the revision mteb pins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.hub import explain_hub_failure
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.tasks import mteb_task, split_names, subset_of

if TYPE_CHECKING:
    from bootembed.evaluation.kind import Rows


def load_rows(name: str, kind: str, *, language: str, script: str, subset: str | None = None) -> Rows:
    """The evaluation set of one of mteb's tasks for one language, as rows of our table of its kind.

    Scored by `build_task`, in this order and unchanged, they give the score mteb gives on its own. Besides the splits
    that mteb reports they hold `train` of classification and the data set's `validation` (or `dev`) split, where
    there is one.

    Args:
        name: One of mteb's tasks.
        kind: Its kind, a module of `evaluation.kinds`.
        language: ISO 639-3 code.
        script: ISO 15924 code.
        subset: As `TaskSpec.subset` names it for this language.

    Raises:
        ParamsError: mteb has no such task, or the task has no such subset, or is of another kind.
        DataError: The data cannot be loaded, or is of a form that our tables do not hold.
    """
    found = task_kind(kind)
    task = mteb_task(name, found)
    code = f"{language}-{script}"
    task.hf_subsets = [subset_of(task, found, code, named=subset)]
    _load(task)
    by_split = _by_split(task)
    names = split_names(task, found)
    if "validation" not in by_split and "dev" not in names.values():
        names["validation"] = "dev"  # mteb does not score it, so that it may have any name
    rows = [
        {"split": ours} | row
        for ours, theirs in names.items()
        if theirs in by_split
        for row in found.from_mteb(task, theirs, by_split, code=code)
    ]
    if not rows:
        raise DataError(f"{name}: its data set has the splits {list(by_split)}, none of {list(names.values())}")
    return rows


def _load(task: Any) -> None:
    """Let mteb load the one subset.

    Raises:
        DataError: There is no such data set, no access to it, or no network.
    """
    from httpx2 import HTTPError

    source = task.metadata.dataset
    try:
        task.load_data()
    except (OSError, ValueError, HTTPError) as error:
        otherwise = "name local files for the task in `corpora`"
        fault = explain_hub_failure(error, source["path"], kind="dataset", otherwise=otherwise)
        raise DataError(
            f"{task.metadata.name}: data set {source['path']!r}, revision {source['revision']}, subset "
            f"{task.hf_subsets[0]!r} cannot be loaded: {fault}"
        ) from error
    if hasattr(task, "convert_v1_dataset_format_to_v2"):
        task.convert_v1_dataset_format_to_v2(num_proc=None)


def _by_split(task: Any) -> dict[str, Any]:
    """Splits of the one subset, in mteb's words; monolingual tasks and those of parallel columns keep no subsets."""
    [subset] = task.hf_subsets
    return dict(task.dataset.get(subset, task.dataset))
