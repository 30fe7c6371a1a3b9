"""Errors caused by what a user gave, as opposed to bugs: they are shown as one message, without a traceback."""

from __future__ import annotations

import difflib
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room, and run the stage again",
    errno.EDQUOT: "the quota of disk space is used up; make room, and run the stage again",
    errno.EFBIG: "the file is larger than this file system or limit allows",
    errno.EROFS: "the file system can only be read; choose another place, or mount it for writing",
    errno.EEXIST: "there is something of this name; choose another one",
    errno.ENOTDIR: "lies in a file, where a folder must be; choose another place",
    errno.EISDIR: "is a folder, where a file must be; choose another name",
    errno.EACCES: "permission is denied; change the permissions of the file or its folder",
    errno.EPERM: "it is not permitted; change the permissions of the file or its folder",
    errno.EIO: "the disk cannot be read or written; check it",
    errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n`)",
}


_SAID = {
    "no space left on device": errno.ENOSPC,
    "database or disk is full": errno.ENOSPC,
    "read-only file system": errno.EROFS,
    "readonly database": errno.EROFS,
    "permission denied": errno.EACCES,
}


def explain_disk_error(error: Exception, outputs: Sequence[Path] = ()) -> str | None:
    """A message for a fault of disk or permissions, with path and remedy; None for other errors.

    Args:
        error: What was raised. Arrow, safetensors, SQLite and PyTorch raise errors of their own, which name no path.
        outputs: What was being written, for an error without a path.
    """
    said = next((number for words, number in _SAID.items() if words in str(error).lower()), None)
    number = error.errno if isinstance(error, OSError) and error.errno in _REMEDIES else said
    if number is None:
        return None
    named = (error.filename2 or error.filename) if isinstance(error, OSError) else None
    place = os.fsdecode(named) if isinstance(named, str | bytes) else " or ".join(map(str, outputs))
    return f"{place or 'a file'}: {_REMEDIES[number]} ({error})"
