"""The commands of the judge: corpora to a judge, ratings, the filter and its ablation, and triplets for a reader."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from encoders import write_encoder
from judges import judge_settings, toy_rows
from toy import toy_nli

from benchmarks import show_triplets
from bootembed.core.hashing import content_hash
from bootembed.core.names import Polarity
from bootembed.core.tables import (
    ANCHORS,
    GENERATED_TRIPLETS,
    JUDGE_NLI,
    REJECTED_TRIPLETS,
    TRIPLETS,
    read_table,
    write_table,
)
from bootembed.generation.answer_cache import Answer
from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.judge.labels import LABELS
from bootembed.triplets import generate
from stages import generate_triplets, rate_triplets, train_judge

RAW = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
ORIGIN = dict.fromkeys(("generator_hash", "positive_adapter_hash", "negative_adapter_hash", "prompt_version"), "")
SAID = {Polarity.POSITIVE: "Some", Polarity.NEGATIVE: "No"}
ORIGIN |= {"language": "afr", "answer_language": "eng", "strategy": "xl_lora", "seed": 1}


def _run(command, **options):
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def _params(folder, **sections):
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(RAW | sections))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with a trained judge and two generator seeds: a good triplet and its reverse, and none."""
    folder = tmp_path_factory.mktemp("run")
    for key, language in RAW["languages"].items():
        rows = toy_rows(240) if key == "afr" else []
        write_table(rows, JUDGE_NLI, folder / f"data/corpora/{language['role']}/{key}/judge_nli.parquet")
    write_encoder(folder / "models/base/tiny", "modernbert")
    judge = judge_settings(base="tiny").model_dump(mode="json", exclude_none=True)
    corpora = RAW["corpora"] | {
        "sample": RAW["corpora"]["sample"] | {"judge_nli": [{"format": "csv", "path": "judge.csv"}]}
    }
    params = _params(folder, generator_seeds=2, train_judge=judge, corpora=corpora)
    _run(
        train_judge.main,
        params=params,
        judge="nli",
        base_models_dir=folder / "models/base",
        corpora_dir=folder / "data/corpora",
        checkpoint_dir=folder / "work",
        output_dir=folder / "models/judges/nli",
        record=folder / "judge/nli.json",
        metrics=folder / "metrics/judge.json",
    )
    by_label = {row["label"]: row for row in toy_rows(3, seed=4)}
    good = {
        "anchor": by_label["entailment"]["premise"],
        "positive": by_label["entailment"]["hypothesis"],
        "negative": by_label["contradiction"]["hypothesis"],
    }
    turned = {**good, "positive": good["negative"], "negative": good["positive"]}
    rows = [{**row, **ORIGIN, "anchor_id": number} for number, row in enumerate((good, turned))]
    sets = folder / "data/training_sets/laptop/xl_lora-afr"
    write_table(rows, GENERATED_TRIPLETS, sets / "0/training.parquet")
    write_table([], GENERATED_TRIPLETS, sets / "1/training.parquet")
    write_table([good], TRIPLETS, folder / "data/training_sets/laptop/english_nli-afr/0/training.parquet")
    return folder


def test_a_trained_judge_is_measured_and_rates_every_generator_seed(trained):
    found = json.loads((trained / "metrics/judge.json").read_text())
    assert found["languages"]["afr"]["accuracy"] > 0.5
    assert found["training"]["afr.neutral"] > 0
    assert json.loads((trained / "judge/nli.json").read_text())["nli"]["curves"]["loss"][0][0] == 1
    metrics = trained / "metrics/xl_lora-afr.json"
    _run(
        rate_triplets.main,
        params=trained / "params.yaml",
        strategy="xl_lora",
        language="afr",
        judge=trained / "models/judges/nli",
        triplets=trained / "data/training_sets/laptop/xl_lora-afr",
        metrics=metrics,
    )
    rated = json.loads(metrics.read_text())
    assert rated["0"]["triplets"] == 2
    assert {f"positive_{label}_rate" for label in LABELS} <= set(rated["0"])
    assert rated["1"] == {"triplets": 0.0}


def test_where_no_filter_needs_a_judge_its_stage_writes_what_dvc_expects_and_nothing_else(trained, tmp_path):
    for key, language in RAW["languages"].items():
        write_table([], JUDGE_NLI, tmp_path / f"corpora/{language['role']}/{key}/judge_nli.parquet")
    (tmp_path / "base").mkdir()
    _run(
        train_judge.main,
        params=trained / "params.yaml",
        judge="none",
        base_models_dir=tmp_path / "base",
        corpora_dir=tmp_path / "corpora",
        checkpoint_dir=tmp_path / "work",
        output_dir=tmp_path / "judge",
        record=tmp_path / "record.json",
        metrics=tmp_path / "judge.json",
    )
    assert json.loads((tmp_path / "judge.json").read_text()) == {"training": {}, "languages": {}}
    assert json.loads((tmp_path / "record.json").read_text()) == {}
    assert [path.name for path in (tmp_path / "judge").iterdir()] == ["README.md"]


def test_the_filter_rejects_counts_and_lists(trained, tiny_generator, tmp_path, monkeypatch):
    answers = {p: [Answer(f"{word} {n} things are said.", True) for n in range(6)] for p, word in SAID.items()}
    monkeypatch.setattr(generate, "answer_premises", lambda *_, **__: answers)
    raw = yaml.safe_load((trained / "params.yaml").read_text()) | {"generator_seeds": 1}
    raw["generate_triplets"] |= {"anchors": 6}
    raw["generate_triplets"]["filters"] |= {
        "wrong_language": False,
        "numbers_differ": False,
        "judge": {"min_entailment": 1.0, "min_contradiction": None},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    texts = sorted({row["premise"] for row in toy_nli(60, seed=9)})[:6]
    write_table([{"text": text} for text in texts], ANCHORS, tmp_path / "anchors.parquet")
    write_generator(GeneratorDescription("xl_lora", "afr", "eng", "English", "entail_v1"), {}, tmp_path / "generator/0")
    _run(
        generate_triplets.main,
        params=tmp_path / "params.yaml",
        strategy="xl_lora",
        language="afr",
        base_model=tiny_generator,
        generator=tmp_path / "generator",
        encoder=trained / "models/base/tiny",
        judge=trained / "models/judges/nli",
        anchors=tmp_path / "anchors.parquet",
        answer_cache=tmp_path / "cache.jsonl",
        output_dir=tmp_path / "triplets",
        metrics=tmp_path / "metrics.json",
    )
    counts = json.loads((tmp_path / "metrics.json").read_text())["0"]
    aside = read_table(tmp_path / "triplets/0/rejected.parquet", REJECTED_TRIPLETS)
    assert counts["not_entailed"] == sum(row["reason"] == "not_entailed" for row in aside) > 0
    assert counts["kept"] == 0
    card = (tmp_path / "triplets/0/README.md").read_text()
    assert re.search(rf"judge, SHA-256 +\| {content_hash(trained / 'models/judges/nli')}", card)
    assert "judge.min_entailment" in card and "A judge, which errs too" in card


@pytest.mark.parametrize("suffix", [".md", ".tsv"])
def test_a_reader_gets_triplets_with_the_judges_verdicts(trained, tmp_path, suffix):
    output = tmp_path / f"triplets{suffix}"
    words = [str(trained), "--recipes", "xl_lora,english_nli", "--languages", "afr", "--output", str(output)]
    result = CliRunner().invoke(show_triplets.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = output.read_text().splitlines()
    verdicts = [line for line in lines if any(f"{label} 0." in line or f"{label} 1.00" in line for label in LABELS)]
    assert len(verdicts) == 3


def test_texts_for_a_reader_are_escaped():
    long = " ".join(f"word{number}" for number in range(100))
    row = ["a | b", "two\nlines\twith tab", "entailment 0.90", "<b>", "neutral 0.50"]
    markdown = show_triplets.as_markdown({("xl_lora", "afr"): [row]})
    assert "a \\| b" in markdown and "&lt;b&gt;" in markdown
    assert long in show_triplets.as_markdown({("xl_lora", "afr"): [[long, "b", "", "c", ""]]})
    (_, line) = show_triplets.as_tsv({("xl_lora", "afr"): [row]}).splitlines()
    assert line.split("\t") == [
        "xl_lora",
        "afr",
        "a | b",
        "two lines with tab",
        "entailment 0.90",
        "<b>",
        "neutral 0.50",
    ]
