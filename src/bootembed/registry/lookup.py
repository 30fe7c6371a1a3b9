"""Registered models and versions as a user names them: `models:/NAME@ALIAS`, `models:/NAME/VERSION`."""

from __future__ import annotations

from typing import Any

from bootembed import tracking
from bootembed.core.errors import DataError, suggest
from bootembed.core.names import EmbedderId, cell_name

REGISTRY = "models:/"
LANGUAGE = "language"  # tag of a registered model: name and code


class StoreError(DataError):
    """The store cannot be used: it may be away for a while, or be the wrong one."""


def connect(*, begins: bool = False) -> Any:
    """A client of the store in use, which has just answered.

    Args:
        begins: Whether a store that is not there is made.

    Raises:
        StoreError: It cannot be used.
    """
    if not begins:
        require_store()
    try:
        with tracking.short_patience():
            client = tracking.client()
            client.search_registered_models(max_results=1)
    except Exception as error:  # the store is a foreign system: database drivers have errors of their own
        raise StoreError(
            f"MLflow store {tracking.shown_uri()} cannot be used: {tracking.without_passwords(error)}; start it, "
            "choose another one with MLFLOW_TRACKING_URI, or disable tracking with BOOTEMBED_TRACKING=off"
        ) from error
    return client


def require_store() -> None:
    """Refuse to look into a store that is not there, and would be made by looking.

    Raises:
        StoreError: It is not there.
    """
    if place := tracking.missing_store():
        raise StoreError(
            f"{place.absolute()}: there is no MLflow store; go to the folder of your project, where `bootembed run` "
            "makes it, or set MLFLOW_TRACKING_URI"
        )


def existing_model(client: Any, name: str) -> Any:
    """A registered model.

    Raises:
        DataError: There is none of this name; the message has the nearest one.
    """
    models = {model.name: model for model in _registered_models(client)}
    if name not in models:
        raise DataError(f"{name}: is no registered model of {tracking.shown_uri()}{_instead(name, list(models))}")
    return models[name]


def _registered_models(client: Any) -> list[Any]:
    """All of them: MLflow gives a hundred at a time, and a server may be shared."""
    page = client.search_registered_models()
    found = list(page)
    while page.token:
        page = client.search_registered_models(page_token=page.token)
        found += page
    return found


def version_of(name: str) -> Any:
    """The version of a registered model, as MLflow describes it.

    Raises:
        DataError: There is none of this name, alias or number.
        StoreError: The store cannot be used.
    """
    client = connect()
    from mlflow.exceptions import MlflowException

    model, _, alias = name.removeprefix(REGISTRY).partition("@")
    model, _, number = model.partition("/")
    try:
        if alias:
            return client.get_model_version_by_alias(model, alias)
        return client.get_model_version(model, number)
    except MlflowException as error:
        told = _instead(name, _addresses(client, aliased_only=not number))
        raise DataError(f"{name}: is not in MLflow's registry, {tracking.shown_uri()}{told}") from error


def run_of(client: Any, version: Any) -> Any | None:
    """The run that registered a version; None if somebody deleted it for good, or registered files without a run."""
    from mlflow.exceptions import MlflowException

    if not version.run_id:
        return None
    try:
        return client.get_run(version.run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def cell_of(name: str) -> tuple[str, EmbedderId, dict[str, str]]:
    """Cell and embedder that a registered version is, and its tags.

    Raises:
        DataError: There is no such version, or somebody registered it without these tags.
        StoreError: The store cannot be used.
    """
    version = version_of(name)
    tags: dict[str, str] = version.tags
    if missing := {"recipe", "encoder", "embedder", "content_hash"} - set(tags):
        raise DataError(f"{name}: the version lacks the tags {sorted(missing)}; register it with `bootembed run`")
    told = connect().get_registered_model(version.name).tags.get(LANGUAGE, "")  # such as "Afrikaans (afr)"
    language = told.rpartition("(")[2].rstrip(")") or version.name.rpartition("-")[2]  # before there was the tag
    return cell_name(tags["recipe"], language, tags["encoder"]), EmbedderId.parse(tags["embedder"]), tags


def versions_with(text: str, *, lock: str = "") -> dict[str, list[str]]:
    """Versions that belong to a commit or a hash: their address -> the tags that say so.

    Args:
        text: The beginning of a tag: a commit, a content hash, a hash of dvc.lock.
        lock: The text of a dvc.lock: versions whose embedders it records are found too.

    Raises:
        StoreError: The store cannot be used.
    """
    found: dict[str, list[str]] = {}
    for version in connect().search_model_versions():
        tags = sorted(version.tags.items())
        recorded = [key for key, value in tags if key.startswith("hash.embedders.") and value in lock]
        if why := [*(key for key, value in tags if value.startswith(text)), *recorded]:
            found[address(version)] = list(dict.fromkeys(why))
    return found


def address(version: Any) -> str:
    """`models:/NAME/VERSION`."""
    return f"{REGISTRY}{version.name}/{version.version}"


def _addresses(client: Any, *, aliased_only: bool) -> list[str]:
    models = _registered_models(client)
    aliased = [f"{REGISTRY}{model.name}@{alias}" for model in models for alias in model.aliases]
    if aliased and aliased_only:
        return sorted(aliased)
    return [*sorted(aliased), *(address(version) for version in client.search_model_versions())]


def _instead(name: str, known: list[str]) -> str:
    """The nearest name, and all others where they are few."""
    if not known:
        return "; it has no models: `bootembed run` registers them"
    return suggest(name, known) or f"; it has {', '.join(known[:10])}"
