"""Public sources: pinned, documented, out of the pipeline's way, and checked when they are brought in."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "sources"
FILES = sorted(SOURCES.rglob("*.dvc"))
NO_HASH = {"simcse_nli/nli_for_simcse.csv.dvc"}  # large-file storage: its MD5 is published nowhere
PINNED = re.compile(
    r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/([0-9a-f]{7}|[0-9a-f]{40})/[^?#\s]+"
    r"|https://huggingface\.co/datasets/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/[^?#\s]+"
)
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCES).as_posix())


@every_file
def test_every_source_is_frozen_and_pinned(file):
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    (dependency,), (out,) = content["deps"], content["outs"]
    assert content["frozen"] is True
    assert PINNED.fullmatch(dependency["path"])
    assert out["path"] == file.name.removesuffix(".dvc")
    if file.relative_to(SOURCES).as_posix() not in NO_HASH:
        assert re.fullmatch(r"[0-9a-f]{32}", out["md5"])
        assert out["size"] > 0


def test_git_tracks_no_data():
    tracked = subprocess.run(["git", "ls-files", "sources"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert {Path(name).suffix for name in tracked.stdout.split()} == {".dvc", ".py"}
    data = [str(file.with_suffix("").relative_to(ROOT)) for file in FILES]
    ignored = subprocess.run(["git", "check-ignore", *data], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ignored.stdout.split() == data


def test_the_documentation_states_licence_and_commit_of_every_source():
    lines = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8").splitlines()
    for file in FILES:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        folder = file.relative_to(SOURCES).parts[0]
        (row,) = [line for line in lines if line.startswith(f"| `{folder}` |")]
        licence = content["meta"]["licence"]
        path = urlsplit(content["deps"][0]["path"]).path.split("/")
        commit = next(part for part in path if re.fullmatch(r"[0-9a-f]{7}|[0-9a-f]{40}", part))
        assert licence in row
        assert commit[:7] in row
        # A path that could not be looked up is a commit in its short form, and the documentation says so.
        assert content["meta"]["path_seen"] is (len(commit) == 40)


def test_the_real_profile_finds_its_files_among_the_sources():
    profile = yaml.safe_load((ROOT / "conf" / "profile" / "real.yaml").read_text(encoding="utf-8"))
    targets = [key for key, language in profile["languages"].items() if language["role"] == "target"]
    brought_in = {file.relative_to(SOURCES).as_posix().removesuffix(".dvc") for file in FILES}
    for language in targets:
        corpus = profile["corpora"][profile["languages"][language]["corpus"]]
        for spec in _specs(corpus):
            for key in {"path", "english_path"} & set(spec):
                assert spec[key].format(language=language) in brought_in
    for corpus in ("sick_and_news", "xl_nli"):
        assert {spec["path"] for spec in _specs(profile["corpora"][corpus])} <= brought_in


def test_the_pipeline_does_not_know_them():
    stages = Repo(str(ROOT)).index.stages
    assert stages
    assert not [stage.addressing for stage in stages if SOURCES in Path(stage.path).parents]


@pytest.fixture
def published(tmp_path):
    """A folder and the server of it: stands for the sources' hosts."""
    folder = tmp_path / "published"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def scratch(tmp_path, published):
    """A copy of two import files, one with a blank in its URL, that point to the server and to bytes made here."""
    folder, host = published
    copy = tmp_path / "repository" / "sources"
    for name in ("sick/SICK_trial.txt", "semrel2024/hau/dev.csv"):
        original = yaml.safe_load((SOURCES / f"{name}.dvc").read_text(encoding="utf-8"))
        url = urlsplit(original["deps"][0]["path"])
        data = f"rows of {name}\r\nẹ̀kọ́\n".encode()
        source = folder / unquote(url.path).lstrip("/")
        source.parent.mkdir(parents=True)
        source.write_bytes(data)
        original["deps"][0]["path"] = host + url.path
        original["outs"][0] |= {"md5": hashlib.md5(data).hexdigest(), "size": len(data)}
        target = copy / f"{name}.dvc"
        target.parent.mkdir(parents=True)
        target.write_text(yaml.safe_dump(original), encoding="utf-8")
    return copy


def _fetch(*folders):
    return subprocess.run(
        [sys.executable, "-m", "sources.fetch", *map(str, folders)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def _served(published, name):
    (found,) = published[0].rglob(name)
    return found


def test_one_command_brings_in_the_exact_bytes_and_keeps_them(scratch, published):
    before = {file: file.read_bytes() for file in scratch.rglob("*.dvc")}
    done = _fetch(scratch)
    assert done.returncode == 0, done.stderr
    trial = scratch / "sick" / "SICK_trial.txt"
    assert trial.read_bytes() == _served(published, "SICK_trial.txt").read_bytes()
    hausa = scratch / "semrel2024" / "hau" / "dev.csv"
    assert hausa.read_bytes() == _served(published, "hau_dev_with_labels.csv").read_bytes()
    assert {file: file.read_bytes() for file in scratch.rglob("*.dvc")} == before

    shutil.rmtree(published[0])
    again = _fetch(scratch)
    assert again.returncode == 0
    assert again.stdout.count("kept") == 2


@pytest.mark.parametrize("change", [b"longer than it was before", None], ids=["other size", "other bytes"])
def test_a_changed_source_fails_and_leaves_nothing(scratch, published, change):
    served = _served(published, "SICK_trial.txt")
    served.write_bytes(change or bytes(reversed(served.read_bytes())))
    done = _fetch(scratch)
    assert done.returncode == 1
    assert "SICK_trial.txt" in done.stderr
    assert "instead of" in done.stderr
    assert [path.name for path in (scratch / "sick").iterdir()] == ["SICK_trial.txt.dvc"]
    assert (scratch / "semrel2024" / "hau" / "dev.csv").exists()  # the others are brought in all the same


def test_a_source_that_is_gone_fails_and_leaves_nothing(scratch, published):
    _served(published, "SICK_trial.txt").unlink()
    done = _fetch(scratch / "sick")
    assert done.returncode == 1
    assert "cannot be fetched" in done.stderr
    assert [path.name for path in (scratch / "sick").iterdir()] == ["SICK_trial.txt.dvc"]


def test_a_file_of_ones_own_is_not_overwritten(scratch):
    own = scratch / "sick" / "SICK_trial.txt"
    own.write_text("my own rows\n", encoding="utf-8")
    done = _fetch(scratch)
    assert done.returncode == 1
    assert "left as it is" in done.stderr
    assert own.read_text(encoding="utf-8") == "my own rows\n"


def test_dvc_works_without_the_sources_and_sees_them_once_they_are_there(scratch, tmp_path):
    repository = scratch.parent
    shutil.copy(ROOT / ".dvcignore", repository / ".dvcignore")
    stages = {
        "other": {"cmd": "echo x > other.txt", "outs": ["other.txt"]},
        "reader": {"cmd": "cat sources/sick/SICK_trial.txt > rows.txt", "deps": ["sources"], "outs": ["rows.txt"]},
    }

    def dvc(*words):
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words], cwd=repository, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    dvc("init", "--no-scm", "--quiet")
    dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"other": stages["other"]}}), encoding="utf-8")
    dvc("repro")
    assert "up to date" in dvc("status")
    dvc("push")
    (repository / "other.txt").unlink()
    dvc("pull")
    assert (repository / "other.txt").exists()
    assert not (scratch / "sick" / "SICK_trial.txt").exists()

    assert _fetch(scratch).returncode == 0
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    dvc("repro")
    lock = yaml.safe_load((repository / "dvc.lock").read_text(encoding="utf-8"))
    assert lock["stages"]["reader"]["deps"][0]["nfiles"] == 2  # the data, not the import files
    (scratch / "sick" / "SICK_trial.txt").write_text("edited\n", encoding="utf-8")
    assert "modified" in dvc("status")


def _specs(corpus):
    for kind, specs in corpus.items():
        for group in specs.values() if kind == "evaluation" else [specs]:
            yield from group
