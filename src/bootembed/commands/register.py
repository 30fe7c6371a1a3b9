"""Register with MLflow what waits because its store was away, and the models of this folder.

The latter is what the stage register_models does; so it also fills a new or another store from results that are there.
Exit status 1 if something still waits.
"""

from __future__ import annotations

import sys

import click


@click.command(help=__doc__, short_help="Register models that wait for the store, and those of this folder.")
def main() -> None:
    """Register, and say what."""
    from bootembed import tracking
    from bootembed.core.errors import DataError
    from bootembed.registry.waiting import send_registrations, waiting
    from bootembed.workflow.project import prepare_environment, require_project, run_command_of

    require_project()
    if not tracking.is_on():
        raise DataError("BOOTEMBED_TRACKING is off; unset it to register models")
    prepare_environment()
    for name in send_registrations():
        click.echo(f"{name}: registered what waited")
    tracking.send_now()
    for path in run_command_of("register_models"):
        click.echo(path)
    sys.exit(int(bool(waiting())))
