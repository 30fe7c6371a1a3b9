"""The nursery: a forked cell is what a process of its own would be, and a death stays where it happened."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import yaml
from living import runs

from bootembed.workflow import nursery_process
from bootembed.workflow.nursery_process import LIBRARIES
from bootembed.workflow.workers import Cell, Workers

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden/portable.json").read_text())
REPOSITORY = TESTS.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no nursery")

LAUNCH = {"processes": 1, "threads": 1, "portable": True}
# Set by libraries when they are imported, of which the probe needs few.
BY_LIBRARIES = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "TORCHINDUCTOR_CACHE_DIR", "_RJEM_MALLOC_CONF")
# A process as a stage finds it. What a fork may inherit by mistake is here: numbers, threads, modules, descriptors.
PROBE = """
import json, os, random, sys, threading
found = list(sys.modules)
loaded = [name for name in found if name.partition(".")[0] == "bootembed"]
from bootembed.core.arithmetic import prepare_arithmetic
prepare_arithmetic(threads=1, portable=True)
import numpy, torch
print("from the probe")
json.dump({
    "arguments": sys.argv, "name": __name__, "main": sys.modules["__main__"].__file__, "path": sys.path[0],
    "folder": os.getcwd(), "group": os.getpgrp() - os.getpid(), "loaded": loaded, "input": sys.stdin.read(),
    "environment": {name: value for name, value in os.environ.items() if name != "_"},
    "descriptors": [os.path.realpath(f"/proc/self/fd/{n}").rpartition(".")[2] for n in (0, 1, 2)],
    "kernels": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads(),
    "python threads": threading.active_count(), "gpu": torch.cuda.is_initialized(),
}, open(sys.argv[1], "w"))
open(sys.argv[1] + ".random", "w").write(repr([random.random(), numpy.random.random(), torch.rand(1).item()]))
open(sys.argv[1] + ".modules", "w").write("\\n".join(found))
"""
STAGES = {
    "probe": PROBE,
    "touch": "import sys\nopen(sys.argv[1], 'w').close()\n",
    "change": "print('k: 1', file=open('params.yaml', 'a'))\n",
    "fault": "raise ValueError('a reason')\n",
    "leave": "import os\nos._exit(3)\n",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "orphan": (
        "import os, signal, sys, time\nfrom pathlib import Path\nhere = Path(sys.argv[1])\n"
        "if not here.exists():\n    here.touch()\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)\n"
        "here.write_text('done')\n"
    ),
    "sleep": (
        "import os, subprocess, sys, time\nfrom pathlib import Path\n"
        "other = subprocess.Popen(['sleep', '600'])\n"
        "Path('pids.part').write_text(f'{os.getpid()} {os.getppid()} {other.pid}')\n"
        "Path('pids.part').rename('pids')\ntime.sleep(600)\n"
    ),
    "golden": (
        "import json, os, sys\nfrom pathlib import Path\nfrom golden_chain import main\n"
        "folder = Path(sys.argv[1])\nfolder.mkdir()\nos.chdir(folder)\n"
        "Path('hashes.json').write_text(json.dumps(main()))\n"
    ),
}


@pytest.fixture
def project(tmp_path):
    with made_project(tmp_path) as folder:
        yield folder


@contextmanager
def made_project(parent):
    folder = parent / "project"
    shutil.copytree(REPOSITORY / "stages", folder / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in STAGES.items():
        (folder / f"stages/{name}.py").write_text(text)
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text()) | {"launch": LAUNCH}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
        yield folder


@contextmanager
def running(project, began, *, preload=True):
    """A function that runs a command as the only one, in a cell of a name, and returns the fault; how each `began`."""
    log_dir = project / f"logs-{preload}"
    with Workers(1, [], root=str(project), log_dir=log_dir, preload=preload) as workers:
        yield lambda name, command: workers.submit(Cell(name, (command,), str(project), {})).result()
    began.update((row["name"], row["began_as"]) for row in csv.DictReader((log_dir / "cells.csv").open()))


def run(project, command):
    """The command's fault, and how it and a nursery began."""
    began = {}
    with running(project, began) as cell:
        return cell("cell", command), began


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A project after the cells of one nursery and two processes; by name the faults, and how each began."""
    faults, began, processes = {}, {}, {}
    with made_project(tmp_path_factory.mktemp("compared")) as folder:
        corpora = "python -m stages.write_sample_corpora --language afr --output-dir"
        params = (folder / "params.yaml").read_bytes()
        with running(folder, began) as cell:
            for name in ("leave", "killed", "fault", "absent", "golden"):
                faults[name] = cell(name, f"python -m stages.{name} {name}")
            for name in ("a fork", "another"):
                faults[name] = cell(name, shlex.join(["python", "-m", "stages.probe", name]))
            faults["corpora"] = cell("corpora", f"{corpora} of-fork")
            faults["change"] = cell("change", "python -m stages.change now")
            faults["changed"] = cell("changed", "python -m stages.touch changed")
            (folder / "params.yaml").write_bytes(params)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
                (folder / "bin").mkdir()
                (folder / "bin/python").symlink_to(sys.executable)
                faults["other python"] = cell("other python", "python -m stages.touch other")
            faults["as before"] = cell("as before", "python -m stages.touch before")
            faults["orphan"] = cell("orphan", "python -m stages.orphan orphan")
            faults["after it"] = cell("after it", "python -m stages.touch after")
        with running(folder, processes, preload=False) as cell:
            assert cell("a process", "python -m stages.probe 'a process'") is None
            assert cell("of-process", f"{corpora} of-process") is None
        assert processes == dict.fromkeys(("a process", "of-process"), "process")
        yield folder, faults, began


def test_a_forked_cell_finds_what_a_process_of_its_own_finds(compared):
    project, faults, began = compared
    assert (faults["a fork"], began["a fork"], began["nursery"]) == (None, "fork", "process")
    fork, process = (json.loads((project / name).read_text()) for name in ("a fork", "a process"))
    assert fork["arguments"] == [str(project / "stages/probe.py"), "a fork"]
    assert (fork["name"], fork["kernels"], fork["loaded"]) == ("__main__", "AVX2", [])
    assert (fork["environment"]["DVC_STAGE"], process["environment"]["DVC_STAGE"]) == ("a fork", "a process")
    assert fork["group"] == 0  # a process may have a shell above it that leads its group
    for found in (fork, process):
        for name in ("DVC_STAGE", *BY_LIBRARIES):
            found["environment"].pop(name, None)
        del found["arguments"], found["group"]
    assert fork == process
    assert (project / "logs-True/a fork.log").read_text() == (project / "logs-False/a process.log").read_text()


def test_what_is_not_seeded_differs_between_forked_cells(compared):
    """As between processes, whose generators Python, NumPy and torch seed from the system."""
    project, *_ = compared
    one, other = (re.findall(r"0\.\d+", (project / f"{name}.random").read_text()) for name in ("a fork", "another"))
    assert len(one) == 3
    assert not set(one) & set(other)


def test_a_forked_stage_writes_the_bytes_of_a_process(compared):
    project, *_ = compared
    files = sorted(path.name for path in (project / "of-fork").iterdir())
    assert len(files) > 5
    assert all(
        (project / "of-fork" / name).read_bytes() == (project / "of-process" / name).read_bytes() for name in files
    )


def test_a_fault_is_that_of_its_cell_alone(compared):
    _, faults, began = compared
    names = ["leave", "killed", "fault", "absent"]
    assert [re.search(r"exit status (\d+)", faults[name])[1] for name in names] == ["3", "137", "1", "1"]
    assert faults["killed"].startswith("killed (exit status 137), mostly for lack of memory: close other programs or ")
    assert faults["fault"].endswith(": ValueError: a reason")
    assert faults["absent"].endswith("No module named stages.absent")
    assert {fault for name, fault in faults.items() if name not in names} == {None}
    assert {began[name] for name in (*names, "another", "corpora", "as before")} == {"fork"}


def test_a_forked_cell_has_the_libraries(compared):
    """One that was renamed would be imported by each cell again, unseen."""
    project, *_ = compared
    assert set(LIBRARIES) <= set((project / "another.modules").read_text().splitlines())


def test_a_forked_chain_gives_the_committed_bits(compared):
    """LoRA training, generation, an embedder and its scores; `test_golden.py` holds a process to the same."""
    project, _, began = compared
    assert began["golden"] == "fork"
    assert json.loads((project / "golden/hashes.json").read_text()) == GOLDEN


def test_where_the_nursery_dies_cells_are_processes(compared):
    project, _, began = compared
    assert (began["orphan"], began["after it"]) == ("process", "process")
    assert (project / "orphan").read_text() == "done"
    assert (project / "after").exists()


def test_a_cell_under_other_parameters_than_the_nursery_is_a_process(compared):
    project, _, began = compared
    assert (began["change"], began["changed"], began["as before"]) == ("fork", "process", "fork")
    assert (project / "changed").exists()


def test_another_python_is_not_the_nursery(compared):
    project, _, began = compared
    assert began["other python"] == "process"
    assert (project / "other").exists()


@pytest.mark.parametrize(
    "command",
    [
        "python -m stages.touch found; true",
        "python -m stages.touch $NAME",
        "NAME=found python -m stages.touch found",
        "python -m  stages.touch found",
        "python -m stages.touch found --params params.yaml",
        "python stages/touch.py found",
        "sh -c 'python -m stages.touch found'",
    ],
)
def test_other_commands_need_a_shell(project, command, monkeypatch):
    monkeypatch.setenv("NAME", "found")
    assert run(project, command) == (None, {"cell": "process"})
    assert (project / "found").exists()


@pytest.mark.parametrize("launch", [LAUNCH | {"processes": 2}, None])
def test_without_an_arithmetic_to_set_cells_are_processes(project, launch):
    (project / "params.yaml").write_text(yaml.safe_dump({"launch": launch}))  # null is faulty
    fault, began = run(project, "python -m stages.touch found")
    assert (fault, began["cell"]) == (None, "process")


def test_with_amds_gpus_there_is_no_nursery(project, monkeypatch):
    monkeypatch.setattr("bootembed.workflow.workers.cuda_driver", lambda: None)
    with Workers(1, ["0"], root=str(project), log_dir=project / "logs") as workers:
        assert workers._nursery is None


def test_a_forked_cell_gets_a_gpu_of_its_own(project, monkeypatch):
    monkeypatch.setattr("bootembed.workflow.workers.cuda_driver", SimpleNamespace)
    with Workers(2, ["3", "5"], root=str(project), log_dir=project / "logs") as workers:
        cells = [Cell(name, (f"python -m stages.probe {name}",), str(project), {}) for name in ("one", "two")]
        assert [ended.result() for ended in [workers.submit(cell) for cell in cells]] == [None, None]
    rows = {row["name"]: row["began_as"] for row in csv.DictReader((project / "logs/cells.csv").open())}
    assert (rows["one"], rows["two"]) == ("fork", "fork")
    seen = [json.loads((project / name).read_text())["environment"] for name in ("one", "two")]
    assert sorted(environment["CUDA_VISIBLE_DEVICES"] for environment in seen) == ["3", "5"]
    assert not any("PYTORCH_NVML_BASED_CUDA_CHECK" in environment for environment in seen)


@pytest.mark.parametrize(("status", "uses"), [(3, False), (0, True), (100, True)])
def test_a_process_that_has_initialised_cuda_does_not_fork(status, uses, monkeypatch):
    driver = SimpleNamespace(cuDeviceGetCount=lambda count: status)  # 3: CUDA_ERROR_NOT_INITIALIZED
    monkeypatch.setattr(nursery_process.ctypes, "CDLL", lambda name: driver)
    assert nursery_process._uses_cuda() is uses


def test_without_cuda_nothing_hinders_a_fork(monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(nursery_process.ctypes, "CDLL", absent)
    assert nursery_process._uses_cuda() is False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_forked_cells_end_with_the_fan_out(project, ending):
    from dvc.repo import Repo

    Repo.init(str(project), no_scm=True).close()
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": {"cmd": "python -m stages.sleep"}}}))
    command = [sys.executable, "-m", "bootembed", "run"]
    process = subprocess.Popen(command, cwd=project, stderr=(project / "told").open("w"))
    deadline = time.monotonic() + 120
    while not (project / "pids").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    started = [psutil.Process(int(pid)) for pid in (project / "pids").read_text().split()]
    assert "bootembed.workflow.nursery_process" in started[1].cmdline()
    process.send_signal(ending)
    assert process.wait(timeout=120) == {signal.SIGINT: 1, signal.SIGKILL: -9}[ending]
    if ending == signal.SIGINT:
        assert "interrupted; what is done is recorded" in (project / "told").read_text()
    deadline = time.monotonic() + 120
    while any(runs(one) for one in started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(runs(one) for one in started)


def test_a_stop_while_the_libraries_are_imported_waits_for_no_more_of_them(project):
    from dvc.repo import Repo

    Repo.init(str(project), no_scm=True).close()
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": {"cmd": "python -m stages.sleep"}}}))
    command = [sys.executable, "-m", "bootembed", "run"]
    process = subprocess.Popen(command, cwd=project, stderr=(project / "told").open("w"))
    deadline = time.monotonic() + 120
    while not (project / "work/fan_out/nursery.log").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == 128 + signal.SIGTERM
    told = (project / "told").read_text()
    assert told.count("stopped; what is done is recorded, and the same command goes on from here") == 1
    assert "did not run" not in told
    assert not (project / "pids").exists()
