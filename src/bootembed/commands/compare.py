"""Compare two models, or two cells of the grid, on the scores that exist.

A and B are cells (RECIPE-LANGUAGE-ENCODER), folders of embedders, or models:/NAME@ALIAS of MLflow's registry.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help=__doc__, short_help="Two models on the scores that exist.")
@click.argument("a")
@click.argument("b")
@click.option("--scores-dir", type=click.Path(path_type=Path), default=Path("metrics/scores"), show_default=True)
@click.option("--results-dir", type=click.Path(path_type=Path), default=Path("results/mteb"), show_default=True)
def main(a: str, b: str, scores_dir: Path, results_dir: Path) -> None:
    """Print the table."""
    from bootembed.inference.compare import comparison, find_scores

    sides = [find_scores(name, scores_dir=scores_dir) for name in (a, b)]
    click.echo(comparison(*sides, results_dir=results_dir, seed=0))
