"""Lines that say how far a training is, and the points of its curves, for whoever listens to the log."""

from __future__ import annotations

import logging
import math
import time

from bootembed.core.durations import shown_duration, shown_rate
from bootembed.core.errors import DataError

logger = logging.getLogger(__name__)


class StepLog:
    """Logs steps with rate and time left.

    Each log record also has the attributes `curve`, name -> value, and `step`.

    Args:
        steps: Of the whole training.
        done: Steps done before, by a run that was killed.
        curve: Before the names of the points: which of several trainings of a stage this is.
    """

    def __init__(self, steps: int, *, done: int = 0, curve: str = "") -> None:
        self._steps = steps
        self._done = done
        self._curve = curve
        self._began = time.monotonic()

    def say(self, step: int, **values: float) -> None:
        """Log one line.

        Args:
            step: Steps that are done.
            values: What was measured, by name, such as the loss.
        """
        told = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in values.items())
        points = {f"{self._curve}{name}": value for name, value in values.items()}
        logger.info(
            "step %d of %d: %s%s", step, self._steps, told, self._pace(step), extra={"curve": points, "step": step}
        )

    def _pace(self, step: int) -> str:
        """Rate, and time left at this rate; nothing after the first step, which says little of the others."""
        done = step - self._done
        if done < 2:
            return ""
        seconds = max(time.monotonic() - self._began, 1e-9)
        rate = done / seconds
        left = f", {shown_duration((self._steps - step) / rate)} left" if step < self._steps else ""
        return f", {shown_rate(rate, 'steps')}{left}"


def require_finite(loss: float, *, step: int, learning_rate: float) -> None:
    """Refuse a training whose loss is no number any more: its weights are none either, or soon.

    Raises:
        DataError: It is NaN or infinite.
    """
    if not math.isfinite(loss):
        raise DataError(
            f"the loss is {loss} at step {step}: the training has diverged; lower its learning_rate "
            f"({learning_rate:g}), or, if that is so from the first step, check its precision (bf16, fp16) and the "
            "weights it began with"
        )
