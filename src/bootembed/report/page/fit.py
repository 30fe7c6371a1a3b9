"""How well tokenizers fit the languages, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.report.page.elements import Cell, Column, Table

if TYPE_CHECKING:
    from bootembed.report.page.facts import Facts

_SHARES = {
    "unknown_share": "unknown, %",
    "lost_share": "lost, %",
    "lost_marks_share": "lost marks, %",
    "cut_share": "cut, %",
}
_RATES = {
    "tokens_per_word": "tokens a word",
    "times_english": "times English",
    "bits_per_byte": "bits a byte",
    "times_english_bits": "times English",
}


def fit_table(facts: Facts) -> Table:
    """The measures of each language and model."""
    fits = [fit for models in facts.fits.values() for fit in models.values()]
    measures = {name: head for name, head in (_RATES | _SHARES).items() if any(name in fit for fit in fits)}
    rows = [
        [Cell(language), Cell(model), *(_measure(fit.get(name), name in _SHARES) for name in measures)]
        for language, models in facts.fits.items()
        for model, fit in models.items()
    ]
    heads = [Column(head, numeric=True) for head in measures.values()]
    return Table("Fit of tokenizers", [Column("language"), Column("model"), *heads], rows)


def fit_warnings(facts: Facts) -> list[str]:
    """What is to be said of them."""
    return [warning for models in facts.fits.values() for fit in models.values() for warning in fit["warnings"]]


def _measure(value: float | None, is_share: bool) -> Cell:
    if value is None:
        return Cell("")
    return Cell(f"{100 * value:.1f}" if is_share else f"{value:.2f}", value)
