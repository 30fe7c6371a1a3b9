"""Answers on disk, one JSON line each, durable before anything else is done with them.

A line that a kill or a power cut left incomplete costs one answer, no more. Several processes may write to one answer
cache at a time: each takes the lock, reads what the others added, and appends only what is still missing.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """An answer of a generator.

    Args:
        text: On one line.
        finished: Whether the model ended it; False if it reached `max_new_tokens`.
        prompt_tokens: Tokens of the prompt, if the engine counts them.
        completion_tokens: Tokens of the answer with its end, if the engine counts them.
    """

    text: str
    finished: bool
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class AnswerCache:
    """The answers in a file; `key in answer_cache` is whether there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, Answer] = {}
        self._read_up_to = 0
        if path.is_file():
            with self._locked() as stream:
                self._read(stream)

    def __contains__(self, key: object) -> bool:
        return key in self._answers

    def get(self, key: str) -> Answer | None:
        """The answer of this key, if there is one."""
        return self._answers.get(key)

    def add(self, answers: Mapping[str, Answer]) -> None:
        """Append answers and wait until they are on disk; a key keeps its first answer."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked() as stream:
            self._read(stream)
            missing = {key: answer for key, answer in answers.items() if key not in self._answers}
            lines = [json.dumps({"key": key, **asdict(answer)}) + "\n" for key, answer in missing.items()]
            stream.write("".join(lines).encode("ascii"))
            stream.flush()
            os.fsync(stream.fileno())
            self._read_up_to = stream.tell()
        self._answers.update(missing)

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        with self._path.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # released when the file is closed, also by a kill
            yield stream

    def _read(self, stream: IO[bytes]) -> None:
        """Read what was added since the last time, and cut off an incomplete last line, whose writer is dead."""
        stream.seek(self._read_up_to)
        complete, newline, torn = stream.read().rpartition(b"\n")
        self._read_up_to += len(complete) + len(newline)
        if torn:
            stream.truncate(self._read_up_to)
            logger.warning("%s: cut off an incomplete last line; its answer is generated again", self._path)
        unread = sum(not self._load(line) for line in complete.split(b"\n") if line)
        if unread:
            logger.warning("%s: %d lines hold no answer; their answers are generated again", self._path, unread)
        stream.seek(0, os.SEEK_END)

    def _load(self, line: bytes) -> bool:
        try:
            entry = json.loads(line)
            key, answer = entry.pop("key"), Answer(**entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        self._answers.setdefault(key, answer)
        return True
