"""Compose params.yaml from conf/ for a profile, exactly as `dvc exp run -S profile=...` does, without running."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed.core.errors import UserError
from bootembed.settings.load import load_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.argument("profile")
@click.argument("overrides", nargs=-1)
@click.option("--conf", type=click.Path(exists=True, path_type=Path), default=Path("conf"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("params.yaml"), show_default=True)
def main(profile: str, overrides: tuple[str, ...], conf: Path, output: Path) -> None:
    """Write the composed parameters and validate them."""
    compose(profile, overrides, conf=conf, output=output)
    click.echo(f"{output}: profile {profile}")


def compose(profile: str, overrides: Sequence[str], *, conf: Path, output: Path) -> Params:
    """Write the composed parameters, if they are valid, and return them.

    Args:
        profile: Name of a file in `conf/profile`.
        overrides: As Hydra writes them, e.g. `seed=1`.
        conf: Folder of config.yaml.
        output: File to write.

    Raises:
        ClickException: There is no such profile, or the parameters are faulty.
    """
    from dvc.utils.hydra import compose_and_dump
    from hydra.errors import HydraException

    if not (conf / "profile" / f"{profile}.yaml").is_file():
        known = sorted(file.stem for file in (conf / "profile").glob("*.yaml"))
        raise click.ClickException(f"profile {profile!r}: there is none; choose one of {known}")
    folder = conf.absolute()
    chosen = [f"profile={profile}", *overrides]
    composed = output.with_name(f".{output.stem}.composed.yaml")
    try:
        compose_and_dump(str(composed), str(folder), None, "config", str(folder / "plugins"), chosen)
        params = load_params(composed, source=f"profile {profile}")
        composed.replace(output)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except HydraException as error:  # an override that no parameter of the profile has, or that cannot be parsed
        raise click.ClickException(f"profile {profile}: {str(error).strip()}") from error
    finally:
        composed.unlink(missing_ok=True)
    return params


if __name__ == "__main__":
    main()
