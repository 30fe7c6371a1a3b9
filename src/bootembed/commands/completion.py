"""What a shell can complete: names of profiles and stages in the present folder. Click does the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def profiles(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Profiles of `conf/profile/` whose names begin so."""
    return sorted(path.stem for path in Path("conf/profile").glob("*.yaml") if path.stem.startswith(begun))


def stages(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Stages of `dvc.yaml` whose names begin so; YAML and DVC would take too long to import."""
    pipeline = Path("dvc.yaml")
    text = pipeline.read_text(encoding="utf-8") if pipeline.is_file() else ""
    names = re.findall(r"^  (\w+):", text.partition("\nstages:\n")[2], flags=re.MULTILINE)
    return [name for name in names if name.startswith(begun)]
