"""What MLflow's UI says in words of a registered model and its versions; a text that a user wrote there stays.

A description follows from tags alone, so that it can be written again when the champion changes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.registry.champion import CHALLENGER, REASON, SCORE
from bootembed.registry.lookup import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)
SCORES = "validation_scores"  # tag of a version: that of each embedder
_CARD = "model.sentence_transformer/README.md"
_OURS = "Written by bootembed; a text in its place stays."


def describe(client: Any, name: str, alias: str) -> None:
    """Describe a registered model and all its versions. A fault of the store is told and stops nothing.

    Args:
        client: Of MLflow.
        name: Of the registered model.
        alias: Of the champion.
    """
    try:
        model = client.get_registered_model(name)
        text = _of_model(name, alias, model.tags)
        if _is_due(model.description, text):
            client.update_registered_model(name, text)
        for version in client.search_model_versions(f"name='{name}'"):
            text = _of_version(name, str(version.version), version.tags)
            if _is_due(version.description, text):
                client.update_model_version(name, version.version, text)
    except Exception as failure:  # the store is a foreign system; the models are registered all the same
        logger.warning("%s: not described: %s", name, tracking.without_passwords(failure))


def _is_due(present: str | None, text: str) -> bool:
    return present != text and (not present or present.endswith(_OURS))


def _of_model(name: str, alias: str, tags: Mapping[str, str]) -> str:
    language = f" for {tags[LANGUAGE]}" if LANGUAGE in tags else ""
    return "\n\n".join(
        [
            f"Sentence embedder{language}, made by bootembed: texts in, one vector each out.",
            f"Its versions are the median embedders of recipes and encoders. `{alias}` is the best by mean validation "
            f"score, `{CHALLENGER}` the second best; each version says why.",
            f"Use it: `bootembed search models:/{name}@{alias} FILE QUERY`, or in Python "
            f'`mlflow.sentence_transformers.load_model("models:/{name}@{alias}").encode(texts)`.',
            f"Its card: `{_CARD}` among the artifacts of a version. `bootembed publish models:/{name}@{alias} "
            "OWNER/NAME` writes that for the Hub, with scores and licences.",
            _OURS,
        ]
    )


def _of_version(name: str, number: str, tags: Mapping[str, str]) -> str:
    return "\n\n".join([*_facts(tags), f"Made of: `bootembed lineage models:/{name}/{number}`.", _OURS])


def _facts(tags: Mapping[str, str]) -> Iterator[str]:
    """A version of before a tag was recorded has no sentence of it."""
    if {"recipe", "encoder", "embedder"} <= tags.keys():
        count = int(tags.get("validation_embedders", 1))
        median = f", the median of {count} by validation score" if count > 1 else ""
        profile = f", profile `{tags['profile']}`" if "profile" in tags else ""
        yield f"Recipe `{tags['recipe']}`, encoder `{tags['encoder']}`{profile}: embedder {tags['embedder']}{median}."
    if SCORE in tags:
        deviation = tags.get("validation_deviation", "None")
        spread = "" if deviation == "None" else f" ± {float(deviation):.4f}"
        each = f" (training set-seed: {tags[SCORES]})" if SCORES in tags else ""
        yield f"Validation on {tags.get('validation_task')}: {float(tags[SCORE]):.4f}{spread}{each}."
    if tested := _test_scores(tags):
        yield f"Test scores of this embedder: {', '.join(tested)}."
    if REASON in tags:
        yield f"Champion or not: {tags[REASON]}."


def _test_scores(tags: Mapping[str, str]) -> list[str]:
    ending = ".test"
    keys = [key for key in sorted(tags) if key.endswith(ending) and not key.startswith("hash.")]
    return [f"{key.removesuffix(ending)} {float(tags[key]):.4f}" for key in keys]
