"""The lineage of a version, from its tags: what it is, what made it, and why it is or is not the champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.registry.champion import REASON, SCORE
from bootembed.registry.lookup import address, run_of
from bootembed.registry.versions import CONTENT, LINEAGE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

Lineage = dict[str, Any]
_HASH = "hash."
_LABELS = {"embedders": "embedders", "training_set": "training set", "base_model": "base model", "source": "source"}
_LABELS |= {"corpus": "corpus", "evaluation_set": "evaluation set", "results": "results"}
_UNKNOWN = "not recorded"
_ABSENT = "not in this store"


def lineage_of(client: Any, version: Any) -> Lineage:
    """All facts, for JSON; None where the version has no such tag."""
    tags = version.tags
    run = run_of(client, version)
    experiment = None if run is None else run.info.experiment_id
    model = client.get_registered_model(version.name)
    return {
        "version": address(version),
        "aliases": sorted(alias for alias, number in model.aliases.items() if str(number) == str(version.version)),
        **{key: tags.get(key) for key in ("profile", "recipe", "encoder", "embedder")},
        "validation": {
            "task": tags.get("validation_task"),
            "score": _number(tags.get(SCORE)),
            "deviation": _number(tags.get("validation_deviation")),
            "embedders": _number(tags.get("validation_embedders")),
        },
        "commit": tags.get("git_commit"),
        "changed": [path for path in tags.get("git_changed", "").split(", ") if path],
        "dirty": tags.get("git_dirty") == "true",
        "dvc_experiment": tags.get("dvc_exp_name"),
        "cell": tags.get("cell"),
        "content_hash": tags.get(CONTENT),
        "hashes": {key.removeprefix(_HASH): value for key, value in sorted(tags.items()) if key.startswith(_HASH)},
        "params_hash": tags.get("params_hash"),
        "experiment": experiment and client.get_experiment(experiment).name,
        "run": version.run_id or None,
        "training_run": _training_run(client, experiment, tags.get("embedders_hash")),
        "champion_reason": tags.get(REASON),
    }


def params_of(client: Any, version: Any) -> dict[str, Any] | None:
    """Cell -> its parameters, of all cells that had a part in a version; None if they are not recorded."""
    import mlflow

    if run_of(client, version) is None:
        return None
    if all(found.path != LINEAGE_FILE for found in client.list_artifacts(version.run_id)):
        return None
    mlflow.set_tracking_uri(tracking.tracking_uri())
    found: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{LINEAGE_FILE}")["params"]
    return found


def shown(found: Lineage) -> list[str]:
    """One fact a line."""
    return [f"{label:<15} {value}" for label, value in _facts(found)]


def _facts(found: Lineage) -> Iterator[tuple[str, str]]:
    yield "version", found["version"]
    yield "alias", ", ".join(found["aliases"]) or "none"
    yield "profile", found["profile"] or _UNKNOWN
    yield "recipe", found["recipe"] or _UNKNOWN
    yield "encoder", found["encoder"] or _UNKNOWN
    yield "embedder", _embedder(found)
    yield "validation", _validation(found["validation"])
    yield "commit", _commit(found)
    if found["dvc_experiment"]:
        yield "DVC experiment", found["dvc_experiment"]
    yield "cell", found["cell"] or f"{_UNKNOWN}: dvc.lock did not describe the embedders when they were registered"
    yield "content", f"sha256 {found['content_hash']}" if found["content_hash"] else _UNKNOWN
    for role, label in _LABELS.items():
        for key, value in found["hashes"].items():
            if key.startswith(f"{role}."):
                yield label, f"{key.removeprefix(f'{role}.')} md5 {value}"
    yield "parameters", f"sha256 {found['params_hash']} (listed by --json)" if found["params_hash"] else _UNKNOWN
    yield "MLflow run", f"{found['run']} of experiment {found['experiment']}" if found["experiment"] else _ABSENT
    yield "training run", found["training_run"] or _ABSENT
    yield "why", found["champion_reason"] or _UNKNOWN


def _embedder(found: Lineage) -> str:
    """Named by the numbers of the training set and the seed."""
    if not found["embedder"]:
        return _UNKNOWN
    training_set, _, seed = found["embedder"].partition("-")
    count = found["validation"]["embedders"]
    median = f", the median of {count:.0f}" if count else ""
    return f"{found['embedder']} (training set {training_set}, seed {seed}){median}"


def _validation(found: dict[str, Any]) -> str:
    if found["score"] is None:
        return _UNKNOWN
    deviation = "" if found["deviation"] is None else f" ± {found['deviation']:.4f}"
    return f"{found['score']:.4f}{deviation}" + (f" on {found['task']}" if found["task"] else "")


def _commit(found: Lineage) -> str:
    if not found["commit"]:
        return _UNKNOWN
    if not found["dirty"]:
        return f"{found['commit']}, nothing changed"
    few, more = ", ".join(found["changed"][:3]), len(found["changed"]) - 3
    return f"{found['commit']}, with changes in {few or 'some files'}" + (f" and {more} more" if more > 0 else "")


def _number(text: str | None) -> float | None:
    return None if text in {None, "None"} else float(str(text))


def _training_run(client: Any, experiment: str | None, embedders_hash: str | None) -> str | None:
    """The MLflow run of the cell that wrote these very embedders."""
    if not embedders_hash or experiment is None:
        return None
    runs = client.search_runs([experiment], f"tags.`output.embedders` = '{embedders_hash}'", max_results=1)
    return str(runs[0].info.run_id) if runs else None
