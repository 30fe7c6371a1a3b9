"""What holds over generator seeds and embedder seeds: scores, verdicts and oracle precision of a finished run.

RUN is its folder, with params.yaml and metrics/. Give a run several generator seeds by
`bootembed compose laptop generator_seeds=3`, and run this command on the machine that it ran on.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click
import yaml
from tabulate import tabulate

from benchmarks.machine import machine
from bootembed.core.names import UNTRAINED

Row = dict[str, str]


@click.command(help=__doc__)
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output-dir", type=click.Path(path_type=Path), required=True, help="Gets seeds.json and seeds.md.")
def main(run: Path, output_dir: Path) -> None:
    """Read the run's metrics; write them as JSON and as Markdown."""
    found = read_run(run)
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / "seeds.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (output_dir / "seeds.md").write_text(render(found), encoding="utf-8")
    click.echo(render(found))


def read_run(run: Path) -> dict[str, Any]:
    """Machine, profile, seeds, and the run's scores, differences and oracle precision."""
    params = yaml.safe_load((run / "params.yaml").read_text(encoding="utf-8"))
    metrics = run / "metrics" / params["profile"]
    summary = json.loads((metrics / "summary.json").read_text(encoding="utf-8"))
    with (metrics / "differences.csv").open(encoding="utf-8", newline="") as stream:
        differences = list(csv.DictReader(stream))
    return {
        "machine": machine(),
        "profile": params["profile"],
        "seed": params["seed"],
        "generator_seeds": params["generator_seeds"],
        "embedder_seeds": params["train_embedder"]["seeds"],
        "scores": summary["test"],
        "differences": [row for row in differences if row["against"] != UNTRAINED],
        "oracle_precision": summary["oracle_precision"],
    }


def render(found: dict[str, Any]) -> str:
    """A table each of scores, of strategies against baselines, and of the triplets that are right."""
    seeds = f"{found['generator_seeds']} generator seeds x {found['embedder_seeds']} embedder seeds"
    where = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    sections = [
        f"Profile `{found['profile']}`, seed {found['seed']}, {seeds}. Mean ± standard deviation over embedders "
        "(baselines have one training set). Differences and precision: one figure for each generator seed.",
        f"Machine: {where}.",
        _table(["language", "encoder", "task", "recipe", "score", "gain over untrained"], _scores(found["scores"])),
        _table(
            [
                "language",
                "encoder",
                "task",
                "strategy",
                "against",
                "in each generator seed",
                "95 % interval",
                "differs",
            ],
            [_difference(row) for row in found["differences"]],
        ),
        _table(
            ["language", "strategy", "polarity", "right", "in each generator seed"],
            _precision(found["oracle_precision"]),
        ),
    ]
    return "\n\n".join(sections) + "\n"


def _scores(scores: dict[str, Any]) -> list[list[str]]:
    return [
        [
            language, encoder, task, recipe, _spread([*own["embedders"].values()], ".3f"),
            "" if recipe == UNTRAINED else f"{own['mean'] - recipes[UNTRAINED]['mean']:+.3f}",
        ]
        for language, encoders in scores.items()
        for encoder, tasks in encoders.items()
        for task, recipes in tasks.items()
        for recipe, own in sorted(recipes.items(), key=lambda item: -item[1]["mean"])
    ]  # fmt: skip


def _difference(row: Row) -> list[str]:
    of_what = [row[name] for name in ("language", "encoder", "task", "recipe", "against")]
    parts = ", ".join(f"{float(value):+.3f}" for value in row["by_generator_seed"].split())
    return [*of_what, parts, f"{float(row['low']):+.3f} to {float(row['high']):+.3f}", row["differs"]]


def _precision(precision: dict[str, Any]) -> list[list[str]]:
    """A generator seed without triplets has no precision."""
    return [
        [
            language, strategy, polarity, _spread([share for share in shares if share is not None], ".1%"),
            ", ".join("none kept" if share is None else f"{share:.1%}" for share in shares),
        ]
        for language, strategies in precision.items()
        for strategy, polarities in strategies.items()
        for polarity, shares in polarities.items()
    ]  # fmt: skip


def _spread(values: list[float], form: str) -> str:
    if not values:
        return ""
    return f"{mean(values):{form}}" + (f" ± {stdev(values):{form}}" if len(values) > 1 else "")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return str(tabulate(rows, heads, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
