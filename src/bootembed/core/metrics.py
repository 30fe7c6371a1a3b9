"""Metrics of repetitions from several seeds, under flat names."""

from __future__ import annotations

from statistics import mean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.core.names import EmbedderId


def embedder_metrics(metrics: Mapping[EmbedderId, Mapping[str, float]]) -> dict[str, float]:
    """The metrics of a cell's embedders: `0-1/NAME` of each, and of several `mean/NAME` and `deviation/NAME`."""
    flat = {f"{identity}/{name}": value for identity, own in metrics.items() for name, value in own.items()}
    if len(metrics) > 1:
        for name in next(iter(metrics.values())):
            values = [own[name] for own in metrics.values()]
            flat |= {f"mean/{name}": mean(values), f"deviation/{name}": stdev(values)}
    return flat
