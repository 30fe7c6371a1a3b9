"""Generation on a tiny real model: both polarities resident, provenance, resuming, base models that resume."""

from __future__ import annotations

import json

import pytest
from filter_settings import ALL
from generation_settings import GREEDY
from toy import CONTRADICTED, ENTAILED, toy_nli

from bootembed.adapters.examples import entailment_examples
from bootembed.adapters.train import train_adapter
from bootembed.core.hashing import content_hash
from bootembed.core.names import Polarity
from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.generation.shots import Example, ShotPool
from bootembed.prompts import prompt_definition
from bootembed.settings.models import Lora
from bootembed.triplets.generate import generate_triplets

ANCHORS = [row["premise"] for row in toy_nli(9, seed=5) if row["label"] == "entailment"] + ["The child opens a box."]


@pytest.fixture(scope="module")
def generator_dir(tiny_generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator")
    lora = Lora(
        r=8,
        lora_alpha=16,
        lora_dropout=0.0,
        train_examples=800,
        num_train_epochs=1,
        learning_rate=4e-3,
        lr_scheduler_type="constant",
        warmup_steps=0,
        per_device_train_batch_size=16,
        gradient_accumulation_steps=1,
        max_length=96,
        max_grad_norm=1.0,
        save_steps=500,
        gradient_checkpointing=False,
        bf16=False,
        load_in_4bit=False,
    )
    adapters = {}
    for polarity in Polarity:
        adapters[polarity] = folder / f"adapter_{polarity}"
        train_adapter(
            tiny_generator,
            entailment_examples(toy_nli(800, seed=3), prompt_definition("entail_v1"), polarity),
            lora,
            output_dir=adapters[polarity],
            checkpoint_dir=folder / "work",
            seed=1,
        )
    description = GeneratorDescription("xl_lora", "afr", "eng", "English", "entail_v1")
    write_generator(description, adapters, folder / "xl_lora-afr")
    return folder / "xl_lora-afr"


def _generate(base, generator, answer_cache, anchors=ANCHORS):
    return generate_triplets(
        base, generator, anchors, generation=GREEDY, filters=ALL, answer_cache_path=answer_cache, seed=7
    )


def test_each_polarity_is_answered_by_its_own_adapter(tiny_generator, generator_dir, tmp_path):
    """The adapters learned different answers; none may come from the other polarity's adapter."""
    triplets = _generate(tiny_generator, generator_dir, tmp_path / "answer_cache.jsonl", ANCHORS)
    positives = {v.candidate.positive.text for v in triplets.verdicts}
    negatives = {v.candidate.negative.text for v in triplets.verdicts}
    assert positives == {ENTAILED}
    assert negatives == {CONTRADICTED}


def test_rows_carry_their_provenance(tiny_generator, generator_dir, tmp_path):
    triplets = _generate(tiny_generator, generator_dir, tmp_path / "answer_cache.jsonl")
    assert triplets.counts["candidates"] == len(ANCHORS)
    assert triplets.counts["kept"] + sum(1 for v in triplets.verdicts if v.reason) == len(ANCHORS)
    row = triplets.rows[0]
    assert row["generator_hash"] == content_hash(tiny_generator)
    assert row["positive_adapter_hash"] == content_hash(generator_dir / "positive")
    assert row["negative_adapter_hash"] == content_hash(generator_dir / "negative")
    assert (row["strategy"], row["language"], row["answer_language"]) == ("xl_lora", "afr", "eng")
    assert (row["prompt_version"], row["seed"]) == ("entail_v1", 7)
    assert row["anchor"] == ANCHORS[row["anchor_id"]]


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(tiny_generator, generator_dir, tmp_path):
    whole = _generate(tiny_generator, generator_dir, tmp_path / "whole.jsonl")
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_text("".join(lines[:3]) + lines[3][: len(lines[3]) // 2])
    resumed = _generate(tiny_generator, generator_dir, tmp_path / "cut.jsonl")
    assert resumed.rows == whole.rows
    keys = [json.loads(line)["key"] for line in (tmp_path / "whole.jsonl").read_text().splitlines() if line]
    assert len(keys) == len(set(keys))


def test_too_long_prompts_are_counted_not_cut(tiny_generator, generator_dir, tmp_path):
    triplets = _generate(tiny_generator, generator_dir, tmp_path / "l.jsonl", [*ANCHORS[:2], "very " * 200])
    assert triplets.counts["prompt_too_long"] == 1
    assert triplets.counts["candidates"] == 3


def test_each_anchor_gets_its_own_examples(tiny_generator, tmp_path):
    """An example too long for the prompt is in the way of the anchor it is similar to, and of no other."""
    pool = [Example("A door. " + "The cat is a cat. " * 60, "p", "n"), Example("A book opens a book.", "p", "n")]
    description = GeneratorDescription(
        "in_context", "eng", "eng", "English", "entail_v1", shots=ShotPool(pool, 1, "similar")
    )
    write_generator(description, {}, tmp_path / "in_context-eng")
    triplets = generate_triplets(
        tiny_generator,
        tmp_path / "in_context-eng",
        ["The child opens a book.", "The cat is a door."],
        generation=GREEDY.model_copy(update={"max_prompt_tokens": 250}),
        filters=ALL,
        answer_cache_path=tmp_path / "answer_cache.jsonl",
        seed=7,
    )
    assert [verdict.candidate.positive is None for verdict in triplets.verdicts] == [False, True]
    assert triplets.shots == description.shots
