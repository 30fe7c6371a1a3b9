"""The entry of `base_models` for a model that a user names: a folder, a file, or an id on the Hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bootembed.base_models.chat import has_template
from bootembed.base_models.gguf_header import read_header
from bootembed.core.errors import DataError
from bootembed.core.hub import explain_hub_failure, hub_token
from bootembed.prompts import PLAIN

_TIMEOUT = 10.0  # seconds
_TAKEN = frozenset({"generator", "on", "off", "yes", "no", "y", "n", "true", "false", "null", "nan", "inf"})
_COMMIT = re.compile(r"[0-9a-f]{40}")


def model_entry(name: str, role: str) -> dict[str, Any]:
    """The entry of a model.

    Args:
        name: A folder in Hugging Face format, a .gguf file, `owner/name` or `owner/name@COMMIT`.
        role: `encoder` or `generator`.

    Raises:
        DataError: There is no such model, or its commit cannot be looked up.
    """
    path = Path(name).expanduser()
    if path.exists():
        if path.is_dir() and not (path / "config.json").is_file():
            raise DataError(f"{path}: holds no config.json; give the folder of a model in Hugging Face format")
        return {"role": role, "source": "local", "path": str(path.resolve())}
    identity, _, commit = name.partition("@")
    if identity.count("/") != 1 or identity.startswith((".", "/", "~")):
        raise DataError(f"--{role} {name}: is not there; give a folder, a .gguf file, or an id on the Hub (owner/name)")
    if commit and not _COMMIT.fullmatch(commit):
        raise DataError(f"--{role} {name}: {commit!r} is no commit; give its 40 hex digits, or none to look it up")
    return {"role": role, "source": "hub", "id": identity, "revision": commit or _present_commit(identity, role)}


def generator_entry(name: str) -> dict[str, Any]:
    """The entry of a generator; one of this machine that was never tuned on chats gets the template `plain`.

    Raises:
        DataError: As `model_entry`, and `read_header`.
    """
    entry = model_entry(name, "generator")
    if entry["source"] == "local" and not _brings_template(Path(entry["path"])):
        entry["chat_template"] = PLAIN
    return entry


def _brings_template(path: Path) -> bool:
    return has_template(path) if path.is_dir() else "tokenizer.chat_template" in read_header(path).metadata


def _present_commit(identity: str, role: str) -> str:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi

    try:
        return str(HfApi(token=hub_token()).model_info(identity, timeout=_TIMEOUT).sha)
    except (HTTPError, OSError, ValueError) as error:
        otherwise = f"give a folder, or its commit: --{role} {identity}@COMMIT"
        fault = explain_hub_failure(error, identity, kind="model", otherwise=otherwise)
        raise DataError(f"--{role} {identity}: its present commit cannot be looked up: {fault}") from error


def model_key(name: str) -> str:
    """A key for a model: the end of its path or id that says most, as a slug."""
    parts = [part for part in re.split(r"[/\\]", name.partition("@")[0].rstrip("/")) if part not in ("", "model")]
    words = re.sub(r"\.gguf$", "", parts[-1] if parts else "encoder").lower()
    slug = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    # YAML reads `on` or `123` as something else than text, and a profile has one model of each name
    return slug if slug[:1].isalpha() and slug not in _TAKEN else f"encoder_{slug}".strip("_")
