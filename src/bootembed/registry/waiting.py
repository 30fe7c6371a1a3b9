"""Registrations that wait for the store: a server that is away stops no pipeline and loses no model.

Every registration is first kept in a folder of its own beside the records of runs (`tracking.RECORDS`), with its
models, as hard links where the file system has them, and then sent. So they reach the store in their order, whenever
it answers: with the next registration, at the end of `bootembed run`, or by `bootembed register`. What DVC or another
profile has done to the project meanwhile does not matter.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import DataError, UserError
from bootembed.core.hashing import content_hash
from bootembed.registry.lookup import StoreError
from bootembed.registry.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.registry.candidates import EmbedderCandidate

logger = logging.getLogger(__name__)
_FILE = "registration.json"


def register_or_wait(
    candidates: Sequence[EmbedderCandidate], name: str, *, alias: str, profile: str, language: str
) -> None:
    """Register as `versions.register` does, after all that waits. Where the store is away, warn: all of it waits.

    Args:
        candidates: At least one.
        name: Of the registered model.
        alias: Of the champion.
        profile: That made them.
        language: Name and code.

    Raises:
        DataError: The registration itself is at fault.
    """
    provenance = {**tracking.provenance_tags(), "profile": profile}
    _keep(candidates, {"name": name, "alias": alias, "language": language, "provenance": provenance})
    send_registrations_now()


def waiting() -> list[Path]:
    """The registrations that wait, the oldest first."""
    return sorted(file.parent for file in _folder().glob(f"*/{_FILE}"))


def send_registrations_now() -> None:
    """`send_registrations`, with a warning where the store cannot be used.

    Raises:
        DataError: A registration itself is at fault.
    """
    if not tracking.is_on() or not waiting():
        return
    try:
        send_registrations()
    except StoreError as failure:
        told = "NOT REGISTERED, %d registrations wait in %s: run `bootembed register` once the store answers: %s"
        logger.warning(told, len(waiting()), _folder(), failure)


def send_registrations() -> list[str]:
    """Register all that waits, in its order, unless another process is about it.

    Returns:
        The names of the registered models.

    Raises:
        StoreError: The store cannot be used; what was not registered waits on.
        DataError: A registration itself is at fault. It is kept as `registration.refused` and holds up no other.
    """
    sent = []
    _folder().mkdir(parents=True, exist_ok=True)
    with (_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return []
        while folders := waiting():
            sent.append(_send(folders[0]))
    return sent


def _folder() -> Path:
    return tracking.RECORDS / "registrations"


def _keep(candidates: Sequence[EmbedderCandidate], told: dict[str, Any]) -> None:
    """The file is written last: without it a folder is that of a process that was killed."""
    folder = _folder() / f"{time.time_ns()}-{os.getpid()}"
    folder.mkdir(parents=True)
    record: dict[str, Any] = {**told, "candidates": []}
    for candidate in candidates:
        kept = folder / candidate.name
        shutil.copytree(candidate.folder, kept, copy_function=_link_or_copy)
        own: dict[str, Any] = {"recipe": candidate.recipe, "encoder": candidate.encoder, "scores": candidate.scores}
        own |= {"validation": candidate.validation.as_json(), "content_hash": content_hash(kept)}
        own |= {"origin": candidate.origin and asdict(candidate.origin)}
        record["candidates"].append(own)
    partial = folder / "partial"
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.rename(folder / _FILE)


def _link_or_copy(source: str, target: str) -> None:
    """A hard link takes no space and stays when DVC replaces the file; not every file system has them."""
    try:
        os.link(Path(source).resolve(), target)  # resolved: DVC may keep symbolic links into its cache
    except OSError:
        shutil.copyfile(source, target)


def _send(folder: Path) -> str:
    from mlflow.exceptions import MlflowException

    try:
        name = _register(folder)
    except StoreError:
        raise
    except UserError:
        _refuse(folder)
        raise
    except Exception as failure:  # the store is a foreign system, which may go away at any point
        told = f"MLflow store {tracking.shown_uri()}: {tracking.without_passwords(failure)}"
        if isinstance(failure, MlflowException) and failure.error_code == "INVALID_PARAMETER_VALUE":
            _refuse(folder)
            raise DataError(told) from failure
        raise StoreError(told) from failure
    shutil.rmtree(folder)
    return name


def _refuse(folder: Path) -> None:
    kept = (folder / _FILE).rename(folder / "registration.refused")
    logger.warning("a registration is refused, and kept as %s", kept)


def _register(folder: Path) -> str:
    from bootembed.registry.versions import register

    try:
        record = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        candidates = [_candidate(folder, own) for own in record["candidates"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: cannot be read as what waits to be registered: {error!r}") from error
    names = {key: record.get(key) for key in ("language", "provenance")}  # one kept by an older version has no language
    register(candidates, record["name"], alias=record["alias"], **names)
    return str(record["name"])


def _candidate(folder: Path, own: dict[str, Any]) -> EmbedderCandidate:
    from bootembed.registry.candidates import EmbedderCandidate, Validation  # they load tables, seldom needed here

    validation = Validation.from_json(own["validation"])
    origin = own["origin"] and Origin.from_json(own["origin"])
    kept = folder / f"{own['recipe']}-{own['encoder']}"
    if content_hash(kept) != own["content_hash"]:
        raise DataError(f"{kept}: has changed while it waited to be registered")
    return EmbedderCandidate(own["recipe"], own["encoder"], kept, validation, own["scores"], origin)
