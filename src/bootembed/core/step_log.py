"""Lines that say how far a training is, and the points of its curves, for whoever listens to the log."""

from __future__ import annotations

import logging
import time

from bootembed.core.durations import shown_duration, shown_rate

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
