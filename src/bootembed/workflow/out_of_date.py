"""Which results are older than what they were made from, as dvc.lock tells; nothing is run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bootembed.workflow.changes import Shared, is_changed
from bootembed.workflow.locks import hold

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)
_NOT_HERE = ("deleted", "not in cache")  # as after a pull of the metrics alone: it says nothing of their age


def out_of_date(project: Path, target: str) -> list[str]:
    """Cells before a stage whose outputs are here, though they or a cell before them would not be made so again.

    Args:
        project: Folder of dvc.yaml.
        target: A stage of one cell.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.repo.index import Index

    try:
        with Repo(str(project)) as repo, hold(repo):
            return _out_of_date(Index.from_repo(repo), target)
    except DvcException as error:
        logger.warning("which cells are out of date is not known: %s", error)
        return []


def _out_of_date(index: Any, target: str) -> list[str]:
    import networkx

    graph = index.graph.subgraph([stage for stage in index.graph if not stage.frozen])  # as none goes through those
    above = [stage for stage in networkx.descendants(graph, _stage(index, target)) if stage.cmd]
    shared = Shared()
    shared.serve(above)
    with shared.one_moment():
        changed = {stage for stage in above if _was_run(stage) and is_changed(stage, differs=_differs)}
        old = [stage for stage in above if changed & {stage, *networkx.descendants(graph, stage)}]
        return sorted(stage.name for stage in old if all(out.exists for out in stage.outs))


def _stage(index: Any, name: str) -> Any:
    return next(stage for stage in index.stages if stage.addressing == name)


def _was_run(stage: Any) -> bool:
    """Whether dvc.lock has it: a new cell, as of another language, makes nothing old that is here."""
    return any(out.hash_info for out in stage.outs)


def _differs(status: dict[str, Any]) -> bool:
    """Whether something is not as dvc.lock has it, as far as it is here."""
    return any(state not in _NOT_HERE for state in status.values())
