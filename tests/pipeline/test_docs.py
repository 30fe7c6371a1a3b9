"""Declared data: what the documents promise about themselves, and the files and commands that they name."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from bootembed.commands import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BASES = [ROOT, ROOT / "sources", ROOT / "src" / "bootembed"]  # what paths in backticks are relative to
IGNORED = re.findall(r"^/(.+/)$", (ROOT / ".gitignore").read_text(), flags=re.MULTILINE)  # not there in a fresh clone
HUB_IDS = {"mbasoz/xllora-datasets", "CohereLabs/aya_collection_language_split"}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def test_the_documents_are_short():
    assert sum(len(page.read_text().split()) for page in (ROOT / "docs").glob("*.md")) <= 11_000
    assert len((ROOT / "README.md").read_text().splitlines()) <= 90


@every_page
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert not [link for link in local if not (page.parent / link).exists()]


@every_page
def test_named_paths_exist(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    named = set(re.findall(r"`(\w[\w.<>*-]*/[\w.<>*/-]*)`", prose)) - HUB_IDS
    assert not [path for path in sorted(named) if not path.startswith(tuple(IGNORED)) and not _exists(path)]


def _exists(path: str) -> bool:
    certain = re.sub(r"[^/]*[<*].*", "", path)  # up to the first placeholder
    return any((base / certain).exists() for base in BASES)


@every_page
def test_named_targets_of_make_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), flags=re.MULTILINE)) <= targets


@every_page
def test_named_modules_exist(page):
    modules = set(re.findall(r"python -m ((?:bootembed|stages|benchmarks|sources)[\w.]*)", page.read_text()))
    assert not [name for name in sorted(modules) if not _runs(name)]


def _runs(module: str) -> bool:
    path = module.replace(".", "/")
    files = (ROOT / base / path for base in (".", "src"))
    return any(file.with_suffix(".py").is_file() or (file / "__main__.py").is_file() for file in files)


@every_page
def test_named_subcommands_exist(page):
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(), flags=re.DOTALL))
    named = set(re.findall(r"(?:^|`|\$ )bootembed ([a-z]+)", code, flags=re.MULTILINE))
    assert named <= set(main.list_commands(click.Context(main)))
