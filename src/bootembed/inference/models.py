"""The model that a user names: a folder, an id on the Hub, or a version in MLflow's registry."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.hub import explain_hub_failure, hub_token
from bootembed.exports.onnx import is_onnx, load_onnx
from bootembed.exports.record import Original
from bootembed.registry.lookup import REGISTRY, address, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Model:
    """A loaded Sentence Transformers model; `identity` changes with its content, `original` is for exports of it."""

    encoder: Any
    identity: str
    original: Original

    def embed(self, texts: Sequence[str], *, batch_size: int) -> NDArray[np.float32]:
        """Embeddings of shape (texts, dimensions)."""
        found: NDArray[np.float32] = self.encoder.encode(
            list(texts), batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True
        )
        return found


def load_model(name: str) -> Model:
    """Load a model.

    Args:
        name: A folder; `models:/NAME@ALIAS` or `models:/NAME/VERSION`; or an id on the Hub, as `owner/name`.

    Raises:
        DataError: There is none, or it cannot be loaded.
    """
    if name.startswith(REGISTRY):
        return _registered(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        found = load_onnx(folder) if is_onnx(folder) else _load(folder, name)
        content = content_hash(folder)
        return Model(found, content, Original(content))
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise DataError(f"{name}: is no folder; give a folder, {REGISTRY}NAME@ALIAS, or an id on the Hub (owner/name)")
    return Model(_load(name, name), name, Original())


def _load(source: Path | str, name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    _silence()
    try:
        return SentenceTransformer(str(source), trust_remote_code=False, token=hub_token())
    except (OSError, ValueError, KeyError, ImportError) as error:
        if isinstance(source, Path):
            raise DataError(f"{name}: cannot be loaded as a Sentence Transformers model: {error}") from error
        fault = explain_hub_failure(error, name, kind="model", otherwise="give a folder")
        raise DataError(f"{name}: cannot be loaded from the Hub: {fault}") from error


def _silence() -> None:
    """Leave progress and remarks of libraries out of what a command prints."""
    from transformers.utils import logging as chatter

    chatter.disable_progress_bar()
    for name in ("sentence_transformers", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _registered(name: str) -> Model:
    version = version_of(name)
    import mlflow
    from mlflow.exceptions import MlflowException

    _silence()
    mlflow.set_tracking_uri(tracking.tracking_uri())
    exact, content = address(version), version.tags.get("content_hash", "")
    try:
        found = mlflow.sentence_transformers.load_model(exact)
    except (MlflowException, OSError) as error:
        told = f"{name}: its files cannot be loaded from {tracking.shown_uri()}: {tracking.without_passwords(error)}"
        raise DataError(f"{told}; get back where MLflow kept them, or register the model again") from error
    return Model(found, f"{exact} {content}", Original(content, exact))
