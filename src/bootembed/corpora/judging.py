"""Which rows of a table are unfit, and for which reason."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from bootembed.core.names import ENGLISH, LATIN
from bootembed.core.text import clean_text, comparable, distinct_share, repair_mojibake, script_share, spelt_out
from bootembed.corpora.alarms import Sample
from bootembed.corpora.layouts import ANCHORS, PARALLEL
from bootembed.corpora.outcome import TableReport
from bootembed.corpora.rows import SHOWN_CHARACTERS, RowRejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bootembed.corpora.evaluation_sets import EvaluationTexts, Match
    from bootembed.corpora.identifiers import LanguageCheck
    from bootembed.corpora.layouts import Layout
    from bootembed.corpora.near import SeenTexts
    from bootembed.corpora.rows import Row
    from bootembed.settings.corpora import PrepareCorpora

logger = logging.getLogger(__name__)
_BATCH = 2_000
_PROGRESS_ROWS = 500_000


class RowJudge:
    """Cleans the rows of one table and rejects those that are unfit.

    Args:
        layout: The table.
        settings: Limits.
        texts: The evaluation sets.
        check: Of the language.
        language: The language's key.
        script: Its script (ISO 15924).

    Attributes:
        layout: The table.
        report: Counts of the rows so far: those read, repaired, and found in evaluation sets. The caller, who writes
            the rows, counts the rest.
    """

    def __init__(
        self,
        layout: Layout,
        settings: PrepareCorpora,
        texts: EvaluationTexts,
        check: LanguageCheck,
        *,
        language: str,
        script: str,
    ) -> None:
        self.layout = layout
        self._settings = settings
        self._texts = texts
        self._check = check
        self._of_column = dict.fromkeys(layout.in_language, (language, script)) | dict.fromkeys(
            layout.in_english, (ENGLISH, LATIN)
        )
        self._as_a_whole = self._of_column | dict.fromkeys(layout.mostly_in_language, (language, script))
        self._samples = {name: Sample() for name in self._as_a_whole}
        self.report = TableReport()

    def judge(self, rows: Iterable[Row], seen: SeenTexts) -> Iterator[Row]:
        """The rows in their order, repaired and cleaned, unfit ones rejected.

        Done in batches, because the library that computes signatures is fast only with many texts at once.

        Args:
            rows: Of this table.
            seen: Remembers the rows that were kept.
        """
        cleaned = (_clipped(row if row.reason else self._cleaned(row)) for row in rows)
        while batch := list(itertools.islice(cleaned, _BATCH)):
            before = self.report.rows_in
            self.report.rows_in += len(batch)
            if self.report.rows_in // _PROGRESS_ROWS > before // _PROGRESS_ROWS:
                logger.info("%s: %d rows read", self.layout.name, self.report.rows_in)
            yield from self._not_repeated(self._not_in_evaluation(batch), seen)
        for name, (language, script) in self._as_a_whole.items():
            if other := self._check.other_language_of_all(self._samples[name].texts, language, script):
                self.report.whole_in_other[name] = other

    def _cleaned(self, row: Row) -> Row:
        texts = {name: row.values[name] for name in self.layout.texts}
        if self._settings.repair_mojibake:
            repaired = {name: repair_mojibake(text) for name, text in texts.items()}
            self.report.repaired += repaired != texts
            texts = repaired
        row = replace(row, values=row.values | {name: clean_text(text) for name, text in texts.items()})
        fault = self._fault_of_length(row) or self._fault_of_content(row) or self._fault_of_copy(row)
        return row.reject(*fault) if fault else row

    def _fault_of_length(self, row: Row) -> tuple[RowRejection, str] | None:
        settings = self._settings
        lengths = [len(row.values[name]) for name in self.layout.texts]
        shortest, longest = min(lengths), max(lengths)
        if shortest == 0:
            return RowRejection.EMPTY, ""
        if shortest < settings.min_characters:
            return RowRejection.TOO_SHORT, f"{shortest} characters"
        if longest > settings.max_characters:
            return RowRejection.TOO_LONG, f"{longest} characters"
        if self.layout is PARALLEL:
            shortest, longest = sorted(len(spelt_out(row.values[name])) for name in self.layout.texts)
            if longest > settings.max_length_ratio * shortest:
                return RowRejection.LENGTH_RATIO, f"{longest}:{shortest} letters"
        return None

    def _fault_of_copy(self, row: Row) -> tuple[RowRejection, str] | None:
        for one, other in self.layout.must_differ:
            if comparable(row.values[one]) == comparable(row.values[other]):
                return RowRejection.COPIED, f"{one} = {other}"
        return None

    def _fault_of_content(self, row: Row) -> tuple[RowRejection, str] | None:
        settings = self._settings
        for name in self.layout.texts:
            share = distinct_share(row.values[name])
            if share < settings.min_distinct_share:
                return RowRejection.REPETITIVE, f"{name}: {share:.2f} distinct"
        for name, (_, script) in self._of_column.items():
            if settings.min_script_share and not any(map(str.isalpha, row.values[name])):
                return RowRejection.NO_LETTERS, name
            share = script_share(row.values[name], script)
            if share < settings.min_script_share:
                return RowRejection.OTHER_SCRIPT, f"{name}: {share:.2f} {script}"
        return self._fault_of_language(row) if settings.check_language else None

    def _fault_of_language(self, row: Row) -> tuple[RowRejection, str] | None:
        for name, sample in self._samples.items():
            sample.add(row.values[name])
        for name, (language, script) in self._of_column.items():
            other = self._check.other_language(row.values[name], language, script)
            if other:
                self.report.other_languages.setdefault(name, Counter())[other] += 1
                return RowRejection.OTHER_LANGUAGE, f"{name}: {other}"
        return None

    def _not_in_evaluation(self, rows: list[Row]) -> list[Row]:
        fit = [index for index, row in enumerate(rows) if row.reason is None]
        for name in self.layout.texts:
            matches = self._texts.match([rows[index].values[name] for index in fit])
            for index, match in zip(fit, matches, strict=True):
                if match is not None and rows[index].reason is None:
                    rows[index] = self._held_out(rows[index], match)
        return rows

    def _held_out(self, row: Row, match: Match) -> Row:
        self.report.in_evaluation_set.setdefault(match.task, Counter())[match.kind] += 1
        detail = f"{match.task}: {match.kind}"
        if match.kind == "near":
            detail += f" {match.similarity:.2f}: {match.text[:SHOWN_CHARACTERS]}"
        return row.reject(RowRejection.IN_EVALUATION_SET, detail)

    def _not_repeated(self, rows: list[Row], seen: SeenTexts) -> list[Row]:
        if self.layout is ANCHORS and not self._settings.distinct_anchors:
            return rows
        rows = [row if row.reason or seen.is_new(_joined(row)) else row.reject(RowRejection.DUPLICATE) for row in rows]
        fit = [index for index, row in enumerate(rows) if row.reason is None]
        near = seen.near([" ".join(rows[index].values[name] for name in self.layout.texts) for index in fit])
        for index, similarity in zip(fit, near, strict=True):
            if similarity is not None:
                rows[index] = rows[index].reject(RowRejection.NEAR_DUPLICATE, f"{similarity:.2f}")
        return rows


def _clipped(row: Row) -> Row:
    """A rejected row keeps only what is shown of it: a batch of the longest lines would fill the memory."""
    if row.reason is None:
        return row
    return replace(row, values={name: str(value)[:SHOWN_CHARACTERS] for name, value in row.values.items()})


def _joined(row: Row) -> str:
    return "\x1f".join(map(str, row.values.values()))
