"""Access to the Hugging Face Hub: the token, pinned revisions, and what to do when the Hub does not give something."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bootembed.core.errors import DataError
from bootembed.core.names import UNRESOLVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub.errors import HfHubHTTPError

RepoKind = Literal["model", "dataset"]


@dataclass(frozen=True)
class HubFailure:
    """Why the Hub did not give a repository, and what to do; as text, both in one clause.

    `refused` says that the Hub answered and will not give it; otherwise it was not reached, is busy or broken, or the
    fault is not the Hub's.
    """

    cause: str
    remedy: str
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


def hub_token() -> str | Literal[False]:
    """The environment's HF_TOKEN, or False: a token that a login left on the machine is not used.

    With it a run would depend on something that neither its parameters nor its environment state.
    """
    return os.environ.get("HF_TOKEN") or False


def lookup_command(repo: str, *, kind: RepoKind) -> str:
    """A shell command that prints the present commit of a repository on the Hub."""
    return (
        f"python -c \"from huggingface_hub import HfApi as H; print(H().repo_info('{repo}', repo_type='{kind}').sha)\""
    )


def require_resolved(repo: str, revision: str | None, *, kind: RepoKind) -> None:
    """Refuse to fetch what is not pinned.

    Raises:
        DataError: The revision is `unresolved`; the message says how to look it up.
    """
    if revision == UNRESOLVED:
        raise DataError(
            f"{repo}: its revision is {UNRESOLVED!r}: nobody has looked up which commit to pin. Print the present one "
            f"with `{lookup_command(repo, kind=kind)}` and set it in `revisions` of the profile"
        )


def explain_hub_failure(error: BaseException, repo: str, *, kind: RepoKind, otherwise: str) -> HubFailure:
    """Cause and remedy of a failed request to the Hub, for a message to the user; it never holds the token.

    Use it for whatever `huggingface_hub`, `datasets` or `mteb` raise while they load a repository. These packages wrap
    the Hub's errors in their own, so the whole chain of causes is searched:

        try:
            rows = load_dataset(dataset, revision=revision, token=hub_token())
        except (OSError, ValueError, httpx2.HTTPError) as error:
            fault = explain_hub_failure(error, dataset, kind="dataset", otherwise="use the format `parquet`")
            raise DataError(f"{dataset}@{revision}: cannot be read from the Hub: {fault}") from error

    Args:
        error: What was caught.
        repo: Id on the Hub, owner/name.
        kind: Kind of the repository.
        otherwise: How to do without the Hub, as an imperative: "use `source: local`".
    """
    from httpx2 import HTTPError
    from huggingface_hub import is_offline_mode
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    chain = list(_chain(error))
    offline = HubFailure("HF_HUB_OFFLINE is set", f"unset it, or {otherwise}")
    if any(isinstance(cause, OfflineModeIsEnabled) for cause in chain):
        return offline
    for cause in chain:
        if isinstance(cause, HfHubHTTPError):
            return _refusal(cause, repo, kind)
    if any(isinstance(cause, HFValidationError) for cause in chain):
        return HubFailure("the id is malformed", "write owner/name", refused=True)
    if any(isinstance(cause, HTTPError | ConnectionError | TimeoutError | LocalEntryNotFoundError) for cause in chain):
        if is_offline_mode():  # `datasets` drops the cause
            return offline
        return HubFailure("it cannot be reached", f"check the network (HF_ENDPOINT names a mirror), or {otherwise}")
    return HubFailure(f"{type(error).__name__}: {error}", f"correct the entry that names it, or {otherwise}")


def gated_failure(repo: str, kind: RepoKind) -> HubFailure:
    """What a gated repository asks for, with the token that is set or without one."""
    accept = f"accept its terms at https://huggingface.co/{'datasets/' if kind == 'dataset' else ''}{repo}"
    if hub_token():
        return HubFailure(
            f"the {kind} is gated and the account of HF_TOKEN has no access",
            f"{accept} (some owners then grant access by hand); allow a fine-grained token to read gated repositories",
            refused=True,
        )
    return HubFailure(
        f"the {kind} is gated and HF_TOKEN is not set",
        f"{accept}, then put a read token of that account into the environment as HF_TOKEN",
        refused=True,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from or while handling, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refusal(error: HfHubHTTPError, repo: str, kind: RepoKind) -> HubFailure:
    from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return gated_failure(repo, kind)
    if isinstance(error, RepositoryNotFoundError):
        whose = "the account of HF_TOKEN may not read it" if hub_token() else "it is private and HF_TOKEN is not set"
        return HubFailure(f"there is no such {kind}, or {whose}", "check the id", refused=True)
    if isinstance(error, RevisionNotFoundError):
        command = lookup_command(repo, kind=kind)
        remedy = f"set `revision` to a commit of its history (`{command}` prints the present one)"
        return HubFailure(f"the {kind} has no such revision", remedy, refused=True)
    if isinstance(error, DisabledRepoError):
        return HubFailure("its owner or the Hub has disabled it", f"choose another {kind}", refused=True)
    return _http_failure(error.response.status_code, kind)


def _http_failure(status: int, kind: RepoKind) -> HubFailure:
    remedies = {
        401: ("HF_TOKEN is not valid", "make a new read token, or unset HF_TOKEN for public repositories"),
        403: ("HF_TOKEN may not read this", f"give the token read permission for the {kind}"),
        429: ("too many requests", "try again later; the limit is higher with HF_TOKEN set"),
    }
    cause, remedy = remedies.get(status, ("the Hub failed", "try again later"))
    return HubFailure(f"{cause} (HTTP status {status})", remedy, refused=status in (401, 403))
