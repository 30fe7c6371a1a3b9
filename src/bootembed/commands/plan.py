"""Print what a profile needs (stages, models, memory, hours, disk, access) before anything runs; 1 if a check fails."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bootembed.commands.completion import profiles


@click.command(help=__doc__, short_help="What a profile needs, before anything runs.")
@click.argument("profile", shell_complete=profiles)
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--gpu", help="Estimate hours for this GPU (a100, h100, h200, l4, rtx4090) instead of the one here.")
@click.option(
    "--tflops", type=click.FloatRange(min=0, min_open=True), help="Effective TFLOPS, if you have measured them."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Stages at a time without a GPU; by default two.")
@click.option("--conf", type=click.Path(path_type=Path), default=Path("conf"), show_default=True)
@click.option("--pipeline", type=click.Path(path_type=Path), default=Path("dvc.yaml"), show_default=True)
def main(
    profile: str,
    overrides: tuple[str, ...],
    gpu: str | None,
    tflops: float | None,
    jobs: int | None,
    conf: Path,
    pipeline: Path,
) -> None:
    """Compose the profile into a temporary file and print its plan; params.yaml stays as it is."""
    from bootembed.workflow.compose import composed
    from bootembed.workflow.plan.report import make_plan
    from bootembed.workflow.project import require_project

    require_project(pipeline)
    plan = make_plan(composed(profile, overrides, conf=conf), pipeline, gpu=gpu, tflops=tflops, jobs=jobs)
    click.echo(plan.text)
    sys.exit(0 if plan.complete else 1)
