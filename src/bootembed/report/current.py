"""What of the results is of the profile as it is now.

Scores of tasks that it no longer has stay in their files; on tasks that are new, some cells may have no score yet.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from bootembed.report.scores import CellScore, Results, Score


def of_tasks(results: Results, tasks: Container[str]) -> Results:
    """The results without the scores and the geometry of other tasks."""
    return replace(
        results,
        scores=[score for score in results.scores if score.task in tasks],
        geometry=[geometry for geometry in results.geometry if geometry.task in tasks],
    )


def reported_split(scores: Sequence[Score | CellScore], task: str) -> str:
    """`test`, or of a task that has no such split `validation`."""
    splits = {score.split for score in scores if score.task == task}
    return "test" if "test" in splits else "validation"


def scored_on(scores: Sequence[Score | CellScore], task: str) -> set[str]:
    """The recipes that have a score on the reported split of a task."""
    reported = (task, reported_split(scores, task))
    return {score.recipe for score in scores if (score.task, score.split) == reported}


def not_scored(scores: Sequence[Score | CellScore]) -> dict[tuple[str, str, str], list[str]]:
    """Language, encoder and task -> recipes that have scores, but none on this task, which others have."""
    missing = {}
    for language, encoder in dict.fromkeys((score.language, score.encoder) for score in scores):
        own = [score for score in scores if (score.language, score.encoder) == (language, encoder)]
        for task in dict.fromkeys(score.task for score in own):
            scored = scored_on(own, task)
            if absent := [recipe for recipe in dict.fromkeys(score.recipe for score in own) if recipe not in scored]:
                missing[language, encoder, task] = absent
    return missing


def write_out_of_date(cells: Sequence[str], path: Path) -> None:
    """Write which cells are out of date, for `read_out_of_date`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(cells)) + "\n", encoding="utf-8")


def read_out_of_date(path: Path | None) -> list[str]:
    """The cells that are out of date; none where nobody looked, as when DVC itself runs the stage.

    Raises:
        DataError: The file is unreadable.
    """
    if path is None:
        return []
    try:
        return [str(name) for name in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; `bootembed report` writes it again") from error


def told_out_of_date(cells: Sequence[str]) -> str:
    """How many cells are out of date, and what brings them up to date; empty if none is."""
    if not cells:
        return ""
    count = "1 cell is" if len(cells) == 1 else f"{len(cells)} cells are"
    return (
        f"{count} out of date: parameters, code or inputs have changed since, and the report shows what they gave "
        "before. `bootembed run` runs them and writes the report again."
    )


def out_of_date_section(cells: Sequence[str]) -> list[str]:
    """Markdown: the same, with the cells; nothing if none is."""
    if not cells:
        return []
    return [f"**{told_out_of_date(cells)}**", "\n".join(["```", *cells, "```"])]
