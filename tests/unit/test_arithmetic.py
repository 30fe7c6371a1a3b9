"""The arithmetic of a process is set before the libraries choose their kernels."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bootembed.core import arithmetic
from bootembed.core.arithmetic import prepare_arithmetic

SHOWN = """
from bootembed.core.arithmetic import prepare_arithmetic
prepare_arithmetic(threads=1, portable=True)
import sys
assert "numpy" not in sys.modules and "torch" not in sys.modules
import numpy._core._multiarray_umath as umath
import torch
print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())
above = [name for name in umath.__cpu_dispatch__ if name not in ("X86_V3", "AVX2", "FMA3")]
print([name for name in above if umath.__cpu_features__[name]])
"""


def test_libraries_follow():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SHOWN], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["AVX2 1", "[]"]


def test_commands_load_no_library_before_the_arithmetic_is_set():
    code = "import sys, bootembed.cli, bootembed.tracking; print([n for n in ('numpy', 'torch') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


LOADED = """
import sys
from pathlib import Path
from bootembed import cli
assert cli._load(None, None, Path(sys.argv[1])).launch.portable
import torch
print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())
"""


def test_a_stage_sets_it_before_its_parameters_load_plugins_and_numpy(tmp_path):
    """Validation imports the strategies, which import numpy: too late for its kernels."""
    params = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    params["launch"]["portable"] = True
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    command = [sys.executable, "-c", LOADED, str(tmp_path / "params.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "AVX2 1\n"
    assert "loaded already" not in done.stderr


def test_nothing_is_set_unless_asked_for(monkeypatch):
    monkeypatch.setattr(arithmetic.os, "environ", environment := {})
    assert prepare_arithmetic(threads=None, portable=False) == {} == environment


def test_children_inherit_it_and_late_calls_are_reported(monkeypatch, caplog):
    monkeypatch.setattr(arithmetic.os, "environ", dict(os.environ) | {"MKL_CBWR": "AVX2"})
    pytest.importorskip("numpy")
    with caplog.at_level(logging.WARNING):
        chosen = prepare_arithmetic(threads=2, portable=True)
    assert chosen.items() <= arithmetic.os.environ.items()
    assert chosen["OMP_NUM_THREADS"] == "2"
    assert "loaded already" in caplog.text
