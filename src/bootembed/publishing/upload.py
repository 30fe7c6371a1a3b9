"""Upload of a folder to the Hub, and what to do where the Hub refuses it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bootembed.core.hub import RepoKind

_NO_TOKEN = "HF_TOKEN is not set; put a token that may write into the environment"


def prepare_hub() -> None:
    """Before huggingface_hub is imported: no telemetry, and with a mirror (HF_ENDPOINT) files go to the mirror itself.

    Xet, the default, would send them to servers that the mirror does not stand for.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if os.environ.get("HF_ENDPOINT"):
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would report each request


def require_token() -> str:
    """The environment's HF_TOKEN; a token that a login left on the machine is not used.

    Raises:
        DataError: It is not set.
    """
    if token := os.environ.get("HF_TOKEN"):
        return token
    raise DataError(_NO_TOKEN)


@dataclass(frozen=True)
class Uploaded:
    """A commit on the Hub, and its address."""

    commit: str
    url: str


def upload(folder: Path, repo: str, *, kind: RepoKind, public: bool, message: str) -> Uploaded:
    """Make the repository if it is not there, and upload the folder in one commit.

    Args:
        folder: The folder.
        repo: Id on the Hub, owner/name.
        kind: Kind of the repository.
        public: Whether everyone may see it; a repository that is there must be so already.
        message: Of the commit.

    Raises:
        DataError: There is no token; the Hub refuses, or is not reached; or the repository is of the other visibility.
    """
    from httpx2 import HTTPError
    from huggingface_hub import HfApi

    api = HfApi(token=require_token())
    try:
        private = _visibility(api, repo, kind)
        if private is None:
            api.create_repo(repo, repo_type=kind, private=not public)
        elif private == public:
            raise DataError(_other_visibility(repo, private=private))
        commit = api.upload_folder(repo_id=repo, folder_path=folder, repo_type=kind, commit_message=message)
    except (OSError, ValueError, RuntimeError, HTTPError) as error:
        raise DataError(f"{repo}: is not uploaded: {_fault(error, repo, kind)}") from error
    return Uploaded(str(commit.oid), str(commit.commit_url))


def _visibility(api: Any, repo: str, kind: RepoKind) -> bool | None:
    """Whether a repository is private; None if there is none."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return bool(api.repo_info(repo, repo_type=kind).private)
    except RepositoryNotFoundError:
        return None


def _other_visibility(repo: str, *, private: bool) -> str:
    if private:
        return f"{repo}: is private on the Hub; leave --public out, or make it public in its settings first"
    return f"{repo}: is public on the Hub; name another repository, or publish with --public"


def _fault(error: BaseException, repo: str, kind: RepoKind) -> str:
    """Cause and remedy in one line, without the token; other packages wrap the Hub's errors, so causes are searched."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, HfHubHTTPError):
            return _refusal(cause.response.status_code, repo, kind)
        if isinstance(cause, OfflineModeIsEnabled):
            return "HF_HUB_OFFLINE is set; unset it"
        if isinstance(cause, HFValidationError):
            return "the id is malformed; write owner/name"
    if any(isinstance(cause, HTTPError | ConnectionError | TimeoutError) for cause in chain):
        return "the Hub cannot be reached; check the network (HF_ENDPOINT names a mirror) and run the command again"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"


def _refusal(status: int, repo: str, kind: RepoKind) -> str:
    owner = repo.partition("/")[0]
    remedies = {
        400: "the Hub refuses the card or a file; read its README.md in the folder",
        401: "HF_TOKEN is not valid; make a new token that may write",
        403: f"HF_TOKEN may not write to {owner!r}; give the token write permission for it, or name another owner",
        404: f"there is no {kind} or owner of this name that HF_TOKEN may see; check the id",
        409: "there is such a repository, and HF_TOKEN may not see it; name another one",
        413: "a file is larger than the Hub takes",
        429: "too many requests; run the command again later",
    }
    return f"{remedies.get(status, 'the Hub failed; run the command again later')} (HTTP status {status})"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
