"""Line charts as SVG, without a plotting library."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Series = dict[float, list[float]]  # x (more than 0) -> values

PANEL_WIDTH, PANEL_HEIGHT, LINE_HEIGHT = 460, 300, 18  # pixels, as everything below
LEFT, RIGHT, TOP, BOTTOM = 56, PANEL_WIDTH - 24, 40, PANEL_HEIGHT - 56  # of the axes, within a panel
TICKS = 5
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe & Ito: safe for all


def draw_panels(panels: Mapping[str, Mapping[str, Series]], *, x_title: str, y_title: str) -> str:
    """An SVG with a legend and panels below each other.

    A line goes through the mean of the values at each x; a bar shows the least and the greatest of several. The x axis
    is logarithmic.

    Args:
        panels: Title -> line -> its values, one or more.
        x_title: Under the x axes.
        y_title: Over the y axes.
    """
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    heights = [LINE_HEIGHT * (number + 1) for number in range(len(names))]
    parts = [
        _dot(20, height - 4, colour, name) + _text(30, height, name)
        for height, (name, colour) in zip(heights, colours.items(), strict=True)
    ]
    start = LINE_HEIGHT * (len(names) + 1)
    for number, (title, lines) in enumerate(panels.items()):
        content = _text(LEFT, 16, title) + _axes(lines, x_title=x_title, y_title=y_title)
        content += "".join(_line(lines, name, colours[name]) for name in lines)
        parts.append(f'<g transform="translate(0,{start + number * PANEL_HEIGHT})">{content}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PANEL_WIDTH}" height="{start + len(panels) * PANEL_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _axes(lines: Mapping[str, Series], *, x_title: str, y_title: str) -> str:
    across, up = _scales(lines)
    places = sorted({x for series in lines.values() for x in series})
    low, high = _range(lines)
    ticks = [low + (high - low) * step / (TICKS - 1) for step in range(TICKS)]
    return "".join(
        [
            f'<path d="M{LEFT},{TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#666"/>',
            *(_text(across(x), BOTTOM + 16, f"{x:g}", anchor="middle") for x in places),
            *(_text(LEFT - 6, up(y) + 4, f"{y:.3f}", anchor="end") for y in ticks),
            _text((LEFT + RIGHT) / 2, BOTTOM + 36, x_title, anchor="middle"),
            _text(LEFT, TOP - 10, y_title),
        ]
    )


def _line(lines: Mapping[str, Series], name: str, colour: str) -> str:
    across, up = _scales(lines)
    means = {x: statistics.mean(values) for x, values in sorted(lines[name].items())}
    points = " ".join(f"{across(x):.1f},{up(mean):.1f}" for x, mean in means.items())
    parts = [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>']
    for x, mean in means.items():
        low, high = up(min(lines[name][x])), up(max(lines[name][x]))
        parts.append(f'<path d="M{across(x):.1f},{low:.1f}V{high:.1f}" stroke="{colour}"/>')
        parts.append(_dot(across(x), up(mean), colour, f"{name}, {x:g}: {mean:.4f}"))
    return "".join(parts)


def _scales(lines: Mapping[str, Series]) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Place of an x and of a value in a panel."""
    places = [math.log(x) for series in lines.values() for x in series]
    across = _scale(min(places), max(places), LEFT + 12, RIGHT - 12)
    return lambda x: across(math.log(x)), _scale(*_range(lines), BOTTOM - 8, TOP + 8)


def _range(lines: Mapping[str, Series]) -> tuple[float, float]:
    values = [value for series in lines.values() for found in series.values() for value in found]
    return min(values), max(values)


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    if low == high:
        return lambda _value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _dot(x: float, y: float, colour: str, title: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{escape(title)}</title></circle>'


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
