"""The benchmarks of speed do the work that they time: every procedure on tiny real models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asking import random_adapters
from click.testing import CliRunner
from encoders import sentences, write_encoder
from toy import toy_nli

from benchmarks import embedder, generation
from bootembed.params import Strategy
from bootembed.tables import ANCHORS, STS, TRIPLETS, write_table
from bootembed.triplets.generator import describe_generator, write_generator
from bootembed.triplets.shots import ShotPool

PARAMS = Path(__file__).parents[2] / "params.yaml"


def _once(command, *arguments):
    result = CliRunner().invoke(command, ["once", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("procedure", ["official", "transformers"])
def test_triplets_are_written(tiny_generator, tmp_path, procedure):
    names = {"language": "afr", "language_name": "Afrikaans", "prompt_version": "entail_v1", "shots": ShotPool()}
    adapters = random_adapters(tiny_generator, tmp_path / "adapters")
    write_generator(describe_generator(Strategy.XL_LORA, **names), adapters, tmp_path / "generator")
    write_table([{"text": row["premise"]} for row in toy_nli(6)], ANCHORS, tmp_path / "anchors.parquet")
    folders = ["--base-model", tiny_generator, "--generator", tmp_path / "generator"]
    table = ["--anchors", tmp_path / "anchors.parquet", "--params", PARAMS]
    found = _once(generation.main, procedure, *folders, *table, "--rows", 5)
    assert found["triplets"] == 5
    assert 10 < found["completion_tokens"] <= 2 * 5 * 32
    assert found["seconds"] > 0


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
    assert found["ours"]["spearman"] == pytest.approx(found["ours-cached"]["spearman"], abs=0.1)
