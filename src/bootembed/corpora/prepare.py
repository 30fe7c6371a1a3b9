"""Prepares the corpora of one language: raw files in, clean tables out, free of evaluation text, every row counted.

Rows are streamed, and what must be remembered of them lies on disk, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import Role
from bootembed.core.seeding import derive_seed
from bootembed.core.tables import REJECTED_ROWS, TableWriter, stream_rows
from bootembed.corpora.contradictions import LABELLED, LabelledPairs
from bootembed.corpora.evaluation_sets import EvaluationTexts
from bootembed.corpora.judging import RowJudge
from bootembed.corpora.layouts import ANCHORS, CORPUS_LAYOUTS, Layout, read_rows
from bootembed.corpora.near import SeenTexts
from bootembed.corpora.outcome import PreparedCorpora
from bootembed.corpora.rows import UNREADABLE, Row, RowRejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bootembed.corpora.identifiers import LanguageCheck
    from bootembed.settings.corpora import CorpusSpec, FileSpec, Language, PrepareCorpora

logger = logging.getLogger(__name__)


def prepare_corpora(
    corpus: CorpusSpec,
    settings: PrepareCorpora,
    *,
    language: str,
    configured: Language,
    evaluation: Sequence[tuple[str, str]],
    check: LanguageCheck,
    input_dir: Path,
    output_dir: Path,
    seed: int,
) -> PreparedCorpora:
    """Read, clean and write all tables of one language.

    Text is repaired and cleaned (`core.text`), then each unfit row is rejected for the first reason that applies: too
    short, too long, the two sides of very unequal length (parallel text), repetitive, in another script or language,
    two of its sides equal (parallel text, NLI, examples), in an evaluation set (any column; exact, normalised or near),
    a duplicate or near duplicate within its table. Pairs that carry both labels are taken out at the end.
    Anchors may repeat: a sentence weighs as much as it does in the corpus.

    Args:
        corpus: The raw files.
        settings: Limits.
        language: The language's key, which stands for `{language}` in paths.
        configured: Its entry in `languages`. A target language with files of anchors must keep some.
        evaluation: (set, sentence) of every evaluation set that is scored, in whichever language.
        check: Tells whether a row is in another language, if `settings` want it told.
        input_dir: The language's raw folder.
        output_dir: Gets `<table>.parquet` for every table, `report.json` and `rejected_rows.parquet`, which lists
            every row rejected.
        seed: Chooses rows where there are too many.

    Returns:
        Counts.

    Raises:
        ParamsError: A file's format does not fit its table.
        DataError: A file is missing, empty or not what was declared, or a target language is left without anchors.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    texts = EvaluationTexts(evaluation, near_threshold=settings.near_evaluation)
    reports = {}
    with (
        TableWriter(output_dir / "rejected_rows.parquet", REJECTED_ROWS) as rejected,
        tempfile.TemporaryDirectory(prefix=".work-", dir=output_dir) as work,
    ):
        for layout in CORPUS_LAYOUTS:
            specs = getattr(corpus, layout.name)
            rows = _read(specs, layout, folder=input_dir, language=language, script=configured.script)
            judge = RowJudge(layout, settings, texts, check, language=language, script=configured.script)
            near = settings.near_duplicates if layout.near_duplicates else None
            path = output_dir / f"{layout.name}.parquet"
            most = settings.max_anchors if layout is ANCHORS else settings.max_rows
            with contextlib.closing(SeenTexts(Path(work) / f"{layout.name}.db", near)) as seen:
                _write(judge.judge(rows, seen), path, judge, rejected, work=Path(work))
            _thin_out(path, judge, most, seed=derive_seed(seed, layout.name))
            reports[layout.name] = judge.report
    result = PreparedCorpora(
        language, _not_checked(settings, check, language, configured.script), reports, _sources(corpus, language)
    )
    for warning in result.warnings:
        logger.warning("%s", warning)
    if configured.role is Role.TARGET and corpus.anchors and not reports[ANCHORS.name].kept:
        raise _no_anchors(result)
    report = json.dumps(result.as_dict(), indent=2, ensure_ascii=False)
    (output_dir / "report.json").write_text(report + "\n", encoding="utf-8")
    return result


def _sources(corpus: CorpusSpec, language: str) -> list[dict[str, str | None]]:
    """What the profile says of whose its files are, for the report."""
    return [
        {
            "table": layout.name,
            "path": str(spec.path).replace("{language}", language),
            "name": spec.name,
            "licence": spec.licence,
        }
        for layout in CORPUS_LAYOUTS
        for spec in getattr(corpus, layout.name)
        if spec.name or spec.licence
    ]


def _not_checked(settings: PrepareCorpora, check: LanguageCheck, language: str, script: str) -> str | None:
    if not settings.check_language:
        return "The language of rows was not checked: `prepare_corpora.check_language` is false."
    return check.unchecked(language, script)


def _read(specs: Sequence[FileSpec], layout: Layout, *, folder: Path, language: str, script: str) -> Iterator[Row]:
    """The rows of all files of a table.

    Raises:
        DataError: No row of a file can be read, so it is not what was declared; or `where` selects no row of any file.
    """
    found = False
    for spec in specs:
        counts: Counter[RowRejection] = Counter()
        examples: dict[RowRejection, Row] = {}
        readable = False
        for row in read_rows(spec, layout, folder=folder, language=language, script=script):
            found = True
            readable = readable or row.reason is None
            if not readable and row.reason is not None:
                counts[row.reason] += 1
                examples.setdefault(row.reason, row)
            yield row
        if not readable and _is_misread(counts):
            raise _nothing_readable(examples, counts, layout)
    if specs and not found:
        shown = ", ".join(f"{spec.path} {spec.where}" for spec in specs)
        raise DataError(f"{layout.name} of {language!r}: `where` selects no row of {shown}; correct it in `corpora`")


def _is_misread(counts: Counter[RowRejection]) -> bool:
    """Whether a file of which no row is left is not what was declared; one of neutral rows is, and holds blank ones."""
    return bool(counts) and (RowRejection.NEUTRAL not in counts or not UNREADABLE.isdisjoint(counts))


def _nothing_readable(examples: dict[RowRejection, Row], counts: Counter[RowRejection], layout: Layout) -> DataError:
    shown = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    row = next((row for reason, row in examples.items() if reason in UNREADABLE), next(iter(examples.values())))
    detail = f" ({row.detail})" if row.detail else ""
    return DataError(
        f"{row.file}: none of its {counts.total()} rows can be read as {layout.name}: {shown}; e.g. line "
        f"{row.line}: {row.shown()[:80]!r}{detail}. Correct its entry in `corpora` "
        "(format, columns, quoting, encoding, label_values, pair_separator)"
    )


def _write(rows: Iterable[Row], path: Path, judge: RowJudge, rejected: TableWriter, *, work: Path) -> None:
    """Write the fit rows of a table, list the others, and count both."""
    layout, report = judge.layout, judge.report
    with contextlib.closing(LabelledPairs(work / "labels.db")) as pairs:
        with TableWriter(path, layout.schema) as table:
            for row in rows:
                if row.reason is None:
                    table.write(row.values)
                    if layout in LABELLED:
                        pairs.add(row)
                else:
                    report.rejected[str(row.reason)] += 1
                    rejected.write(_listed(row, layout))
        report.kept = table.rows
        _set_aside(pairs, path, judge, rejected)


def _set_aside(pairs: LabelledPairs, path: Path, judge: RowJudge, rejected: TableWriter) -> None:
    """Take the pairs that have both labels out of a table."""
    layout, report = judge.layout, judge.report
    found = pairs.contradictory()
    number, file, line = next(found, (0, "", 0))
    if not number:
        return
    with TableWriter(path, layout.schema) as table:
        for count, values in enumerate(stream_rows(path, layout.schema), start=1):
            if count != number:
                table.write(values)
                continue
            row = Row(values, file, line, RowRejection.CONTRADICTORY, "a pair has the other label too")
            report.rejected[str(row.reason)] += 1
            rejected.write(_listed(row, layout))
            number, file, line = next(found, (0, "", 0))
    report.kept = table.rows


def _thin_out(path: Path, judge: RowJudge, most: int, *, seed: int) -> None:
    """Leave at most so many of a table's rows, chosen at random, in their order, and log what became of all.

    Each row in turn is kept with the chance that is left (Knuth, The Art of Computer Programming, 3.4.2, algorithm S),
    so that no list of the chosen is held.
    """
    layout, report = judge.layout, judge.report
    count = report.kept
    if count > most:
        chance = random.Random(seed)
        with TableWriter(path, layout.schema) as table:
            for number, row in enumerate(stream_rows(path, layout.schema)):
                if chance.random() * (count - number) < most - table.rows:
                    table.write(row)
        report.kept, report.not_sampled = most, count - most
    if report.rows_in:
        counts = dict(report.rejected)
        logger.info("%s: %d rows in, %d kept, rejected %s", layout.name, report.rows_in, report.kept, counts)


def _no_anchors(result: PreparedCorpora) -> DataError:
    report = result.tables[ANCHORS.name]
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.rejected.items()))
    return DataError(
        f"target language {result.language!r}: no anchors are left of {report.rows_in} rows "
        f"({reasons or 'the files hold none'}). The warnings above say what to correct, and `rejected_rows.parquet` "
        "lists the rows; or name another file of sentences, in no evaluation set, under `anchors` of its corpus"
    )


def _listed(row: Row, layout: Layout) -> dict[str, Any]:
    return {
        "table": layout.name,
        "reason": str(row.reason),
        "detail": row.detail,
        "file": row.file,
        "line": row.line,
        "text": row.shown(),
    }
