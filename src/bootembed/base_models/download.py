"""Base models from the Hugging Face Hub, at a pinned revision; what can go wrong there is told with its remedy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.hub import hub_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from huggingface_hub.errors import HfHubHTTPError


def download_model(model: str, revision: str, output_dir: Path, *, patterns: Sequence[str]) -> None:
    """Fetch the files of a model that match `patterns`.

    Gated models need the environment's HF_TOKEN; see `hub_token`.

    Args:
        model: Id on the Hub, owner/name.
        revision: Commit.
        output_dir: Folder to fill; what an interrupted download has left there is gone on with.
        patterns: File patterns; all else is left on the Hub.

    Raises:
        DataError: The model cannot be fetched; the message names model, cause and remedy, and never the token.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    token = hub_token()
    try:
        snapshot_download(model, revision=revision, local_dir=output_dir, allow_patterns=list(patterns), token=token)
    except (OSError, HFValidationError) as error:
        fault = _fault(error, with_token=bool(token))
        raise DataError(f"{model}@{revision}: cannot be fetched from the Hub: {fault}") from error
    shutil.rmtree(output_dir / ".cache", ignore_errors=True)


def _fault(error: Exception, *, with_token: bool) -> str:
    """Cause and remedy of a failed download."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error  # it only says "not here"
    if isinstance(cause, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it, or bring the model's folder and use `source: local`"
    if isinstance(cause, HfHubHTTPError):
        return _refusal(cause, with_token=with_token)
    if isinstance(error, LocalEntryNotFoundError):
        return "it cannot be reached; check the network (HF_ENDPOINT names a mirror), or use `source: local`"
    if isinstance(error, HFValidationError):
        return "`id` is malformed; write owner/name"
    return f"{type(error).__name__}: {error}"


def _refusal(error: HfHubHTTPError, *, with_token: bool) -> str:
    from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return _gated(with_token=with_token)
    if isinstance(error, RepositoryNotFoundError):
        whose = "the account of HF_TOKEN may not read it" if with_token else "it is private and HF_TOKEN is not set"
        return f"there is no such model, or {whose}; check `id`"
    if isinstance(error, RevisionNotFoundError):
        return "the model has no such revision; set `revision` to a commit of its history"
    if isinstance(error, DisabledRepoError):
        return "its owner or the Hub has disabled it; choose another model"
    return _http_fault(error.response.status_code)


def _gated(*, with_token: bool) -> str:
    if with_token:
        return (
            "the model is gated and the account of HF_TOKEN has no access; accept its terms on its page (some owners "
            "then grant access by hand), with a fine-grained token allow it to read gated repositories"
        )
    return (
        "the model is gated and HF_TOKEN is not set; accept its terms on its page, then put a read token of that "
        "account into the environment as HF_TOKEN"
    )


def _http_fault(status: int) -> str:
    remedies = {
        401: "HF_TOKEN is not valid; make a new read token, or unset it for public models",
        403: "HF_TOKEN may not read this; give the token read permission for the model",
        429: "too many requests; try again later, with HF_TOKEN set the limit is higher",
    }
    return remedies.get(status, "try again later") + f" (HTTP status {status})"
