"""Checkpoints of unfinished training runs, continued only by a run with the same inputs."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from typing import TYPE_CHECKING, Any

from bootembed.core.processes import broadcast_from_main, is_main_process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)
_LABEL = "inputs.sha256"


def newest_checkpoint(folder: Path, *, inputs: Mapping[str, Any]) -> str | None:
    """Path of the newest whole checkpoint of a Hugging Face trainer that ran on the same inputs.

    A killed run's checkpoints outlive a change of its parameters or data; continued under others they would give a
    model that neither describes, so checkpoints of other inputs are removed.

    Of several processes the first one looks, and all get what it found.

    Args:
        folder: Where the trainer saves; made, and labelled with the inputs, when it does not exist.
        inputs: Everything that decides the result, as values JSON can hold.
    """
    return broadcast_from_main(_newest(folder, inputs) if is_main_process() else None)


def _newest(folder: Path, inputs: Mapping[str, Any]) -> str | None:
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    label = folder / _LABEL
    if not label.is_file() or label.read_text(encoding="utf-8") != digest:
        for stale in sorted(folder.glob("checkpoint-*")):
            logger.info("%s is of a run with other inputs and removed", stale)
            shutil.rmtree(stale)
        folder.mkdir(parents=True, exist_ok=True)
        label.write_text(digest, encoding="utf-8")
    whole = [path for path in folder.glob("checkpoint-*") if _is_whole(path)]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _is_whole(checkpoint: Path) -> bool:
    """Whether the run was not killed while saving: the trainer writes its state last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
