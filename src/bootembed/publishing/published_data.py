"""Which of our evaluation sets are the data that mteb publishes: only their scores belong on its leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


def why_not_published(task: str, language: str, params: Params) -> str:
    """Why the rows of a task are not surely those that mteb publishes; empty if they are.

    They are if mteb itself loaded all of them, at the revision it pins (`format: mteb`). A local copy may be the same,
    but nobody has compared it, and a reader of the leaderboard could not.
    """
    spec = params.evaluate_embedder.tasks[task]
    if spec.implementation != "mteb":
        return "own data, no task of mteb"
    files = params.corpora[params.languages[language].corpus].evaluation.get(task, [])
    if not files:
        return f"params.yaml names no data for {language}"
    if any(file.format != "mteb" for file in files):
        return "mteb's task on own files, which nobody compared with the data that mteb publishes"
    if any(file.limit for file in files):
        return "mteb's task on some rows only (`limit`)"
    return ""
