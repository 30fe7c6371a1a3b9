"""Decoders as encoders: pooling, direction of attention, LoRA, and a folder that loads without this project."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from encoders import sentences
from generators import write_generator_model
from golden_chain import EMBEDDER
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

from bootembed.core.errors import ParamsError
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.embedder.train import train_embedder
from bootembed.embedder.vocabulary import add_words
from bootembed.settings.embedder import EncoderLora

TEXTS = ["a dog runs", "rain", "the child opens the old door"]


@pytest.fixture(scope="module", params=["gemma3_text", "llama"])
def decoder(request, tmp_path_factory):
    return write_generator_model(tmp_path_factory.mktemp("decoder") / request.param, request.param)


def _states(folder, texts=TEXTS):
    """States of each text alone, by transformers itself; the first is that of BOS."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return [model(**tokenizer([text], return_tensors="pt")).last_hidden_state[0].numpy() for text in texts]


@pytest.mark.parametrize("pooling", ["mean", "mean_without_bos", "last"])
def test_pooling_equals_one_by_hand_before_and_after_saving(decoder, tmp_path, pooling):
    by_hand = {
        "mean": lambda states: states.mean(axis=0),
        "mean_without_bos": lambda states: states[1:].mean(axis=0),
        "last": lambda states: states[-1],
    }[pooling]
    expected = [by_hand(states) for states in _states(decoder)]
    embedder = build_embedder(decoder, pooling=pooling, max_seq_length=64)
    assert np.allclose(embedder.encode(TEXTS), expected, atol=1e-5)
    embedder.save_pretrained(str(tmp_path / "saved"))
    assert {path.suffix for path in (tmp_path / "saved").rglob("*") if path.is_file()} <= {
        ".json", ".safetensors", ".jinja", ".md"
    }  # fmt: skip
    assert np.allclose(SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(TEXTS), expected, atol=1e-5)


def test_new_words_count_where_bos_does_not(decoder, tmp_path):
    embedder = build_embedder(decoder, pooling="mean_without_bos", max_seq_length=64)
    assert add_words(embedder, ["wonderful house"] * 2, min_count=2) == 2
    found = embedder.encode(["wonderful house"])
    embedder.save_pretrained(str(tmp_path / "saved"))
    states = _states(tmp_path / "saved", ["wonderful house"])[0]
    assert len(states) == 3
    assert np.allclose(found[0], states[1:].mean(axis=0), atol=1e-5)
    assert np.allclose(SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(["wonderful house"]), found)
    assert not any(weight.requires_grad for weight in embedder[1].parameters())


def test_gemma_attends_in_both_directions_also_when_loaded_plainly(tmp_path):
    folder = write_generator_model(tmp_path / "gemma", "gemma3_text")
    causal = build_embedder(folder, pooling="mean", max_seq_length=64).encode(TEXTS)
    embedder = build_embedder(folder, pooling="mean", max_seq_length=64, bidirectional=True)
    both = embedder.encode(TEXTS)
    assert not np.allclose(both, causal, atol=1e-3)
    embedder.save_pretrained(str(tmp_path / "saved"))
    assert np.allclose(SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(TEXTS), both, atol=1e-5)


def test_a_direction_that_cannot_be_had_is_refused(tmp_path):
    folder = write_generator_model(tmp_path / "llama", "llama")
    with pytest.raises(ParamsError, match=r"train_embedder\.bidirectional"):
        build_embedder(folder, pooling="mean", max_seq_length=64, bidirectional=True)


def test_a_tokenizer_without_bos_is_told(tmp_path):
    folder = write_generator_model(tmp_path / "qwen", "qwen3")
    with pytest.raises(ParamsError, match="no BOS; set mean"):
        build_embedder(folder, pooling="mean_without_bos", max_seq_length=64)


def test_lora_trains_it_and_the_folder_loads_plainly(tmp_path):
    folder = write_generator_model(tmp_path / "gemma", "gemma3_text")
    texts = sentences(48)
    rows = [{"anchor": text, "positive": " ".join(reversed(text.split()))} for text in texts]
    lora = EncoderLora(r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear")
    settings = EMBEDDER.model_copy(update={"pooling": "mean_without_bos", "lora": lora, "matryoshka_dimensions": []})
    metrics = train_embedder(
        folder, rows, settings, recipe="xl_lora", language="afr", encoder="gemma", scoring_max_seq_length=40,
        output_dir=tmp_path / "embedder", checkpoint_dir=tmp_path / "work", seed=5,
    )  # fmt: skip
    assert metrics["last_loss"] < metrics["first_loss"]
    embedder = SentenceTransformer(str(tmp_path / "embedder"), device="cpu")
    assert not any("lora" in name for name, _ in embedder.named_parameters())
    before = build_embedder(folder, pooling="mean_without_bos", max_seq_length=40).encode(TEXTS)
    assert not np.allclose(embedder.encode(TEXTS), before, atol=1e-3)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_its_own_positives_need_dropout_of_lora(tmp_path, caplog, dropout):
    folder = write_generator_model(tmp_path / "gemma", "gemma3_text")
    lora = EncoderLora(r=4, lora_alpha=8, lora_dropout=dropout, target_modules="all-linear")
    settings = EMBEDDER.model_copy(update={"pooling": "mean_without_bos", "lora": lora, "matryoshka_dimensions": []})
    _train_on_texts(folder, settings, tmp_path)
    assert ("set train_embedder.dropout" in caplog.text) == (dropout == 0)


def test_a_decoder_without_dropout_layers_gets_none(tmp_path):
    folder = write_generator_model(tmp_path / "gemma", "gemma3_text")
    settings = EMBEDDER.model_copy(update={"pooling": "mean_without_bos", "dropout": 0.1, "matryoshka_dimensions": []})
    with pytest.raises(ParamsError, match=r"train_embedder\.dropout: 0\.1, but the encoder has no dropout layers"):
        _train_on_texts(folder, settings, tmp_path)


def _train_on_texts(folder, settings, tmp_path):
    train_embedder(
        folder, [{"text": text} for text in sentences(16)], settings, recipe="unsupervised_simcse", language="afr",
        encoder="gemma", scoring_max_seq_length=40, output_dir=tmp_path / "embedder", checkpoint_dir=tmp_path / "work",
        seed=5,
    )  # fmt: skip
