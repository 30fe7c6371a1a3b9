"""Metrics of several seeds as one JSON file, which `dvc metrics` shows: number of the seed -> name -> value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_metrics(metrics: Mapping[int, Mapping[str, float]], path: Path) -> None:
    """Write the metrics of every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")
