"""Fan-out on a toy DVC project: cells run side by side, and DVC finds exactly what `dvc repro` would have left."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml
from click.testing import CliRunner
from dvc.exceptions import DvcException
from living import runs

from bootembed.commands import main
from bootembed.workflow import lock_file
from bootembed.workflow.cells import Cells, FanOutError
from bootembed.workflow.changes import is_changed
from bootembed.workflow.ending import what_there_is
from bootembed.workflow.fan_out import fan_out
from bootembed.workflow.lock_file import LockFile
from bootembed.workflow.locks import hold
from bootembed.workflow.out_of_date import out_of_date
from bootembed.workflow.parameters import Parameters
from bootembed.workflow.workers import Cell, visible_devices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIPELINE = {
    "stages": {
        "prepare": {"cmd": "cp source.txt base.txt", "deps": ["source.txt"], "outs": ["base.txt"]},
        "cell": {
            "matrix": {"name": ["a", "b", "c"]},
            "cmd": "sh cell.sh ${item.name}",
            "deps": ["cell.sh", "base.txt"],
            "params": ["k"],
            "outs": ["out/${item.name}.txt"],
        },
        "end": {"cmd": "cat out/*.txt > end.txt", "deps": ["out/a.txt", "out/b.txt", "out/c.txt"], "outs": ["end.txt"]},
    }
}
COPY = 'mkdir -p out; cat base.txt params.yaml > "out/$1.txt"; echo "$1" >> "out/$1.txt"\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    from dvc.repo import Repo

    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    (folder / "params.yaml").write_text("k: 1\n")
    (folder / "source.txt").write_text("s\n")
    (folder / "cell.sh").write_text(COPY)
    monkeypatch.chdir(folder)
    Repo.init(str(folder), no_scm=True).close()
    repro("prepare")
    return folder


def repro(*targets, **options):
    from dvc.repo import Repo

    with Repo() as repo:
        return [stage.name for stage in repo.reproduce(list(targets) or None, **options)]


def status():
    from dvc.repo import Repo

    with Repo() as repo:
        return {name.split(":")[-1] for name in repo.status()}


def _md5(path: Path) -> str:
    found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    return f"{found[:2]}/{found[2:]}"


def run(project, *targets, jobs=2, devices=(), **options):
    return fan_out(project, targets, jobs=jobs, devices=devices, log_dir=project / "logs", **options)


def test_cells_are_recorded_as_dvc_repro_records_them(project):
    outcome = run(project, "cell", "end")
    assert (sorted(outcome.recorded), outcome.failed) == (["cell@a", "cell@b", "cell@c", "end"], {})
    assert status() == set()
    found = (project / "dvc.lock").read_text()
    (project / "dvc.lock").unlink()
    for name in ("base.txt", "end.txt", "out/a.txt", "out/b.txt", "out/c.txt"):
        (project / name).unlink()
    repro()
    assert yaml.safe_load((project / "dvc.lock").read_text()) == yaml.safe_load(found)


def test_cells_run_at_the_same_time_each_on_its_own_device(project):
    """Each of two cells waits for the other's device to be written down: one after the other they would fail."""
    (project / "cell.sh").write_text(
        'echo $CUDA_VISIBLE_DEVICES > "here.$1"\n'
        "for try in $(seq 200); do test $(cat here.* | sort -u | wc -l) -ge 2 && break; sleep 0.1; done\n"
        "test $(cat here.* | sort -u | wc -l) -ge 2 || exit 1\n" + COPY
    )
    outcome = run(project, "cell", devices=("4", "7"))
    assert (len(outcome.recorded), outcome.failed) == (3, {})
    assert {(project / f"here.{name}").read_text().strip() for name in "abc"} == {"4", "7"}


def test_without_targets_the_whole_pipeline_runs(project):
    (project / "source.txt").write_text("other\n")
    outcome = run(project)
    assert outcome.recorded[0] == "prepare"
    assert sorted(outcome.recorded) == ["cell@a", "cell@b", "cell@c", "end", "prepare"]
    assert outcome.recorded[-1] == "end"
    assert status() == set()


def test_a_cell_waits_for_what_it_reads_and_for_nothing_else(project):
    """`cell@c` ends only when `next@a` has run: stage after stage it would fail."""
    own = {"matrix": {"name": ["a"]}, "cmd": "cat out/a.txt > next.txt", "deps": ["out/a.txt"], "outs": ["next.txt"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"next": own}}))
    wait = "for try in $(seq 200); do test -e next.txt && break; sleep 0.1; done; test -e next.txt || exit 1"
    (project / "cell.sh").write_text(f'if test "$1" = c; then {wait}; fi\n' + COPY)
    outcome = run(project)
    assert (outcome.failed, outcome.not_begun) == ({}, [])


def test_what_the_longest_chain_waits_for_begins_first(project):
    chain = {
        f"step{number}": {"cmd": f"cp {source} {number}.txt", "deps": [source], "outs": [f"{number}.txt"]}
        for number, source in ((1, "source.txt"), (2, "1.txt"), (3, "2.txt"), (4, "3.txt"))
    }
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | chain}))
    assert run(project, jobs=1).recorded[:2] == ["step1", "step2"]


def test_what_is_urgent_begins_first(project):
    """A check of the data, on which no training depends: its error is told before hours of them."""
    check = {"cmd": "cp base.txt check.txt", "deps": ["base.txt"], "outs": ["check.txt"], "meta": {"urgent": True}}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"check": check}}))
    assert run(project, jobs=1).recorded[0] == "check"


def test_the_lock_file_is_written_for_several_cells_at_a_time(project, monkeypatch):
    """As with a large one, whose writing takes long."""
    monkeypatch.setattr(lock_file, "_SHARE", 1e-9)
    written = []
    write = LockFile.write
    monkeypatch.setattr(LockFile, "write", lambda self: (written.append(self.wait_time()), write(self)))
    outcome = run(project, "cell", "end", jobs=1)
    assert (len(outcome.recorded), len(written)) == (4, 2)
    assert status() == set()


def test_a_command_that_names_the_lock_file_finds_the_cells_before_it_recorded(project, monkeypatch):
    """Lineage is read from it."""
    monkeypatch.setattr(lock_file, "_SHARE", 1e-9)
    reader = {"cmd": "cp dvc.lock found.yaml", "deps": ["end.txt"], "outs": ["found.yaml"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"reader": reader}}))
    assert run(project, jobs=1).failed == {}
    found = yaml.safe_load((project / "found.yaml").read_text())["stages"]
    assert found.keys() == {"prepare", "cell@a", "cell@b", "cell@c", "end"}


def test_the_lock_file_is_whole_at_every_moment(project, monkeypatch):
    """A cell may read it, or the fan-out be killed, while DVC writes."""
    from dvc.dvcfile import Lockfile

    before = (project / "dvc.lock").read_text()
    write = Lockfile.dump_stages

    def look(self, stages, **options):
        write(self, stages, **options)
        seen.append((project / "dvc.lock").read_text())

    seen = []
    monkeypatch.setattr(Lockfile, "dump_stages", look)
    run(project, "cell@a")
    assert seen == [before]
    assert "cell@a" in yaml.safe_load((project / "dvc.lock").read_text())["stages"]


def test_a_cell_that_no_write_reached_comes_from_the_run_cache(project, monkeypatch):
    """The fan-out is killed: nothing is written, not at its end either."""
    with monkeypatch.context() as patch:
        patch.setattr(Cells, "_write", lambda self: None)
        assert len(run(project, "cell").recorded) == 3
    assert status() == {"cell@a", "cell@b", "cell@c", "end"}
    assert sorted(run(project, "cell").restored) == ["cell@a", "cell@b", "cell@c"]
    assert status() == {"end"}


def test_parameters_are_those_that_dvc_reads(project):
    """Of nested keys, of absent ones and of patterns, before and after a change."""
    from dvc.repo import Repo

    keys = ["k", "deep.er.value", "deep", "list.0", "absent", "deep.absent", "k.absent", "d*.er"]
    one = {"cmd": "true", "params": keys}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": one}}))
    for value in (1e-3, "1e-3"):
        content = {"k": value, "deep": {"er": {"value": [1, {"a": None}]}}, "list": [1, 2]}
        (project / "params.yaml").write_text(yaml.safe_dump(content))
        with Repo() as repo:
            served = repo.stage.collect("one")[0].params[0]
            Parameters().serve(served)
            for chosen in (keys, keys[:3], []):
                served.params = chosen
                expected = type(served).read_params(served)
                assert served.read_params() == served.read_params() == expected
                assert len(expected) >= 3


def test_what_is_up_to_date_is_left_alone(project):
    run(project, "cell@b")
    before = (project / "out/b.txt").stat().st_mtime_ns
    outcome = run(project, "cell")
    assert (outcome.unchanged, sorted(outcome.recorded)) == (["cell@b"], ["cell@a", "cell@c"])
    assert (project / "out/b.txt").stat().st_mtime_ns == before
    assert run(project, "cell").unchanged == ["cell@a", "cell@b", "cell@c"]


def test_a_look_notices_every_change(project):
    """What several cells read is hashed once in a look, but never remembered until the next one."""
    from dvc.repo import Repo

    run(project, "cell", "end")
    cached = project / ".dvc/cache/files/md5" / _md5(project / "out/a.txt")
    changes = {
        "base.txt": ("T\n", {"cell@a", "cell@b", "cell@c"}),
        "cell.sh": (COPY.replace("base", "bass"), {"cell@a", "cell@b", "cell@c"}),
        "params.yaml": ("k: 2\n", {"cell@a", "cell@b", "cell@c"}),
        "out/a.txt": ("other\n", {"cell@a", "end"}),
        "out/b.txt": (None, {"cell@b", "end"}),
        "end.txt": (None, {"end"}),
        str(cached): (None, {"cell@a"}),
        "dvc.yaml": (yaml.safe_dump(PIPELINE).replace("out/*.txt", "out/?.txt"), {"end"}),
    }
    with Repo() as repo, Cells(repo, ["cell", "end"]) as cells:

        def stale() -> set[str]:
            with cells.look() as is_unchanged:
                return {name for name in cells.needs if not is_unchanged(name)}

        assert stale() == set()
        for name, (content, expected) in changes.items():
            path = project / name
            kept = path.read_bytes()
            path.unlink()
            if content is not None:
                path.write_text(content)
            assert stale() == expected == set(repo.status()) & set(cells.needs), name
            path.unlink(missing_ok=True)
            path.write_bytes(kept)
            assert stale() == set(), name


@pytest.mark.parametrize(
    "own", [{}, {"always_changed": True}, {"frozen": True}, {"frozen": True, "always_changed": True}]
)
def test_a_stage_has_changed_as_dvc_tells(project, own):
    """With its input as it was, and with another one."""
    from dvc.repo import Repo

    stages = PIPELINE["stages"] | {"callback": {"cmd": "date > date.txt", "outs": ["date.txt"]}}
    stages["prepare"] = stages["prepare"] | own
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    run(project, "prepare", "cell", "callback")
    for content in ("s\n", "other\n"):
        (project / "source.txt").write_text(content)
        with Repo() as repo, hold(repo):
            stages = repo.stage.collect("dvc.yaml")
            assert [is_changed(stage) for stage in stages] == [stage.changed() for stage in stages]


def test_what_cells_share_is_hashed_once_in_a_look(project, monkeypatch):
    from dvc.output import Output
    from dvc.repo import Repo

    run(project, "cell")
    hashed = []
    get_hash = Output.get_hash
    monkeypatch.setattr(Output, "get_hash", lambda item: hashed.append(str(item)) or get_hash(item))
    with Repo() as repo, Cells(repo, ["cell"]) as cells:
        hashed.clear()
        for looks in (1, 2):
            with cells.look() as is_unchanged:
                assert all(map(is_unchanged, cells.needs))
            assert hashed.count("cell.sh") == hashed.count("base.txt") == looks
        assert not isinstance(cells.begin("cell@a"), Cell)
        assert hashed.count("cell.sh") == 3


def test_a_look_takes_each_lock_once_and_passes_over_what_another_process_writes(project, monkeypatch):
    import dvc.rwlock
    from dvc.repo import Repo

    run(project, "cell")
    locks = project / ".dvc/tmp/rwlock"
    entered: list[Path] = []
    edit = dvc.rwlock._edit_rwlock
    monkeypatch.setattr(dvc.rwlock, "_edit_rwlock", lambda *given: entered.append(locks) or edit(*given))

    def unchanged() -> set[str]:
        entered.clear()
        with cells.look() as is_unchanged:
            return set(filter(is_unchanged, cells.needs))

    with Repo() as repo, Cells(repo, ["cell"]) as cells:
        assert unchanged() == {"cell@a", "cell@b", "cell@c"}
        assert len(entered) == 2  # one lock taken, and given back
        other = {"pid": os.getppid(), "cmd": "dvc repro cell@a"}
        locks.write_text(json.dumps({"write": {str(project / "out/a.txt"): other}, "read": {}}))
        assert unchanged() == {"cell@b", "cell@c"}
        locks.write_text(json.dumps({"write": {}, "read": {}}))
        assert unchanged() == {"cell@a", "cell@b", "cell@c"}


def test_the_stages_of_a_target_are_those_that_dvc_collects(project):
    from dvc.repo import Repo

    (project / "other").mkdir()
    other = {"stages": {"cell": {"cmd": "true"}, "end": {"cmd": "true"}}}
    (project / "other/dvc.yaml").write_text(yaml.safe_dump(other))
    none = {"matrix": {"name": []}, "cmd": "true ${item.name}"}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"none": none}}))
    repro()
    with Repo() as repo:
        for target in ("dvc.yaml", "cell", "cell@b", "end", "none", "other/dvc.yaml", "other/dvc.yaml:cell"):
            expected = {stage.name for stage in repo.stage.collect(target)}
            with Cells(repo, [target]) as cells:
                assert set(cells.needs) == expected, target


def test_a_failed_cell_is_told_and_not_recorded_and_the_others_are(project):
    (project / "cell.sh").write_text('echo a reason; test "$1" = b && exit 3\n' + COPY)
    outcome = run(project, "cell", "end")
    assert sorted(outcome.recorded) == ["cell@a", "cell@c"]
    assert list(outcome.failed) == ["cell@b"]
    assert outcome.failed["cell@b"].startswith("exit status 3, see ")
    assert outcome.failed["cell@b"].endswith(": a reason")
    assert "a reason" in (project / "logs/cell@b.log").read_text()
    assert not (project / "end.txt").exists(), "nothing is built on a failure"
    assert outcome.not_begun == ["end"]
    assert status() == {"cell@b", "end"}


def test_a_fault_of_dvc_at_one_cell_leaves_the_others(project, monkeypatch):
    restore = Cells._restore

    def refuse(self, stage):
        if stage.name == "cell@b":
            raise DvcException("params.yaml: cannot be read")
        return restore(self, stage)

    monkeypatch.setattr(Cells, "_restore", refuse)
    outcome = run(project, "cell", "end")
    assert sorted(outcome.recorded) == ["cell@a", "cell@c"]
    assert outcome.failed == {"cell@b": "not begun: params.yaml: cannot be read"}
    assert outcome.not_begun == ["end"]


def test_a_log_that_cannot_be_written_fails_its_cell_with_the_path(project):
    outcome = fan_out(project, ["cell"], jobs=2, log_dir=project / "source.txt")
    assert sorted(outcome.failed) == ["cell@a", "cell@b", "cell@c"]
    assert all("source.txt" in fault for fault in outcome.failed.values())


def test_a_command_without_its_output_is_not_recorded(project):
    (project / "cell.sh").write_text('test "$1" = b || { ' + COPY + "}\n")
    outcome = run(project, "cell")
    assert outcome.failed["cell@b"].startswith("not recorded: ")
    assert status() == {"cell@b", "end"}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("echo changed >> base.txt", "base.txt"),
        ("echo 'k: 2' > params.yaml", "params.yaml"),
        ("sed -i 's#sh cell.sh#sh ./cell.sh#' dvc.yaml", "command"),
    ],
)
def test_nothing_stale_is_recorded_when_an_input_changes_meanwhile(project, edit, told):
    (project / "cell.sh").write_text(COPY + f'test "$1" = c && {{ {edit}; }}; true\n')
    outcome = run(project, "cell", jobs=1)
    assert outcome.failed["cell@c"] == f"{told} changed while it ran; not recorded, run it again"
    assert "cell@c" in status()


def test_a_pipeline_that_changes_while_dvc_lock_is_written_is_read_again(project, monkeypatch):
    """The first write is that of cell a, while b runs."""
    write, pipeline = LockFile.write, project / "dvc.yaml"

    def write_and_edit(self):
        write(self)
        pipeline.write_text(pipeline.read_text().replace("sh cell.sh", "sh ./cell.sh"))

    monkeypatch.setattr(LockFile, "write", write_and_edit)
    outcome = run(project, "cell", jobs=1)
    assert outcome.failed == {"cell@b": "command changed while it ran; not recorded, run it again"}
    assert outcome.recorded == ["cell@a", "cell@c"]
    assert status() == {"cell@a", "cell@b", "end"}


def test_nothing_is_built_on_what_is_out_of_date(project):
    (project / "source.txt").write_text("other\n")
    with pytest.raises(FanOutError, match=r"prepare: out of date or not run, and cell depends on it; .*--with-inputs"):
        run(project, "cell")
    with pytest.raises(
        FanOutError, match="cell, prepare: out of date or not run, and end depends on them; --with-inputs runs them"
    ):
        run(project, "end")
    assert not (project / "out").exists()


@pytest.mark.parametrize(
    ("stage", "command"), [("report", "bootembed report"), ("register_models", "bootembed register"), ("end", None)]
)
def test_a_stage_that_takes_what_is_there_is_refused_with_the_command_that_does(project, stage, command):
    stages = dict(PIPELINE["stages"])
    stages[stage] = stages.pop("end")
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    run(project)
    (project / "source.txt").write_text("other\n")
    told = CliRunner().invoke(main, ["run", stage]).output
    assert f"prepare: out of date or not run, and {stage} depends on it; --with-inputs runs it first" in told
    assert f"`{command}` takes what there is" in told if command else "takes what there is" not in told
    assert command is None or command in " ".join(CliRunner().invoke(main, ["run", "--help"]).output.split())


def test_what_a_target_depends_on_is_run_with_it_if_asked_for(project):
    (project / "source.txt").write_text("other\n")
    outcome = run(project, "cell@a", with_inputs=True)
    assert (outcome.recorded, outcome.failed) == (["prepare", "cell@a"], {})
    assert (project / "out/a.txt").read_text().startswith("other\n")
    assert run(project, "cell@a", with_inputs=True).unchanged == ["prepare", "cell@a"]


def test_old_outputs_are_removed_first_and_the_run_cache_is_used(project):
    run(project, "cell")
    old = (project / "out/a.txt").read_bytes()
    (project / "params.yaml").write_text("k: 2\n")
    (project / "cell.sh").write_text('test ! -e "out/$1.txt" || exit 1\n' + COPY)
    assert len(run(project, "cell").recorded) == 3
    assert (project / "out/a.txt").read_bytes() != old
    (project / "params.yaml").write_text("k: 1\n")
    (project / "cell.sh").write_text(COPY)
    assert sorted(run(project, "cell").restored) == ["cell@a", "cell@b", "cell@c"]
    assert (project / "out/a.txt").read_bytes() == old
    assert status() == {"end"}


class TestOutOfDate:
    """Of the cells before `end`."""

    @pytest.fixture
    def done(self, project):
        run(project)
        return project

    def test_nothing_is_just_after_a_run(self, done):
        assert out_of_date(done, "end") == []

    def test_cells_are_by_their_parameters_and_by_what_comes_before_them(self, done):
        (done / "source.txt").write_text("other\n")
        assert out_of_date(done, "end") == ["cell@a", "cell@b", "cell@c", "prepare"]
        (done / "source.txt").write_text("s\n")
        (done / "params.yaml").write_text("k: 2\n")
        assert out_of_date(done, "end") == ["cell@a", "cell@b", "cell@c"]

    def test_a_frozen_cell_is_as_it_is(self, done):
        frozen = {"prepare": PIPELINE["stages"]["prepare"] | {"frozen": True}}
        (done / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | frozen}))
        (done / "source.txt").write_text("other\n")
        assert out_of_date(done, "end") == []

    def test_what_is_not_here_or_never_ran_says_nothing(self, done):
        (done / "base.txt").unlink()
        (done / "source.txt").unlink()
        (done / "out/a.txt").unlink()
        more = json.loads(json.dumps(PIPELINE))
        more["stages"]["cell"]["matrix"]["name"].append("d")
        (done / "dvc.yaml").write_text(yaml.safe_dump(more))
        assert out_of_date(done, "end") == []


def test_unknown_stages_are_named(project):
    with pytest.raises(FanOutError, match=r"cel: .*did you mean 'cell'\?.*`dvc stage list --name-only`"):
        run(project, "cel")
    with pytest.raises(FanOutError, match=r"did you mean 'cell@a'\?"):
        run(project, "cel@a")


def test_a_run_of_everything_ends_with_the_report_and_the_models(project, monkeypatch):
    registry = {
        "afr": {"champion": "xl_lora-afr-tiny"},
        "yor": {"not_registered": "no recipe has been scored"},
    }
    commands = {"report": "true --html own/${profile}/page.html", "register_models": "true --output own/models.json"}
    stages = {name: {"matrix": {"no": []}, "cmd": f"{command} ${{item.no}}"} for name, command in commands.items()}
    pipeline = {"vars": [{"paths": {}}], "stages": PIPELINE["stages"] | stages}
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    (project / "own/laptop").mkdir(parents=True)
    (project / "own/laptop/page.html").touch()
    (project / "own/models.json").write_text(json.dumps(registry))
    register = {"name": "us-{language}", "alias": "champion"}
    (project / "params.yaml").write_text(yaml.safe_dump({"k": 1, "profile": "laptop", "register_models": register}))
    assert CliRunner().invoke(main, ["run"]).output.splitlines()[-1] == "report: own/laptop/page.html"
    assert "report: " not in CliRunner().invoke(main, ["run", "cell"]).output
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    assert what_there_is() == [
        "report: own/laptop/page.html",
        "afr: models:/us-afr@champion, xl_lora-afr-tiny",
        "yor: no model is registered: no recipe has been scored",
    ]


def test_a_signal_that_wakes_nobody_stops_a_fan_out(project):
    """As one does that comes between Python's look for signals and the wait: here another thread takes it."""
    (project / "cell.sh").write_text('echo $$ > "pid.$1"; sleep 30; echo late > late\n')

    def stop_when_begun():
        if _within(30, lambda: len(_pids(project)) == 1):
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=stop_when_begun)
    thread.start()
    try:
        result = CliRunner().invoke(main, ["run", "cell@a"])
    finally:
        thread.join()
        signal.signal(signal.SIGTERM, before)
    assert result.exit_code == 128 + signal.SIGTERM
    assert "stopped; what is done is recorded" in result.output
    assert not (project / "late").exists()


def test_an_empty_folder_is_no_warning(project):
    stages = {"none": {"cmd": "mkdir -p none", "outs": ["none"]}}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    process = _start(project, "bootembed", "run", "none")
    assert process.wait(timeout=60) == 0
    assert "is empty" not in (project / "told").read_text()


def test_the_command_tells_how_many_and_fails_with_a_cell(project):
    result = CliRunner().invoke(main, ["run", "cell", "--jobs", "2"])
    assert (result.exit_code, "0 up to date, 0 from the run cache, 3 run, 0 failed" in result.output) == (0, True)
    used = [line.split(",")[:3] for line in (project / "work/fan_out/cells.csv").read_text().splitlines()]
    assert sorted(used[1:4]) == [[f"cell@{name}", "process", "0"] for name in "abc"]
    assert used[4:] == [["fan_out", "process", "0"]]
    (project / "cell.sh").write_text("exit 3\n")
    result = CliRunner().invoke(main, ["run", "cell@a"])
    assert result.exit_code == 1
    assert "cell@a: exit status 3" in result.output


def test_a_run_that_fails_before_the_report_names_the_command_that_writes_it(project):
    report = {"cmd": "cat end.txt > page.md", "deps": ["end.txt"], "outs": ["page.md"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"report": report}}))
    (project / "cell.sh").write_text('test "$1" = b && exit 3\n' + COPY)
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 1
    assert "report: not begun; `bootembed report` takes what there is" in result.output
    assert "not begun; `" not in CliRunner().invoke(main, ["run", "cell"]).output


def test_what_cells_used_is_kept_until_a_run_ends_well(project):
    def used():
        rows = csv.DictReader((project / "work/fan_out/cells.csv").open())
        return sorted((row["name"], row["status"]) for row in rows)

    works = (project / "cell.sh").read_text()
    (project / "cell.sh").write_text(f"[ $1 = b ] && exit 3\n{works}")
    assert CliRunner().invoke(main, ["run", "cell"]).exit_code == 1
    failed = [("cell@a", "0"), ("cell@b", "3"), ("cell@c", "0"), ("fan_out", "1")]
    assert used() == failed
    (project / "cell.sh").write_text(works)
    assert CliRunner().invoke(main, ["run", "cell"]).exit_code == 0
    again = [(f"cell@{name}", "0") for name in "abc"]
    assert used() == sorted([*failed, *again, ("fan_out", "0")])
    assert CliRunner().invoke(main, ["run", "cell"]).exit_code == 0
    assert used() == sorted([*failed, *again, ("fan_out", "0")]), "nothing ran"
    (project / "params.yaml").write_text("k: 2\n")
    assert CliRunner().invoke(main, ["run", "cell"]).exit_code == 0
    assert used() == [*again, ("fan_out", "0")]


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def _pids(project: Path) -> list[int]:
    return [int(text) for text in (path.read_text() for path in project.glob("pid.*")) if text.endswith("\n")]


def _start(project: Path, *command: str) -> subprocess.Popen[bytes]:
    told = (project / "told").open("w")
    return subprocess.Popen([sys.executable, "-m", *command], cwd=project, stderr=told)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_fan_out_that_is_ended_ends_what_it_started_and_blocks_nobody(project, ending):
    """Also what the commands started in turn: the shell here runs `sleep` as a process of its own."""
    (project / "cell.sh").write_text('sleep 60 & echo $! > "pid.$1"; wait\n')
    process = _start(project, "bootembed", "run", "cell", "--jobs", "2")
    assert _within(60, lambda: len(_pids(project)) == 2)
    started = [psutil.Process(pid) for pid in _pids(project)]
    process.send_signal(ending)
    assert process.wait(timeout=60) == (128 + ending if ending == signal.SIGTERM else -ending)
    told = (project / "told").read_text()
    assert ("Error: stopped; what is done is recorded, and the same" in told) == (ending == signal.SIGTERM)
    assert _within(30, lambda: not any(map(runs, started)))
    assert not (project / "pid.c").exists()
    assert not (project / "out").exists()
    if ending == signal.SIGTERM:
        *_, last = (project / "work/fan_out/cells.csv").read_text().splitlines()
        assert last.startswith("fan_out,process,1,"), "its own time counts, too"
    (project / "cell.sh").write_text(COPY)
    assert len(run(project, "cell").recorded) == 3


@pytest.fixture
def running(project):
    """A process that runs `cell@a`, which ends when there is a file `go`; every run of a cell is written to `ran`."""

    def start(*command):
        hold = 'if test "$1" = a; then until test -e go; do sleep 0.1; done; fi\n'
        (project / "cell.sh").write_text('echo "$1" >> ran\n' + hold + COPY)
        processes.append(_start(project, *command, "cell@a"))
        assert _within(60, (project / "ran").exists)
        return processes[0]

    processes: list[subprocess.Popen[bytes]] = []
    yield start
    (project / "go").touch()
    for process in processes:
        process.wait(timeout=60)


@pytest.mark.parametrize("command", [("bootembed", "run"), ("dvc", "repro", "--single-item")])
def test_a_cell_that_another_process_runs_is_left_to_it(project, running, command):
    other = running(*command)
    outcome = run(project, "cell", "end")
    assert (sorted(outcome.recorded), outcome.failed) == (["cell@b", "cell@c"], {})
    assert list(outcome.busy) == ["cell@a"]
    assert re.search(
        rf"out/a.txt' is busy, it is being blocked by: \(PID {other.pid}\): .*cell@a\. If no such",
        outcome.busy["cell@a"],
    )
    assert outcome.not_begun == ["end"]
    (project / "go").touch()
    assert other.wait(timeout=60) == 0
    assert sorted((project / "ran").read_text().split()) == ["a", "b", "c"]
    assert status() == {"end"}


def test_a_cell_that_another_process_has_finished_meanwhile_is_up_to_date(project, running):
    running("bootembed", "run")
    wait = "touch go; until grep -q cell@a dvc.lock; do sleep 0.1; done"
    long = {"cmd": wait + "; touch long.txt", "outs": ["long.txt"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE["stages"] | {"long": long}}))
    outcome = run(project)
    assert (outcome.busy, outcome.failed, outcome.not_begun) == ({}, {}, [])
    assert "cell@a" in outcome.unchanged
    assert sorted((project / "ran").read_text().split()) == ["a", "b", "c"]
    assert status() == set()


def test_dvc_repro_is_refused_a_cell_that_runs_and_what_it_reads(project, running):
    running("bootembed", "run")
    with pytest.raises(DvcException, match="failed to reproduce 'cell@a'"):
        repro("cell@a", single_item=True)
    (project / "source.txt").write_text("other\n")
    with pytest.raises(DvcException, match="failed to reproduce 'prepare'"):
        repro("prepare")
    assert (project / "ran").read_text() == "a\n"
    assert (project / "base.txt").read_text() == "s\n"


def test_a_busy_cell_is_one_message_and_exit_status_1(project, running):
    other = running("bootembed", "run")
    result = CliRunner().invoke(main, ["run", "cell@a"])
    assert result.exit_code == 1
    assert f"(PID {other.pid})" in result.output.splitlines()[-1]
    assert "0 run, 0 failed, 1 busy" in result.output


def test_visible_devices(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-x")
    assert visible_devices() == ["3", "GPU-x"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_devices() == []
