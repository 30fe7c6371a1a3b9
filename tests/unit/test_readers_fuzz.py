"""A few of the cases of `benchmarks/fuzz_readers.py`, so that it stays true and runs."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from benchmarks.fuzz_readers import ViolationError, run_case

if TYPE_CHECKING:
    from pathlib import Path


def test_damaged_corpora_are_read_rejected_or_refused(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for number in range(2000):
        counts.update(run_case(random.Random(f"2-{number}"), tmp_path, whole=number % 100 == 0))
    assert min(counts["outcome: read"], counts["outcome: refused with a message"]) > 500
    assert counts["row: kept"] > 1000


def test_a_reader_that_loses_rows_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bootembed.corpora.layouts import read_rows

    monkeypatch.setattr(
        "benchmarks.fuzz_readers.read_rows", lambda *given, **named: list(read_rows(*given, **named))[1:]
    )
    with pytest.raises(ViolationError, match="came back as"):
        for number in range(2000):
            run_case(random.Random(f"2-{number}"), tmp_path, whole=False)
