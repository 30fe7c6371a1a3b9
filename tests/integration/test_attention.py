"""Implementations of attention: chosen by what there is, refused where they cannot be, alike in what they compute."""

from __future__ import annotations

import pytest
import torch
from encoders import write_encoder
from generators import write_generator_model
from transformers import AutoModel, AutoModelForCausalLM

from bootembed.base_models.load import load_generator
from bootembed.core.attention import attention_options
from bootembed.core.errors import ParamsError
from bootembed.embedder.pooled_encoder import build_embedder


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_generator_model(tmp_path_factory.mktemp("models") / "llama", "llama")


@pytest.fixture
def gpu(monkeypatch):
    """A machine with an Ampere GPU and FlashAttention 2, as far as the choice asks."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda: (8, 0))
    monkeypatch.setattr("transformers.utils.is_flash_attn_2_available", lambda: True)


def _choose(folder, wanted="auto", *, half_precision=True):
    return attention_options(wanted, folder, auto_class=AutoModelForCausalLM, half_precision=half_precision)


@pytest.mark.usefixtures("gpu")
def test_flash_attention_where_all_allows_it(llama):
    assert _choose(llama) == {"attn_implementation": "flash_attention_2"}
    assert _choose(llama, "sdpa") == {"attn_implementation": "sdpa"}
    assert _choose(llama, half_precision=False) == {}


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("missing", "value", "told"),
    [
        ("torch.cuda.is_available", False, "there is no GPU"),
        ("torch.cuda.get_device_capability", (7, 5), "older than Ampere"),
        ("transformers.utils.is_flash_attn_2_available", False, "flash-attn is not installed"),
        ("bootembed.core.attention._supports", False, "the model in .* does not support it"),
    ],
)
def test_flash_attention_that_cannot_be(llama, monkeypatch, missing, value, told):
    monkeypatch.setattr(missing, lambda *_: value)
    assert _choose(llama) == {}
    with pytest.raises(ParamsError, match=f"attention: flash_attention_2: .*{told}.*; set auto"):
        _choose(llama, "flash_attention_2")


@pytest.mark.usefixtures("gpu")
def test_flash_attention_needs_16_bits(llama):
    with pytest.raises(ParamsError, match="needs bf16 or fp16"):
        _choose(llama, "flash_attention_2", half_precision=False)


def test_an_architecture_without_sdpa(tmp_path):
    from transformers import DebertaV2Config, DebertaV2Model

    config = DebertaV2Config(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    DebertaV2Model(config).save_pretrained(tmp_path)
    with pytest.raises(ParamsError, match=r"attention: sdpa: the model in .* does not support it"):
        attention_options("sdpa", tmp_path, auto_class=AutoModel, half_precision=False)
    chosen = attention_options("auto", tmp_path, auto_class=AutoModel, half_precision=False)
    assert AutoModel.from_pretrained(tmp_path, **chosen).config._attn_implementation == "eager"


def test_sdpa_and_eager_compute_the_same(llama, tmp_path):
    ids = torch.arange(10, 40)[None]
    logits = []
    for attention in ("auto", "sdpa", "eager"):
        model, _ = load_generator(llama, bf16=False, load_in_4bit=False, attention=attention)
        assert model.config._attn_implementation == attention.replace("auto", "sdpa")
        with torch.no_grad():
            logits.append(model.eval()(input_ids=ids).logits)
    assert torch.allclose(logits[0], logits[1])
    assert torch.allclose(logits[0], logits[2], atol=1e-5)
    encoder = write_encoder(tmp_path / "encoder", "modernbert")
    sdpa, eager = (
        build_embedder(encoder, pooling="mean_first_last", max_seq_length=20, attention=attention)
        for attention in ("sdpa", "eager")
    )
    assert eager[0].model.config._attn_implementation == "eager"
    assert sdpa.encode(["bada kefe", "moda"]) == pytest.approx(eager.encode(["bada kefe", "moda"]), abs=1e-5)
