"""The commands of assembling and generating: from example rows to a folder that `datasets` can load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from encoders import write_encoder
from toy import CONTRADICTED, ENTAILED, toy_nli

from bootembed.core.hashing import content_hash
from bootembed.core.tables import (
    ANCHORS,
    EXAMPLES,
    GENERATED_TRIPLETS,
    NLI,
    REJECTED_TRIPLETS,
    read_table,
    write_table,
)
from bootembed.triplets.filters import TripletRejection
from stages import assemble_generator, generate_triplets, judge_triplets

PREMISES = sorted({row["premise"] for row in toy_nli(60, seed=9)})


@pytest.fixture
def params(tmp_path):
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["generator_seeds"] = 2
    raw["generate_triplets"] |= {"anchors": 6}
    raw["generate_triplets"]["filters"]["wrong_language"] = True
    raw["generate_triplets"]["filters"]["semantic"]["min_margin"] = -2.0
    raw["in_context"] |= {"examples": 2, "selection": "similar", "order": "most_similar_last"}
    raw["generation"] |= {"max_new_tokens": 12, "max_prompt_tokens": 250}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def _run(command, **options):
    words = [
        word
        for name, value in options.items()
        for each in (value if isinstance(value, list) else [value])
        for word in (f"--{name.replace('_', '-')}", str(each))
    ]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_in_context_from_examples_to_a_dataset(tiny_generator, tmp_path, params):
    write_table(({"text": text} for text in PREMISES[:8]), ANCHORS, tmp_path / "anchors.parquet")
    examples = [{"anchor": p, "positive": ENTAILED, "negative": CONTRADICTED} for p in PREMISES[6:14]]
    write_table(examples, EXAMPLES, tmp_path / "examples.parquet")
    write_table([], NLI, tmp_path / "nli.parquet")
    cell = {"strategy": "in_context", "language": "afr", "params": params}
    _run(
        assemble_generator.main,
        **cell,
        input=[
            f"examples={tmp_path / 'examples.parquet'}",
            f"english_nli={tmp_path / 'nli.parquet'}",
            f"anchors={tmp_path / 'anchors.parquet'}",
        ],
        output_dir=tmp_path / "generator",
    )
    descriptions = [json.loads((tmp_path / f"generator/{number}/generator.json").read_text()) for number in range(2)]
    assert [(found["number"], found["shots"]["excluded"]) for found in descriptions] == [(0, 2), (1, 2)]
    assert descriptions[0]["shots"]["seed"] != descriptions[1]["shots"]["seed"]
    encoder = write_encoder(tmp_path / "encoder", "bert")
    (tmp_path / "judge").mkdir()
    for name in ("one", "two"):
        _run(
            generate_triplets.main,
            **cell,
            base_model=tiny_generator,
            generator=tmp_path / "generator",
            encoder=encoder,
            judge=tmp_path / "judge",
            anchors=tmp_path / "anchors.parquet",
            answer_cache=tmp_path / "answer_cache.jsonl",
            output_dir=tmp_path / name,
            metrics=tmp_path / f"{name}.json",
        )
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")
    assert len((tmp_path / "answer_cache.jsonl").read_text().splitlines()) == 2 * 6 * 2  # seeds, anchors, polarities
    found = json.loads((tmp_path / "one.json").read_text())
    written = []
    for number, metrics in found.items():
        folder = tmp_path / "one" / number
        kept = read_table(folder / "training.parquet", GENERATED_TRIPLETS)
        aside = read_table(folder / "rejected.parquet", REJECTED_TRIPLETS)
        written.append({row["anchor_id"]: (row["positive"], row["negative"]) for row in kept + aside})
        assert metrics["candidates"] == 6 == len(kept) + len(aside)
        assert sorted(written[-1]) == list(range(6))
        assert all(
            metrics[reason] == sum(row["reason"] == reason for row in aside) for reason in map(str, TripletRejection)
        )
        assert metrics["language_check"] == 1
        assert "similar, of 6" in (folder / "README.md").read_text()
    assert list(found) == ["0", "1"]
    assert written[0] != written[1]


def test_kept_triplets_are_judged_by_the_grammar(tmp_path, params):
    row = dict.fromkeys(("generator_hash", "positive_adapter_hash", "negative_adapter_hash", "prompt_version"), "")
    row |= {"language": "eng", "answer_language": "eng", "strategy": "in_context", "seed": 1, "anchor_id": 0}
    row |= {"anchor": "The farmer buys an apple on Monday."}
    row |= {"positive": "The farmer buys an apple.", "negative": "The farmer buys an apple on Monday."}
    options = {"strategy": "in_context", "language": "afr", "params": params}
    for number, rows in (("0", [row]), ("1", [])):
        write_table(rows, GENERATED_TRIPLETS, tmp_path / "triplets" / number / "training.parquet")
    metrics = tmp_path / "oracle/in_context-afr.json"
    _run(judge_triplets.main, **options, triplets=tmp_path / "triplets", metrics=metrics)
    found = json.loads(metrics.read_text())
    assert (found["0"]["positive_precision"], found["0"]["negative_precision"]) == (1.0, 0.0)
    assert (found["0"]["positive_entailment"], found["0"]["negative_same"]) == (1.0, 1.0)
    assert found["1"] == {}
