"""An export that a user wants to publish, matched with the embedder it was made of and with its own scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.exports.build import folder_size
from bootembed.exports.champion import find_scores
from bootembed.exports.record import RECORD, read_record
from bootembed.publishing.embedder import find_embedder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.exports.record import ExportRecord
    from bootembed.publishing.embedder import Embedder, Outputs
    from bootembed.publishing.scores import EvaluationSet
    from bootembed.settings.schema import Params

_KINDS = {
    "onnx": "its encoder is a graph for ONNX Runtime, float32",
    "onnx_int8": "its encoder is a graph for ONNX Runtime, in 8 bits",
    "static": "one vector a token or frequent word, and their mean; no network is left",
    "truncated": "the first dimensions of each embedding",
    "trimmed": "without the tokens that the language and English do not need",
}
_PLAIN = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{repo}")"""
# Sentence Transformers' own backend needs optimum, which does not go with the transformers that wrote the graph.
_ONNX = """from bootembed.inference.models import load_model
from huggingface_hub import snapshot_download

model = load_model(snapshot_download("{repo}", local_dir="model")).encoder"""


@dataclass(frozen=True)
class Export:
    """An export of an embedder.

    Attributes:
        folder: Its folder.
        record: What it was made of.
        original: The embedder.
        task_scores: Task -> split -> its main score; empty if it was not scored.
    """

    folder: Path
    record: ExportRecord
    original: Embedder
    task_scores: Mapping[str, Mapping[str, float]]

    def score(self, which: EvaluationSet) -> float | None:
        """On one evaluation set."""
        return self.task_scores.get(which.task, {}).get(which.split)

    @property
    def is_graph(self) -> bool:
        """Whether its encoder is an ONNX graph."""
        return self.record.spec.kind == "onnx"

    @property
    def text(self) -> str:
        """What it is, of which model, and how large."""
        original = self.original
        version = f"version `{self.record.original.version}`, " if self.record.original.version else ""
        sizes = [f"{folder_size(folder) / 1e6:,.1f} MB" for folder in (self.folder, original.folder)]
        spec = self.record.spec
        stored = "; weights are stored as float16" if spec.kind == "trimmed" and spec.weights == "float16" else ""
        return (
            f"**This is an export**, `{self.record.kind}`: {_KINDS[self.record.kind]}{stored}. Its original is the "
            f"embedder {original.identity} of `{original.cell}`, {version}content hash `{original.content[:12]}`. "
            f"It has {sizes[0]}, and its original {sizes[1]}."
            f"{' Sentence Transformers alone does not load it; bootembed does.' if self.is_graph else ''}"
        )


def loading(repo: str, export: Export | None) -> str:
    """Lines of Python that load a published model."""
    lines = _ONNX if export is not None and export.is_graph else _PLAIN
    return lines.format(repo=repo)


def find_export(name: str, params: Params, outputs: Outputs) -> Export | None:
    """The export in a folder; None if there is none.

    Args:
        name: The folder.
        params: Those the original was made with.
        outputs: Where the outputs lie.

    Raises:
        DataError: Its original is no embedder here that was scored.
    """
    folder = Path(name)
    record = read_record(folder)
    if record is None:
        if folder.resolve().is_relative_to(outputs.exported.resolve()):
            raise DataError(f"{name}: has no {RECORD}; run `bootembed run export_embedder` again")
        return None
    content = record.original.content  # mteb's results lie in a folder of this name
    results = [found for found in sorted(outputs.mteb.glob("*/*/results/*/*")) if found.name == content]
    if not results:
        raise DataError(
            f"{name}: no embedder that was scored here is its original, so that its rights and data are not known; "
            "export a cell's embedder or a registered version of this project"
        )
    cell, identity = results[0].relative_to(outputs.mteb).parts[:2]
    original = find_embedder(f"{cell}/{identity}", params, outputs)
    if original.content != content:
        raise DataError(f"{name}: {original.folder} is another model than its original; export it again")
    return Export(folder, record, original, find_scores(outputs.exports, content_hash(folder)))
