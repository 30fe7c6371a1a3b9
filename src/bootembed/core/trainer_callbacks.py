"""What trainers of transformers do beside training: say how far they are, and save themselves now and then."""

from __future__ import annotations

import time
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from bootembed.core.processes import broadcast_from_main, is_main_process
from bootembed.core.step_log import StepLog

SAVE_EVERY_SECONDS = 120.0  # by time: a step takes milliseconds or a minute
_EVALUATED = "eval_"  # the trainer puts it before the names of an evaluation's metrics


class TrainerProgress(TrainerCallback):  # type: ignore[misc]
    """Logs the loss, and scores on the way, by a `StepLog`.

    Args:
        curve: As in `StepLog`.
        scores: Metrics of an evaluation that are logged.
    """

    def __init__(self, curve: str, scores: tuple[str, ...] = ()) -> None:
        self._curve = curve
        self._scores = scores
        self._log: StepLog | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer when it begins, or goes on from a checkpoint."""
        self._log = StepLog(state.max_steps, done=state.global_step, curve=self._curve)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer at each point of the loss curve, and after an evaluation."""
        names = {"loss": "loss", **{_EVALUATED + score: score for score in self._scores}}
        values = {names[key]: value for key, value in kwargs["logs"].items() if key in names}
        if values and self._log is not None and is_main_process():
            self._log.say(state.global_step, **values)


class SaveByTime(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint when the last one it asked for is `SAVE_EVERY_SECONDS` old."""

    def __init__(self) -> None:
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer after each optimiser step."""
        is_due = time.monotonic() - self._saved_at >= SAVE_EVERY_SECONDS
        if broadcast_from_main(is_due) and state.global_step < state.max_steps:
            control.should_save = True
            self._saved_at = time.monotonic()


def add_callbacks(trainer: Any, *, curve: str = "", scores: tuple[str, ...] = ()) -> None:
    """Let a trainer log readable lines in place of its dictionaries, and save itself every two minutes.

    Args:
        trainer: The trainer.
        curve: As in `TrainerProgress`.
        scores: The same.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(TrainerProgress(curve, scores))
    trainer.add_callback(SaveByTime())
