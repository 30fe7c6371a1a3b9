"""Hashes what several cells read or write once for all: DVC walks a folder again for each cell that names it."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hashes:
    """Content hashes by path, for one moment only: outside `shared`, each is computed anew."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Any] | None = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Compute no hash twice in the block, which ends before anything runs."""
        self._known = {}
        try:
            yield
        finally:
            self._known = None

    def serve(self, stage: Any) -> None:
        """Make the files and folders of a stage take their hashes from here; parameters have none."""
        from dvc.dependency import Dependency
        from dvc.output import Output

        for item in [*stage.deps, *stage.outs]:
            if type(item) in (Dependency, Output):
                item.get_hash = functools.partial(self._get, item, item.get_hash)

    def _get(self, item: Any, by_dvc: Any) -> Any:
        if self._known is None:
            return by_dvc()
        key = (item.protocol, item.fs_path, item.hash_name)
        if key not in self._known:
            self._known[key] = by_dvc()
        return self._known[key]
