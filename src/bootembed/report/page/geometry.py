"""Alignment against uniformity: a scatter plot with a table that names its points."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from bootembed.report.page.elements import Axis, Cell, Column, Table, minus, number

if TYPE_CHECKING:
    from bootembed.report.page.facts import Facts
    from bootembed.report.scores import Geometry


class Point(NamedTuple):
    """A recipe's place in percent, the letter that stands for it, and its class of the style sheet."""

    x: float
    y: float
    letter: str
    style: str


@dataclass(frozen=True)
class Scatter:
    """One language, encoder and task: recipes by uniformity (x) and alignment (y), and the table of both."""

    title: str
    points: list[Point]
    x: Axis
    y: Axis
    table: Table


def scatters(facts: Facts) -> list[Scatter]:
    """One for each language, encoder and task with positive pairs, on the axes of the task."""
    found = [g for g in facts.results.geometry if g.split == "test" and None not in (g.alignment, g.uniformity)]
    charts = []
    for language, encoder, task in sorted({(g.language, g.encoder, g.task) for g in found}):
        of_task = [g for g in found if g.task == task]
        x = Axis.over(g.uniformity for g in of_task if g.uniformity is not None)
        y = Axis.over(g.alignment for g in of_task if g.alignment is not None)
        own = [g for g in of_task if (g.language, g.encoder) == (language, encoder)]
        charts.append(_scatter(facts, f"{facts.name(language)}, {encoder}, {task}", own, x, y))
    return charts


def _scatter(facts: Facts, title: str, found: list[Geometry], x: Axis, y: Axis) -> Scatter:
    points, rows = [], []
    for letter, one in zip(ascii_lowercase, found, strict=False):
        alignment, uniformity = one.alignment or 0.0, one.uniformity or 0.0
        style = facts.style(one.recipe)
        points.append(Point(x.place(uniformity), round(100 - y.place(alignment), 2), letter, style))
        rows.append(
            [
                Cell(f"{letter}  {one.recipe}", style=style), number(alignment),
                Cell(minus(f"{uniformity:.3f}"), uniformity),
            ]
        )  # fmt: skip
    columns = [Column("recipe"), Column("alignment", numeric=True), Column("uniformity", numeric=True)]
    return Scatter(title, points, x, y, Table(title, columns, rows))
