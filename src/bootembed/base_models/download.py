"""Base models from the Hugging Face Hub, at a pinned revision."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.hub import explain_hub_failure, hub_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def download_model(model: str, revision: str, output_dir: Path, *, patterns: Sequence[str]) -> None:
    """Fetch the files of a model that match `patterns`.

    Gated models need the environment's HF_TOKEN; see `hub_token`.

    Args:
        model: Id on the Hub, owner/name.
        revision: Commit.
        output_dir: Folder to fill; an interrupted download in it is continued.
        patterns: File patterns; other files stay on the Hub.

    Raises:
        DataError: The model cannot be fetched; the message names model, cause and remedy, and never the token.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        snapshot_download(
            model, revision=revision, local_dir=output_dir, allow_patterns=list(patterns), token=hub_token()
        )
    except (OSError, HFValidationError) as error:
        fault = explain_hub_failure(error, model, kind="model", otherwise="bring its folder and set `source: local`")
        raise DataError(f"{model}@{revision}: cannot be fetched from the Hub: {fault}") from error
    shutil.rmtree(output_dir / ".cache", ignore_errors=True)
