"""What to say of a table that lost many rows, or whose texts seem to be in another language than is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.text import script_share
from bootembed.corpora.rows import RowRejection

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from bootembed.corpora.identifiers import LanguageCheck

_LARGE_SHARE = 0.05
_FEWEST = 3
_MOST_SAMPLED = 500
_REMEDIES = {
    RowRejection.UNDECODABLE: "correct `encoding`",
    RowRejection.LINE_TOO_LONG: "correct `format`",
    RowRejection.MALFORMED: "correct `quoting`",
    RowRejection.MALFORMED_JSON: "correct `format`",
    RowRejection.MISSING_COLUMN: "correct `columns`",
    RowRejection.NOT_TEXT: "correct `columns`",
    RowRejection.MISSING_LANGUAGE: "correct `columns`, or the key in `languages`",
    RowRejection.FIELD_COUNT: "correct `delimiter` or `quoting`",
    RowRejection.LABEL: "correct `label_values`",
    RowRejection.TOO_LONG: "raise `prepare_corpora.max_characters`",
    RowRejection.LENGTH_RATIO: "raise `prepare_corpora.max_length_ratio`",
    RowRejection.REPETITIVE: "lower `prepare_corpora.min_distinct_share`",
    RowRejection.NO_LETTERS: "set `prepare_corpora.min_script_share` to 0",
    RowRejection.OTHER_SCRIPT: "correct the script in `languages`, or lower `prepare_corpora.min_script_share`",
    RowRejection.COPIED: "correct `columns`",
}


def _are_many(count: int, rows: int) -> bool:
    """Whether so many of the rows give reason to an alarm."""
    return count >= max(_FEWEST, _LARGE_SHARE * rows)


class Sample:
    """Texts at equal distances of a stream whose length is not known: at most `_MOST_SAMPLED` of them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._distance = 1
        self._seen = 0

    def add(self, text: str) -> None:
        """Take the text or leave it."""
        if self._seen % self._distance == 0:
            self.texts.append(text)
            if len(self.texts) > _MOST_SAMPLED:
                del self.texts[1::2]
                self._distance *= 2
        self._seen += 1


def rejection_alarms(table: str, rejected: Mapping[str, int], *, rows: int, kept: int) -> Iterator[str]:
    """Warnings of the reasons that take more than a few percent of the rows, each with its remedy, or all of them.

    Args:
        table: What the rows are.
        rejected: RowRejection -> rows.
        rows: How many were read.
        kept: How many are fit.
    """
    if rows and not kept:
        shown = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected.items()))
        yield f"{table}: none of {rows} rows is left ({shown}). Read `rejected_rows.parquet`."
    for reason, count in sorted(rejected.items()):
        if reason in _REMEDIES and _are_many(count, rows):
            yield (
                f"{table}: {count} of {rows} rows are lost as `{reason}`. Read them in `rejected_rows.parquet`; if "
                f"they are good, {_REMEDIES[RowRejection(reason)]}."
            )


def language_alarm(table: str, column: str, found: Counter[str], rows: int, whole: str | None = None) -> str | None:
    """A warning with both remedies, where more than a few percent of the rows are in other languages; else None.

    Args:
        table: What the rows are.
        column: Of the table.
        found: Other languages that its texts are in, by the identifier.
        rows: How many were looked at.
        whole: The other language that they are in as a whole, though no single one may tell.
    """
    told = [f"as a whole it is in `{whole}`"] if whole else []
    if _are_many(found.total(), rows):
        shown = ", ".join(f"{count} {other}" for other, count in found.most_common(3))
        told.append(f"{found.total()} of {rows} texts are in other languages ({shown})")
    if not told:
        return None
    return (
        f"{table}: by the identifier, `{column}` is not what it should be: {'; '.join(told)}. Either the file is not "
        "what it is said to be: correct its entry in `corpora` or `languages`. Or the identifier is wrong: look at the "
        "rows, and set `prepare_corpora.check_language` to false."
    )


def evaluation_alarm(task: str, texts: Sequence[str], language: str, script: str, check: LanguageCheck) -> str | None:
    """A warning where the texts of an evaluation set are in another script or language; else None."""
    share = script_share(" ".join(texts), script)
    if share < 0.5:
        return (
            f"{task}: {share:.0%} of the letters are of the script {script}, so the texts cannot be in `{language}`; "
            "scores say nothing of it. Correct its entry in `corpora`, or the script in `languages`."
        )
    sample = Sample()
    for text in texts:
        sample.add(text)
    if whole := check.other_language_of_all(sample.texts, language, script):
        told = f"as a whole, the texts are in `{whole}`, not in `{language}`"
    else:
        others = (check.other_language(text, language, script) for text in texts)
        found = [other for other in others if other is not None]
        if not _are_many(len(found), len(texts)):
            return None
        likely = max(set(found), key=found.count)
        told = f"{len(found)} of {len(texts)} texts are not in `{language}`, most of them in `{likely}`"
    return (
        f"{task}: by the identifier, {told}. Look at them: if they are, correct its entry in `corpora`; if not, take "
        "this as the identifier's mistake. Nothing was left out."
    )
