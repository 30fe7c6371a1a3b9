"""GGUF files become base-model folders; what cannot be read is told apart."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from gguf_files import _tensors, byte_tokens, write_gguf
from safetensors.torch import load_file

from bootembed.base_models.build import build_base_model
from bootembed.base_models.load import load_generator
from bootembed.core.errors import DataError
from bootembed.settings.models import BaseModelSpec


def _build(path, folder, role="generator", **more):
    if role == "generator":
        more.setdefault("chat_template", "plain")  # these files bring none
    spec = BaseModelSpec(role=role, source="local", path=str(path), **more)
    return build_base_model(spec, [], output_dir=folder, checkpoint_dir=folder.parent / "work", seed=1)


@pytest.mark.parametrize("quantised", [False, True], ids=["float32", "q8_0"])
def test_a_generator_has_the_weights_of_its_file(tmp_path, quantised):
    assert _build(write_gguf(tmp_path / "a.gguf", quantised=quantised), tmp_path / "model") == {}
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jinja"}
    weights = load_file(tmp_path / "model/model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    written = _tensors(len(byte_tokens()))
    for theirs, ours in (("token_embd", "model.embed_tokens"), ("blk.1.ffn_down", "model.layers.1.mlp.down_proj")):
        tolerance = 0.01 if quantised else 0
        assert np.allclose(weights[f"{ours}.weight"].numpy(), written[f"{theirs}.weight"], rtol=0, atol=tolerance)
    model, tokenizer = load_generator(tmp_path / "model", bf16=False, load_in_4bit=False)
    ids = tokenizer("the day")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "the day"
    assert model(torch.tensor([ids])).logits.shape == (1, len(ids), len(byte_tokens()))
    assert "quantization_config" not in model.config.to_dict()


def test_an_encoder_keeps_no_output_layer(tmp_path):
    from bootembed.embedder.pooled_encoder import build_embedder

    _build(write_gguf(tmp_path / "a.gguf"), tmp_path / "model", role="encoder")
    assert not any("lm_head" in name for name in load_file(tmp_path / "model/model.safetensors"))
    assert build_embedder(tmp_path / "model", pooling="mean", max_seq_length=32).encode(["a day"]).shape == (1, 64)


def test_a_file_is_parsed_once(tmp_path, monkeypatch):
    parsed = []

    class Counting(gguf.GGUFReader):
        def __init__(self, path, *rest):
            parsed.append(path)
            super().__init__(path, *rest)

    monkeypatch.setattr(gguf, "GGUFReader", Counting)
    _build(write_gguf(tmp_path / "a.gguf"), tmp_path / "model")
    assert len(parsed) == 1
    assert gguf.GGUFReader is Counting


def test_a_file_that_is_no_gguf(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"<html>404</html>" * 10)
    with pytest.raises(DataError, match=r"is no GGUF file.*fetch it again"):
        _build(tmp_path / "a.gguf", tmp_path / "model")


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.999])
def test_a_truncated_file(tmp_path, share):
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    (tmp_path / "a.gguf").write_bytes(whole[: max(6, int(len(whole) * share))])
    with pytest.raises(DataError, match=r"is truncated at .* bytes"):
        _build(tmp_path / "a.gguf", tmp_path / "model")


def test_an_architecture_that_transformers_does_not_read(tmp_path):
    write_gguf(tmp_path / "a.gguf", "clip")
    with pytest.raises(DataError, match=r"architecture 'clip': .*safetensors"):
        _build(tmp_path / "a.gguf", tmp_path / "model")


@pytest.mark.parametrize("role", ["generator", "encoder"])
def test_one_part_of_several_gets_no_random_weights(tmp_path, monkeypatch, role):
    whole = _tensors(len(byte_tokens()))
    monkeypatch.setattr("gguf_files._tensors", lambda _: {k: v for k, v in whole.items() if "blk.1." not in k})
    file = write_gguf(tmp_path / "a-00001-of-00002.gguf")
    with pytest.raises(DataError, match=r"layers\.1\.\S+, and lacks 9 of the model's weights.*--merge"):
        _build(file, tmp_path / "model", role=role)


def test_an_output_layer_may_be_the_embeddings(tmp_path, monkeypatch):
    tied = {k: v for k, v in _tensors(len(byte_tokens())).items() if k != "output.weight"}
    monkeypatch.setattr("gguf_files._tensors", lambda _: tied)
    _build(write_gguf(tmp_path / "a.gguf"), tmp_path / "model")
    model, _ = load_generator(tmp_path / "model", bf16=False, load_in_4bit=False)
    assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        _build(tmp_path / "a.gguf", tmp_path / "model")
