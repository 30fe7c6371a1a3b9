"""Browse runs and models in the MLflow UI; further options, such as --port 5001, are passed to `mlflow ui`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command(
    help=__doc__, short_help="Runs and models in the MLflow UI.", context_settings={"ignore_unknown_options": True}
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(options: tuple[str, ...]) -> None:
    """Send what waits to be logged, then become `mlflow ui`."""
    from bootembed import tracking
    from bootembed.registry.lookup import require_store

    tracking.send_now()
    if not Path("dvc.yaml").is_file():  # in a project, runs to come are looked at too
        require_store()
    words = ["-m", "mlflow", "ui", "--backend-store-uri", tracking.tracking_uri(), *options]
    os.execv(sys.executable, [sys.executable, *words])
