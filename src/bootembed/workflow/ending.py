"""What a run of the whole pipeline has to show: the page, and the model of each language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bootembed import tracking
from bootembed.settings.load import read_sections
from bootembed.workflow.places import registry_of, report_of


def what_there_is() -> list[str]:
    """Lines for the present folder; of a language without a champion why, as `register_models` wrote it."""
    params = read_sections(Path("params.yaml"))
    profile = str(params.get("profile", ""))
    page, registry = report_of(profile), registry_of(profile)
    lines = [f"report: {page}"] if page.is_file() else []
    if registry.is_file() and tracking.is_on():
        found = json.loads(registry.read_text(encoding="utf-8"))
        lines += [_line(language, champion, params["register_models"]) for language, champion in found.items()]
    return lines


def _line(language: str, champion: dict[str, Any], settings: dict[str, Any]) -> str:
    if "champion" not in champion:
        return f"{language}: no model is registered: {champion['not_registered']}"
    name = settings["name"].format(language=language)
    return f"{language}: models:/{name}@{settings['alias']}, {champion['champion']}"
