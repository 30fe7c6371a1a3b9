"""Compose params.yaml from conf/ for a profile, exactly as `dvc exp run -S profile=...` does, without running."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bootembed.core.errors import ParamsError, suggest
from bootembed.settings.load import load_params
from bootembed.workflow.project import require_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bootembed.settings.schema import Params


class OverrideError(ParamsError):
    """An override on the command line names no parameter, or cannot be read."""


def compose(profile: str, overrides: Sequence[str], *, conf: Path, output: Path) -> Params:
    """Write the composed parameters, if they are valid, and return them.

    Args:
        profile: Name of a file in `conf/profile`.
        overrides: As Hydra writes them, e.g. `seed=1`.
        conf: Folder of config.yaml.
        output: File to write.

    Raises:
        OverrideError: An override names no parameter, or cannot be read.
        DataError: `conf` is no such folder.
        ParamsError: There is no such profile, or the parameters are faulty.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    require_project(conf / "config.yaml")
    file = conf / "profile" / f"{profile}.yaml"
    if not file.is_file():
        known = sorted(found.stem for found in file.parent.glob("*.yaml"))
        raise ParamsError(f"profile {profile!r}: there is none{suggest(profile, known)}; choose one of {known}")
    written = output.with_name(f".{output.stem}.composed.yaml")
    try:
        _compose(profile, overrides, conf, written)
        params = load_params(written, source=str(file))
        if params.profile != profile:
            raise ParamsError(
                f"{file}: profile: {params.profile!r} is the name of another one, in whose folders its results would "
                f"lie; write `profile: {profile}`"
            )
        written.replace(output)
    except yaml.YAMLError as error:
        raise ParamsError(f"{file}: cannot be read as YAML: {error}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise _explained(error, profile, overrides, conf, file) from error
    finally:
        written.unlink(missing_ok=True)
    return params


def composed(profile: str, overrides: Sequence[str], *, conf: Path) -> Params:
    """The parameters of a profile; no file is left. Raises as `compose`."""
    with tempfile.TemporaryDirectory() as folder:
        return compose(profile, overrides, conf=conf, output=Path(folder) / "params.yaml")


def _compose(profile: str, overrides: Sequence[str], conf: Path, output: Path) -> None:
    from dvc.utils.hydra import compose_and_dump

    folder = conf.absolute()
    chosen = [f"profile='{profile}'", *overrides]  # quoted: `nan` is a language, and a number to Hydra
    compose_and_dump(str(output), str(folder), None, "config", str(folder / "plugins"), chosen)


def _explained(
    error: Exception, profile: str, overrides: Sequence[str], conf: Path, file: Path
) -> OverrideError | ParamsError:
    """One line for what Hydra tells in many: the override that no parameter has, with the nearest one."""
    known = list(_known_keys(profile, conf)) if overrides else []
    for override in overrides:
        key, equals, value = override.partition("=")
        if not key or (not equals and not key.startswith("~")):
            return OverrideError(f"{override}: an override is KEY=VALUE")
        choices = sorted(choice.stem for choice in (conf / key).glob("*.yaml"))
        if choices and value not in choices:
            return OverrideError(f"{override}: there is none; choose one of {choices}")
        if known and not choices and not override.startswith("+") and key.lstrip("~") not in known:
            nearest = _nearest(key.lstrip("~"), known)
            return OverrideError(f"{key}: no parameter of {file} has this name; did you mean {nearest}?")
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return (OverrideError if overrides else ParamsError)(f"{file}: {said}")


def _known_keys(profile: str, conf: Path) -> Iterator[str]:
    """Dotted names of all parameters of a profile; none if it cannot be composed at all."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "params.yaml"
        try:
            _compose(profile, [], conf, output)
        except (HydraException, OmegaConfBaseException):
            return
        yield from _dotted(yaml.safe_load(output.read_text(encoding="utf-8")))


def _dotted(section: Any, prefix: str = "") -> Iterator[str]:
    for key, value in section.items() if isinstance(section, dict) else ():
        yield f"{prefix}{key}"
        yield from _dotted(value, f"{prefix}{key}.")


def _nearest(key: str, known: Sequence[str]) -> str:
    """The name that is most like a key; its last part counts most, also where one contains the other.

    Of a key without a section, all names that end like the nearest one.
    """

    def likeness(other: str) -> float:
        own, its = key.rpartition(".")[2], other.rpartition(".")[2]
        contained = own in its or its in own
        same = difflib.SequenceMatcher(None, own, its).ratio()
        return contained + same + difflib.SequenceMatcher(None, key, other).ratio()

    best = max(known, key=likeness)
    end = best.rpartition(".")[2]
    alike = [best] if "." in key else [name for name in known if name.rpartition(".")[2] == end]
    return " or ".join(alike)
