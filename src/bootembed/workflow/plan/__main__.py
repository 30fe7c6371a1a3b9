"""Print what a profile needs (stages, models, memory, hours, disk, access) before anything runs; 1 if a check fails."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from bootembed.workflow.compose import compose
from bootembed.workflow.plan.estimates import GPUS


@click.command(help=__doc__)
@click.argument("profile")
@click.argument("overrides", nargs=-1)
@click.option(
    "--gpu", type=click.Choice(sorted(GPUS)), help="Estimate hours for this GPU instead of the one in this machine."
)
@click.option(
    "--tflops", type=click.FloatRange(min=0, min_open=True), help="Effective TFLOPS, if you have measured them."
)
@click.option("--conf", type=click.Path(exists=True, path_type=Path), default=Path("conf"), show_default=True)
@click.option("--pipeline", type=click.Path(exists=True, path_type=Path), default=Path("dvc.yaml"), show_default=True)
def main(
    profile: str, overrides: tuple[str, ...], gpu: str | None, tflops: float | None, conf: Path, pipeline: Path
) -> None:
    """Compose the profile into a temporary file and print its plan; params.yaml stays as it is."""
    from bootembed.workflow.plan.report import make_plan

    with tempfile.TemporaryDirectory() as folder:
        params = compose(profile, overrides, conf=conf, output=Path(folder) / "params.yaml")
    plan = make_plan(params, pipeline, gpu=gpu, tflops=tflops)
    click.echo(plan.text)
    sys.exit(0 if plan.complete else 1)


if __name__ == "__main__":
    main()
