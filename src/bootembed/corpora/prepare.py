"""Prepares the corpora of one language: raw files in, clean tables out, free of evaluation text, no row lost unseen.

Rows pass through one after another and what must be remembered of them lies on disk, so that memory does not grow with
the corpus.
"""

from __future__ import annotations

import itertools
import json
import logging
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.language_id import identifier_code, in_other_language
from bootembed.core.names import ENGLISH, Role
from bootembed.core.seeding import derive_seed
from bootembed.core.tables import REJECTED_ROWS, TableWriter, stream_rows
from bootembed.core.text import clean_text, distinct_share, repair_mojibake, script_share
from bootembed.corpora.evaluation_sets import EvaluationTexts, Match
from bootembed.corpora.layouts import ANCHORS, CORPUS_LAYOUTS, PARALLEL, Layout, read_rows
from bootembed.corpora.near import SeenTexts
from bootembed.corpora.rows import UNREADABLE, RowRejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bootembed.corpora.rows import Row
    from bootembed.settings.corpora import CorpusSpec, FileSpec, Language, PrepareCorpora

logger = logging.getLogger(__name__)
_SHOWN_CHARACTERS = 200
_BATCH = 2_000
_PROGRESS_ROWS = 500_000
_LATIN = "Latn"


@dataclass
class TableReport:
    """What became of the rows of one table; `rows_in` = `kept` + all of `rejected` + `not_sampled`.

    Attributes:
        rows_in: Rows read.
        kept: Rows written.
        not_sampled: Fit rows beyond the number that is kept.
        repaired: Rows whose mojibake was put right.
        rejected: RowRejection -> rows.
        in_evaluation_set: Evaluation set -> kind of match -> rows rejected for it.
    """

    rows_in: int = 0
    kept: int = 0
    not_sampled: int = 0
    repaired: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    in_evaluation_set: dict[str, Counter[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `report.json`."""
        held = {task: dict(sorted(kinds.items())) for task, kinds in sorted(self.in_evaluation_set.items())}
        return vars(self) | {"rejected": dict(sorted(self.rejected.items())), "in_evaluation_set": held}


@dataclass(frozen=True)
class PreparedCorpora:
    """What became of the rows of all tables, by table.

    Attributes:
        language: The language's key.
        identified: Whether the language can be told offline; if not, its rows passed the language check unseen.
        tables: Table -> report.
    """

    language: str
    identified: bool
    tables: dict[str, TableReport]

    @property
    def metrics(self) -> dict[str, float]:
        """Counts as flat metrics, e.g. `anchors.kept`, `nli.rejected.duplicate`."""
        flat: dict[str, float] = {}
        for name, report in self.tables.items():
            flat |= {f"{name}.rows_in": report.rows_in, f"{name}.kept": report.kept}
            flat |= {f"{name}.rejected.{reason}": count for reason, count in sorted(report.rejected.items())}
        return flat | {f"{ANCHORS.name}.not_sampled": self.tables[ANCHORS.name].not_sampled}

    def as_dict(self) -> dict[str, Any]:
        """For `report.json`."""
        tables = {name: report.as_dict() for name, report in self.tables.items()}
        return {"language": self.language, "language_check": self.identified, "tables": tables}


def prepare_corpora(
    corpus: CorpusSpec,
    settings: PrepareCorpora,
    *,
    language: str,
    configured: Language,
    evaluation: Sequence[tuple[str, str]],
    input_dir: Path,
    output_dir: Path,
    seed: int,
) -> PreparedCorpora:
    """Read, clean and write all tables of one language.

    Text is repaired and cleaned (see `cleaning`), then each unfit row is rejected for the first reason of
    `rows.RowRejection` that applies: too short, too long, of sides too unequal in length (parallel text), repeating
    itself, in another script or language, in an evaluation set (any column; exact, normalised or near), a duplicate or
    near duplicate within its table. Anchors may repeat: duplicates weigh sentences as the corpus does.

    Args:
        corpus: The raw files.
        settings: Limits.
        language: The language's key, which stands for `{language}` in paths.
        configured: Its entry in `languages`. A target language must have anchors.
        evaluation: (set, sentence) of every evaluation set that is scored, in whichever language.
        input_dir: The language's raw folder.
        output_dir: Gets `<table>.parquet` for every table, `report.json` and `rejected_rows.parquet`, which lists
            every row rejected.
        seed: Chooses the rows, if there are too many.

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
        TableWriter(output_dir / "rejected_rows.parquet", REJECTED_ROWS) as listed,
        tempfile.TemporaryDirectory(prefix=".work-", dir=output_dir) as work,
    ):
        for layout in CORPUS_LAYOUTS:
            rows = _read(getattr(corpus, layout.name), layout, folder=input_dir, language=language)
            preparation = _Preparation(layout, settings, texts, language=language, script=configured.script)
            path = output_dir / f"{layout.name}.parquet"
            reports[layout.name] = preparation.run(rows, path, listed, work=Path(work), seed=seed)
    result = PreparedCorpora(language, identifier_code(language) is not None, reports)
    if configured.role is Role.TARGET and not reports[ANCHORS.name].kept:
        raise _no_anchors(result)
    report = json.dumps(result.as_dict(), indent=2, ensure_ascii=False)
    (output_dir / "report.json").write_text(report + "\n", encoding="utf-8")
    return result


def _read(specs: Sequence[FileSpec], layout: Layout, *, folder: Path, language: str) -> Iterator[Row]:
    """The rows of all files of a table.

    Raises:
        DataError: No row of a file can be read: it is not what was declared; or no file has a row that is selected.
    """
    found = False
    for spec in specs:
        unreadable: Counter[str] = Counter()
        first, readable = None, False
        for row in read_rows(spec, layout, folder=folder, language=language):
            found = True
            readable = readable or row.reason not in UNREADABLE
            if not readable:
                unreadable[str(row.reason)] += 1
                first = first or row
            yield row
        if first is not None and not readable:
            raise _nothing_readable(first, unreadable, layout)
    if specs and not found:
        shown = ", ".join(f"{spec.path} {spec.where}" for spec in specs)
        raise DataError(f"{layout.name} of {language!r}: `where` selects no row of {shown}; correct it in `corpora`")


def _nothing_readable(first: Row, counts: Counter[str], layout: Layout) -> DataError:
    shown = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    detail = f" ({first.detail})" if first.detail else ""
    return DataError(
        f"{first.file}: none of its {counts.total()} rows can be read as {layout.name}: {shown}; e.g. line "
        f"{first.line}: {_shown(first)[:80]!r}{detail}. Correct its entry in `corpora` "
        "(format, columns, quoting, encoding, label_values, pair_separator)"
    )


class _Preparation:
    """The way of the rows of one table from its files into the table."""

    def __init__(
        self, layout: Layout, settings: PrepareCorpora, texts: EvaluationTexts, *, language: str, script: str
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._texts = texts
        self._of_column = dict.fromkeys(layout.in_language, (language, script)) | dict.fromkeys(
            layout.in_english, (ENGLISH, _LATIN)
        )
        self._report = TableReport()

    def run(self, rows: Iterable[Row], path: Path, listed: TableWriter, *, work: Path, seed: int) -> TableReport:
        """Write the table, list what is rejected, and return the counts."""
        settings, layout, report = self._settings, self._layout, self._report
        seen = SeenTexts(work / f"{layout.name}.db", settings.near_duplicates if layout.near_duplicates else None)
        with TableWriter(path, layout.schema) as table:
            for row in self._judged(rows, seen):
                if row.reason is None:
                    table.write(row.values)
                else:
                    report.rejected[str(row.reason)] += 1
                    listed.write(_listed(row, layout))
        seen.close()
        most = settings.max_anchors if layout is ANCHORS else settings.max_rows
        report.kept = _thin_out(path, layout, most, count=table.rows, seed=derive_seed(seed, layout.name))
        report.not_sampled = table.rows - report.kept
        if report.rows_in:
            logger.info("%s: %d rows in, %d kept, rejected %s", layout.name, report.rows_in, report.kept,
                        dict(report.rejected))  # fmt: skip
        return report

    def _judged(self, rows: Iterable[Row], seen: SeenTexts) -> Iterator[Row]:
        """The rows cleaned, each that is unfit rejected. In batches, which the library of the signatures wants."""
        cleaned = (_clipped(row if row.reason else self._cleaned(row)) for row in rows)
        while batch := list(itertools.islice(cleaned, _BATCH)):
            before = self._report.rows_in
            self._report.rows_in += len(batch)
            if self._report.rows_in // _PROGRESS_ROWS > before // _PROGRESS_ROWS:
                logger.info("%s: %d rows read", self._layout.name, self._report.rows_in)
            yield from self._not_repeated(self._not_in_evaluation(batch), seen)

    def _cleaned(self, row: Row) -> Row:
        texts = {name: row.values[name] for name in self._layout.texts}
        if self._settings.repair_mojibake:
            repaired = {name: repair_mojibake(text) for name, text in texts.items()}
            self._report.repaired += repaired != texts
            texts = repaired
        row = replace(row, values=row.values | {name: clean_text(text) for name, text in texts.items()})
        fault = self._fault_of_length(row) or self._fault_of_content(row)
        return row.reject(*fault) if fault else row

    def _fault_of_length(self, row: Row) -> tuple[RowRejection, str] | None:
        settings = self._settings
        lengths = [len(row.values[name]) for name in self._layout.texts]
        shortest, longest = min(lengths), max(lengths)
        if shortest == 0:
            return RowRejection.EMPTY, ""
        if shortest < settings.min_characters:
            return RowRejection.TOO_SHORT, f"{shortest} characters"
        if longest > settings.max_characters:
            return RowRejection.TOO_LONG, f"{longest} characters"
        if self._layout is PARALLEL and longest > settings.max_length_ratio * shortest:
            return RowRejection.LENGTH_RATIO, f"{longest}:{shortest} characters"
        return None

    def _fault_of_content(self, row: Row) -> tuple[RowRejection, str] | None:
        settings = self._settings
        for name in self._layout.texts:
            share = distinct_share(row.values[name])
            if share < settings.min_distinct_share:
                return RowRejection.REPETITIVE, f"{name}: {share:.2f} distinct"
        for name, (_, script) in self._of_column.items():
            share = script_share(row.values[name], script)
            if share < settings.min_script_share:
                return RowRejection.OTHER_SCRIPT, f"{name}: {share:.2f} {script}"
        if not settings.check_language:
            return None
        for name, (language, _) in self._of_column.items():
            other = in_other_language(row.values[name], language)
            if other:
                return RowRejection.OTHER_LANGUAGE, f"{name}: {other}"
        return None

    def _not_in_evaluation(self, rows: list[Row]) -> list[Row]:
        fit = [index for index, row in enumerate(rows) if row.reason is None]
        for name in self._layout.texts:
            matches = self._texts.match([rows[index].values[name] for index in fit])
            for index, match in zip(fit, matches, strict=True):
                if match is not None and rows[index].reason is None:
                    rows[index] = self._held_out(rows[index], match)
        return rows

    def _held_out(self, row: Row, match: Match) -> Row:
        self._report.in_evaluation_set.setdefault(match.task, Counter())[match.kind] += 1
        detail = f"{match.task}: {match.kind}"
        if match.kind == "near":
            detail += f" {match.similarity:.2f}: {match.text[:_SHOWN_CHARACTERS]}"
        return row.reject(RowRejection.IN_EVALUATION_SET, detail)

    def _not_repeated(self, rows: list[Row], seen: SeenTexts) -> list[Row]:
        if self._layout is ANCHORS:
            return rows
        rows = [row if row.reason or seen.is_new(_joined(row)) else row.reject(RowRejection.DUPLICATE) for row in rows]
        fit = [index for index, row in enumerate(rows) if row.reason is None]
        near = seen.near([" ".join(rows[index].values[name] for name in self._layout.texts) for index in fit])
        for index, similarity in zip(fit, near, strict=True):
            if similarity is not None:
                rows[index] = rows[index].reject(RowRejection.NEAR_DUPLICATE, f"{similarity:.2f}")
        return rows


def _clipped(row: Row) -> Row:
    """A row rejected holds what is shown of it only: a batch of the longest lines would fill the memory."""
    if row.reason is None:
        return row
    return replace(row, values={name: str(value)[:_SHOWN_CHARACTERS] for name, value in row.values.items()})


def _joined(row: Row) -> str:
    return "\x1f".join(map(str, row.values.values()))


def _thin_out(path: Path, layout: Layout, most: int, *, count: int, seed: int) -> int:
    """Leave at most so many of a table's `count` rows, chosen at random, in their order; returns how many there are.

    Each row in turn is kept with the chance that is left (Knuth, The Art of Computer Programming, 3.4.2, algorithm S),
    so that no list of the chosen is held.
    """
    if count <= most:
        return count
    chance = random.Random(seed)
    with TableWriter(path, layout.schema) as table:
        for number, row in enumerate(stream_rows(path, layout.schema)):
            if chance.random() * (count - number) < most - table.rows:
                table.write(row)
    return most


def _no_anchors(result: PreparedCorpora) -> DataError:
    report = result.tables[ANCHORS.name]
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.rejected.items()))
    return DataError(
        f"target language {result.language!r}: no anchors are left of {report.rows_in} rows "
        f"({reasons or 'the files hold none'}); name a file of sentences that are in no evaluation set under `anchors` "
        "of its corpus, or widen `prepare_corpora`"
    )


def _listed(row: Row, layout: Layout) -> dict[str, Any]:
    return {
        "table": layout.name,
        "reason": str(row.reason),
        "detail": row.detail,
        "file": row.file,
        "line": row.line,
        "text": _shown(row),
    }


def _shown(row: Row) -> str:
    """The row's text, clipped."""
    return " | ".join(str(value) for value in row.values.values())[:_SHOWN_CHARACTERS]
