"""Evaluation sets of a language: read verbatim, from local files or from where mteb has them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import ENGLISH, LATIN
from bootembed.core.tables import text_columns, write_table
from bootembed.corpora.alarms import evaluation_alarm
from bootembed.corpora.layouts import Layout, read_rows
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.mteb_data import load_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.corpora.identifiers import LanguageCheck
    from bootembed.corpora.rows import Row
    from bootembed.evaluation.kind import Rows
    from bootembed.settings.corpora import CorpusSpec, FileSpec, Language
    from bootembed.settings.evaluation import TaskSpec

logger = logging.getLogger(__name__)


def prepare_evaluation(
    corpus: CorpusSpec,
    tasks: Mapping[str, TaskSpec],
    *,
    language: str,
    configured: Language,
    check: LanguageCheck,
    input_dir: Path,
    output_dir: Path,
) -> dict[str, int]:
    """Write the evaluation tables of one language, as their sources have them, so that scores are those of the sets.

    Args:
        corpus: The raw files, or `mteb` for a task's own data at the revision that mteb pins.
        tasks: The tasks, for their kind.
        language: The language's key.
        configured: Its entry in `languages`.
        check: Warns of texts in another language.
        input_dir: The language's raw folder.
        output_dir: Gets `<task>.parquet` for each task of the corpus.

    Returns:
        Rows by task.

    Raises:
        DataError: A file is missing or empty, or one of its rows cannot be read: a score over the others would be
            another score.
        ParamsError: A file's format does not fit its task, or mteb has no such task or subset.
    """
    counts = {}
    output_dir.mkdir(parents=True, exist_ok=True)
    for task, specs in corpus.evaluation.items():
        layout = evaluation_layout(task, tasks[task].kind)
        rows = [
            row
            for spec in specs
            for row in (
                _from_mteb(task, tasks[task], language=language, script=configured.script)
                if spec.format == "mteb"
                else _from_file(spec, layout, language=language, script=configured.script, folder=input_dir)
            )
        ]
        _warn(task, rows, layout, check, language=language, script=configured.script)
        counts[task] = write_table(rows, layout.schema, output_dir / f"{task}.parquet")
        logger.info("%s: %d rows", task, counts[task])
    return counts


def evaluation_layout(task: str, kind: str) -> Layout:
    """The table of an evaluation task.

    Args:
        task: Its name.
        kind: Its kind, a module of `evaluation.kinds`.
    """
    found = task_kind(kind)
    return Layout(
        f"evaluation/{task}",
        found.schema,
        text_columns(found.schema),
        halves=found.halves,
        verbatim=True,
        file_columns=found.file_columns,
        interpret=found.interpret,
    )


def _warn(task: str, rows: Rows, layout: Layout, check: LanguageCheck, *, language: str, script: str) -> None:
    """Of texts in another language than they should be; of both languages, where the set has translations."""
    english = layout.halves[1:] if layout.halves else ()
    for columns, key, its_script in ((layout.own_texts, language, script), (english, ENGLISH, LATIN)):
        texts = [row[column] for row in rows for column in columns if row[column]]
        if texts and (alarm := evaluation_alarm(task, texts, key, its_script, check)):
            logger.warning("%s", alarm)
    if why := check.unchecked(language, script):
        logger.info("%s: %s", task, why)


def _from_mteb(name: str, task: TaskSpec, *, language: str, script: str) -> Rows:
    return load_rows(name, task.kind, language=language, script=script, subset=task.subset.get(language))


def _from_file(spec: FileSpec, layout: Layout, *, language: str, script: str, folder: Path) -> list[dict[str, Any]]:
    rows = [_whole(row, layout) for row in read_rows(spec, layout, folder=folder, language=language, script=script)]
    if not rows:
        raise DataError(f"{spec.path}: no row for {layout.name}; correct `where` of its entry in `corpora`")
    return rows


def _whole(row: Row, layout: Layout) -> dict[str, Any]:
    if row.reason:
        shown = row.shown()[:80]
        detail = f" ({row.detail})" if row.detail else ""
        raise DataError(
            f"{row.file}: line {row.line}: cannot be read as a row of {layout.name}: {row.reason}{detail}: {shown!r}. "
            "Correct its entry in `corpora` (format, columns, quoting, encoding, pair_separator), or the file"
        )
    return row.values
