"""Declared data: what dvc.yaml says of every stage agrees with the command it runs and the code behind it."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from dvc.repo import Repo
from dvc_render import ImageRenderer

from bootembed.settings.schema import Params

ROOT = Path(__file__).parents[2]
_ALL = [stage for stage in Repo(str(ROOT)).index.stages if stage.cmd]
STAGES = {stage.addressing: stage for stage in _ALL if stage.path_in_repo == "dvc.yaml"}
PRETRAINING = [stage for stage in _ALL if stage.path_in_repo == "pretraining/dvc.yaml"]
# One cell of each stage is enough: the others differ in the values of the grid only.
ONE_OF_EACH = {name.split("@")[0]: stage for name, stage in STAGES.items()}
SETTINGS = ROOT / "src/bootembed/settings"
# What the command line, MLflow and the checks of parameters before a stage do decides no output of it.
CHANGES_NO_OUTPUT = ["bootembed/cli.py", "bootembed/tracking/*.py"]
CHANGES_NO_OUTPUT += [f"settings/{name}.py" for name in ("schema", "consistency*", "load", "base")]
OUTPUTS = {"--output", "--output-dir", "--metrics", "--results-dir", "--markdown", "--html", "--summary", "--overview"}
OUTPUTS |= {"--table", "--chart", "--record"}
WORK = {"--checkpoint-dir", "--answer-cache"}
NAMED = {("report", "--embedders-dir")}  # what the page tells of, and nothing reads
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


def test_plots_are_pictures():
    """Of tables DVC's page draws nothing without a network."""
    plots = [out for stage in STAGES.values() for out in stage.outs if out.plot]
    assert plots
    assert {Path(plot.def_path).suffix for plot in plots} <= ImageRenderer.EXTENSIONS


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
        if "/" not in value or option in WORK or (name, option) in NAMED:
            continue
        is_output = option in OUTPUTS and not (reads_results and option == "--results-dir")
        declared = _paths(stage.outs if is_output else stage.deps)
        assert _covered(value.rpartition("=")[2], declared), f"{option} {value} is not among {sorted(declared)}"


@every_stage
def test_code_dependencies_cover_all_that_can_change_an_output(name):
    stage = ONE_OF_EACH[name]
    _, _, module = _command(stage)
    declared = [path for path in _paths(stage.deps) if path.startswith(("src/", "stages/"))]
    needed = _code_of(ROOT / (module.replace(".", "/") + ".py"))
    missing = [path for path in sorted(needed) if not any(path == d or path.startswith(f"{d}/") for d in declared)]
    assert not missing, f"dvc.yaml: {name} must depend on {missing}"
    unused = [d for d in declared if not any(path == d or path.startswith(f"{d}/") for path in needed)]
    assert not unused, f"dvc.yaml: {name} depends on {unused}, which it does not use"


def _code_of(file, seen=None):
    """Files that `file` uses, directly or not, less those of `CHANGES_NO_OUTPUT`.

    It uses what it imports, what it names as text (plugins and data files are found so), and the sections of the
    parameters that it reads or names for typing alone: their defaults and properties decide outputs.
    """
    seen = {file.relative_to(ROOT).as_posix()} if seen is None else seen
    tree = ast.parse(file.read_text())
    runtime = list(_runtime_nodes(tree))
    used = {path for node in runtime for path in _imported(node)}
    if file.parent != SETTINGS and file.name != "__init__.py":  # those name plugins only for others to load them
        used |= {path for node in runtime for path in _named(node)}
    used |= {path for node in ast.walk(tree) for path in (*_imported(node), *_section(node)) if path.parent == SETTINGS}
    for path in used:
        relative = path.relative_to(ROOT).as_posix()
        if not any(path.match(pattern) for pattern in CHANGES_NO_OUTPUT) and relative not in seen:
            seen.add(relative)
            if path.suffix == ".py":
                _code_of(path, seen)
    return seen


def _runtime_nodes(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _runtime_nodes(child)


def _imported(node):
    if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bootembed")):
        return
    base = ROOT / "src" / node.module.replace(".", "/")
    for alias in node.names:
        if base.is_dir() and alias.name.startswith("load_"):
            yield from base.glob("*.py")  # the plugins of a package, by its own function
        for path in (
            base / f"{alias.name}.py",
            base / alias.name / "__init__.py",
            base.with_suffix(".py"),
            base / "__init__.py",
        ):
            if path.is_file():
                yield from [path] if path.name != "__init__.py" or _has_code(path) else []
                break


def _has_code(package):
    return any(not isinstance(node, ast.Expr) for node in ast.parse(package.read_text()).body)


def _section(node):
    """Modules of the types of a section that is read, as `params.section`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "params":
        field = Params.model_fields.get(node.attr)
        for kind in [] if field is None else [field.annotation, *get_args(field.annotation)]:
            if kind.__module__.startswith("bootembed.settings."):
                yield SETTINGS / f"{kind.__module__.rpartition('.')[2]}.py"


def _named(node):
    """The plugins of a package that is named as text, or its data files."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"bootembed(\.\w+)+", node.value)
    ):
        folder = ROOT / "src" / node.value.replace(".", "/")
        inner = folder / "data" if (folder / "data").is_dir() else folder
        if inner.is_dir():
            yield from (
                path
                for path in inner.rglob("*")
                if path.is_file() and path.suffix != ".pyc" and path.stat().st_size and path.name != "__init__.py"
            )


@every_stage
def test_names_are_slugs(name):
    for full in STAGES:
        assert re.fullmatch(r"[a-z0-9_]+(@[a-z0-9_-]+)?", full)


def test_base_models_are_inputs_that_nothing_rebuilds_unasked():
    outputs = {path for stage in PRETRAINING for path in _paths(stage.outs)}
    assert PRETRAINING and all(stage.frozen for stage in PRETRAINING)
    assert {Path(path).name for path in outputs} == {"generator", "tiny"}
    assert sum(file.stat().st_size for file in ROOT.glob("pretraining/*/*")) < 10e6
    assert all(_paths(stage.outs) & outputs == set() for stage in STAGES.values())
    cells = [stage for name, stage in STAGES.items() if name.startswith("build_base_models@")]
    assert all(outputs <= _paths(stage.deps) for stage in cells)
