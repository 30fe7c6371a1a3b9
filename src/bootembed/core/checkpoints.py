"""Checkpoints of unfinished training runs, resumed only by a run with the same inputs."""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING, Any

from bootembed.core.hashing import json_hash
from bootembed.core.processes import broadcast_from_main, is_main_process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)
_LABEL = "inputs.sha256"


def newest_checkpoint(folder: Path, *, inputs: Mapping[str, Any]) -> str | None:
    """Path of the newest complete checkpoint of a Hugging Face trainer that ran on the same inputs.

    A killed run's checkpoints may be older than a change of its parameters or data. Resumed with other inputs, they
    would give a model that neither set of inputs describes, so checkpoints of other inputs are removed.

    The main process looks, and all processes get what it found.

    Args:
        folder: Where the trainer saves; created, and labelled with the inputs, if it does not exist.
        inputs: Everything that decides the result, as JSON values.
    """
    return broadcast_from_main(_newest(folder, inputs) if is_main_process() else None)


def _newest(folder: Path, inputs: Mapping[str, Any]) -> str | None:
    digest = json_hash(inputs)
    label = folder / _LABEL
    if not label.is_file() or label.read_text(encoding="utf-8") != digest:
        for stale in sorted(folder.glob("checkpoint-*")):
            logger.info("%s belongs to a run with other inputs and is removed", stale)
            shutil.rmtree(stale)
        folder.mkdir(parents=True, exist_ok=True)
        label.write_text(digest, encoding="utf-8")
    complete = [path for path in folder.glob("checkpoint-*") if _is_complete(path)]
    newest = max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _is_complete(checkpoint: Path) -> bool:
    """Whether the run was not killed while it saved: the trainer writes its state last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
