"""What every stage command shares: validated parameters, logging, and errors shown as one message."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed.core.errors import UserError
from bootembed.core.processes import is_first
from bootembed.settings.load import load_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from bootembed.settings.schema import Params


def _load(_context: click.Context, _option: click.Parameter, path: Path) -> Params:
    try:
        return load_params(path)
    except UserError as error:
        raise click.ClickException(str(error)) from error


params_option = click.option(
    "--params",
    "params",
    type=click.Path(path_type=Path),
    default=Path("params.yaml"),
    show_default=True,
    callback=_load,
    help="Parameter file; validated before any work is done.",
)


def stage_command(function: Callable[..., None]) -> Callable[..., None]:
    """Set up logging and threads for a stage and turn a `UserError` into one message and exit status 1."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        logging.basicConfig(
            level=os.environ.get("BOOTEMBED_LOG_LEVEL", "INFO").upper() if is_first() else "WARNING",
            format="%(asctime)s %(name)s: %(message)s",
            datefmt="%H:%M:%S",
        )
        _limit_threads(kwargs["params"])
        try:
            function(*args, **kwargs)
        except UserError as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def _limit_threads(params: Params) -> None:
    """Set `launch.threads` for torch and its like: they look when they are imported, which is later, in the stage."""
    if params.launch.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(params.launch.threads)
