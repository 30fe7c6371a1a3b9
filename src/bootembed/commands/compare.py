"""Compare two models, or two cells of the grid, on the scores that exist.

A and B are cells (RECIPE-LANGUAGE-ENCODER), folders of embedders, or models:/NAME@ALIAS of MLflow's registry.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help=__doc__, short_help="Two models on the scores that exist.")
@click.argument("a")
@click.argument("b")
@click.option("--scores-dir", type=click.Path(path_type=Path), help="By default that of the profile in params.yaml.")
@click.option("--results-dir", type=click.Path(path_type=Path), help="By default that of the profile in params.yaml.")
def main(a: str, b: str, scores_dir: Path | None, results_dir: Path | None) -> None:
    """Print the table."""
    from bootembed.inference.compare import comparison, find_scores
    from bootembed.workflow.places import current_profile, refuse_other_profiles, results_of

    if scores_dir is None or results_dir is None:
        profile = current_profile()
        for name in (a, b):
            refuse_other_profiles(name, profile)
        own = results_of(profile)
        scores_dir, results_dir = scores_dir or own["scores"], results_dir or own["mteb"]
    sides = [find_scores(name, scores_dir=scores_dir, results_dir=results_dir) for name in (a, b)]
    click.echo(comparison(*sides, results_dir=results_dir, seed=0))
