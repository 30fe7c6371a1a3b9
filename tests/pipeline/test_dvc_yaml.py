"""Declared data: what dvc.yaml says of every stage agrees with the command it runs and the code behind it."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from pathlib import Path

import pytest
from dvc.repo import Repo

ROOT = Path(__file__).parents[2]
STAGES = {stage.addressing: stage for stage in Repo(str(ROOT)).index.stages if stage.cmd}
# One cell of each stage is enough: the others differ in the values of the grid only.
ONE_OF_EACH = {name.split("@")[0]: stage for name, stage in STAGES.items()}
NO_DEPENDENCY = {"cli", "tracking"}
OUTPUTS = {"--output", "--output-dir", "--rejected", "--metrics", "--results-dir", "--markdown", "--summary"}
OUTPUTS |= {"--scores-csv", "--oracle-csv", "--card"}
WORK = {"--checkpoint-dir", "--answer-cache"}
every_stage = pytest.mark.parametrize("name", sorted(ONE_OF_EACH))


def _command(stage):
    words = shlex.split(stage.cmd)
    assert words[:2] == ["python", "-m"]
    return importlib.import_module(words[2]).main, list(zip(words[3::2], words[4::2], strict=True)), words[2]


def _paths(items):
    return {Path(item.def_path).as_posix() for item in items}


def _covered(path, declared):
    path = Path(path)
    return any(Path(found) == path or Path(found) in path.parents or path in Path(found).parents for found in declared)


def test_the_graph_is_small_enough_for_dvc():
    assert 40 < len(STAGES) < 150


@every_stage
def test_the_command_accepts_what_dvc_passes(name):
    command, options, _ = _command(ONE_OF_EACH[name])
    known = {option: parameter for parameter in command.params for option in parameter.opts}
    given = {option for option, _ in options}
    assert given <= set(known)
    missing = [p.opts[0] for p in command.params if p.required and not set(p.opts) & given]
    assert not missing


@every_stage
def test_every_path_is_declared(name):
    stage = ONE_OF_EACH[name]
    _, options, _ = _command(stage)
    reads_results = name in {"report", "register_models"}
    for option, value in options:
        if "/" not in value or option in WORK:
            continue
        is_output = option in OUTPUTS and not (reads_results and option == "--results-dir")
        declared = _paths(stage.outs if is_output else stage.deps)
        assert _covered(value.rpartition("=")[2], declared), f"{option} {value} is not among {sorted(declared)}"


@every_stage
def test_code_dependencies_cover_what_the_command_imports(name):
    stage = ONE_OF_EACH[name]
    _, _, module = _command(stage)
    declared = _paths(stage.deps)
    needed = _imports_of(ROOT / (module.replace(".", "/") + ".py"))
    missing = [path for path in sorted(needed) if not _covered(path, declared)]
    assert not missing, f"dvc.yaml: {name} must depend on {missing}"


def _imports_of(file, seen=None):
    """First-party files that `file` imports, directly or not, less the allow-list; not those for typing alone."""
    seen = set() if seen is None else seen
    for node in _runtime_nodes(ast.parse(file.read_text())):
        for path in _first_party(node):
            relative = path.relative_to(ROOT).as_posix()
            if path.stem not in NO_DEPENDENCY and "/settings/" not in relative and relative not in seen:
                seen.add(relative)
                _imports_of(path, seen)
    return seen


def _runtime_nodes(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _runtime_nodes(child)


def _first_party(node):
    if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bootembed")):
        return
    base = ROOT / "src" / node.module.replace(".", "/")
    for alias in node.names:
        for path in (base / f"{alias.name}.py", base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                yield path
                break


@every_stage
def test_names_are_slugs(name):
    for full in STAGES:
        assert re.fullmatch(r"[a-z0-9_]+(@[a-z0-9_-]+)?", full)
