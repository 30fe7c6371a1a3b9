"""Markdown in which any sentence can be shown."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tabulate import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 200
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PUNCTUATION = re.compile(r"[&<>]|[\\`*{}\[\]#|~$:@]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])")  # `xl_lora` is itself
# Marks that turn the direction of all that follows: a sentence may not rearrange the page it stands on.
_DIRECTIONS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def shown(text: str) -> str:
    """A text as readers will see it: on one line, at most 200 characters, control characters replaced."""
    safe = "".join("\ufffd" if _is_unsafe(char) else char for char in " ".join(text.split()))
    return safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1].rstrip() + "…"


def escape(text: str) -> str:
    """`shown(text)` as Markdown that means just these characters, within a line or a cell of a table."""
    return _PUNCTUATION.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), shown(text))


class Markdown(str):
    """Text that is Markdown already, and not escaped in a table."""

    __slots__ = ()


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; heads and cells are escaped here, unless they are `Markdown`."""
    lines = [[cell if isinstance(cell, Markdown) else escape(str(cell)) for cell in line] for line in (heads, *rows)]
    return str(tabulate(lines[1:], lines[0], tablefmt="github", disable_numparse=True))


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} or ord(char) in _DIRECTIONS
