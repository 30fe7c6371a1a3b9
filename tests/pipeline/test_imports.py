"""Imports keep to the contracts of pyproject.toml: layers, no cycles, DVC in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_ERROR, EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lint(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    return lambda config: lint_imports(config_filename=str(config), cache_dir=str(tmp_path / "cache"))


def test_imports_keep_to_the_contracts(lint, capsys):
    status = lint(ROOT / "pyproject.toml")
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_broken_contract_is_found(lint, tmp_path):
    """With the exception for `bootembed.workflow` taken out, the contract about DVC is broken."""
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    config = tmp_path / "pyproject.toml"
    config.write_text("\n".join(line for line in lines if not line.startswith("ignore_imports")))
    assert lint(config) == EXIT_STATUS_ERROR
