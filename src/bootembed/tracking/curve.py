"""Curves of training: what the library logs of its steps, kept for the run and sent while a long stage goes on."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from bootembed.tracking.records import begin_live, fill, sole_sender
from bootembed.tracking.store import client, short_patience, without_passwords

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("bootembed.tracking")
_SEND_EVERY = 20.0  # seconds

Point = tuple[str, float, float, int]  # name, value, time, step


class Curve(logging.Handler):
    """Collects the points of curves: the attribute `curve` of log records, as `core.training_progress` sets it.

    Args:
        long_stage: Seconds after which the run shows in the store while it goes on; until then it may be over sooner
            than a store is opened.
        record: What is known of the run now.
    """

    def __init__(self, long_stage: float, record: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self.points: list[Point] = []
        self.live: str | None = None
        self._client: Any = None
        self._record = record
        self._sent = 0
        self._next = time.monotonic() + long_stage

    @property
    def unsent(self) -> list[Point]:
        """The points that the store does not have."""
        return self.points[self._sent :]

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the points of a log record, and now and then send what there is."""
        curve: dict[str, float] = getattr(record, "curve", {})
        step: int = getattr(record, "step", 0)
        self.points += [(name, value, record.created, step) for name, value in curve.items()]
        if curve and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SEND_EVERY
            self._send()

    def _send(self) -> None:
        """Send what the store does not have; once it fails, the rest goes with the finished run."""
        try:
            with short_patience(), sole_sender() as is_sole:
                if not is_sole:
                    return
                upto = len(self.points)
                content = self._record() | {"curve": self.unsent}
                if self.live is None:
                    self._client = client()
                    self.live = begin_live(self._client, content)
                else:
                    fill(self._client, self.live, content)
                self._sent = upto
        except Exception as failure:  # the store is a foreign system: whatever it raises, training goes on
            self._next = float("inf")
            logger.warning("this run does not show while it goes on: %s", without_passwords(failure))
