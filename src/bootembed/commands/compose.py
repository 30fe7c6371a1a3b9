"""Write params.yaml for a profile of conf/profile, checked as a whole."""

from __future__ import annotations

from pathlib import Path

import click

from bootembed.commands.completion import profiles


@click.command(help=__doc__, short_help="Write params.yaml for a profile.")
@click.argument("profile", shell_complete=profiles)
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--conf", type=click.Path(path_type=Path), default=Path("conf"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("params.yaml"), show_default=True)
def main(profile: str, overrides: tuple[str, ...], conf: Path, output: Path) -> None:
    """Write the composed parameters, if they are valid."""
    from bootembed.workflow.compose import compose
    from bootembed.workflow.places import report_of

    compose(profile, overrides, conf=conf, output=output)
    click.echo(f"{output}: profile {profile}")
    if output == Path("params.yaml") and Path("dvc.yaml").is_file():
        report = report_of(profile)
        click.echo(f"{report}: {'its report' if report.is_file() else 'not there yet, `bootembed run` writes it'}")
