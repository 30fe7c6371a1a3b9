"""Score over the number of anchors: a table and a chart of several finished DVC experiments.

Each REVISION is a DVC experiment's name or a git revision, e.g. of
`dvc exp run -S generate_triplets.anchors=500 -n anchors-500`. Embedders of one recipe and number of anchors are shown
as their mean, with a bar from the least to the greatest score.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.chart import Series, draw_panels
from benchmarks.revisions import read_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.revisions import Run


@dataclass(frozen=True)
class Point:
    """A test score of one embedder of one run; `kept` triplets are what a strategy's was trained on, else None."""

    anchors: int
    kept: int | None
    recipe: str
    language: str
    encoder: str
    task: str
    embedder: str
    score: float
    seed: int


@click.command(help=__doc__)
@click.argument("revisions", nargs=-1, required=True)
@click.option("--csv", "table", type=click.Path(path_type=Path), required=True, help="Gets one row a score.")
@click.option("--svg", "chart", type=click.Path(path_type=Path), required=True, help="Gets the chart.")
def main(revisions: tuple[str, ...], table: Path, chart: Path) -> None:
    """Read every revision's parameters and summary; write the table and the chart."""
    points = read_points(read_runs(revisions))
    write_csv(points, table)
    chart.write_text(draw(points), encoding="utf-8")
    click.echo(f"{table}, {chart}: {len(points)} scores of {len(revisions)} runs")


def read_points(runs: Sequence[Run]) -> list[Point]:
    """All test scores, in the order of anchors and seeds.

    Raises:
        ClickException: A run was summarised before cells had several embedders.
    """
    points = []
    for run in runs:
        try:
            scores = list(run.scores())
        except (KeyError, TypeError) as error:
            raise click.ClickException(
                f"{run.name}: its summary names no embedders; run its stage `report` again"
            ) from error
        for (language, encoder, task, recipe), embedder, score in scores:
            generated = run.summary["triplets"].get(language, {}).get(recipe)
            kept = generated[embedder.training_set]["kept"] if generated else None
            anchors = run.params["generate_triplets"]["anchors"]
            of_what = (recipe, language, encoder, task, str(embedder))
            points.append(Point(anchors, kept, *of_what, score, run.params["seed"]))
    return sorted(points, key=lambda point: (point.anchors, point.seed))


def write_csv(points: Sequence[Point], path: Path) -> None:
    """One row a point, columns as the fields of `Point`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Point)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(point) for point in points)


def draw(points: Sequence[Point]) -> str:
    """The chart as SVG: a panel for each language, encoder and task, a line for each recipe."""
    panels: dict[str, dict[str, Series]] = {}
    for point in points:
        title = f"{point.language}, {point.encoder}, {point.task}"
        lines = panels.setdefault(title, {})
        lines.setdefault(point.recipe, defaultdict(list))[point.anchors].append(point.score)
    return draw_panels(panels, x_title="anchors", y_title="score on the test split")


if __name__ == "__main__":
    main()
