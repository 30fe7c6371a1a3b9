"""How far a trainer of transformers is, in lines of the log."""

from __future__ import annotations

from typing import Any

from transformers import PrinterCallback, TrainerCallback

from bootembed.core.processes import is_main_process
from bootembed.core.step_log import StepLog

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


def show_progress(trainer: Any, *, curve: str = "", scores: tuple[str, ...] = ()) -> None:
    """Let a trainer log readable lines in place of its dictionaries."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(TrainerProgress(curve, scores))
