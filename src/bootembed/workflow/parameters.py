"""Reads a parameter file once for all cells: DVC parses it for each of them, and searches all of it for each key."""

from __future__ import annotations

import functools
from copy import deepcopy
from pathlib import Path
from typing import Any

_SEARCHED = frozenset("*?[]")  # DVC takes a key with one of these for a pattern


class Parameters:
    """Parameter files, each parsed again only when its bytes have changed."""

    def __init__(self) -> None:
        self._parsed: dict[str, tuple[bytes, Any]] = {}

    def serve(self, dependency: Any) -> None:
        """Make a stage's dependency on parameters take its values from here."""
        dependency.read_params = functools.partial(self._read, dependency, dependency.read_params)

    def _read(self, dependency: Any, by_dvc: Any, flatten: bool = True) -> dict[str, Any]:
        """Key -> value, for the keys that are there: what DVC's own method returns, to which all else is left."""
        try:
            content = self._content(dependency)
            if flatten and dependency.params and not _SEARCHED.intersection("".join(dependency.params)):
                # copies, because what two cells share would become a reference of one to the other in dvc.lock
                return {key: deepcopy(_value(content, key)) for key in dependency.params}
        except (OSError, LookupError, TypeError):  # no such file or key, or a list on the way to it
            pass
        found: dict[str, Any] = by_dvc(flatten=flatten)
        return found

    def _content(self, dependency: Any) -> Any:
        from dvc.utils.serialize import load_path

        path = dependency.fs_path
        text = Path(path).read_bytes()
        if self._parsed.get(path, (None, None))[0] != text:
            self._parsed[path] = (text, load_path(path, dependency.repo.fs))
        return self._parsed[path][1]


def _value(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content[part]
    return content
