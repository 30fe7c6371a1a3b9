"""`load_params` reads and validates the parameters: it reports all faults at once, each with key, value and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bootembed.core.errors import ParamsError, suggest
from bootembed.core.plugins import plugin_names
from bootembed.settings.base import Pluggable
from bootembed.settings.consistency import inconsistencies
from bootembed.settings.models import Launch
from bootembed.settings.schema import Params

_NOT_SHOWN = {"generation.openai.base_url", "generation.openai.api_key_env"}  # they may contain a secret


def load_params(path: Path, *, source: str | None = None) -> Params:
    """Read and validate a parameter file.

    Args:
        path: File to read.
        source: What messages name instead of the file.

    Raises:
        ParamsError: The file cannot be read, or holds faults; one line for each names key, value and remedy.
    """
    return validate_params(read_sections(path), source=source or str(path))


def launch_of(raw: dict[str, Any]) -> Launch | None:
    """The section `launch` alone; None where it is faulty, which `validate_params` reports.

    What it says of the arithmetic must be done before the other sections are checked: that imports plugins, and with
    them numpy.
    """
    try:
        return Launch.model_validate(raw.get("launch"))
    except ValidationError:
        return None


def read_sections(path: Path) -> dict[str, Any]:
    """The sections of a parameter file, not validated.

    Raises:
        ParamsError: The file cannot be read, or is no mapping.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ParamsError(f"{path}: expected a mapping of sections, found {type(raw).__name__}")
    return raw


def validate_params(raw: dict[str, Any], *, source: str) -> Params:
    """Validate composed parameters; `source` is named in the messages.

    Raises:
        ParamsError: As `load_params`.
    """
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        lines = [_describe(fault, source) for fault in error.errors()]
        raise ParamsError("\n".join(lines)) from error
    faults = [f"{source}: {fault}" for fault in inconsistencies(params)]
    if faults:
        raise ParamsError("\n".join(faults))
    return params


def _describe(fault: Any, source: str) -> str:
    """One validation fault as `file: key: value: remedy`."""
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return (
            f"{source}: {key}: unknown key{suggest(str(fault['loc'][-1]), _known_keys(fault['loc'][:-1]))}; remove it"
        )
    if fault["type"] == "missing":
        return f"{source}: {key}: missing; add it (conf/config.yaml lists every key)"
    value = "" if key in _NOT_SHOWN else f"value {fault['input']!r}: "
    return f"{source}: {key}: {value}{fault['msg']}{_hint(fault)}"


def _hint(fault: Any) -> str:
    """What to do where YAML read a word such as `no`, the code of Norwegian, as true or false."""
    if isinstance(fault["input"], bool) and fault["type"] in {"string_type", "enum", "literal_error"}:
        words = "yes, on and true as true" if fault["input"] else "no, off and false as false"
        return f"; YAML reads an unquoted {words}: put it into quotes"
    return ""


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """Keys of the section at `location`, following models, mappings of models and sections of plugins."""
    section: Any = Params
    if location[:1] in (("train_embedder_recipes",), ("train_embedder_encoders",)):
        location = ("train_embedder", *location[2:])  # overrides have the same keys
    for part in location:
        fields = getattr(section, "model_fields", {})
        if part not in fields and isinstance(section, type) and issubclass(section, Pluggable):
            section = section.section_type(part)
            continue
        annotation = fields[part].annotation if part in fields else section
        arguments = [a for a in getattr(annotation, "__args__", ()) if getattr(a, "model_fields", None)]
        section = arguments[-1] if arguments else annotation
    return [*getattr(section, "model_fields", {}), *_sections_of_plugins(section)]


def _sections_of_plugins(section: Any) -> list[str]:
    if not (isinstance(section, type) and issubclass(section, Pluggable)):
        return []
    return [name for name in plugin_names(section.plugins) if section.section_type(name) is not None]


def strategy_names() -> list[str]:
    """All strategies that a profile may name."""
    return plugin_names("bootembed.strategies")
