"""What an export was made of: a small file in its folder, which goes wherever the folder goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from bootembed.core.errors import DataError
from bootembed.settings.exports import ExportSpec

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "bootembed_export.json"


@dataclass(frozen=True)
class Original:
    """The embedder that an export is made of.

    Attributes:
        content: Content hash of its folder; empty for a model that is no folder.
        version: `models:/NAME/VERSION`, if it came from the registry.
    """

    content: str = ""
    version: str = ""


@dataclass(frozen=True)
class ExportRecord:
    """What is in the file. No path: the folder may be published.

    Attributes:
        spec: What was made.
        original: What it was made of.
    """

    spec: ExportSpec
    original: Original

    @property
    def kind(self) -> str:
        """As `bootembed export` calls it."""
        int8 = self.spec.kind == "onnx" and self.spec.quantization == "int8"
        return "onnx_int8" if int8 else self.spec.kind


def write_record(folder: Path, spec: ExportSpec, original: Original) -> None:
    """Put the record into an export."""
    content = {"export": spec.model_dump(mode="json"), "original": original.content, "version": original.version}
    (folder / RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> ExportRecord | None:
    """The record of an export; None if the folder has none.

    Raises:
        DataError: It cannot be read.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        spec: ExportSpec = TypeAdapter(ExportSpec).validate_python(content["export"])
        original = Original(content["original"], content["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is no record of an export: {error}; export the model again") from error
    return ExportRecord(spec, original)
