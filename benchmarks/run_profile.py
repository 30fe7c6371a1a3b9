"""What a run of the pipeline took, by stage and by cell: seconds, CPU time and memory, from the fan-out's `cells.csv`.

`forks` began in the nursery, whose row is the import of the libraries for all of them. The row of the fan-out is DVC's
work and tracking. CPU time of cells is that of their whole process, start included.
"""

from __future__ import annotations

import csv
import json
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from benchmarks.machine import machine


@click.command(help=__doc__)
@click.option(
    "--cells", type=click.Path(exists=True, path_type=Path), default=Path("work/fan_out/cells.csv"), show_default=True
)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True, help="Gets run_profile.json and .md.")
def main(cells: Path, output_dir: Path) -> None:
    """Write the tables."""
    with cells.open(encoding="utf-8", newline="") as file:
        rows = [_typed(row) for row in csv.DictReader(file)]
    stages = by_stage(rows)
    found = {"machine": machine(), "stages": stages, "cells": rows}
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / "run_profile.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table = tabulate(stages, headers="keys", tablefmt="github", floatfmt=".1f")
    (output_dir / "run_profile.md").write_text(table + "\n", encoding="utf-8")
    click.echo(table)


def by_stage(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `cells.csv`, one for each command -> one row for each stage, nursery and fan-out too, and their sum."""
    stages = [
        {
            "stage": stage,
            "cells": len({row["name"] for row in group}),
            "forks": sum(row["began_as"] == "fork" for row in group),
            "seconds": sum(row["seconds"] or 0.0 for row in group),
            "CPU seconds": sum(row["cpu_seconds"] for row in group),
            "peak MiB": max(row["peak_mib"] for row in group),
        }
        for stage, members in groupby(sorted(rows, key=_stage), key=_stage)
        for group in [list(members)]
    ]
    stages.sort(key=lambda stage: -stage["CPU seconds"])
    total = {"stage": "all", "seconds": None, "peak MiB": max(stage["peak MiB"] for stage in stages)}
    return [*stages, total | {key: sum(stage[key] for stage in stages) for key in ("cells", "forks", "CPU seconds")}]


def _stage(row: dict[str, Any]) -> str:
    return str(row["name"]).partition("@")[0]


def _typed(row: dict[str, str]) -> dict[str, Any]:
    numbers = {name: float(row[name]) if row[name] else None for name in ("seconds", "cpu_seconds", "peak_mib")}
    return {**row, **numbers}


if __name__ == "__main__":
    main()
