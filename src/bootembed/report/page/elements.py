"""What the page is made of: tables whose cells may hold a small plot, all in percent of the plot's width.

The plots are SVG that the template writes: lines, bars and dots in tables. A bundled chart library would weigh 800 kB,
more than all the rest of the page, and would not stand in the rows that can be sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEPS = (1, 2, 2.5, 5, 10)
_MOST_TICKS = 5
_LEAST = 1e-6  # width of an axis


class Segment(NamedTuple):
    """A bar from `left` of `width`; `style` is a class of the style sheet."""

    left: float
    width: float
    style: str


class Dot(NamedTuple):
    """A mark at a value; `style` is a class of the style sheet."""

    at: float
    style: str


@dataclass(frozen=True)
class Plot:
    """Marks in percent of the width: grid lines and a stronger one at zero, then bars, lines and dots."""

    grid: Sequence[float] = ()
    zero: float | None = None
    bars: Sequence[Segment] = ()
    lines: Sequence[Segment] = ()
    dots: Sequence[Dot] = ()


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What is shown.
        sort: What a column of numbers is sorted by; None: last.
        plot: Shown instead of the text.
        style: Class of the style sheet.
        lang: Tag of the language, if the text is a sentence of a corpus; `und` if it has none.
        mark: Stands before the text, in the colour of the style.
    """

    text: str
    sort: float | None = None
    plot: Plot | None = None
    style: str = ""
    lang: str = ""
    mark: str = ""


class Tick(NamedTuple):
    """A value on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Column:
    """The head of a column; one with an axis holds plots and is not sorted."""

    head: str
    numeric: bool = False
    axis: Sequence[Tick] = ()
    plotted: bool = False


@dataclass(frozen=True)
class Table:
    """A table that can be sorted by its columns; the first cell of a row is its head."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Axis:
    """A linear scale with round ends.

    Attributes:
        low: Value at 0 %.
        high: Value at 100 %.
        ticks: Round values between them.
    """

    low: float
    high: float
    ticks: list[Tick] = field(default_factory=list)

    @classmethod
    def over(cls, values: Iterable[float]) -> Axis:
        """The narrowest axis with at most six round ticks over all values."""
        finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        step = _step(next(width for width in (high - low, abs(high), 1.0) if width > _LEAST))
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        axis = cls(first * step, last * step)
        digits = max(0, -math.floor(math.log10(step) + 1e-9) + (step / 10 ** math.floor(math.log10(step)) == 2.5))
        for number in range(first, last + 1):
            text = f"{number * step:.{digits}f}".replace("-", "\N{MINUS SIGN}")
            axis.ticks.append(Tick(axis.place(number * step), text))
        return axis

    @property
    def grid(self) -> list[float]:
        """Places of the ticks."""
        return [tick.at for tick in self.ticks]

    def place(self, value: float) -> float:
        """Percent of the width."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    def span(self, low: float, high: float, style: str) -> Segment:
        """A line between two values."""
        return Segment(self.place(low), round(self.place(high) - self.place(low), 2), style)


def _step(width: float) -> float:
    scale = 10 ** math.floor(math.log10(width / _MOST_TICKS))
    return float(next(step * scale for step in _STEPS if step * scale * _MOST_TICKS >= width * (1 - 1e-9)))


def number(value: float | None, digits: int = 3) -> Cell:
    """A cell with a number; empty if there is none."""
    return Cell("") if value is None else Cell(f"{value:.{digits}f}", value)


def language_tag(key: str) -> str:
    """The tag by which browsers know a language (BCP 47), of its ISO 639-3 key; `und` if there is none."""
    import langcodes

    return str(langcodes.standardize_tag(key, macro=True)) if langcodes.tag_is_valid(key) else "und"


def minus(text: str) -> str:
    """A number with a typographic minus sign."""
    return text.replace("-", "\N{MINUS SIGN}")
