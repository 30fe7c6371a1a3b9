"""Whether the raw files of a profile are what it declares: the first row of each is read, as a run would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.errors import UserError
from bootembed.corpora.layouts import CORPUS_LAYOUTS, Layout, read_rows
from bootembed.corpora.rows import UNREADABLE
from bootembed.corpora.streams import raw_file
from bootembed.evaluation.prepare import evaluation_layout
from bootembed.workflow.plan.requirements import Check
from bootembed.workflow.plan.samples import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.settings.corpora import FileSpec
    from bootembed.settings.schema import Params


def check_contents(params: Params) -> list[Check]:
    """A check for each file that is there and cannot be read as declared; none for files that can."""
    if params.write_sample_corpora.languages:  # the pipeline writes them
        return []
    found = []
    for language, layout, spec in _local_files(params):
        folder = Path(params.prepare_corpora.folder) / params.languages[language].folder
        place = raw_file(folder, str(spec.path).replace("{language}", language)).path
        if place.exists() and (fault := _fault(spec, layout, folder, language)):
            found.append(Check("missing", fault, f"correct its entry in `corpora`, table {layout.name} of {language}"))
    return found


def _local_files(params: Params) -> Iterator[tuple[str, Layout, FileSpec]]:
    for key, language in params.languages.items():
        corpus = params.corpora[language.corpus]
        tables = [(layout, getattr(corpus, layout.name)) for layout in CORPUS_LAYOUTS]
        if key in params.grid.languages:
            tasks = params.evaluate_embedder.tasks
            tables += [(evaluation_layout(task, tasks[task].kind), specs) for task, specs in corpus.evaluation.items()]
        for layout, specs in tables:
            yield from ((key, layout, spec) for spec in specs if spec.format not in ELSEWHERE)


def _fault(spec: FileSpec, layout: Layout, folder: Path, language: str) -> str | None:
    """What is wrong with the first row of a file."""
    try:
        row = next(read_rows(spec, layout, folder=folder, language=language), None)
    except UserError as error:
        return str(error)
    if row is None:
        return f"{spec.path}: `where` selects none of its rows"
    if row.reason in UNREADABLE:
        detail = f" ({row.detail})" if row.detail else ""
        return f"{spec.path}: its first row cannot be read: {row.reason}{detail}: {row.shown()[:80]!r}"
    return None
