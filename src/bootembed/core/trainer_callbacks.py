"""What trainers of transformers do beside training: say how far they are, and save themselves now and then."""

from __future__ import annotations

import math
import time
from statistics import fmean
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from bootembed.core.processes import broadcast_from_main, is_main_process
from bootembed.core.step_log import StepLog, require_finite

SAVE_EVERY_SECONDS = 120.0  # by time: a step takes milliseconds or a minute
_EVALUATED = "eval_"  # the trainer puts it before the names of an evaluation's metrics
_TOGETHER = "steps_together"  # in the history: of how many steps a loss is the mean
_DIGITS = 4
_SKIPPED_STEPS = 20
"""With fp16, whose trainer leaves out a step that overflowed: such steps in a row after which none will do better."""


class TrainerProgress(TrainerCallback):  # type: ignore[misc]
    """Logs the loss, and scores on the way, by a `StepLog`, and keeps them as curves in the trainer's history.

    Of the trainer's history, which its checkpoints hold, this leaves the loss of the first step, then the mean of each
    `every` steps, at the last of them. If the trainer logs every step, a run that was killed so ends with the curve of
    one that was not: means of the trainer itself begin anew where a run goes on.

    Args:
        curve: As in `StepLog`.
        every: Steps between points; 1: all that the trainer logs.
        scores: Metrics of an evaluation that are logged.
    """

    def __init__(self, curve: str, every: int, scores: tuple[str, ...] = ()) -> None:
        self._curve = curve
        self._every = every
        self._scores = scores
        self._log: StepLog | None = None
        self._skipped = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer when it begins, or goes on from a checkpoint."""
        self._log = StepLog(state.max_steps, done=state.global_step, curve=self._curve)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer after each step that it logs, and after an evaluation.

        Raises:
            DataError: The training has diverged.
        """
        if "loss" in kwargs["logs"]:
            self._check(kwargs["logs"]["loss"], args, state)
        values = {key: kwargs["logs"][_EVALUATED + key] for key in self._scores if _EVALUATED + key in kwargs["logs"]}
        if "loss" in kwargs["logs"] and (state.global_step == 1 or state.global_step % self._every == 0):
            values |= self._next_point(state)
        self._say(state, values)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called by the trainer at the end; the steps after the last point are one too."""
        self._say(state, self._next_point(state))

    def _check(self, loss: float, args: Any, state: Any) -> None:
        self._skipped = 0 if math.isfinite(loss) else self._skipped + 1
        if not args.fp16 or self._skipped >= min(_SKIPPED_STEPS, state.max_steps):
            require_finite(loss, step=state.global_step, learning_rate=args.learning_rate)
        elif self._skipped:
            state.log_history.pop()  # no curve has such a point

    def _next_point(self, state: Any) -> dict[str, float]:
        """Put the losses since the last point together, if there are any."""
        since = [entry for entry in state.log_history if "loss" in entry and _TOGETHER not in entry]
        if not since:
            return {}
        others = [entry for entry in state.log_history if "loss" not in entry or _TOGETHER in entry]
        point = since[-1] | {"loss": fmean(entry["loss"] for entry in since), _TOGETHER: len(since)}
        state.log_history[:] = [*others, point]
        return {"loss": point["loss"]}

    def _say(self, state: Any, values: dict[str, float]) -> None:
        if values and self._log is not None and is_main_process():
            self._log.say(state.global_step, **values)


def training_curves(history: list[dict[str, float]], scores: tuple[str, ...] = ()) -> dict[str, list[list[float]]]:
    """Name -> points (step, value): the loss, and those scores of evaluations that there are, with four digits.

    Args:
        history: The trainer's log, as `TrainerProgress` leaves it.
        scores: As there.
    """
    keys = {"loss": "loss", **{score: _EVALUATED + score for score in scores}}
    curves = {
        name: [[entry["step"], float(f"{entry[key]:.{_DIGITS}g}")] for entry in history if key in entry]
        for name, key in keys.items()
    }
    return {name: points for name, points in curves.items() if points}


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


def add_callbacks(trainer: Any, *, curve: str = "", every: int = 1, scores: tuple[str, ...] = ()) -> None:
    """Let a trainer log readable lines in place of its dictionaries, and save itself every two minutes.

    Args:
        trainer: The trainer.
        curve: As in `TrainerProgress`.
        every: The same.
        scores: The same.
    """
    trainer.args.logging_nan_inf_filter = False  # it shows 0 in place of a loss that is no number
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(TrainerProgress(curve, every, scores))
    trainer.add_callback(SaveByTime())
