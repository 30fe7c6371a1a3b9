"""The sections of the report on raw corpora: rows read, kept and rejected, and texts found in evaluation sets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.markdown import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.settings.corpora import Language

Report = dict[str, Any]
_KINDS = ("exact", "normalised", "near")
_ABOUT_REMOVED = (
    "Rows with a text that is also in an evaluation set of any language: exactly, after normalising case, punctuation, "
    "spacing and Unicode form, or nearly. Nothing is trained on them. `rejected_rows.parquet` lists all."
)


def read_corpus_reports(corpora_dir: Path, languages: Mapping[str, Language]) -> dict[str, Report]:
    """The reports of `prepare_corpora`, by language: counts by table, and what is to be said of the language.

    Raises:
        DataError: One is unreadable.
    """
    reports = {}
    for key, language in languages.items():
        path = corpora_dir / language.role / key / "report.json"
        if not path.exists():  # not run
            continue
        try:
            reports[key] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {error}; run stage prepare_corpora@{key}") from error
    return reports


def corpora_section(reports: Mapping[str, Report]) -> str:
    """Markdown: rows read, kept and rejected, their sources, check of their language, rows of evaluation sets."""
    rows = [
        [
            language, name, counts["rows_in"], counts["kept"], counts["not_sampled"],
            ", ".join(f"{count} {reason}" for reason, count in counts["rejected"].items()),
        ]
        for language, report in reports.items()
        for name, counts in report["tables"].items()
        if counts["rows_in"]
    ]  # fmt: skip
    whole = table(["language", "table", "rows", "kept", "not sampled", "rejected"], rows)
    removed = [
        [language, name, task, *(kinds.get(kind, 0) for kind in _KINDS)]
        for language, report in reports.items()
        for name, counts in report["tables"].items()
        for task, kinds in counts["in_evaluation_set"].items()
    ]
    found = table(["language", "table", "evaluation set", *_KINDS], removed) if removed else "None was found."
    said = "\n".join(
        f"- {language}: {sentence}"
        for language, report in reports.items()
        for sentence in (report["language_check"], *(f"**{warning}**" for warning in report["warnings"]))
    )
    sources = [
        [language, source["table"], source["name"] or source["path"], source["licence"] or "not stated"]
        for language, report in reports.items()
        for source in report.get("sources", ())
    ]
    parts = [
        "## Corpora",
        whole,
        *(["### Sources", table(["language", "table", "source", "licence"], sources)] if sources else []),
        "### Language of the rows",
        said,
        "### Texts of evaluation sets",
        _ABOUT_REMOVED,
        found,
    ]
    return "\n\n".join(parts)
