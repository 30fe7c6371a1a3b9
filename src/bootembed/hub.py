"""Pinned revisions of the Hugging Face Hub: what to do about one that is not known yet."""

from __future__ import annotations

from typing import Literal

from bootembed.errors import DataError
from bootembed.params import UNRESOLVED

RepoKind = Literal["model", "dataset"]


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
