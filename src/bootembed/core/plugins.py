"""Parts that are found by their file: a strategy, an objective, an engine or a task kind is one module of a package.

Adding one is adding its file; nothing lists them. A module may define `Settings`, a `Section` that is then the type of
the parameters under the module's name (see `settings.base.Pluggable`).
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from bootembed.core.errors import ParamsError, suggest

if TYPE_CHECKING:
    from types import ModuleType


def plugin_names(package: str) -> list[str]:
    """Names of the modules of a package, sorted; none of them is imported."""
    paths = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_"))


def unknown_plugin(package: str, name: str, *, key: str) -> str | None:
    """What is wrong with the name of a module, with key and remedy; None if the package has this module.

    Args:
        package: For example `bootembed.generation.engines`.
        name: Name of the module.
        key: The parameter that holds the name.
    """
    known = plugin_names(package)
    return None if name in known else f"{key}: {name!r} is not known{suggest(name, known)}; choose one of {known}"


def load_plugin(package: str, name: str, *, key: str) -> ModuleType:
    """Import one module of a package; arguments as for `unknown_plugin`.

    Raises:
        ParamsError: There is no such module.
    """
    fault = unknown_plugin(package, name, key=key)
    if fault is not None:
        raise ParamsError(fault)
    return importlib.import_module(f"{package}.{name}")
