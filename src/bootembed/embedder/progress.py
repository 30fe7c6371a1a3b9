"""What a training run does beside training: say how far it is, and save itself now and then."""

from __future__ import annotations

import logging
import time
from typing import Any

from transformers import TrainerCallback

from bootembed.core.processes import broadcast_from_main

logger = logging.getLogger(__name__)
SAVE_EVERY_SECONDS = 120.0  # by time, not steps: a step takes milliseconds or a minute


class Progress(TrainerCallback):  # type: ignore[misc]
    """Logs the loss, and asks for a checkpoint when the last one is `SAVE_EVERY_SECONDS` old."""

    def __init__(self) -> None:
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer after each optimiser step."""
        is_due = time.monotonic() - self._saved_at >= SAVE_EVERY_SECONDS
        if broadcast_from_main(is_due) and state.global_step < state.max_steps:
            control.should_save = True
            self._saved_at = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer at each point of the loss curve."""
        loss = kwargs["logs"].get("loss")
        if loss is not None:
            logger.info("step %d of %d: loss %.3f", state.global_step, state.max_steps, loss)
