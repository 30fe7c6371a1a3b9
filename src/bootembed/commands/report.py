"""Write the report again from the scores that are there, without running any cell; it tells which are out of date."""

from __future__ import annotations

from pathlib import Path

import click

_OUT_OF_DATE = Path("work/out_of_date.json")


@click.command(help=__doc__, short_help="Write the report again.")
def main() -> None:
    """Run the command of the stage `report` as dvc.yaml has it."""
    from bootembed.core.errors import DataError
    from bootembed.report.current import told_out_of_date, write_out_of_date
    from bootembed.workflow.out_of_date import out_of_date
    from bootembed.workflow.places import current_profile, results_of
    from bootembed.workflow.project import prepare_environment, require_project, run_command_of

    require_project()
    scores = results_of(profile := current_profile())["scores"]
    if not scores.is_dir():
        raise DataError(f"{scores}: is not there: profile {profile} has no scores yet; `bootembed run` makes them")
    prepare_environment()
    cells = out_of_date(Path(), "report")
    write_out_of_date(cells, _OUT_OF_DATE)
    for path in run_command_of("report", "--input", f"out_of_date={_OUT_OF_DATE}"):
        click.echo(path)
    if cells:
        click.echo(told_out_of_date(cells))
