"""One export of an embedder, of any kind; each loads as `load_embedder` loads an embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.evaluation.run import require_embedder
from bootembed.exports.onnx import export_onnx, is_onnx, load_onnx
from bootembed.exports.record import Original, write_record
from bootembed.exports.static import export_static
from bootembed.exports.trimmed import export_trimmed
from bootembed.exports.truncated import export_truncated
from bootembed.settings.exports import ExportSpec, Onnx, Static, Truncated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

_UNNAMED = Original()


def export_embedder(
    embedder: SentenceTransformer,
    spec: ExportSpec,
    folder: Path,
    *,
    texts: Sequence[str],
    original: Original = _UNNAMED,
) -> None:
    """Write an embedder in another form.

    Args:
        embedder: The original; it stays as it is.
        spec: What to make.
        folder: Is made; must be new or empty.
        texts: Of the language and of English, for the kinds that look at words or tokens.
        original: What the embedder is, for the record in the folder.

    Raises:
        DataError: The embedder cannot take this form, or the folder has files.
        ParamsError: A number of the spec does not go with the embedder.
    """
    if spec.kind != "truncated" and _is_graph(embedder):
        raise DataError("the model is an ONNX export already, and cannot take another form; export its original")
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder}: is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(spec, Onnx):
        export_onnx(embedder, folder, int8=spec.quantization == "int8")
    elif isinstance(spec, Static):
        export_static(embedder, folder, texts=texts, dimensions=spec.dimensions, words=spec.words)
    elif isinstance(spec, Truncated):
        export_truncated(embedder, folder, dimensions=spec.dimensions)
    else:
        export_trimmed(embedder, folder, texts=texts, share=spec.share, half=spec.weights == "float16")
    write_record(folder, spec, original)


def _is_graph(embedder: SentenceTransformer) -> bool:
    """Whether its encoder is a graph of ONNX Runtime, which has no weights for torch."""
    encoder = getattr(embedder[0], "model", None)
    return encoder is not None and next(encoder.parameters(), None) is None


def load_embedder(folder: Path) -> SentenceTransformer:
    """A Sentence Transformers folder, or an ONNX export of one.

    Raises:
        DataError: It is neither.
    """
    from sentence_transformers import SentenceTransformer

    require_embedder(folder)
    return load_onnx(folder) if is_onnx(folder) else SentenceTransformer(str(folder))


def folder_size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
