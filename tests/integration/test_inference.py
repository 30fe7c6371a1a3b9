"""Using a model from the command line: embedding files, searching, comparing scores."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from encoders import sentences, write_embedder
from sentence_transformers import SentenceTransformer

from bootembed.commands import main
from bootembed.inference import compare
from bootembed.inference import embed as embedding
from bootembed.registry import lookup

TEXTS = sentences(30)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_embedder(tmp_path_factory.mktemp("model") / "m", "bert", pooling="mean", max_seq_length=32)


def _run(*words):
    return CliRunner().invoke(main, [*map(str, words)])


def _table(path):
    if path.suffix == ".txt":
        path.write_text("\n".join([*TEXTS[:10], "", *TEXTS[10:]]) + "\n")
    elif path.suffix == ".tsv":
        path.write_text("\n".join(["en\town", *(f"x\t{text}" for text in TEXTS)]) + "\n")
    else:
        path.write_text("\n".join(json.dumps({"text": text, "n": 1}) for text in TEXTS) + "\n")
    return path


@pytest.mark.parametrize(("name", "options"), [("a.txt", ()), ("a.tsv", ("--column", "own")), ("a.jsonl", ())])
def test_a_file_is_embedded_with_its_texts_in_order(name, options, model, tmp_path):
    file, output = _table(tmp_path / name), tmp_path / "out.parquet"
    result = _run("embed", model, file, "-o", output, *options, "--part-rows", 7)
    assert result.exit_code == 0, result.output
    assert "30 texts" in result.output
    found = pq.read_table(output).to_pydict()
    assert found["text"] == TEXTS
    wanted = SentenceTransformer(str(model), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(np.array(found["embedding"]), wanted, atol=1e-5)
    if name == "a.txt":
        assert found["line"] == [*range(1, 11), *range(12, 32)]
        assert "1 rows without text left out" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "out.parquet"]


def test_npy_holds_the_same_and_the_texts_lie_beside_it(model, tmp_path):
    file = _table(tmp_path / "a.txt")
    for output in ("out.npy", "out.parquet"):
        assert _run("embed", model, file, "-o", tmp_path / output, "--part-rows", 8).exit_code == 0
    table = pq.read_table(tmp_path / "out.parquet")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.array(table["embedding"].to_pylist(), np.float32))
    assert pq.read_table(tmp_path / "out.texts.parquet") == table.select(["line", "text"])


@pytest.mark.parametrize(("name", "output"), [("a.parquet", "a.parquet"), ("a.texts.parquet", "a.npy")])
def test_a_file_is_not_written_over_by_its_embeddings(name, output, model, tmp_path):
    pq.write_table(pa.table({"text": TEXTS, "n": range(30)}), tmp_path / name)
    result = _run("embed", model, tmp_path / name, "-o", tmp_path / output)
    assert (result.exit_code, "would be written over" in result.output) == (1, True)
    assert pq.read_table(tmp_path / name)["n"].to_pylist() == [*range(30)]


def test_a_stopped_call_goes_on_where_it_was(model, tmp_path, monkeypatch):
    file, output = _table(tmp_path / "a.txt"), tmp_path / "out.parquet"
    write = embedding._write_part

    def stop_at_the_third(path, *rows):
        if path.name == "000002.parquet":
            raise KeyboardInterrupt
        write(path, *rows)

    monkeypatch.setattr(embedding, "_write_part", stop_at_the_third)
    assert _run("embed", model, file, "-o", output, "--part-rows", 10).exit_code == 1
    monkeypatch.setattr(embedding, "_write_part", write)
    result = _run("embed", model, file, "-o", output, "--part-rows", 10)
    assert "30 texts, 19 of them earlier" in result.output
    assert pq.read_table(output)["text"].to_pylist() == TEXTS


def test_parts_of_another_file_are_not_used(model, tmp_path):
    file, output = _table(tmp_path / "a.txt"), tmp_path / "out.parquet"
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "state.json").write_text("{}")
    (parts / "000000.parquet").write_text("of another file")
    assert "earlier" not in _run("embed", model, file, "-o", output).output
    assert pq.read_table(output).num_rows == 30


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("{model}", "{tsv}", "-o", "{folder}/o.parquet"), "choose one with --column: 'en', 'own'"),
        (("{model}", "{tsv}", "--column", "x", "-o", "{folder}/o.parquet"), "has no column 'x'; choose one"),
        (("{model}", "{tsv}", "--column", "en", "-o", "{folder}/o.bin"), "must end in one of .parquet, .npy"),
        (("nowhere", "{tsv}", "--column", "en", "-o", "{folder}/o.npy"), "nowhere: is no folder; give a folder"),
        (("{folder}", "{tsv}", "--column", "en", "-o", "{folder}/o.npy"), "cannot be loaded as a Sentence"),
        (("{model}", "{folder}/a.doc", "-o", "{folder}/o.npy"), "its name does not say what it holds"),
    ],
)
def test_what_cannot_be_embedded_is_one_line(words, told, model, tmp_path):
    (tmp_path / "a.doc").write_text("x")
    tsv = _table(tmp_path / "a.tsv")
    result = _run("embed", *(word.format(model=model, tsv=tsv, folder=tmp_path) for word in words))
    assert result.exit_code == 1
    assert told in result.output
    assert len(result.output.splitlines()) == 1


def test_search_finds_the_text_itself_first_in_the_file_and_in_its_embeddings(model, tmp_path):
    file, output = _table(tmp_path / "a.txt"), tmp_path / "out.parquet"
    _run("embed", model, file, "-o", output)
    for where in (file, output):
        result = _run("search", model, where, TEXTS[12], "--top", 3)
        lines = result.output.splitlines()
        assert lines[0] == f"1.000\t14\t{TEXTS[12]}"
        assert len(lines) == 3


def test_cells_are_compared_on_common_tasks(tmp_path, monkeypatch):
    def write(cell, *scores, task="STS"):
        embedders = {f"0-{n}": {"scores": {task: {"test": score}}, "geometry": {}} for n, score in enumerate(scores)}
        (tmp_path / f"{cell}.json").write_text(json.dumps({"embedders": embedders}))

    write("one-afr-tiny", 0.5, 0.7)
    write("two-afr-tiny", 0.4, 0.4)
    write("other-afr-tiny", 0.4, task="Else")
    where = ("--scores-dir", tmp_path, "--results-dir", tmp_path)
    result = _run("compare", "one-afr-tiny", "models/embedders/two-afr-tiny/0-1", *where)
    assert result.exit_code == 0, result.output
    assert all(part in result.output for part in ("STS", "0.6000 ± 0.1414", "0.4000", "+0.2000"))
    assert "no common task" in _run("compare", "one-afr-tiny", "other-afr-tiny", *where).output
    result = _run("compare", "one-afr-tiny", "tow-afr-tiny", *where)
    assert (result.exit_code, "did you mean 'two-afr-tiny'" in result.output) == (1, True)
    assert "if it is a cell of the profile, score it: `bootembed run --with-inputs" in result.output

    tags = {"recipe": "one", "encoder": "tiny", "embedder": "0-1", "content_hash": "abc"}
    monkeypatch.setattr(lookup, "version_of", lambda _: SimpleNamespace(name="afr_embedder", tags=tags))
    model = SimpleNamespace(tags={"language": "Afrikaans (afr)"})
    monkeypatch.setattr(lookup, "connect", lambda: SimpleNamespace(get_registered_model=lambda _: model))
    result = _run("compare", "models:/bootembed-afr@champion", "two-afr-tiny", *where)
    assert (result.exit_code, "are of another model" in result.output) == (1, True)
    (tmp_path / "one-afr-tiny/0-1/results/model/abc").mkdir(parents=True)
    found = compare.find_scores("models:/bootembed-afr@champion", scores_dir=tmp_path, results_dir=tmp_path)
    assert list(found.scores["STS", "test"].values()) == [0.7]

    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("profile: laptop\n")
    (tmp_path / "dvc.yaml").symlink_to(Path(__file__).parents[2] / "dvc.yaml")
    result = _run("compare", "models/embedders/real/two-afr-tiny", "one-afr-tiny")
    assert (result.exit_code, "first run `bootembed compose real`" in result.output) == (1, True)
