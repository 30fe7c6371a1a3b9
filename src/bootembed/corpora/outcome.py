"""What became of the rows of a corpus: counts for `report.json`, for metrics and for messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootembed.corpora.alarms import language_alarm, rejection_alarms
from bootembed.corpora.layouts import ANCHORS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class TableReport:
    """What became of the rows of one table; `rows_in` = `kept` + all of `rejected` + `not_sampled`.

    Attributes:
        rows_in: Rows read.
        kept: Rows written.
        not_sampled: Fit rows left out because there were too many.
        repaired: Rows whose mojibake was repaired.
        rejected: RowRejection -> rows.
        in_evaluation_set: Evaluation set -> kind of match -> rows rejected for it.
        other_languages: Column -> language that rows were rejected for -> rows.
        whole_in_other: Column -> the other language that its texts as a whole are in.
    """

    rows_in: int = 0
    kept: int = 0
    not_sampled: int = 0
    repaired: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    in_evaluation_set: dict[str, Counter[str]] = field(default_factory=dict)
    other_languages: dict[str, Counter[str]] = field(default_factory=dict)
    whole_in_other: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `report.json`."""
        counts = {
            name: {key: dict(sorted(counter.items())) for key, counter in sorted(getattr(self, name).items())}
            for name in ("in_evaluation_set", "other_languages")
        }
        return vars(self) | {"rejected": dict(sorted(self.rejected.items()))} | counts


@dataclass(frozen=True)
class PreparedCorpora:
    """What became of the rows of all tables, by table.

    Attributes:
        language: The language's key.
        unchecked: A sentence that says why the language of rows was not checked; None where it was.
        tables: Table -> report.
        sources: Table, path, name and licence of each file of which the profile names one of the last two.
    """

    language: str
    unchecked: str | None
    tables: dict[str, TableReport]
    sources: list[dict[str, str | None]]

    @property
    def warnings(self) -> list[str]:
        """Tables that lost too many rows, or of which too many, or all as a whole, are in another language."""
        return [warning for name, report in self.tables.items() for warning in self._warnings(name, report)]

    def _warnings(self, name: str, report: TableReport) -> Iterator[str]:
        table = f"{name} of {self.language}"
        whole = report.whole_in_other
        for column in sorted(report.other_languages.keys() | whole.keys()):
            found = report.other_languages.get(column, Counter())
            if alarm := language_alarm(table, column, found, report.rows_in, whole.get(column)):
                yield alarm
        kept = report.kept + report.not_sampled
        yield from rejection_alarms(table, report.rejected, rows=report.rows_in, kept=kept)

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
        check = self.unchecked or "The language of every row was checked."
        about = {"language": self.language, "language_check": check, "warnings": self.warnings}
        return {**about, "sources": self.sources, "tables": tables}
