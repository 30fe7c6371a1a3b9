"""Declared parameters: a stage depends on every parameter it reads, and every output has an option that names it."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from bootembed.core.plugins import plugin_names

ROOT = Path(__file__).parents[2]
STAGES = {s.addressing: s for s in Repo(str(ROOT)).index.stages if s.cmd and s.path_in_repo == "dvc.yaml"}
SECTIONS = yaml.safe_load((ROOT / "params.yaml").read_text())
ONE_OF_EACH = {name.split("@")[0]: stage for name, stage in STAGES.items()}
# Names of the champion and its alias say nothing of another output; a cell's own keys stand in its command.
every_stage = pytest.mark.parametrize("name", sorted(ONE_OF_EACH))
METHODS = {
    "embedder_settings": {"train_embedder", "train_embedder_recipes", "train_embedder_encoders"}
}  # of `Params` -> parameters they read


def _module(stage):
    return ROOT / (shlex.split(stage.cmd)[2].replace(".", "/") + ".py")


def _options(stage):
    """Options of a stage's command and their values, by the names of its function's parameters."""
    words = shlex.split(stage.cmd)[3:]
    return {name[2:].replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)}


def _reads(stage, *files):
    """Dotted names below `params` that files read for a stage.

    `params.a.b` gives `a.b`, `params.a[key]` gives `a`, and `getattr(params, option)` the section that the command
    names with this option; a strategy's section is any that has the name of a strategy.
    """
    found = set()
    for child in (child for file in files for child in ast.walk(ast.parse(file.read_text()))):
        call = ast.unparse(child) if isinstance(child, ast.Call) else ""
        if call == "getattr(params, strategy, None)":
            found.update(name for name in plugin_names("bootembed.strategies") if name in SECTIONS)
        elif call.startswith("getattr(params,"):
            found.add(_options(stage)[child.args[1].id])
        names, owner = [], child
        while isinstance(owner, ast.Attribute):
            names.append(owner.attr)
            owner = owner.value
        if names and isinstance(owner, ast.Name) and owner.id == "params":
            found.add(".".join(reversed(names)))
    found = {key for name in found for key in METHODS.get(name, {name})}
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def _declared(stage):
    return {key for dependency in stage.params for key in (getattr(dependency, "params", None) or [])}


@every_stage
def test_what_a_stage_reads_is_declared(name):
    stage = ONE_OF_EACH[name]
    declared = _declared(stage)
    undeclared = [
        key
        for key in sorted(_reads(stage, _module(stage)))
        if not any(key == found or key.startswith(f"{found}.") or found.startswith(f"{key}.") for found in declared)
    ]
    assert not undeclared, f"{name} reads {undeclared}, dvc.yaml declares {sorted(declared)}"


@every_stage
def test_what_is_declared_is_read(name):
    stage = ONE_OF_EACH[name]
    reads = _reads(stage, _module(stage)) | {"launch.threads", "launch.portable"}  # `cli.stage` prepares arithmetic
    unread = [
        key
        for key in sorted(_declared(stage))
        if not any(key == found or key.startswith(f"{found}.") or found.startswith(f"{key}.") for found in reads)
    ]
    assert not unread, f"dvc.yaml: {name} reruns when {unread} change, which it does not read"


@every_stage
def test_every_output_is_named_by_an_option(name):
    stage = ONE_OF_EACH[name]
    values = [Path(word.rpartition("=")[2]) for word in shlex.split(stage.cmd)[3:] if "/" in word]
    for out in stage.outs:
        path = Path(out.def_path)
        assert any(path == value or path in value.parents for value in values), f"{name}: nothing writes {path}"
