"""What became of the rows of a corpus: counts for `report.json`, for metrics and for messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bootembed.corpora.language_alarm import language_alarm
from bootembed.corpora.layouts import ANCHORS


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
        other_languages: Language that rows were rejected for -> rows.
        whole_in_other: Column -> the other language that its texts as a whole are in.
    """

    rows_in: int = 0
    kept: int = 0
    not_sampled: int = 0
    repaired: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    in_evaluation_set: dict[str, Counter[str]] = field(default_factory=dict)
    other_languages: Counter[str] = field(default_factory=Counter)
    whole_in_other: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `report.json`."""
        held = {task: dict(sorted(kinds.items())) for task, kinds in sorted(self.in_evaluation_set.items())}
        counts = {name: dict(sorted(getattr(self, name).items())) for name in ("rejected", "other_languages")}
        return vars(self) | counts | {"in_evaluation_set": held}


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
        """Tables of which too many rows, or all as a whole, are in another language."""
        alarms = [
            language_alarm(
                f"{name} of {self.language}",
                self.language,
                report.other_languages,
                report.rows_in,
                report.whole_in_other,
            )
            for name, report in self.tables.items()
        ]
        return [alarm for alarm in alarms if alarm is not None]

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
