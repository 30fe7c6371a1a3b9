"""Exports go to the Hub with what they are made of in their card, and with no file that their kind does not have."""

from __future__ import annotations

import json
import shutil
from functools import cache

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from encoders import sentences
from fake_hub import TOKEN, fake_hub
from huggingface_hub import ModelCard
from published_project import CELL, OUTPUTS
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

from bootembed.commands import main
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.exports.build import export_embedder, load_embedder
from bootembed.exports.champion import Exported
from bootembed.exports.record import RECORD, Original
from bootembed.publishing.folder import check_export_folder
from bootembed.publishing.publish import prepare
from bootembed.settings.exports import Onnx, Static, Trimmed, Truncated
from bootembed.settings.load import load_params

REPO = "someone/afr-small"
TEXTS = sentences(40)
SPECS = {
    "onnx": Onnx(kind="onnx", quantization=None),
    "onnx_int8": Onnx(kind="onnx", quantization="int8"),
    "static": Static(kind="static", dimensions=16, words=0),
    "truncated": Truncated(kind="truncated", dimensions=8),
    "trimmed": Trimmed(kind="trimmed", share=0.01, weights="float16"),
}


@pytest.fixture(scope="module")
def made(built, tmp_path_factory):
    """Makes the export of a kind, of an embedder of the project, once."""
    source = built / OUTPUTS.embedders / CELL / "0-2"

    @cache
    def make(kind):
        folder = tmp_path_factory.mktemp("made") / kind
        of = Original(content_hash(source), "models:/bootembed-afr/3" if kind == "onnx" else "")
        embedder = SentenceTransformer(str(source), device="cpu")
        export_embedder(embedder, SPECS[kind], folder, texts=TEXTS[:3], original=of)
        return folder

    return make


@pytest.fixture
def export(made, project):
    """Puts the export of a kind into the project."""
    return lambda kind: shutil.copytree(made(kind), project / f"models/exports/laptop/{kind}-afr")


def _prepared(project, folder):
    return prepare(str(folder), REPO, load_params(project / "params.yaml"), OUTPUTS, work=project / "w", public=False)


def _bytes(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _score(folder, project, score):
    found = Exported(f"{CELL}/0-2", content_hash(folder), "", 5, 10, {"SampleSTS": {"test": score}})
    (project / OUTPUTS.exports).mkdir(parents=True, exist_ok=True)
    (project / OUTPUTS.exports / f"{folder.name}.json").write_text(found.as_json())


@pytest.mark.parametrize("kind", SPECS)
def test_every_kind_goes_with_its_files_and_embeds_from_there(kind, export, project):
    folder = export(kind)
    published = _prepared(project, folder)
    card = published.card.read_text()
    assert f"**This is an export**, `{kind}`" in card
    assert f"the embedder 0-2 of `{CELL}`" in card
    assert "**This export was not scored.**" in card
    assert ModelCard(card).data.eval_results is None
    files = _bytes(folder)
    assert {name: content for name, content in _bytes(published.folder).items() if name != "README.md"} == files
    assert (load_embedder(published.folder).encode(TEXTS) == load_embedder(folder).encode(TEXTS)).all()
    graph = {"onnx/model.onnx", "onnx/model.onnx.data", "onnx/export.json"}
    assert (graph <= files.keys()) == kind.startswith("onnx")
    assert ("weights are stored as float16" in card) == (kind == "trimmed")
    assert ("special tokens included, is cut there" in card) == (kind != "static")


def test_the_card_of_a_scored_export_has_its_own_scores_and_how_to_load_it(export, project):
    folder = export("onnx")
    _score(folder, project, 0.456)
    card = _prepared(project, folder).card.read_text()
    rows = [" ".join(line.replace("|", " ").split()) for line in card.splitlines() if line.startswith("|")]
    assert "this model 0.456" in rows and "its original 0.500" in rows
    assert "version `models:/bootembed-afr/3`" in card
    assert "its original is the median of 3" in card
    assert f'model = load_model(snapshot_download("{REPO}", local_dir="model")).encoder' in card
    assert f'SentenceTransformer("{REPO}")' not in card
    assert "Sentence Transformers alone does not load it" in card
    [result] = ModelCard(card).data.eval_results
    assert (result.metric_value, result.metric_name) == (0.456, "cosine_spearman")


def test_scores_of_another_export_are_not_taken(export, project):
    folder = export("truncated")
    _score(folder, project, 0.456)
    (folder / "more.txt").write_text("made again")
    assert "**This export was not scored.**" in _prepared(project, folder).card.read_text()


def test_a_dry_run_sends_nothing_and_an_upload_arrives_privately(export, project, monkeypatch):
    folder = str(export("onnx"))
    with fake_hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        dry = CliRunner().invoke(main, ["publish", folder, REPO])
        assert dry.exit_code == 0, dry.output
        assert "bytes  onnx/model.onnx.data" in dry.output and "nothing was sent" in dry.output
        assert hub.requests == []
        sent = CliRunner().invoke(main, ["publish", folder, REPO, "--upload"])
        assert sent.exit_code == 0, sent.output
    repo = hub.repos["model", REPO]
    assert repo["visibility"] == "private"
    assert repo["files"] == _bytes(project / "work/publish/onnx-afr")
    assert hub.problems == []


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("onnx", "onnx/custom_ops.so", "custom_ops.so is no file of a model"),
        ("onnx", "onnx/other.onnx", "other.onnx is no file of a model"),
        ("onnx", "model.onnx", "model.onnx is no file of a model"),
        ("onnx", "modeling.py", "modeling.py is no file of a model"),
        ("onnx", "pytorch_model.bin", "may hold a pickle"),
        ("static", "vocab.txt", "vocab.txt is no file of a model"),
        ("truncated", "onnx/model.onnx", "model.onnx is no file of a model"),
        ("trimmed", "model.safetensors", "is no safetensors"),
    ],
)
def test_what_its_kind_does_not_have_is_refused_by_name(kind, name, told, export):
    folder = export(kind)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x04")
    with pytest.raises(DataError, match=told):
        check_export_folder(folder, SPECS[kind])


def test_a_graph_that_reads_elsewhere_or_is_not_whole_is_refused(export):
    model_folder = export("onnx")
    folder = model_folder / "onnx"
    whole, manifest = _bytes(folder), folder / "export.json"

    def refused(told):
        with pytest.raises(DataError, match=told):
            check_export_folder(model_folder, SPECS["onnx"])
        for name, content in whole.items():
            (folder / name).write_bytes(content)

    model = onnx.load(folder / "model.onnx", load_external_data=False)
    outside = next(tensor for tensor in model.graph.initializer if tensor.external_data)
    next(entry for entry in outside.external_data if entry.key == "location").value = "../../secret"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    refused("keeps weights in '../../secret'")
    (folder / "model.onnx.data").write_bytes(whole["model.onnx.data"][:-1])
    refused("model.onnx.data: is cut off")
    (folder / "model.onnx.data").unlink()
    refused("model.onnx.data: is cut off, or is not there")
    (folder / "model.onnx").write_bytes(b"no graph")
    refused("is no whole ONNX export")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"export_format": "dynamo"}))
    refused("not one ONNX graph")
    assert len(check_export_folder(model_folder, SPECS["onnx"])) > 5
    save_file({"weight": np.zeros(1)}, model_folder / "model.safetensors")
    refused("has weights beside its graph")


def test_an_export_of_an_unknown_model_is_refused(export, project):
    folder = export("truncated")
    record = folder / RECORD
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"original": ""}))
    with pytest.raises(DataError, match="no embedder that was scored here is its original"):
        _prepared(project, folder)
    record.write_text("{}")
    with pytest.raises(DataError, match="is no record of an export"):
        _prepared(project, folder)
    record.unlink()
    with pytest.raises(DataError, match="run `bootembed run export_embedder` again"):
        _prepared(project, "models/exports/laptop/truncated-afr")


def test_an_original_that_was_trained_again_is_refused(export, project):
    (project / OUTPUTS.embedders / CELL / "0-2/README.md").write_text("trained again\n")
    with pytest.raises(DataError, match="its scores are of another model"):
        _prepared(project, export("truncated"))


def test_the_folder_itself_is_not_written_over(export, project):
    place = shutil.copytree(export("truncated"), project / "w/short")
    with pytest.raises(DataError, match="name another one with --work-dir"):
        _prepared(project, place)
    assert (place / "modules.json").is_file()


def test_nothing_is_written_around_the_embedder(project):
    params = load_params(project / "params.yaml")
    with pytest.raises(DataError, match="name another one with --work-dir"):
        prepare(CELL, REPO, params, OUTPUTS, work=OUTPUTS.embedders, public=False)
    assert (project / OUTPUTS.embedders / CELL / "0-2/model.safetensors").is_file()
