"""Declared data: what `make install` installs, and on which Pythons."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SUPPORTED = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])


def _pins(name: str) -> dict[str, list[str]]:
    """Package -> its versions for the supported Pythons on Linux."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in (ROOT / name).read_text().splitlines())
    pins: dict[str, list[str]] = {}
    for requirement in map(Requirement, filter(None, lines)):
        [pin] = requirement.specifier
        assert pin.operator == "==", requirement
        pins.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return pins


def test_the_lock_pins_what_is_asked_for_at_one_version_for_all_pythons():
    asked, locked = _pins("requirements.txt"), _pins("requirements.lock")
    assert {name: locked.get(name) for name in asked} == asked
    assert not [name for name, versions in locked.items() if len(versions) > 1]


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "VENV=.venv-of-nobody", *arguments, "install"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_install_takes_torch_and_uv_at_their_pins():
    pins = _pins("requirements.txt")
    assert f"--no-deps torch=={pins['torch'][0]} uv=={pins['uv'][0]}" in _make(f"PYTHON={sys.executable}").stdout


@pytest.mark.parametrize("minor", range(9, 17))
def test_make_supports_the_pythons_that_the_package_does(minor):
    """The check of the Makefile, on versions that this machine need not have."""
    [check] = set(re.findall(r"^SUPPORTED := (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    told = f"import sys; sys.version_info = (3, {minor}, 1)"
    done = subprocess.run([sys.executable, "-S", "-c", f"{told}; {check}"], check=False)
    assert (done.returncode == 0) == SUPPORTED.contains(f"3.{minor}.1")


def test_another_python_is_refused_in_one_line():
    command = ["make", "VENV=.venv-of-nobody", "PYTHON=false", ".venv-of-nobody/bin/python"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.13"
    assert not (ROOT / ".venv-of-nobody").exists()
