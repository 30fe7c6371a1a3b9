"""The benchmarks do the work that they measure: on tiny real models."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
import yaml
from asking import random_adapters
from click.testing import CliRunner
from encoders import sentences, write_embedder, write_encoder
from forks import Fork
from toy import toy_nli

from benchmarks import adapter, embedder, exports, generation, killed_generation
from bootembed.adapters import answers_only, train
from bootembed.core.tables import ANCHORS, NLI, TRIPLETS, write_table
from bootembed.evaluation.kinds.sts import SCHEMA as STS
from bootembed.generation.generator import GeneratorDescription, write_generator

PARAMS = Path(__file__).parents[2] / "params.yaml"


def _once(command, *arguments):
    result = CliRunner().invoke(command, ["once", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture
def generating(tiny_generator, tmp_path):
    """Options that name a generator with adapters, and anchors."""
    description = GeneratorDescription("xl_lora", "afr", "eng", "English", "entail_v1")
    adapters = random_adapters(tiny_generator, tmp_path / "adapters")
    write_generator(description, adapters, tmp_path / "generator/0")
    anchors = [{"text": row["premise"]} for row in toy_nli(30)]
    write_table(anchors, ANCHORS, tmp_path / "anchors.parquet")
    folders = ["--base-model", tiny_generator, "--generator", tmp_path / "generator"]
    return [*folders, "--anchors", tmp_path / "anchors.parquet", "--params", PARAMS]


@pytest.mark.parametrize("procedure", generation.PROCEDURES[:3])
def test_triplets_are_written(generating, procedure, tmp_path):
    found = _once(generation.main, procedure, *generating, "--generator", tmp_path / "generator/0", "--rows", 5)
    assert found["triplets"] == 5
    assert 10 < found["completion_tokens"] <= 2 * 5 * 32
    assert found["seconds"] > 0


def test_adapters_of_every_procedure_see_the_same_tokens_and_lose_the_same(tiny_generator, tmp_path, monkeypatch):
    monkeypatch.setattr("bootembed.core.arithmetic.prepare_arithmetic", lambda **_: None)  # tests have theirs
    for name in ("answers_only", "pad_batch"):
        monkeypatch.setattr(answers_only, name, getattr(answers_only, name))  # put back after the test
    monkeypatch.setattr(train, "POINT_EVERY", train.POINT_EVERY)
    monkeypatch.setattr(answers_only, "LARGEST_LOGITS", 1)
    write_table(toy_nli(60), NLI, tmp_path / "nli.parquet")
    options = ["--base-model", tiny_generator, "--rows", tmp_path / "nli.parquet", "--params", PARAMS]
    official, all_logits, ours, whole, half, half_whole = (
        _once(adapter.main, procedure, *options, "--examples", 24) for procedure in adapter.PROCEDURES
    )
    for other in (half, half_whole):
        assert other["last_loss"] == pytest.approx(ours["last_loss"], rel=0.05)
        assert other["last_loss"] != ours["last_loss"]
    assert ours["tokens"] == all_logits["tokens"] == official["tokens"] > 24 * 5
    for other in (all_logits, official, whole):
        assert other["first_loss"] == pytest.approx(ours["first_loss"], abs=1e-5)
        assert other["last_loss"] == pytest.approx(ours["last_loss"], abs=1e-4)


def test_kills_land_within_generation_and_what_they_cost_is_counted(tiny_generator, generating, tmp_path, monkeypatch):
    monkeypatch.setattr(killed_generation.subprocess, "Popen", lambda command, env: Fork(command[1:], env=env))
    output = tmp_path / "result.json"
    sizes = ["--encoder", tiny_generator, "--rows", 60, "--batch-size", 4, "--kills", 2, "--output", output]
    result = CliRunner().invoke(killed_generation.main, ["measure", *map(str, [*generating, *sizes])])
    assert result.exit_code == 0, result.output
    told = json.loads(output.read_text())
    assert told["identical"]
    assert told["answers"] == 120
    assert told["begun"] == 120 + told["begun_again"]
    assert told["begun_again"] == sum(kill["begun_in_vain"] for kill in told["kills"])
    assert all(0 <= kill["answers_in_answer_cache"] < 120 and kill["batches_begun"] for kill in told["kills"])
    assert told["most_begun_in_vain_by_a_kill"] <= 4


def test_a_killed_run_that_differs_or_pays_twice_is_found(tmp_path):
    cells = [killed_generation.Cell(tmp_path / name, PARAMS, {}) for name in ("undisturbed", "killed")]
    line = '{"key": "%s", "text": "%s", "finished": true}\n'
    for cell in cells:
        cell.folder.mkdir()
        for name in killed_generation._OUTPUTS:
            (cell.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (cell.folder / name).write_text('{"0": {"kept": 3}}')
        cell.begun.write_text("0.5 a b\n0.7 c\n")
        cell.answer_cache.write_text("".join(line % (key, "text") for key in "abc"))
    found = killed_generation.compare(*cells)
    assert (found["identical"], found["begun_again"], found["written_twice"]) == (True, 0, 0)
    cells[1].begun.write_text("0.5 a b\n0.9 a b\n1.1 c\n")
    cells[1].answer_cache.write_text("".join(line % (key, "text") for key in "aabc") + '{"key": "d')
    found = killed_generation.compare(*cells)
    assert (found["identical"], found["begun_again"], found["written_twice"]) == (True, 2, 1)
    cells[1].answer_cache.write_text("".join(line % (key, "other") for key in "abc"))
    assert not killed_generation.compare(*cells)["identical"]
    cells[0].answer_cache.write_bytes(cells[1].answer_cache.read_bytes())
    (cells[1].folder / "triplets/0/training.parquet").write_text("other")
    found = killed_generation.compare(*cells)
    assert not found["identical"]
    assert not found["identical_files"]["triplets/0/training.parquet"]


def test_padding_and_mini_batches_change_no_score(tmp_path):
    encoder = write_encoder(tmp_path / "encoder", "bert")
    texts = sentences(40)
    rows = [
        {"anchor": text, "positive": " ".join(reversed(text.split())), "negative": texts[place - 1]}
        for place, text in enumerate(texts)
    ]
    pairs = [
        {"split": "test", "sentence1": text, "sentence2": " ".join(text.split()[place % 3 :]), "score": -place % 3 / 1}
        for place, text in enumerate(texts)
    ]
    write_table(rows, TRIPLETS, tmp_path / "rows.parquet")
    write_table(pairs, STS, tmp_path / "sts.parquet")
    tables = ["--training-set", tmp_path / "rows.parquet", "--sts", tmp_path / "sts.parquet", "--params", PARAMS]
    sizes = ["--rows", 32, "--batch-size", 16, "--mini-batch-size", 4]
    found = {
        procedure: _once(embedder.main, procedure, "--encoder", encoder, *tables, *sizes)
        for procedure in embedder.PROCEDURES
    }
    assert all(run["sentences_per_second"] > 0 for run in found.values())
    assert found["official-32"]["spearman"] == pytest.approx(found["official-longest"]["spearman"], abs=0.02)
    for other in ("ours-cached", "ours-bf16"):
        assert found["ours"]["spearman"] == pytest.approx(found[other]["spearman"], abs=0.1)
    assert found["ours"]["spearman"] != found["ours-bf16"]["spearman"]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder as working directory, where processes find the benchmarks too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PARAMS.parent / "src"), str(PARAMS.parent)]))
    return tmp_path


def test_exports_are_scored_and_timed_beside_the_original(elsewhere, monkeypatch):
    params = yaml.safe_load(PARAMS.read_text())
    params["exports"] = {"short": {"kind": "truncated", "dimensions": 8}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    texts = sentences(24)
    for folder in ("data/corpora/target/afr", "data/corpora/english/eng"):
        write_table([{"text": text} for text in texts], ANCHORS, Path(folder) / "anchors.parquet")
    pairs = [
        {"split": "test", "sentence1": text, "sentence2": " ".join(text.split()[place % 3 :]), "score": -place % 3 / 1}
        for place, text in enumerate(texts)
    ]
    write_table(pairs, STS, Path("data/evaluation/afr/SampleSTS.parquet"))
    model = write_embedder(elsewhere / "cell/0-0", "bert", pooling="mean", max_seq_length=16)
    rate, timed = exports._rate, []

    def time_once(*arguments):
        """A process for the first of them alone."""
        timed.append(timed[0] if timed else rate(*arguments))
        return timed[-1]

    monkeypatch.setattr(exports, "_rate", time_once)
    sizes = ["--language", "afr", "--sentences", "8", "--rounds", "1", "--threads", "1", "--output", "found.json"]
    result = CliRunner().invoke(exports.main, ["measure", str(model), *sizes], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = json.loads(Path("found.json").read_text())
    assert (told["model"], list(told["exports"])) == ("cell/0-0", ["original", "short"])
    for row in told["exports"].values():
        assert row["sentences_a_second"] > 0
        assert row["scores"].keys() == row["loss"].keys() == {"SampleSTS.test"}
    assert told["exports"]["original"]["loss"]["SampleSTS.test"] == 0
    assert [line.split()[0] for line in result.stdout.splitlines() if " MB " in line] == ["original", "short"]
    unknown = CliRunner().invoke(exports.main, ["measure", str(model), *sizes, "--only", "shrot"])
    assert (unknown.exit_code, "params.yaml has no export 'shrot'" in unknown.output) == (2, True)


def test_a_benchmark_tells_why_an_export_cannot_be_timed(elsewhere):
    Path("texts.json").write_text("[]")
    with pytest.raises(click.ClickException, match="no Sentence Transformers folder"):
        exports._rate(elsewhere, Path("texts.json"), 1)
