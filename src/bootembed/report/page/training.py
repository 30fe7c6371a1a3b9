"""How embedders, adapters and the judge trained: curves over the steps; similarities of rows before and after."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from bootembed.report.page.elements import Axis, Cell, Column, Dot, Plot, Table, Tick, minus
from bootembed.report.recipes import signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bootembed.report.page.facts import Facts
    from bootembed.report.training import Training

_TIMES = ("before", "after")
_SENTENCES = {"positive": "positive", "negative": "hard negative"}
_MOST, _MIDDLE = ("5", "95"), ("25", "75")
_MEDIAN = "50"


@dataclass(frozen=True)
class Curves:
    """A measure over the steps, of the trainings of a cell.

    Attributes:
        title: What was trained, embedders by their recipe; and of other measures than the loss its name.
        told: First and last value in words.
        style: Class of the style sheet.
        lines: Of each training, points (x, y) in percent; y from the top.
        x: Axis of the steps.
        y: Axis of the measure.
    """

    title: str
    told: str
    style: str
    lines: list[list[tuple[float, float]]]
    x: Axis
    y: Axis


def curve_panels(facts: Facts) -> dict[str, list[Curves]]:
    """Language and encoder -> curves of its recipes, each on its own axes: losses of recipes do not compare."""
    panels: dict[str, list[Curves]] = {}
    for training in facts.trainings:
        title = f"{facts.name(training.cell.language)}, {training.cell.encoder}"
        records = [record["curves"] for record in training.embedders.values()]
        panels.setdefault(title, []).extend(_curves(records, training.cell.recipe, training.cell.kind))
    return panels


def shared_curves(facts: Facts, kind: str) -> list[Curves]:
    """Of all `adapter` or `judge`; none where none was trained here."""
    found = [shared for shared in facts.shared if shared.kind == kind]
    return [curves for shared in found for curves in _curves(shared.curves, shared.title, kind)]


def _curves(records: Sequence[dict[str, list[list[float]]]], of: str, style: str) -> Iterator[Curves]:
    for name in dict.fromkeys(name for curves in records for name in curves):
        found = [curves[name] for curves in records if name in curves]
        steps = max(points[-1][0] for points in found)
        x = Axis(0, steps, [Tick(0, "0"), Tick(100, f"{steps:,}")])
        y = Axis.over(value for points in found for _, value in points)
        lines = [[(x.place(step), round(100 - y.place(value), 2)) for step, value in points] for points in found]
        first, last = (mean(points[place][1] for points in found) for place in (0, -1))
        several = "" if len(found) == 1 else f", mean of {len(found)}"
        title = of if name == "loss" else f"{of}, {name.replace('_', ' ')}"
        told = minus(f"{first:#.3g} to {last:#.3g}{several}")
        yield Curves(title, told, style, lines, x, y)


def similarity_tables(facts: Facts) -> list[Table]:
    """One for each language and encoder: the cosines of anchors with positives and negatives, before and after."""
    axis = Axis.over(
        value
        for training in facts.trainings
        for polarity in _SENTENCES
        for quantiles in _over_embedders(training, polarity).values()
        for value in quantiles.values()
    )
    rows: dict[str, list[list[Cell]]] = {}
    for training in facts.trainings:
        for polarity, sentence in _SENTENCES.items():
            if found := _over_embedders(training, polarity):
                title = f"{facts.name(training.cell.language)}, {training.cell.encoder}"
                rows.setdefault(title, []).append(_row(training, sentence, found, axis))
    columns = [
        Column("recipe"), Column("with its"), Column("", plotted=True, axis=axis.ticks),
        Column("median before", numeric=True), Column("after", numeric=True), Column("moved", numeric=True),
    ]  # fmt: skip
    return [Table(title, columns, own) for title, own in rows.items()]


def _row(training: Training, sentence: str, found: dict[str, dict[str, float]], axis: Axis) -> list[Cell]:
    lines = [
        axis.span(quantiles[low], quantiles[high], f"{time} {width}")
        for time, quantiles in found.items()
        for (low, high), width in ((_MOST, "most"), (_MIDDLE, "half"))
    ]
    dots = [Dot(axis.place(quantiles[_MEDIAN]), time) for time, quantiles in found.items()]
    before, after = (found[time][_MEDIAN] for time in _TIMES)
    return [
        Cell(training.cell.recipe, style=training.cell.kind), Cell(sentence),
        Cell("", plot=Plot(axis.grid, lines=lines, dots=dots)),
        *(Cell(minus(f"{value:.3f}"), value) for value in (before, after)),
        Cell(minus(signed(after - before)), after - before),
    ]  # fmt: skip


def _over_embedders(training: Training, polarity: str) -> dict[str, dict[str, float]]:
    """`before` and `after` -> quantiles, means over the embedders; empty where the rows have no such sentence."""
    records = [record.get("similarity", {}) for record in training.embedders.values()]
    measured = [record for record in records if polarity in record.get("after", {})]
    if not measured:
        return {}
    names = measured[0]["after"][polarity]
    return {
        time: {name: mean(record[time][polarity][name] for record in measured) for name in names} for time in _TIMES
    }
