"""Scores and differences as tables with plots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import UNTRAINED
from bootembed.report.page.elements import Axis, Cell, Column, Dot, Plot, Table, minus, number
from bootembed.report.recipes import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.report.intervals import Comparison
    from bootembed.report.page.facts import Facts
    from bootembed.report.scores import CellScore


@dataclass(frozen=True)
class Chart:
    """Scores of the recipes of one language, encoder and task.

    Attributes:
        table: With a plot a row.
        statistic: What is plotted.
        has_intervals: Whether lines are intervals.
        has_ranges: Whether they reach from the least to the greatest embedder instead; with one embedder there is none.
    """

    table: Table
    statistic: str
    has_intervals: bool
    has_ranges: bool


@dataclass(frozen=True)
class Mark:
    """What is plotted of a cell: a value, and a line around it."""

    value: float
    low: float
    high: float


def score_charts(facts: Facts) -> dict[str, list[Chart]]:
    """Task -> a chart for each language and encoder, all of a task on one axis; test splits where there are any.

    Tasks whose validation split chooses a model come first.
    """
    tested = {cell.task for cell in facts.cells if cell.split == "test"}
    cells = [cell for cell in facts.cells if cell.split == ("test" if cell.task in tested else "validation")]
    charts: dict[str, list[Chart]] = {}
    choosing = set(facts.validation_tasks.values())
    for task in sorted(dict.fromkeys(cell.task for cell in cells), key=lambda task: task not in choosing):
        panels: dict[tuple[str, str], list[CellScore]] = {}
        for cell in sorted((c for c in cells if c.task == task), key=lambda cell: (cell.language, cell.encoder)):
            panels.setdefault((cell.language, cell.encoder), []).append(cell)
        marks = {place: _marks(facts, own) for place, own in panels.items()}
        axis = Axis.over(end for own in marks.values() for mark in own.values() for end in (mark.low, mark.high))
        charts[task] = [_chart(facts, own, marks[place], axis) for place, own in panels.items()]
    return charts


def _marks(facts: Facts, cells: Sequence[CellScore]) -> dict[str, Mark]:
    """Of the cells of a chart, by name: the intervals there are, or where there are none, ranges over embedders."""
    found = {cell.name: estimate[1] for cell in cells if (estimate := facts.estimate(cell))}
    if found:
        return {name: Mark(estimate.value, estimate.low, estimate.high) for name, estimate in found.items()}
    return {c.name: Mark(c.mean, min(c.embedders.values()), max(c.embedders.values())) for c in cells}


def _chart(facts: Facts, cells: Sequence[CellScore], marks: dict[str, Mark], axis: Axis) -> Chart:
    first = cells[0]
    statistic = next((estimate[0] for cell in cells if (estimate := facts.estimate(cell))), "main score")
    has_intervals = any(map(facts.estimate, cells))
    has_ranges = not has_intervals and any(len(cell.embedders) > 1 for cell in cells)
    columns = [
        Column("recipe"), Column("", plotted=True, axis=axis.ticks),
        *([Column(statistic, numeric=True), Column("95 % interval", numeric=True)] if has_intervals else []),
        *([Column("range over embedders", numeric=True)] if has_ranges else []),
        Column("main score", numeric=True), Column("gain over untrained", numeric=True),
    ]  # fmt: skip
    rows = []
    for cell in sorted(cells, key=lambda cell: -marks[cell.name].value if cell.name in marks else math.inf):
        mark, style = marks.get(cell.name), facts.style(cell.recipe)
        gain = Cell("") if cell.recipe == UNTRAINED else Cell(minus(signed(cell.gain)), cell.gain)
        rows.append(
            [
                Cell(cell.recipe, style=style), Cell("", plot=_plot(mark, style, axis)),
                *([number(None if mark is None else mark.value)] if has_intervals else []),
                *([_line(mark)] if has_intervals or has_ranges else []),
                _main(cell), gain,
            ]
        )  # fmt: skip
    caption = f"{facts.name(first.language)}, {first.encoder}"
    if first.split != "test":
        caption += ": validation split, the task has no test set"
    return Chart(Table(caption, columns, rows), statistic, has_intervals, has_ranges)


def _plot(mark: Mark | None, style: str, axis: Axis) -> Plot:
    if mark is None:
        return Plot(axis.grid)
    return Plot(axis.grid, lines=[axis.span(mark.low, mark.high, style)], dots=[Dot(axis.place(mark.value), style)])


def _line(mark: Mark | None) -> Cell:
    return Cell("") if mark is None else Cell(minus(f"{mark.low:.3f} to {mark.high:.3f}"), mark.low)


def _main(cell: CellScore) -> Cell:
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.3f}"
    return Cell(f"{cell.mean:.3f}{spread}", cell.mean)


def score_table(facts: Facts) -> Table:
    """The main score of every cell on every split."""
    columns = ["language", "encoder", "task", "split", "recipe", "kind"]
    numeric = ["embedders", "main score", "deviation", "gain over untrained"]
    rows = [
        [
            *(Cell(text) for text in (cell.language, cell.encoder, cell.task, cell.split, cell.recipe, cell.kind)),
            number(len(cell.embedders), 0), number(cell.mean), number(cell.deviation),
            Cell(minus(signed(cell.gain)), cell.gain),
        ]
        for cell in facts.cells
    ]  # fmt: skip
    return Table("All scores", [*map(Column, columns), *(Column(head, numeric=True) for head in numeric)], rows)


@dataclass(frozen=True)
class Differences:
    """Comparisons of one language, encoder and task.

    Attributes:
        title: Which.
        differing: How many recipes differ.
        table: The comparisons.
        left_out: Recipes that were not scored on the task.
        is_open: Whether the page shows them at first.
    """

    title: str
    differing: int
    table: Table
    left_out: list[str]
    is_open: bool


def difference_tables(facts: Facts) -> list[Differences]:
    """One for each language, encoder and task."""
    tables = []
    axes = {
        task: Axis.over([0.0, *(end for c in facts.comparisons if c.task == task for end in _ends(c))])
        for task in {comparison.task for comparison in facts.comparisons}
    }
    for place in dict.fromkeys((c.language, c.encoder, c.task) for c in facts.comparisons):
        own = [c for c in facts.comparisons if (c.language, c.encoder, c.task) == place]
        language, encoder, task = place
        title = f"{facts.name(language)}, {encoder}, {task}"
        differing = sum(c.differs == "yes" for c in own)
        is_open = facts.validation_tasks.get(language) == task
        left_out = facts.not_scored.get(place, [])
        tables.append(Differences(title, differing, _difference_table(own, axes[task]), left_out, is_open))
    return tables


def _ends(comparison: Comparison) -> tuple[float, float]:
    return comparison.difference.low, comparison.difference.high


def _difference_table(comparisons: Sequence[Comparison], axis: Axis) -> Table:
    by_seed = any(len(c.by_training_set) > 1 for c in comparisons)
    rows = []
    for c in comparisons:
        style = f"differs-{c.differs}"
        low, high = _ends(c)
        dots = [Dot(axis.place(c.difference.difference), style)]
        plot = Plot(axis.grid, axis.place(0.0), lines=[axis.span(low, high, style)], dots=dots)
        rows.append(
            [
                Cell(c.recipe), Cell(c.against), Cell("", plot=plot),
                Cell(minus(signed(c.difference.difference)), c.difference.difference),
                Cell(minus(f"{signed(low)} to {signed(high)}"), low), number(c.corrected, 4),
                Cell(c.differs, style=style),
                *([Cell(minus(", ".join(map(signed, c.by_training_set))))] if by_seed else []),
            ]
        )  # fmt: skip
    columns = [
        Column("recipe"), Column("against"), Column("", plotted=True, axis=axis.ticks),
        Column("difference", numeric=True), Column("95 % interval", numeric=True), Column("p", numeric=True),
        Column("differs"), *([Column("in each generator seed")] if by_seed else []),
    ]  # fmt: skip
    return Table(f"Differences of {comparisons[0].statistic}", columns, rows)
