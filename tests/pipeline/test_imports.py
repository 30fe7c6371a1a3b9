"""Imports keep to the contracts of pyproject.toml: layers, no cycles, DVC in one place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = (
    "import sys; from importlinter.cli import lint_imports as lint; sys.exit(lint(sys.argv[1], cache_dir=sys.argv[2]))"
)


def _lint(config: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: import-linter switches off the loggers of its process."""
    command = [sys.executable, "-c", LINT, str(config), str(cache)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_keep_to_the_contracts(tmp_path):
    done = _lint(ROOT / "pyproject.toml", tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_broken_contract_is_found(tmp_path):
    """With the exception for `bootembed.workflow` taken out, the contract about DVC is broken."""
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    config = tmp_path / "pyproject.toml"
    config.write_text("\n".join(line for line in lines if not line.startswith("ignore_imports")))
    done = _lint(config, tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
