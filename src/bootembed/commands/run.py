"""Run stale cells side by side, each as soon as all that it reads is there, and record each in dvc.lock.

STAGES are stages (all their cells) or single cells such as train_embedder@xl_lora-afr-tiny; without any, the whole
pipeline runs, and the last lines name the report and the models. With --profile, params.yaml is composed first.

What the STAGES depend on must be up to date, or --with-inputs runs it first; `bootembed report` writes a report of what
there is, `bootembed register` registers it. Exit status 1 if a cell failed.
"""

from __future__ import annotations

from pathlib import Path

import click

from bootembed.commands import completion


@click.command(help=__doc__, short_help="Run stale cells side by side.")
@click.argument("stages", nargs=-1, shell_complete=completion.stages)
@click.option("--profile", shell_complete=completion.profiles, help="Compose params.yaml for this profile first.")
@click.option("-S", "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Of the profile: another value.")
@click.option("--with-inputs", is_flag=True, help="Also run what the STAGES depend on, where it is out of date.")
@click.option("--jobs", type=click.IntRange(min=1), help="Commands at a time; by default one for each GPU, or two.")
@click.option("--devices", help="GPUs to deal out, comma-separated; by default those that are visible.")
@click.option(
    "--preload/--no-preload", default=True, show_default=True, help="Fork cells from a process with the libraries."
)
@click.option("--log-dir", type=click.Path(path_type=Path), default=Path("work/fan_out"), show_default=True)
def main(
    stages: tuple[str, ...],
    profile: str | None,
    overrides: tuple[str, ...],
    with_inputs: bool,
    jobs: int | None,
    devices: str | None,
    preload: bool,
    log_dir: Path,
) -> None:
    """Fan out in the present folder."""
    from bootembed.workflow.ending import what_there_is
    from bootembed.workflow.fan_out import run
    from bootembed.workflow.project import prepare_environment, require_project

    if overrides and not profile:
        raise click.UsageError("-S changes a value of a profile; name it with --profile")
    require_project()
    prepare_environment()
    if profile:
        from bootembed.workflow.compose import compose

        compose(profile, overrides, conf=Path("conf"), output=Path("params.yaml"))
    given = None if devices is None else [name for name in devices.split(",") if name]
    click.echo(run(stages, jobs=jobs, devices=given, log_dir=log_dir, preload=preload, with_inputs=with_inputs))
    if not stages:
        for line in what_there_is():
            click.echo(line)
