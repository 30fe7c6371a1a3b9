"""How far a running cell is, as the end of its log tells.

A stage tells it in lines of its loggers that hold `WORD N of M`, such as "step 10 of 50: loss 3.059" or "judged 2048
of 4000 pairs". The last one counts. Numbers without a word before them ("12 of 34 pairs are longer") tell something
else, as do other libraries' lines.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TAIL = 8192  # bytes: some dozens of lines
_LINE = re.compile(r"[0-9:]{8} bootembed\..*?\b[A-Za-z]+ ([0-9]{1,12}) of ([0-9]{1,12})\b(.*)")


@dataclass(frozen=True)
class Progress:
    """`done` of `total`, and the first words that follow in the line, such as the loss."""

    done: int
    total: int
    words: str


def read_progress(log: Path) -> Progress | None:
    """What the end of a log tells; None if that is nothing, or if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            tail = file.read(_TAIL)
    except OSError:
        return None
    return find_progress(tail.decode("utf-8", errors="replace"))


def find_progress(text: str) -> Progress | None:
    """The last progress that whole lines of `text` tell."""
    for line in reversed(text.split("\n")[:-1]):
        found = _LINE.match(line)
        if found and 0 < (total := int(found[2])) >= (done := int(found[1])):
            words = found[3].lstrip(":,; ").partition(", ")[0]
            return Progress(done, total, "".join(filter(str.isprintable, words)))
    return None


class Pace:
    """How fast counts grow, from when each was first seen; it begins anew where they do, as with the next training."""

    def __init__(self) -> None:
        self._first: tuple[float, Progress] | None = None
        self._last: tuple[float, Progress] | None = None

    def add(self, progress: Progress, now: float) -> None:
        """Take in what a log tells at the time `now`, in seconds."""
        last = self._last[1] if self._last else None
        if last is None or progress.total != last.total or progress.done < last.done:
            self._first = self._last = (now, progress)
        elif progress.done > last.done:
            self._last = (now, progress)

    @property
    def rate(self) -> float | None:
        """Counts per second; None until two were seen."""
        if self._first is None or self._last is None or self._last[0] <= self._first[0]:
            return None
        return (self._last[1].done - self._first[1].done) / (self._last[0] - self._first[0])

    def left(self, now: float) -> float | None:
        """Seconds until all is done, if the rate stays; None where it is unknown."""
        if self._last is None or not (rate := self.rate):
            return None
        since, last = self._last
        return max(0.0, (last.total - last.done) / rate - (now - since))
