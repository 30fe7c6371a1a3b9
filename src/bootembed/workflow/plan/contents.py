"""Whether the raw files of a profile are what it declares: the first row of each is read, as a run would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.errors import UserError
from bootembed.core.names import ENGLISH
from bootembed.corpora.layouts import CORPUS_LAYOUTS, Layout, read_rows
from bootembed.corpora.rows import UNREADABLE
from bootembed.corpora.streams import count_lines, raw_file
from bootembed.evaluation.prepare import evaluation_layout
from bootembed.workflow.plan.requirements import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.settings.corpora import FileSpec
    from bootembed.settings.schema import Params

_ELSEWHERE = ("hub", "mteb")
_OF_LINES = ("lines", "moses", "csv", "tsv", "jsonl")
_WITH_HEADER = ("csv", "tsv")


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


def rows_in_files(params: Params, table: str, language: str) -> int:
    """How many rows the files of a table have at most; 0 if that is not known: one is not here, or has no lines.

    Args:
        params: The profile.
        table: A table of `corpora`; of `nli` the English one.
        language: A target language.
    """
    key = ENGLISH if table == "nli" else language
    configured = params.languages[key]
    folder, count = Path(params.prepare_corpora.folder) / configured.folder, 0
    for spec in getattr(params.corpora[configured.corpus], table):
        name = str(spec.path).replace("{language}", key)
        file = raw_file(folder, name, holds="json" if spec.format == "jsonl" else "text")
        if spec.format not in _OF_LINES or not file.path.is_file():
            return 0
        try:
            lines = count_lines(file)
        except UserError:  # `check_contents` tells what is wrong
            return 0
        has_names = spec.format in _WITH_HEADER and spec.header
        count += max(0, lines - 1) if has_names else lines
    return count


def _local_files(params: Params) -> Iterator[tuple[str, Layout, FileSpec]]:
    for key, language in params.languages.items():
        corpus = params.corpora[language.corpus]
        tables = [(layout, getattr(corpus, layout.name)) for layout in CORPUS_LAYOUTS]
        if key in params.grid.languages:
            tasks = params.evaluate_embedder.tasks
            tables += [(evaluation_layout(task, tasks[task].kind), specs) for task, specs in corpus.evaluation.items()]
        for layout, specs in tables:
            yield from ((key, layout, spec) for spec in specs if spec.format not in _ELSEWHERE)


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
