"""Access to the Hugging Face Hub: the token, and what to do about a revision that is not known yet."""

from __future__ import annotations

import os
from typing import Literal

from bootembed.core.errors import DataError
from bootembed.core.names import UNRESOLVED

RepoKind = Literal["model", "dataset"]


def hub_token() -> str | Literal[False]:
    """The environment's HF_TOKEN, or False: a token that a login left on the machine is not used.

    With it a run would depend on what neither its parameters nor its environment say.
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
