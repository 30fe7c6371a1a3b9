"""Training on a mixture: both recipes are learned from, each with its own objective, and a killed run goes on."""

from __future__ import annotations

import logging

import pytest
from encoders import sentences, write_encoder
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import pairwise_cos_sim

from bootembed.core.hashing import content_hash
from bootembed.embedder.train import train_embedder
from bootembed.settings.embedder import TrainEmbedder

SETTINGS = TrainEmbedder(
    objective="contrastive",
    distillation_english_share=0.25,
    pooling="mean",
    temperature=0.05,
    num_train_epochs=12,
    learning_rate=2e-3,
    warmup_steps=0,
    lr_scheduler_type="constant",
    per_device_train_batch_size=8,
    max_seq_length=12,
    bf16=False,
    fp16=False,
)


@pytest.fixture(scope="module")
def xlmr(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta")


def _mixture(count=24):
    texts = sentences(5 * count, seed=1)
    triplets = [
        {"recipe": "xl_lora", "anchor": a, "positive": p, "negative": n}
        for a, p, n in zip(texts[:count], texts[count : 2 * count], texts[2 * count : 3 * count], strict=True)
    ]
    pairs = [
        {"recipe": "multilingual_distillation", "anchor": a, "positive": p}
        for a, p in zip(texts[3 * count : 4 * count], texts[4 * count :], strict=True)
    ]
    return triplets + pairs


def _train(base, rows, folder, **update):
    names = {"recipe": "mixture", "language": "afr", "encoder": "xlmr", "scoring_max_seq_length": 12, "seed": 3}
    metrics = train_embedder(
        base,
        rows,
        SETTINGS.model_copy(update=update),
        output_dir=folder / "model",
        checkpoint_dir=folder / "work",
        **names,
    )
    return metrics, folder / "model"


def _similarity(folder, rows):
    model = SentenceTransformer(str(folder))
    sides = [model.encode([row[name] for row in rows]) for name in ("anchor", "positive")]
    return float(pairwise_cos_sim(*sides).mean())


@pytest.mark.parametrize("objectives", [{}, {"multilingual_distillation": "distillation"}])
def test_both_recipes_are_learned_from(xlmr, tmp_path, objectives):
    rows = _mixture()
    metrics, model = _train(xlmr, rows, tmp_path / "mixed", objectives=objectives)
    assert (metrics["rows"], metrics["steps"]) == (48, 72)
    for recipe in ("xl_lora", "multilingual_distillation"):
        own = [row for row in rows if row["recipe"] == recipe]
        others = [{**row, "positive": other["positive"]} for row, other in zip(own, own[1:] + own[:1], strict=True)]
        assert _similarity(model, own) > _similarity(model, others) + 0.05, recipe


def test_the_objective_of_a_recipe_changes_the_model(xlmr, tmp_path):
    rows = _mixture()
    _, contrastive = _train(xlmr, rows, tmp_path / "one")
    _, distilled = _train(xlmr, rows, tmp_path / "two", objectives={"multilingual_distillation": "distillation"})
    assert content_hash(contrastive) != content_hash(distilled)


def test_same_seed_same_bytes(xlmr, tmp_path):
    rows = _mixture()
    hashes = {content_hash(_train(xlmr, rows, tmp_path / name, num_train_epochs=1)[1]) for name in ("one", "two")}
    assert len(hashes) == 1


def test_new_words_come_from_both_recipes(tmp_path, caplog):
    base = write_encoder(tmp_path / "bert", "bert")
    rows = [{**row, "anchor": f"{row['anchor']} newword{row['recipe'][0]}"} for row in _mixture(8)]
    with caplog.at_level(logging.INFO):
        _, model = _train(base, rows, tmp_path, new_word_min_count=8, num_train_epochs=1)
    tokenizer = SentenceTransformer(str(model)).tokenizer
    assert {"newwordx", "newwordm"} <= set(tokenizer.get_vocab())
