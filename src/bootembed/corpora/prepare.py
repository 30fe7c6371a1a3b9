"""Prepares the corpora of one language: raw files in, clean tables out, free of evaluation text, no row lost unseen."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bootembed.corpora.cleaning import clean_text, comparable
from bootembed.corpora.layouts import ANCHORS, CORPUS_LAYOUTS, PARALLEL, Layout, evaluation_layout, read_rows
from bootembed.corpora.rows import UNREADABLE, Reason
from bootembed.errors import DataError, ParamsError
from bootembed.params import Role
from bootembed.seeding import derive_seed, sample_rows
from bootembed.tables import SET_ASIDE_ROWS, write_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bootembed.corpora.rows import Row
    from bootembed.params import CorpusSpec, FileSpec, PrepareCorpora, TaskSpec

logger = logging.getLogger(__name__)
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class TableReport:
    """What became of the rows of one table; `rows_in` = `kept` + all of `set_aside` + `not_sampled`."""

    rows_in: int
    kept: int
    not_sampled: int
    set_aside: dict[str, int]
    in_evaluation_set: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparedCorpora:
    """What became of the rows of all tables, by table."""

    language: str
    tables: dict[str, TableReport]

    @property
    def metrics(self) -> dict[str, float]:
        """Counts as flat metrics, e.g. `anchors.kept`, `nli.set_aside.duplicate`."""
        flat: dict[str, float] = {}
        for name, report in self.tables.items():
            flat |= {f"{name}.rows_in": report.rows_in, f"{name}.kept": report.kept}
            flat |= {f"{name}.set_aside.{reason}": count for reason, count in report.set_aside.items()}
        return flat | {f"{ANCHORS.name}.not_sampled": self.tables[ANCHORS.name].not_sampled}

    def as_dict(self) -> dict[str, Any]:
        """For `report.json`."""
        return {"language": self.language, "tables": {name: vars(report) for name, report in self.tables.items()}}


@dataclass(frozen=True)
class _Table:
    """Rows of one table, kept and set aside, in the order of the files."""

    layout: Layout
    rows: list[Row]
    not_sampled: int = 0

    @property
    def kept(self) -> list[Row]:
        return [row for row in self.rows if row.reason is None]

    @property
    def set_aside(self) -> list[Row]:
        return [row for row in self.rows if row.reason is not None]


class EvaluationTexts:
    """The sentences of a language's evaluation sets, in either language."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._comparable: dict[str, str] = {}

    def add(self, task: str, text: str) -> None:
        """Add a sentence; of several tasks that hold it the first is named."""
        self._exact.setdefault(clean_text(text), task)
        if key := comparable(text):  # a text of punctuation alone is like no other
            self._comparable.setdefault(key, task)

    def task_of(self, text: str) -> str | None:
        """The task that holds this text, but for case, punctuation, spacing and Unicode form."""
        if not self._exact:
            return None
        return self._exact.get(text) or self._comparable.get(comparable(text))


def prepare_corpora(
    corpus: CorpusSpec,
    settings: PrepareCorpora,
    *,
    language: str,
    role: Role,
    tasks: Mapping[str, TaskSpec],
    input_dir: Path,
    output_dir: Path,
    seed: int,
) -> PreparedCorpora:
    """Read, clean and write all tables of one language.

    Text is cleaned (see `cleaning`), then rows are set aside that are too short, too long, of sides too unequal in
    length (parallel text), in an evaluation set (any column, compared with both sides of the sets), or exact
    duplicates within their table. Anchors may repeat: duplicates weigh sentences as the corpus does. Evaluation sets
    are taken verbatim, so that scores are those of the published sets.

    Args:
        corpus: The raw files.
        settings: Limits.
        language: The language's key, which stands for `{language}` in paths.
        role: A target language must have anchors.
        tasks: Evaluation tasks, for their kind.
        input_dir: The language's raw folder.
        output_dir: Gets `<table>.parquet` for every table, `evaluation/<task>.parquet`, `report.json` and
            `set_aside_rows.parquet`, which lists every row set aside.
        seed: Chooses the anchors, if there are too many.

    Returns:
        Counts.

    Raises:
        ParamsError: A file's format does not fit its table, or a task is unknown.
        DataError: A file is missing, empty or not what was declared, or a target language is left without anchors.
    """
    evaluation = _read_evaluation(corpus, tasks, folder=input_dir, language=language)
    texts = EvaluationTexts()
    for task, table in evaluation.items():
        for row in table.kept:
            for column in table.layout.texts:
                texts.add(task, row.values[column])
    prepared = list(evaluation.values())
    for layout in CORPUS_LAYOUTS:
        rows = _read(getattr(corpus, layout.name), layout, folder=input_dir, language=language)
        prepared.append(_Table(layout, _filtered(rows, layout, settings, texts)))
    prepared = [_sampled(table, settings.max_anchors, seed=seed) for table in prepared]
    result = PreparedCorpora(language, {table.layout.name: _report(table) for table in prepared})
    if role is Role.TARGET and not result.tables[ANCHORS.name].kept:
        raise _no_anchors(result)
    _write(prepared, result, output_dir)
    return result


def _read_evaluation(
    corpus: CorpusSpec, tasks: Mapping[str, TaskSpec], *, folder: Path, language: str
) -> dict[str, _Table]:
    evaluation = {}
    for task, specs in corpus.evaluation.items():
        if task not in tasks:
            raise ParamsError(
                f"corpora: evaluation: {task!r} is no task of `evaluate_embedder.tasks` ({', '.join(tasks)}); add it "
                "there"
            )
        layout = evaluation_layout(task, tasks[task].kind)
        evaluation[task] = _Table(layout, _read(specs, layout, folder=folder, language=language))
    return evaluation


def _read(specs: Sequence[FileSpec], layout: Layout, *, folder: Path, language: str) -> list[Row]:
    """The rows of all files of a table.

    Raises:
        DataError: No row of a file can be read: it is not what was declared.
    """
    rows = []
    for spec in specs:
        found = list(read_rows(spec, layout, folder=folder, language=language))
        if found and all(row.reason in UNREADABLE for row in found):
            raise _nothing_readable(found, layout)
        rows += found
    return rows


def _nothing_readable(rows: Sequence[Row], layout: Layout) -> DataError:
    counts = Counter(str(row.reason) for row in rows)
    shown = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    detail = f" ({rows[0].detail})" if rows[0].detail else ""
    return DataError(
        f"{rows[0].file}: none of its {len(rows)} rows can be read as {layout.name}: {shown}; e.g. line "
        f"{rows[0].line}: {_shown(rows[0])[:80]!r}{detail}. Correct its entry in `corpora` "
        "(format, columns, quoting, encoding, label_values, pair_separator)"
    )


def _filtered(rows: Iterable[Row], layout: Layout, settings: PrepareCorpora, texts: EvaluationTexts) -> list[Row]:
    """The rows cleaned, each that is not fit for the table set aside."""
    seen: set[tuple[str, ...]] = set()
    result = []
    for raw in rows:
        if raw.reason:
            result.append(raw)
            continue
        row = replace(raw, values=raw.values | {name: clean_text(raw.values[name]) for name in layout.texts})
        reason, detail = _fault(row, layout, settings, texts)
        key = tuple(row.values.values())
        if reason is None and layout is not ANCHORS and key in seen:
            reason = Reason.DUPLICATE
        seen.add(key)
        result.append(row if reason is None else row.set_aside(reason, detail))
    return result


def _fault(row: Row, layout: Layout, settings: PrepareCorpora, texts: EvaluationTexts) -> tuple[Reason | None, str]:
    lengths = [len(row.values[name]) for name in layout.texts]
    shortest, longest = min(lengths), max(lengths)
    if shortest == 0:
        return Reason.EMPTY, ""
    if shortest < settings.min_characters:
        return Reason.TOO_SHORT, f"{shortest} characters"
    if longest > settings.max_characters:
        return Reason.TOO_LONG, f"{longest} characters"
    if layout is PARALLEL and longest > settings.max_length_ratio * shortest:
        return Reason.LENGTH_RATIO, f"{longest}:{shortest} characters"
    held = (texts.task_of(row.values[name]) for name in layout.texts)
    task = next((name for name in held if name), None)
    return (Reason.IN_EVALUATION_SET, task) if task else (None, "")


def _sampled(table: _Table, count: int, *, seed: int) -> _Table:
    """Anchors: at most so many of the kept rows. Other tables stay as they are."""
    if table.layout is not ANCHORS:
        return table
    chosen = sample_rows(table.kept, count, seed=derive_seed(seed, "anchors"))
    return replace(table, rows=chosen + table.set_aside, not_sampled=len(table.kept) - len(chosen))


def _report(table: _Table) -> TableReport:
    set_aside = Counter(str(row.reason) for row in table.set_aside)
    held = Counter(row.detail for row in table.set_aside if row.reason is Reason.IN_EVALUATION_SET)
    report = TableReport(
        rows_in=len(table.rows) + table.not_sampled,
        kept=len(table.kept),
        not_sampled=table.not_sampled,
        set_aside=dict(sorted(set_aside.items())),
        in_evaluation_set=dict(sorted(held.items())),
    )
    if report.rows_in:
        logger.info(
            "%s: %s rows in, %s kept, set aside %s", table.layout.name, report.rows_in, report.kept, report.set_aside
        )
    return report


def _no_anchors(result: PreparedCorpora) -> DataError:
    report = result.tables[ANCHORS.name]
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.set_aside.items()) or "the files hold none"
    return DataError(
        f"target language {result.language!r}: no anchors are left of {report.rows_in} rows ({reasons}); name a file "
        "of sentences that are in no evaluation set under `anchors` of its corpus, or widen `prepare_corpora`"
    )


def _write(prepared: Sequence[_Table], result: PreparedCorpora, folder: Path) -> None:
    for table in prepared:
        rows = (row.values for row in table.kept)
        write_table(rows, table.layout.schema, folder / f"{table.layout.name}.parquet")
    listed = (
        {
            "table": table.layout.name,
            "reason": str(row.reason),
            "detail": row.detail,
            "file": row.file,
            "line": row.line,
            "text": _shown(row),
        }
        for table in prepared
        for row in table.set_aside
    )
    write_table(listed, SET_ASIDE_ROWS, folder / "set_aside_rows.parquet")
    report = json.dumps(result.as_dict(), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(report + "\n", encoding="utf-8")


def _shown(row: Row) -> str:
    """The row's text, clipped."""
    return " | ".join(str(value) for value in row.values.values())[:_SHOWN_CHARACTERS]
