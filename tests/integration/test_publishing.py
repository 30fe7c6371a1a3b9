"""A model card from a project's outputs, the folder that goes to the Hub, and its upload to a Hub on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner
from fake_hub import COMMIT, TOKEN, fake_hub
from huggingface_hub import DatasetCard
from published_project import CELL, OUTPUTS, ROOT, write_params

from bootembed.commands import main
from bootembed.core.errors import DataError
from bootembed.publishing.publish import prepare
from bootembed.settings.load import load_params

REPO = "someone/afr-tiny"
CARD = """---
language: [afr]
license: unknown
---

# Triplets

load_dataset("path/to/this/folder")

## Sources

Not named.

## Filters

None.
"""


@pytest.fixture
def hub(monkeypatch):
    """A Hub that this process talks to, as if it had been started with HF_ENDPOINT and HF_TOKEN."""
    with fake_hub() as found:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", found.url)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield found
        assert found.problems == []


def _publish(*words):
    return CliRunner().invoke(main, ["publish", *map(str, words)])


def _prepared(project, name=CELL, *, public=False):
    return prepare(name, REPO, load_params(project / "params.yaml"), OUTPUTS, work=project / "work", public=public)


def _bytes(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_dry_run_writes_all_and_sends_nothing(project, hub):
    result = _publish(CELL, REPO)
    assert result.exit_code == 0, result.output
    folder = project / f"work/publish/{CELL}"
    for name, content in _bytes(folder).items():
        assert f"{len(content):,} bytes  {name}" in result.output
    assert f"card: work/publish/{CELL}/README.md" in result.output
    assert f"nothing was sent; to upload as private: bootembed publish {CELL} {REPO} --upload" in result.output
    assert hub.requests == []
    from sentence_transformers import SentenceTransformer

    assert SentenceTransformer(str(folder)).encode("bada").shape == (32,)


def test_what_is_uploaded_arrives_byte_by_byte_and_private(project):
    """In a process of its own, which finds the mirror and the token in its environment."""
    with fake_hub() as hub:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        environment |= {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(project / "home"),
            "PYTHONPATH": str(ROOT / "src"),
        }
        command = [sys.executable, "-m", "bootembed", "publish", CELL, REPO, "--upload"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert hub.problems == []
    repo = hub.repos["model", REPO]
    assert repo["visibility"] == "private"
    assert repo["files"] == _bytes(project / f"work/publish/{CELL}")
    assert f"uploaded as private: {hub.url}/{REPO}/commit/{COMMIT}" in done.stdout
    assert "HTTP Request" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert f"revision='{COMMIT}'" in (project / f"work/publish/{CELL}.leaderboard/afr_tiny_models.py").read_text()


def test_public_needs_every_licence(project, hub):
    write_params(project, publish={"base_models": {"tiny": "Apache-2.0"}, "sources": []})
    result = _publish(CELL, REPO, "--public", "--upload")
    assert result.exit_code == 1
    assert "generator 'generator' (set `publish.base_models.generator`)" in result.output
    assert hub.requests == []
    write_params(project, publish={"base_models": {"tiny": "Apache-2.0", "generator": "Gemma Terms of Use"}})
    result = _publish(CELL, REPO, "--public", "--upload")
    assert result.exit_code == 0, result.output
    assert hub.repos["model", REPO]["visibility"] == "public"
    assert b"Gemma Terms of Use" in hub.repos["model", REPO]["files"]["README.md"]


def test_a_repository_keeps_its_visibility(project, hub):
    hub.repos["model", REPO] = {"visibility": "public", "files": {}}
    result = _publish(CELL, REPO, "--upload")
    assert (result.exit_code, "is public on the Hub; name another repository" in result.output) == (1, True)
    assert hub.repos["model", REPO]["files"] == {}
    hub.repos["model", REPO]["visibility"] = "private"
    assert _publish(CELL, REPO, "--upload").exit_code == 0
    result = _publish(CELL, REPO, "--upload", "--public")
    assert (result.exit_code, "is private on the Hub; leave --public out" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("refuse", "told"),
    [
        ({"repos/create": 401}, "HF_TOKEN is not valid; make a new token"),
        ({"repos/create": 403}, "HF_TOKEN may not write to 'someone'; give the token write permission"),
        ({"repos/create": 409}, "there is such a repository, and HF_TOKEN may not see it"),
        ({"repos/create": 404}, "there is no model or owner of this name"),
        ({"commit/main": 400}, "the Hub refuses the card or a file"),
    ],
)
def test_a_refusal_is_one_line_with_a_remedy(project, hub, refuse, told):
    hub.refuse = refuse
    result = _publish(CELL, REPO, "--upload")
    assert result.exit_code == 1
    [line] = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert line.startswith(f"Error: {REPO}: is not uploaded: {told}")
    assert f"(HTTP status {next(iter(refuse.values()))})" in line
    assert TOKEN not in result.output


def test_no_token_and_no_network(project, hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    result = _publish(CELL, REPO, "--upload")
    assert "the Hub cannot be reached; check the network" in result.output
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    result = _publish(CELL, REPO, "--upload")
    assert "HF_TOKEN is not valid; make a new token that may write (HTTP status 401)" in result.output
    assert "hf_expired" not in result.output
    monkeypatch.delenv("HF_TOKEN")
    result = _publish(CELL, REPO, "--upload")
    assert result.exit_code == 1
    assert result.output == "Error: HF_TOKEN is not set; put a token that may write into the environment\n"


@pytest.mark.parametrize("repo", ["afr-tiny", "some one/afr", "a/b/c"])
def test_an_id_that_the_hub_cannot_have_is_refused(project, repo):
    result = _publish(CELL, repo)
    assert (result.exit_code, result.output.startswith(f"Error: {repo}: ")) == (1, True)


@pytest.mark.parametrize("folder", [f"models/embedders/real/{CELL}", "data/training_sets/real/xl_lora-afr/0"])
def test_results_of_another_profile_are_refused(project, folder):
    result = _publish(folder, REPO)
    assert (result.exit_code, "run `bootembed compose real`" in result.output) == (1, True)


@pytest.fixture
def triplets(project):
    folder = project / OUTPUTS.training_sets / "xl_lora-afr/0"
    shutil.copy(folder / "training.parquet", folder / "rejected.parquet")
    (folder / "README.md").write_text(CARD)
    return folder


def test_triplets_become_a_data_set_with_all_rights_in_its_card(triplets, project, hub):
    write_params(project, publish={"base_models": {"generator": "Gemma Terms of Use"}})
    result = _publish(triplets, "someone/afr-triplets", "--upload")
    assert result.exit_code == 0, result.output
    repo = hub.repos["dataset", "someone/afr-triplets"]
    assert repo["visibility"] == "private"
    assert repo["files"] == _bytes(project / "work/publish/xl_lora-afr-0")
    assert repo["files"]["training.parquet"] == (triplets / "training.parquet").read_bytes()
    card = DatasetCard(repo["files"]["README.md"].decode())
    assert card.data.license == "apache-2.0"  # of `generate_triplets.card`
    assert 'load_dataset("someone/afr-triplets")' in card.text
    assert "Gemma Terms of Use" in card.text and "Not named." not in card.text and "## Filters" in card.text


def test_triplets_with_other_files_are_refused(triplets, project):
    (triplets / "more.pkl").write_bytes(b"x")
    assert "more.pkl is no file of a set of triplets" in _publish(triplets, REPO).output
    (triplets / "more.pkl").unlink()
    (triplets / "rejected.parquet").unlink()
    assert "rejected.parquet is missing" in _publish(triplets, REPO).output


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("pytorch_model.bin", b"x", "pytorch_model.bin may hold a pickle"),
        ("2_Dense/optimizer.pt", b"x", "2_Dense/optimizer.pt may hold a pickle"),
        ("modeling.py", b"x", "modeling.py is no file of a model"),
        (".env", b"x", ".env is no file of a model"),
        ("model.safetensors", b"\x80\x04pickle", "is no safetensors"),
    ],
)
def test_files_that_could_run_code_are_refused_by_name(project, name, content, told):
    from bootembed.publishing.folder import check_model_folder

    folder = project / OUTPUTS.embedders / CELL / "0-2"
    assert len(check_model_folder(folder)) > 3
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=told):
        check_model_folder(folder)


def test_what_was_there_before_does_not_stay_in_the_folder(project):
    published = _prepared(project)
    (published.folder / "old.json").write_text("{}")
    assert "old.json" not in dict(_prepared(project).files)
    assert json.loads((published.folder / "modules.json").read_text())
    assert replace(published, name="x").card == published.card
