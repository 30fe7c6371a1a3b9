"""The live display of `bootembed run`: what it reads from logs, what a terminal shows, and nothing of it elsewhere."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bootembed.core.durations import shown_duration, shown_rate
from bootembed.workflow import bars
from bootembed.workflow.bars import Rows, live_bars, table_of
from bootembed.workflow.progress import Pace, Progress, find_progress, read_progress

STEP = "20:50:18 bootembed.embedder.progress: step 16 of 50: loss 1.358, 2.1 steps/min, 19 min left\n"


@dataclass
class Cells:
    running: list[str] = field(default_factory=lambda: ["train_embedder@a", "report"])
    done: int = 3
    total: int = 10


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STEP, Progress(16, 50, "loss 1.358")),
        (STEP + "a traceback\n", Progress(16, 50, "loss 1.358")),
        ("20:50:18 bootembed.judge.model: judged 2048 of 4000 pairs\n", Progress(2048, 4000, "pairs")),
        ("20:50:18 bootembed.generation.answers: answered 1024 of 1600\n", Progress(1024, 1600, "")),
        (STEP + STEP.replace("16 of", "18 of"), Progress(18, 50, "loss 1.358")),
        (STEP + "20:50:19 bootembed.embedder.progress: step 2", Progress(16, 50, "loss 1.358")),  # not yet whole
        (STEP + STEP.replace("16 of 50", "51 of 50"), Progress(16, 50, "loss 1.358")),
        (STEP.replace("1.358", "\x1b[31m1.358"), Progress(16, 50, "loss [31m1.358")),
        ("20:50:18 bootembed.x: step 0 of 0\n", None),
        ("20:50:18 bootembed.judge.model: 12 of 34 pairs are longer than 99 tokens\n", None),
        ("20:50:18 sentence_transformers.x: weighted 5 of 6 words\n", None),
        ("", None),
    ],
)
def test_the_last_line_that_tells_progress_counts(text, expected):
    assert find_progress(text) == expected


@given(st.lists(st.sampled_from([STEP, STEP[:-1], "of", " 1 of 2", "\n", "\r", "\x00"]) | st.text()).map("".join))
def test_any_text_of_a_log_is_read_and_drawn(text):
    found = find_progress(text)
    if found is not None:
        assert 0 <= found.done <= found.total
        assert found.words.isprintable()
        Console(file=io.StringIO()).print(table_of([bars.Row(text, 1.0, found, 0.5, 1e15)]))


def test_a_long_line_is_read_at_once():
    began = time.process_time()
    assert find_progress("20:50:18 bootembed." + "a" * 100_000 + "\n") is None
    assert time.process_time() - began < 1


def test_only_the_end_of_a_log_is_read(tmp_path):
    log = tmp_path / "a.log"
    assert read_progress(log) is None
    log.write_bytes(STEP.encode() + b"\xff\n" * 1000)
    assert read_progress(log) == Progress(16, 50, "loss 1.358")
    log.write_bytes(STEP.encode() + b"\xff\n" * 10_000)
    assert read_progress(log) is None


def test_rate_and_time_left():
    pace = Pace()
    pace.add(Progress(10, 50, ""), 100.0)
    assert (pace.rate, pace.left(100.0)) == (None, None)
    pace.add(Progress(10, 50, ""), 105.0)
    assert pace.rate is None
    pace.add(Progress(20, 50, ""), 110.0)
    assert (pace.rate, pace.left(110.0), pace.left(125.0), pace.left(999.0)) == (1.0, 30.0, 15.0, 0.0)
    pace.add(Progress(1, 50, ""), 120.0)  # the next training
    assert (pace.rate, pace.left(120.0)) == (None, None)


@pytest.mark.parametrize(("rate", "shown"), [(12.34, "12.3/s"), (0.5, "30.0/min"), (0.001, "3.6/h")])
def test_a_rate_is_shown_by_the_unit_that_fits(rate, shown):
    assert shown_rate(rate) == shown


def test_a_duration_is_shown_by_the_unit_that_fits():
    shown = {0.4: "0 s", 59.0: "59 s", 90.0: "2 min", 3600.0: "1.0 h", 108_000.0: "30.0 h"}
    assert {seconds: shown_duration(seconds) for seconds in shown} == shown


def drawn(rows, width):
    console = Console(file=io.StringIO(), force_terminal=True, width=width, record=True)
    console.print(table_of(rows))
    return console.export_text().splitlines()


def test_a_terminal_shows_names_percent_rate_time_left_and_words(tmp_path):
    log = tmp_path / "train_embedder@a.log"
    log.write_text(STEP)
    rows = Rows(Cells(), tmp_path)
    now = time.monotonic()
    rows.look(now)
    log.write_text(STEP.replace("16 of", "26 of"))
    every, first, second = drawn(rows.look(now + 20.0), 120)
    assert every.split()[0:2] == ["all", "cells"]
    assert "30%" in every
    assert "3 of 10 done" in every
    assert "━" in first
    assert all(part in first for part in ("train_embedder@a ", " 52% ", " 20 s ", "30.0/min ", " 48 s left ", "1.358"))
    assert second.split() == ["report", "20", "s"]


def test_a_narrow_terminal_gets_a_line_a_cell(tmp_path):
    name = "assemble_adapted_generator@adapter_composition-afr"
    (tmp_path / f"{name}.log").write_text(STEP)
    lines = drawn(Rows(Cells([name]), tmp_path).look(time.monotonic()), 60)
    assert len(lines) == 2
    assert "32%" in lines[1]
    assert "…" in lines[1]


@pytest.fixture
def log_to(monkeypatch):
    """A log whose handler has the given stream, which is standard error."""

    def start(stream):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(bars, "_EVERY", 0.05)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        added.append(handler)
        return log

    log = logging.getLogger("bootembed.workflow")
    level, added = log.level, []
    log.setLevel(logging.INFO)
    yield start
    log.setLevel(level)
    for handler in added:
        log.removeHandler(handler)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_log_lines_stand_above_the_bars_which_vanish_at_the_end(tmp_path, log_to):
    terminal = Terminal()
    log = log_to(terminal)
    with live_bars(Cells(), tmp_path):
        until(lambda: "30%" in terminal.getvalue())
        log.info("report: begins")
        until(lambda: "30%" in terminal.getvalue().rpartition("report: begins")[2])
    assert sys.stderr is terminal
    assert terminal.getvalue().endswith("\x1b[2K"), "the lines of the bars are erased"
    log.info("after")
    assert terminal.getvalue().endswith("after\n")


def test_a_fault_of_the_display_leaves_the_run_and_its_log(tmp_path, log_to, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such colour")

    monkeypatch.setattr(bars, "table_of", fail)
    terminal = Terminal()
    log = log_to(terminal)
    with live_bars(Cells(), tmp_path):
        until(lambda: "the live display has ended, the run goes on: no such colour\n" in terminal.getvalue())
        log.info("report: begins")
    assert terminal.getvalue().endswith("report: begins\n")


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO, "xterm"), (Terminal, "dumb")])
def test_elsewhere_than_in_a_terminal_there_is_nothing_of_it(stream, term, tmp_path, log_to, monkeypatch):
    output = stream()
    log = log_to(output)
    monkeypatch.setenv("TERM", term)
    with live_bars(Cells(), tmp_path):
        log.info("report: begins")
        time.sleep(0.2)
    assert output.getvalue() == "report: begins\n"


def test_rich_is_imported_where_it_is_shown_only():
    code = "import sys, bootembed.workflow.bars; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
