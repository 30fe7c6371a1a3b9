"""Portable arithmetic: this processor computes, bit for bit, what the committed hashes say every processor computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
EXPECTED = json.loads((TESTS / "golden/portable.json").read_text())


def test_the_chain_gives_the_committed_bits(tmp_path):
    """Whatever the environment says of kernels and threads."""
    unpinned = {"OPENBLAS_CORETYPE": "SkylakeX", "OMP_NUM_THREADS": "2", "MKL_CBWR": "AUTO"}
    done = subprocess.run(
        [sys.executable, str(TESTS / "golden_chain.py")],
        cwd=tmp_path,
        env=os.environ | unpinned | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((tmp_path / "hashes.json").read_text()) == EXPECTED
