"""Write the report again from the scores that are there, without running any cell."""

from __future__ import annotations

import click


@click.command(help=__doc__, short_help="Write the report again.")
def main() -> None:
    """Run the command of the stage `report` as dvc.yaml has it."""
    from bootembed.core.errors import DataError
    from bootembed.workflow.places import current_profile, results_of
    from bootembed.workflow.project import prepare_environment, require_project, run_command_of

    require_project()
    scores = results_of(profile := current_profile())["scores"]
    if not scores.is_dir():
        raise DataError(f"{scores}: is not there: profile {profile} has no scores yet; `bootembed run` makes them")
    prepare_environment()
    for path in run_command_of("report"):
        click.echo(path)
