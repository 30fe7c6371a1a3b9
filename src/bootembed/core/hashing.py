"""Content hashes of files and folders: what a model or table is, independent of where it lies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def content_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, or of a folder's relative paths and bytes in sorted order."""
    digest = hashlib.sha256()
    if path.is_file():
        _update(digest, path)
        return digest.hexdigest()
    for file in sorted(found for found in path.rglob("*") if found.is_file()):
        digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        _update(digest, file)
    return digest.hexdigest()


def _update(digest: hashlib._Hash, file: Path) -> None:
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
