"""Compose params.yaml from conf/ for a profile, exactly as `dvc exp run -S profile=...` does, without running."""

from __future__ import annotations

from pathlib import Path

import click

from bootembed.errors import UserError
from bootembed.params import load_params


@click.command(help=__doc__)
@click.argument("profile")
@click.argument("overrides", nargs=-1)
@click.option("--conf", type=click.Path(exists=True, path_type=Path), default=Path("conf"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("params.yaml"), show_default=True)
def main(profile: str, overrides: tuple[str, ...], conf: Path, output: Path) -> None:
    """Write the composed parameters and validate them."""
    from dvc.utils.hydra import compose_and_dump

    if not (conf / "profile" / f"{profile}.yaml").is_file():
        known = sorted(file.stem for file in (conf / "profile").glob("*.yaml"))
        raise click.ClickException(f"profile {profile!r}: there is none; choose one of {known}")
    compose_and_dump(str(output), str(conf.absolute()), None, "config", "", [f"profile={profile}", *overrides])
    try:
        load_params(output)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{output}: profile {profile}")


if __name__ == "__main__":
    main()
