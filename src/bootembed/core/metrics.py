"""Metrics of several seeds: in one JSON file for `dvc metrics`, and under flat names for MLflow."""

from __future__ import annotations

import json
from statistics import mean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.core.names import EmbedderId


def write_metrics(metrics: Mapping[int, Mapping[str, float]], path: Path) -> None:
    """Write the metrics of every seed: number of the seed -> name -> value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def embedder_metrics(metrics: Mapping[EmbedderId, Mapping[str, float]]) -> dict[str, float]:
    """The metrics of a cell's embedders: `0-1/NAME` of each, and of several `mean/NAME` and `deviation/NAME`."""
    flat = {f"{identity}/{name}": value for identity, own in metrics.items() for name, value in own.items()}
    if len(metrics) > 1:
        for name in next(iter(metrics.values())):
            values = [own[name] for own in metrics.values()]
            flat |= {f"mean/{name}": mean(values), f"deviation/{name}": stdev(values)}
    return flat
