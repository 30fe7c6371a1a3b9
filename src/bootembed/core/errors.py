"""Errors caused by what a user gave, as opposed to bugs: they are shown as one message, without a traceback."""

from __future__ import annotations

import difflib


class UserError(Exception):
    """Something the user can correct; the message names it and the remedy."""


class ParamsError(UserError):
    """A parameter is missing, unknown, of a wrong type or inconsistent with another."""


class DataError(UserError):
    """A file or a table is missing, unreadable or not what was declared."""


def suggest(name: str, known: list[str]) -> str:
    """A `did you mean` clause, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
