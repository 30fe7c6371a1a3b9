"""Entries for mteb's leaderboard: mteb's own loader reads them, and only scores on mteb's own data are among them."""

from __future__ import annotations

import json
import random
import runpy

import mteb
import pytest
import yaml
from encoders import sentences
from mteb.models.model_meta import ModelMeta
from published_project import CELL, OUTPUTS, TOKENS, write_params, write_project, write_scores

from bootembed.core.hashing import content_hash
from bootembed.evaluation.run import evaluate_embedder
from bootembed.evaluation.tasks import build_task
from bootembed.publishing.publish import leaderboard, prepare
from bootembed.publishing.published_data import why_not_published
from bootembed.settings.evaluation import EvaluateEmbedder, TaskSpec

REPO = "someone/afr-tiny.v1"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TASKS = {
    "SemRel24STS": {"kind": "sts", "implementation": "mteb"},
    "Tatoeba": {"kind": "bitext_mining", "implementation": "mteb"},
    "SampleSTS": {"kind": "sts", "implementation": "bootembed"},
}
FILES = {
    "SemRel24STS": [{"format": "mteb"}],
    "Tatoeba": [{"format": "moses", "path": "a", "english_path": "b", "split": "test"}],
    "SampleSTS": [{"format": "tsv", "path": "c", "split": split} for split in ("validation", "test")],
}


def _sts_rows(split, seed):
    rng = random.Random(seed)
    texts = sentences(40, seed=seed)
    pairs = zip(texts[:20], texts[20:], strict=True)
    return [{"split": split, "sentence1": a, "sentence2": b, "score": rng.random()} for a, b in pairs]


def _rows(task):
    if task == "Tatoeba":
        texts = sentences(20)
        return [{"split": "test", "sentence1": text, "sentence2": " ".join(text.split()[1:])} for text in texts]
    return [*_sts_rows("validation", 1), *_sts_rows("test", 2)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project whose median embedder was scored on three tasks: mteb's data, a local copy, own data."""
    folder = tmp_path_factory.mktemp("built")
    write_project(folder)
    tasks = {name: TaskSpec.model_validate(spec) for name, spec in TASKS.items()}
    built = [build_task(name, spec, _rows(name), language="afr", script="Latn") for name, spec in tasks.items()]
    settings = EvaluateEmbedder(max_seq_length=TOKENS, batch_size=8, bf16=False, tasks=tasks)
    model = folder / OUTPUTS.embedders / CELL / "0-2"
    results = folder / OUTPUTS.mteb / CELL / "0-2"
    scores = evaluate_embedder(model, built, settings, name=f"{CELL}-0-2", results_dir=results, seed=1).scores
    write_scores(folder, CELL, {"0-2": scores})
    for baseline in ("untrained", "english_nli"):
        write_scores(folder, f"{baseline}-afr-tiny", {"0-0": scores})
    return folder


@pytest.fixture
def project(built, monkeypatch):
    monkeypatch.chdir(built)
    return built


def _params(project, *, files=FILES):
    sample = yaml.safe_load((project / "params.yaml").read_text())["corpora"]["sample"]
    return write_params(
        project,
        evaluate_embedder={"tasks": TASKS},
        corpora={"sample": sample | {"evaluation": files}},
    )


def _written(project, params, **options):
    published = prepare(CELL, REPO, params, OUTPUTS, work=project / "work", public=True)
    return published, leaderboard(published, REPO, params, OUTPUTS, public=True, **options)


def test_mtebs_loader_reads_the_results_of_its_own_data_alone(project):
    params = _params(project)
    published, written = _written(project, params, revision=COMMIT)
    assert written.tasks == ["SemRel24STS"]
    assert written.left_out == {
        "SampleSTS": "own data, no task of mteb",
        "Tatoeba": "mteb's task on own files, which nobody compared with the data that mteb publishes",
    }
    place = written.folder / "results" / "someone__afr-tiny.v1" / COMMIT
    assert {path.name for path in place.iterdir()} == {"SemRel24STS.json", "model_meta.json", "run_settings.jsonl"}
    loaded = mteb.ResultCache(written.folder).load_results(include_remote=False)
    [found] = loaded.model_results
    assert (found.model_name, found.model_revision) == (REPO, COMMIT)
    [result] = found.task_results
    assert list(result.scores) == ["test"]  # mteb reports no other split of it
    own = json.loads((OUTPUTS.scores / f"{CELL}.json").read_text())["embedders"]["0-2"]["scores"]
    assert result.get_score() == pytest.approx(own["SemRel24STS"]["test"], abs=1e-6)
    assert {json.loads(line)["task"] for line in (place / "run_settings.jsonl").read_text().splitlines()} == {
        "SemRel24STS"
    }
    assert all(reason in (written.folder / "README.md").read_text() for reason in written.left_out.values())
    card = published.card.read_text()
    assert "SemRel24STS (STS, split test): mteb's task, on the data that mteb publishes." in card
    assert "Tatoeba (BitextMining, split test): mteb's task on own files" in card
    assert "type: mteb/SemRel24STS" in card
    assert "type: Tatoeba" in card


def test_the_python_file_defines_what_mtebs_registry_holds(project):
    published, written = _written(project, _params(project), revision=COMMIT)
    [file] = written.folder.glob("*_models.py")
    assert file.name == "afr_tiny_v1_models.py"
    meta = runpy.run_path(str(file))["afr_tiny_v1"]
    assert isinstance(meta, ModelMeta)
    assert ModelMeta.model_validate(meta.model_dump()) == meta
    assert (meta.name, meta.revision, meta.languages) == (REPO, COMMIT, ["afr-Latn"])
    assert (meta.max_tokens, meta.embed_dim, meta.license) == (TOKENS, 32, "apache-2.0")
    assert meta.n_parameters > meta.n_embedding_parameters > 0
    saved = written.folder / "results" / "someone__afr-tiny.v1" / COMMIT / "model_meta.json"
    assert ModelMeta.model_validate_json_resolved(saved.read_text()).model_dump() == meta.model_dump()
    encoder = meta.loader(str(published.folder), device="cpu")  # as mteb does, by the name on the Hub
    assert encoder.model.encode(["bada kefe"]).shape == (1, 32)


def test_before_the_upload_there_is_no_revision_and_without_results_no_folder(project):
    params = _params(project)
    _, written = _written(project, params)
    [place] = (written.folder / "results").glob("*/*")
    assert place.name == "no_revision_available"
    assert "Not uploaded yet" in (written.folder / "README.md").read_text()
    _, written = _written(project, _params(project, files=FILES | {"SemRel24STS": FILES["SampleSTS"]}))
    assert written.tasks == []
    assert not (written.folder / "results").exists()
    assert "No results" in (written.folder / "README.md").read_text()


def test_rows_left_out_and_missing_splits_are_no_results(project):
    params = _params(project, files=FILES | {"SemRel24STS": [{"format": "mteb", "limit": 10}]})
    assert why_not_published("SemRel24STS", "afr", params) == "mteb's task on some rows only (`limit`)"
    assert why_not_published("SemRel24STS", "afr", _params(project)) == ""
    [source] = (OUTPUTS.mteb / CELL / "0-2" / "results").glob("bootembed__*-0-2/*")
    assert source.name == content_hash(OUTPUTS.embedders / CELL / "0-2")
    file = source / "SemRel24STS.json"
    saved = file.read_text()
    try:
        for change, told in (
            ({"dataset_revision": "older"}, "its data are of revision older, and mteb's are of "),
            ({"scores": {"validation": json.loads(saved)["scores"]["validation"]}}, r"not scored: ['test']"),
        ):
            file.write_text(json.dumps(json.loads(saved) | change))
            _, written = _written(project, _params(project))
            assert told in written.left_out["SemRel24STS"]
    finally:
        file.write_text(saved)
