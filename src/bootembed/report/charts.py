"""Scores and precision as SVG files, for `dvc plots`: its page shows pictures without a network.

Of tables it would draw charts with Vega, which it loads from a server, and add up the rows of a recipe.
"""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from bootembed.report.current import reported_split
from bootembed.report.page.elements import Axis, minus
from bootembed.report.page.write import page_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.report.scores import CellScore

_POLARITIES = ("positive", "negative")
_ROW, _AROUND = 20, 56  # height of a row, and of a panel's title and axis, in pixels


class Row(NamedTuple):
    """A mean with the least and the greatest, and its text; `style` is a class of the template."""

    name: str
    values: Sequence[float]
    style: str

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return mean(self.values)

    @property
    def text(self) -> str:
        """The mean with three digits."""
        return minus(f"{self.mean:.3f}")


class Panel(NamedTuple):
    """Rows on an axis; `top` is its place in pixels."""

    title: str
    rows: Sequence[Row]
    axis: Axis
    top: int


def draw_scores(cells: Sequence[CellScore], path: Path) -> None:
    """Main scores: a panel for each task, language and encoder, on the test split if there is one."""
    shown = [cell for cell in cells if cell.split == reported_split(cells, cell.task)]
    panels: dict[str, list[Row]] = {}
    for cell in sorted(shown, key=lambda cell: (cell.task, cell.language, cell.encoder, -cell.mean)):
        title = f"{cell.task}, {cell.split} split: {cell.language}, {cell.encoder}"
        panels.setdefault(title, []).append(Row(cell.recipe, list(cell.embedders.values()), cell.kind))
    _write("Main scores: mean over the embedders, with the least and the greatest", panels, path)


def draw_oracle(oracle: Mapping[tuple[str, str], Sequence[Mapping[str, float]]], path: Path) -> None:
    """The share of kept sentences that the oracle found right: a panel for each language and polarity."""
    panels: dict[str, list[Row]] = {}
    for polarity in _POLARITIES:
        for (strategy, language), seeds in oracle.items():
            if found := [metrics[f"{polarity}_precision"] for metrics in seeds if metrics]:
                panels.setdefault(f"{polarity}s: {language}", []).append(Row(strategy, found, "strategy"))
    _write("Share of kept sentences that are right: mean over the generator seeds", panels, path)


def _write(title: str, panels: Mapping[str, Sequence[Row]], path: Path) -> None:
    placed, top = [], 34
    for head, rows in panels.items():
        placed.append(Panel(head, rows, Axis.over(value for row in rows for value in row.values), top))
        top += _AROUND + _ROW * len(rows)
    text = page_environment().get_template("chart.svg.jinja").render(title=title, panels=placed, height=top, row=_ROW)
    path.write_text(text, encoding="utf-8", newline="\n")
