"""The section of the report on how well tokenizers fit the target languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.markdown import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ABOUT = (
    "Of each language's anchors: tokens that the tokenizer does not know, tokens a word, and how many times those of "
    "English; characters and marks that do not come back from tokens; sentences cut by the length limit. Of the "
    "generator: bits that it needs for a byte, and how many times those of English, which tells how well it knows the "
    "language."
)
_HEADS = [
    "unknown_share", "tokens_per_word", "times_english", "lost_share", "lost_marks_share", "cut_share",
    "bits_per_byte", "times_english_bits",
]  # fmt: skip


def read_fits(folder: Path, languages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What `measure_fit` wrote: language -> model -> measures and warnings.

    Raises:
        DataError: A file is unreadable.
    """
    fits = {}
    for language in languages:
        path = folder / f"{language}.json"
        if not path.exists():  # not run
            continue
        try:
            fits[language] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {error}; run stage measure_fit@{language}") from error
    return fits


def fit_section(fits: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: the measures, and the warnings."""
    rows = [
        [language, model, *(_shown(name, fit.get(name)) for name in _HEADS)]
        for language, models in fits.items()
        for model, fit in models.items()
    ]
    heads = ["language", "model", *(head.removesuffix("_share").replace("_", " ") for head in _HEADS)]
    warnings = [warning for models in fits.values() for fit in models.values() for warning in fit["warnings"]]
    listed = "\n".join(f"- **{warning}**" for warning in warnings)
    return "\n\n".join(["## Languages and tokenizers", _ABOUT, table(heads, rows), *([listed] if listed else [])])


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if name.endswith("_share") else f"{value:.2f}"
