"""What every stage command shares: options from its signature, validated parameters, logging, errors as one message."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import re
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import click

from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.errors import UserError, explain_disk_error
from bootembed.core.processes import is_main_process
from bootembed.settings.load import launch_of, read_sections, validate_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from bootembed.settings.schema import Params

InputPath = Annotated[Path, click.Path(exists=True, path_type=Path)]
"""A file or folder that must exist; a string in a further `Annotated` is the option's help."""
NamedPaths = dict[str, Path]
"""Files or folders that must exist, from a repeated option `NAME=PATH`; a parameter `inputs` becomes `--input`.

With `NamedPath(exists=False)` in a further `Annotated` they need not.
"""
OutputPath = Annotated[Path, click.Path(path_type=Path)]
"""A file or folder to write."""


# What libraries say at every turn and nobody can act on: logged lines, as `logger: message`, and a warning.
_NOISE = re.compile(
    r"sentence_transformers\.base\.model: (No device provided, using|Saving model to|Loading \w+ model from) "
    r"|sentence_transformers\.\S+\.word_weights: \d+ of \d+ words without a weighting value"  # on purpose: all but one
    r"|bitsandbytes\.backends\.cpu\.ops: Failed to load CPU gemm_4bit_forward "  # only faster
)
_NOISY_WARNING = "`is_gradient_checkpointing` is deprecated"  # in transformers, of what others call


def stage(function: Callable[..., None]) -> click.Command:
    """A click command whose options are the function's parameters, all required; its help is the module's docstring.

    `params: Params` becomes `--params`, validated before any work is done. A `UserError` is one message and exit
    status 1.
    """
    hints = get_type_hints(function, include_extras=True)
    names = [name for name in inspect.signature(function).parameters if name != "params"]
    options: list[click.Parameter] = [_option(name, hints[name]) for name in names]
    return click.Command(
        name=function.__module__.rpartition(".")[2],
        callback=_guarded(function),
        params=[*options, _params_option()],
        help=inspect.getmodule(function).__doc__,
    )


def _option(name: str, hint: Any) -> click.Option:
    plain, *marks = (hint.__origin__, *hint.__metadata__) if hasattr(hint, "__metadata__") else (hint,)
    text = next((mark for mark in marks if isinstance(mark, str)), None)
    if plain == NamedPaths:
        named = next((mark for mark in marks if isinstance(mark, NamedPath)), NamedPath())
        return click.Option(
            [f"--{name.removesuffix('s')}", name], type=named, multiple=True, callback=_mapping, help=text
        )
    kind = next((mark for mark in marks if isinstance(mark, click.ParamType)), plain)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        kind = _Member(plain)
    return click.Option([f"--{name.replace('_', '-')}", name], type=kind, required=True, help=text)


class NamedPath(click.Path):
    """`NAME=PATH` of something that must exist, or need not."""

    name = "name=path"

    def __init__(self, *, exists: bool = True) -> None:
        super().__init__(exists=exists, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name and the path."""
        name, separator, path = value.partition("=")
        if not separator:
            self.fail(f"{value!r}: give NAME=PATH", param, ctx)
        return name, super().convert(path, param, ctx)


def _mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[tuple[str, Path], ...]) -> NamedPaths:
    return dict(pairs)


class _Member(click.Choice[str]):
    """A member of an enumeration, by its value; click's own choice goes by its name."""

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__([str(member) for member in members])
        self._members = members

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StrEnum:
        return self._members(super().convert(value, param, ctx))


def _params_option() -> click.Option:
    return click.Option(
        ["--params", "params"],
        type=click.Path(path_type=Path),
        default=Path("params.yaml"),
        show_default=True,
        callback=_load,
        help="Parameter file; validated before any work is done.",
    )


def _load(_context: click.Context, _option: click.Parameter, path: Path) -> Params:
    try:
        raw = read_sections(path)
        if (launch := launch_of(raw)) is not None:
            prepare_arithmetic(threads=launch.threads, portable=launch.portable)
        return validate_params(raw, source=str(path))
    except UserError as error:
        raise click.ClickException(str(error)) from error


def _guarded(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def wrapped(**options: Any) -> None:
        logging.basicConfig(
            level=os.environ.get("BOOTEMBED_LOG_LEVEL", "INFO").upper() if is_main_process() else "WARNING",
            format="%(asctime)s %(name)s: %(message)s",
            datefmt="%H:%M:%S",
        )
        _silence_noise()
        try:
            function(**options)
        except UserError as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            written = [value for name, value in options.items() if isinstance(value, Path) and not value.is_file()]
            if (message := explain_disk_error(error, written[-1:])) is None:
                raise
            raise click.ClickException(message) from error

    return wrapped


def _silence_noise() -> None:
    """Have the handlers of the log leave out the libraries' known noise, and Python its warnings; all else stays."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_no_noise)
    warnings.filterwarnings("ignore", _NOISY_WARNING, FutureWarning)


def _is_no_noise(record: logging.LogRecord) -> bool:
    return _NOISE.match(f"{record.name}: {record.getMessage()}") is None
