"""Browse runs and models in the MLflow UI; further options, such as --port 5001, are passed to `mlflow ui`."""

from __future__ import annotations

import os
import sys

import click


@click.command(
    help=__doc__, short_help="Runs and models in the MLflow UI.", context_settings={"ignore_unknown_options": True}
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(options: tuple[str, ...]) -> None:
    """Send what waits to be logged, then become `mlflow ui`."""
    from bootembed import tracking

    tracking.send_now()
    words = ["-m", "mlflow", "ui", "--backend-store-uri", tracking.tracking_uri(), *options]
    os.execv(sys.executable, [sys.executable, *words])
