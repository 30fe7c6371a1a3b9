"""Finished runs of the pipeline, read from git revisions and DVC experiments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import yaml

from bootembed.core.names import EmbedderId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PARAMS = "params.yaml"


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        name: The revision or experiment it was read from.
        params: Its `params.yaml`, as mappings.
        summary: Its `metrics/<profile>/summary.json`.
    """

    name: str
    params: dict[str, Any]
    summary: dict[str, Any]

    def scores(self) -> Iterator[tuple[tuple[str, str, str, str], EmbedderId, float]]:
        """(language, encoder, task, recipe), one of its embedders, and that one's score on the test split."""
        for language, encoders in self.summary["test"].items():
            for encoder, tasks in encoders.items():
                for task, recipes in tasks.items():
                    for recipe, found in recipes.items():
                        for name, score in found["embedders"].items():
                            yield (language, encoder, task, recipe), EmbedderId.parse(name), score


def read_runs(revisions: Sequence[str]) -> list[Run]:
    """Read the runs at some revisions.

    Args:
        revisions: Git revisions or names of DVC experiments of this repository.

    Raises:
        ClickException: A revision does not exist, or has no summary.
    """
    import dvc.api
    from dvc.exceptions import DvcException

    runs = []
    for name in revisions:
        try:
            params = yaml.safe_load(dvc.api.read(PARAMS, rev=name))
            summary = json.loads(dvc.api.read(f"metrics/{params['profile']}/summary.json", rev=name))
        except (OSError, DvcException) as error:
            raise click.ClickException(
                f"{name}: {error}; name git revisions or finished DVC experiments (`dvc exp show`)"
            ) from error
        runs.append(Run(name, params, summary))
    return runs
