"""Whether stages have changed since DVC recorded them, with what several of them share hashed and parsed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.workflow.hashes import Hashes
from bootembed.workflow.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager


class Shared:
    """What stages share: the content of files and folders, and parameters."""

    def __init__(self) -> None:
        self._hashes = Hashes()
        self._parameters = Parameters()

    def serve(self, stages: Iterable[Any]) -> None:
        """Make stages take hashes and parameters from here."""
        for stage in stages:
            self._hashes.serve(stage)
            for dependency in stage.params:
                self._parameters.serve(dependency)

    def one_moment(self) -> AbstractContextManager[None]:
        """A block in which nothing is hashed twice, and which ends before anything runs."""
        return self._hashes.shared()


def is_changed(stage: Any, *, differs: Callable[[dict[str, Any]], bool] = bool) -> bool:
    """What DVC's `Stage.changed` tells, without its locks.

    Args:
        stage: The stage.
        differs: Whether the status of a dependency or an output, path -> state, is a change.
    """
    if stage.changed_stage():
        return True
    if not stage.frozen and (stage.is_callback or stage.always_changed):
        return True
    items = stage.outs if stage.frozen else [*stage.deps, *stage.outs]
    return any(differs(item.status()) for item in items)
