"""Faults of disk and permissions end in one message with the path."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bootembed.cli import _guarded
from bootembed.core.errors import explain_disk_error

FULL = """
import resource, signal, sys
from pathlib import Path
from bootembed.cli import _guarded
from bootembed.core.tables import ANCHORS, write_table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
rows = [{"text": str(number) * 9} for number in range(9999)]
import click
try:
    _guarded(lambda output: write_table(rows, ANCHORS, output))(output=Path("out.parquet"))
except click.ClickException as error:
    sys.exit(error.message)
"""


def os_error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (os_error(errno.ENOSPC, "/data/out.parquet"), "/data/out.parquet: the disk is full; make room"),
        (os_error(errno.EROFS, "/data/out"), "/data/out: the file system can only be read"),
        (os_error(errno.EACCES, "/data/out"), "/data/out: permission is denied"),
        (os_error(errno.ENOSPC), "results/x: the disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "results/x: the disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "results/x: the disk is full"),
    ],
)
def test_one_message_with_the_path(error: Exception, message: str) -> None:
    def fail(**_: object) -> None:
        raise error

    with pytest.raises(click.ClickException, match=message):
        _guarded(fail)(output=Path("results/x"))


@pytest.mark.parametrize("error", [ValueError("x"), os_error(errno.ENOENT, "a"), KeyError("disk")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert explain_disk_error(error) is None


def test_a_table_that_cannot_be_written(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "out.parquet: the file is larger than" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
