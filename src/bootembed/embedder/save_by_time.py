"""Training that can be killed: it saves itself now and then."""

from __future__ import annotations

import time
from typing import Any

from transformers import TrainerCallback

from bootembed.core.processes import broadcast_from_main

SAVE_EVERY_SECONDS = 120.0  # by time, not steps: a step takes milliseconds or a minute


class SaveByTime(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint when the last one is `SAVE_EVERY_SECONDS` old."""

    def __init__(self) -> None:
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer after each optimiser step."""
        is_due = time.monotonic() - self._saved_at >= SAVE_EVERY_SECONDS
        if broadcast_from_main(is_due) and state.global_step < state.max_steps:
            control.should_save = True
            self._saved_at = time.monotonic()
