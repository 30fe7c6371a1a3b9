"""Parts that are found by their file: a strategy, an objective, an engine or a task kind is one module of a package.

Adding one is adding its file; nothing lists them. A module may define `Settings`, a `Section` that is then the type of
the parameters under the module's name (see `settings.base.Pluggable`).
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import TYPE_CHECKING

from bootembed.core.errors import ParamsError

if TYPE_CHECKING:
    from types import ModuleType


def plugin_names(package: str) -> list[str]:
    """Names of the modules of a package, sorted; none of them is imported."""
    paths = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_"))


def load_plugin(package: str, name: str, *, key: str) -> ModuleType:
    """Import one module of a package.

    Args:
        package: As `bootembed.generation.engines`.
        name: Of the module.
        key: The parameter that named it, for the message.

    Raises:
        ParamsError: There is no such module.
    """
    known = plugin_names(package)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ParamsError(f"{key}: {name!r} is not known{hint}; choose one of {known}")
    return importlib.import_module(f"{package}.{name}")
