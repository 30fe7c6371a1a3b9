"""Durations and rates as people read them."""

from __future__ import annotations

_MINUTE, _HOUR = 60.0, 3600.0


def shown_duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever is the last that it reaches."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


def shown_rate(per_second: float, of: str = "") -> str:
    """A rate per second, minute or hour, whichever is the first that reaches one.

    Args:
        per_second: The rate.
        of: What is counted.
    """
    unit, seconds = next((one for one in (("s", 1.0), ("min", _MINUTE)) if per_second * one[1] >= 1), ("h", _HOUR))
    return f"{per_second * seconds:.1f}{f' {of}' if of else ''}/{unit}"
