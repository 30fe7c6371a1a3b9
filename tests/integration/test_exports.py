"""Exports of embedders: each loads from its folder, and what it embeds is held against the original."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from encoders import sentences, write_embedder
from generators import write_generator_model
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from bootembed.commands import main
from bootembed.core.errors import DataError, ParamsError
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.exports.build import export_embedder, folder_size, load_embedder
from bootembed.exports.onnx import _AT_ONCE
from bootembed.settings.exports import Onnx, Static, Trimmed, Truncated

TEXTS = sentences(40)
NEW_TEXTS = sentences(20, seed=1)
CYRILLIC = str.maketrans("abdefgiklmnoprsu", "абдефгиклмнопрсу")
ONNX, INT8 = Onnx(kind="onnx", quantization=None), Onnx(kind="onnx", quantization="int8")
DECODER_POOLINGS = ("mean", "mean_without_bos", "last")


def _cosines(first, second):
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(axis=1) / norms


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "embedder"
    return write_embedder(folder, "xlm-roberta", pooling="mean_first_last", max_seq_length=16)


@pytest.fixture(scope="module")
def encoder_embedder(encoder_folder):
    return SentenceTransformer(str(encoder_folder), device="cpu")


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    return write_generator_model(tmp_path_factory.mktemp("exports") / "decoder", "gemma3_text")


@pytest.fixture(scope="module")
def onnx_export(encoder_folder, tmp_path_factory):
    """Written by the command."""
    folder = tmp_path_factory.mktemp("exports") / "onnx"
    done = CliRunner().invoke(main, ["export", str(encoder_folder), "onnx", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def test_onnx_embeds_as_torch_does_alone_in_batches_and_cut(encoder_embedder, onnx_export):
    loaded = load_embedder(onnx_export)
    long = " ".join(TEXTS[:12])  # over the limit of 16 tokens
    for texts, batch in (([TEXTS[0]], 1), (TEXTS, 7), ([long, TEXTS[1]], 2)):
        expected = encoder_embedder.encode(texts, batch_size=batch)
        assert np.abs(loaded.encode(texts, batch_size=batch) - expected).max() < 1e-4
    assert not list(onnx_export.glob("*.safetensors"))


def test_a_batch_beyond_what_is_computed_at_once(encoder_embedder, onnx_export):
    """In parts of some rows, each as wide as its longest row; a row without any token has a part, too."""
    texts = [TEXTS[0], " ".join(TEXTS[:12]), *TEXTS[1:], "Short."]
    graph, torch_transformer = load_embedder(onnx_export)[0], encoder_embedder[0]
    features = torch_transformer.preprocess(texts)
    assert features["input_ids"].numel() > _AT_ONCE
    expected = torch_transformer(dict(features))["token_embeddings"].detach()
    found = graph(dict(features))["token_embeddings"]
    mask = features["attention_mask"].bool()
    assert found.shape == expected.shape
    assert (found - expected)[mask].abs().max() < 1e-4
    features["attention_mask"][3] = 0
    assert graph(dict(features))["token_embeddings"].isfinite().all()


def test_the_graph_has_no_slow_fusions(onnx_export):
    """Their kernels use no vectors: a sum and a norm take a fourth of the time of both in one."""
    graph = onnx.load(onnx_export / "onnx" / "model.onnx", load_external_data=False).graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["Sum"]
    assert kinds["Gelu"]
    assert not kinds["SkipLayerNormalization"] + kinds["BiasGelu"]
    split = [output for node in graph.node if node.op_type == "Split" for output in node.output]
    assert split
    assert not [node for node in graph.node if node.op_type == "Add" and set(node.input) & set(split)]


def test_onnx_of_a_decoder_for_every_pooling(decoder, tmp_path):
    embedders = {name: build_embedder(decoder, pooling=name, max_seq_length=32) for name in DECODER_POOLINGS}
    export_embedder(embedders["mean_without_bos"], ONNX, tmp_path / "onnx", texts=())
    loaded = load_embedder(tmp_path / "onnx")
    assert np.abs(loaded.encode(TEXTS) - embedders["mean_without_bos"].encode(TEXTS)).max() < 1e-4
    for embedder in embedders.values():  # the graph is the same for all, so one is made
        graph = SentenceTransformer(modules=[loaded[0], *list(embedder)[1:]], device="cpu")
        assert np.abs(graph.encode(TEXTS) - embedder.encode(TEXTS)).max() < 1e-4


def test_int8_is_smaller_and_close(encoder_embedder, onnx_export, tmp_path):
    export_embedder(encoder_embedder, INT8, tmp_path / "int8", texts=())
    loaded = load_embedder(tmp_path / "int8")
    assert _cosines(loaded.encode(TEXTS), encoder_embedder.encode(TEXTS)).min() > 0.95
    weights = "onnx/model.onnx.data"
    assert (tmp_path / "int8" / weights).stat().st_size < 0.6 * (onnx_export / weights).stat().st_size


def test_an_onnx_export_saves_itself_again(onnx_export, tmp_path):
    load_embedder(onnx_export).save(str(tmp_path / "again"))
    assert np.array_equal(load_embedder(tmp_path / "again").encode(TEXTS), load_embedder(onnx_export).encode(TEXTS))


def test_truncated_has_the_first_dimensions_for_any_sentence_transformers(encoder_embedder, tmp_path):
    export_embedder(encoder_embedder, Truncated(kind="truncated", dimensions=8), tmp_path / "short", texts=())
    found = SentenceTransformer(str(tmp_path / "short"), device="cpu").encode(TEXTS)
    assert np.allclose(found, encoder_embedder.encode(TEXTS)[:, :8], atol=1e-6)
    with pytest.raises(ParamsError, match="dimensions: 32, but the embeddings have 32"):
        export_embedder(encoder_embedder, Truncated(kind="truncated", dimensions=32), tmp_path / "not", texts=())


def test_static_has_no_network_and_knows_the_words_of_the_texts(encoder_embedder, tmp_path):
    new = "kelibamo"  # no token of the encoder
    texts = [f"{new} {text}" for text in TEXTS]
    export_embedder(encoder_embedder, Static(kind="static", dimensions=16, words=10), tmp_path / "static", texts=texts)
    static = SentenceTransformer(str(tmp_path / "static"), device="cpu")
    assert static.encode(TEXTS).shape == (len(TEXTS), 16)
    assert [type(module).__name__ for module in static] == ["StaticEmbedding"]
    assert len(encoder_embedder.tokenizer.tokenize(new)) > 1
    assert len(static[0].tokenizer.encode(new, add_special_tokens=False).ids) == 1
    with pytest.raises(DataError, match="static already"):
        export_embedder(static, Static(kind="static", dimensions=8, words=0), tmp_path / "twice", texts=TEXTS)
    with pytest.raises(DataError, match="this one is static"):
        export_embedder(static, ONNX, tmp_path / "graph", texts=())


@pytest.mark.parametrize("kind", ["xlm-roberta", "decoder"])
def test_trimmed_embeds_the_same_with_fewer_tokens(kind, encoder_embedder, decoder, tmp_path):
    embedder = (
        encoder_embedder
        if kind == "xlm-roberta"
        else build_embedder(decoder, pooling="mean_without_bos", max_seq_length=32)
    )
    few = TEXTS[:3]
    export_embedder(embedder, Trimmed(kind="trimmed", share=0.01, weights="float32"), tmp_path / "trimmed", texts=few)
    trimmed = SentenceTransformer(str(tmp_path / "trimmed"), device="cpu")
    assert len(trimmed.tokenizer) < len(embedder.tokenizer)
    assert np.abs(trimmed.encode(few) - embedder.encode(few)).max() < 1e-5
    rows = trimmed[0].model.get_input_embeddings().weight.shape[0]
    assert rows == len(trimmed.tokenizer) == trimmed[0].model.config.vocab_size
    assert np.isfinite(trimmed.encode([*NEW_TEXTS, "Ω 漢字", ""])).all()


def test_a_larger_vocabulary_splits_new_texts_as_before(encoder_embedder, tmp_path):
    agreeing = []
    for name, share in (("small", 0.01), ("large", 0.99)):
        folder = tmp_path / name
        export_embedder(
            encoder_embedder, Trimmed(kind="trimmed", share=share, weights="float32"), folder, texts=TEXTS[:2]
        )
        trimmed = SentenceTransformer(str(folder), device="cpu").tokenizer
        agreeing.append(sum(trimmed.tokenize(t) == encoder_embedder.tokenizer.tokenize(t) for t in NEW_TEXTS))
    assert agreeing[0] < agreeing[1] >= len(NEW_TEXTS) // 2


def test_without_a_share_any_text_in_the_scripts_of_the_texts_stays_as_it_is(tmp_path):
    cyrillic = [text.translate(CYRILLIC) for text in sentences(200, seed=2)]
    folder = write_embedder(tmp_path / "two", "xlm-roberta", pooling="mean", max_seq_length=32, other_texts=cyrillic)
    embedder = SentenceTransformer(str(folder), device="cpu")
    stray = ["ba".translate(CYRILLIC), *TEXTS]  # a word of another script is no reason to keep all of it
    spec = Trimmed(kind="trimmed", share=None, weights="float16")
    export_embedder(embedder, spec, tmp_path / "trimmed", texts=stray)
    trimmed = load_embedder(tmp_path / "trimmed")
    new = sentences(100, seed=3)
    assert [trimmed.tokenizer.tokenize(text) for text in new] == [embedder.tokenizer.tokenize(text) for text in new]
    assert _cosines(trimmed.encode(new), embedder.encode(new)).min() > 0.99999
    cut = [len(model.tokenizer.tokenize(cyrillic[0])) for model in (embedder, trimmed)]
    assert cut[0] < cut[1], "tokens of the other script are gone"
    assert next(trimmed.parameters()).dtype == torch.float32
    sizes = [(each / "model.safetensors").stat().st_size for each in (folder, tmp_path / "trimmed")]
    assert sizes[1] < sizes[0] / 2


def test_weights_too_large_for_float16_are_refused(encoder_folder, tmp_path):
    embedder = SentenceTransformer(str(encoder_folder), device="cpu")
    with torch.no_grad():
        embedder[0].model.get_input_embeddings().weight[7, 0] = 1e6
    spec = Trimmed(kind="trimmed", share=0.5, weights="float16")
    with pytest.raises(DataError, match="too large for float16; store float32"):
        export_embedder(embedder, spec, tmp_path / "large", texts=TEXTS)


def test_trimming_says_what_it_lacks(encoder_embedder, tmp_path):
    spec = Trimmed(kind="trimmed", share=0.5, weights="float32")
    with pytest.raises(DataError, match="no texts to find the needed tokens in"):
        export_embedder(encoder_embedder, spec, tmp_path / "none", texts=())
    most = Trimmed(kind="trimmed", share=0.999, weights="float32")
    with pytest.raises(DataError, match=f"all {len(encoder_embedder.tokenizer)} tokens are to stay"):
        export_embedder(encoder_embedder, most, tmp_path / "all", texts=[*TEXTS, "<|assistant|>"])


def test_the_command_exports_embeds_and_refuses(encoder_folder, tmp_path):
    source, texts = encoder_folder, tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    run = CliRunner().invoke
    done = run(main, ["export", str(source), "truncated", str(tmp_path / "short"), "--dimensions", "8"])
    assert done.exit_code == 0, done.output
    assert f"{folder_size(tmp_path / 'short') / 1e6:,.1f} MB" in done.output
    embedded = run(main, ["embed", str(tmp_path / "short"), str(texts), "-o", str(tmp_path / "out.npy")])
    assert embedded.exit_code == 0, embedded.output
    assert np.load(tmp_path / "out.npy").shape == (len(TEXTS), 8)
    again = run(main, ["export", str(source), "truncated", str(tmp_path / "short"), "--dimensions", "8"])
    assert again.exit_code == 1
    assert "is not empty; name a new folder" in again.output
    lacking = run(main, ["export", str(source), "static", str(tmp_path / "t"), "--text", str(texts)])
    assert (lacking.exit_code, "static needs --dimensions" in lacking.output) == (2, True)
    whole = run(main, ["export", str(source), "trimmed", str(tmp_path / "t"), "--text", str(texts), "--share", "1"])
    assert (whole.exit_code, "give a number between 0 and 1" in whole.output) == (2, True)
    exact = ["trimmed", str(tmp_path / "exact"), "--text", str(texts), "--share", "0.5", "--weights", "float32"]
    assert run(main, ["export", str(source), *exact]).exit_code == 0
    stored = load_file(tmp_path / "exact/model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float32}
    for out, told in ((texts, "there is something of this name"), (texts / "t", "lies in a file")):
        onto = run(main, ["export", str(source), "truncated", str(out), "--dimensions", "8"])
        assert (onto.exit_code, told in onto.output) == (1, True)
        assert str(out) in onto.output


def test_an_onnx_export_takes_no_form_that_needs_weights(onnx_export, tmp_path):
    graph = load_embedder(onnx_export)
    for spec in (Onnx(kind="onnx", quantization=None), Static(kind="static", dimensions=2, words=0)):
        with pytest.raises(DataError, match="is an ONNX export already, and cannot take another form"):
            export_embedder(graph, spec, tmp_path / "out", texts=TEXTS)
    assert not (tmp_path / "out").exists()
    export_embedder(graph, Truncated(kind="truncated", dimensions=8), tmp_path / "short", texts=())
    np.testing.assert_allclose(load_embedder(tmp_path / "short").encode(TEXTS), graph.encode(TEXTS)[:, :8], atol=1e-5)


def test_a_damaged_onnx_folder_is_named(onnx_export, tmp_path):
    import shutil

    shutil.copytree(onnx_export, tmp_path / "damaged")
    (tmp_path / "damaged/onnx/model.onnx").write_bytes(b"no graph")
    with pytest.raises(DataError, match="cannot be loaded as an ONNX export"):
        load_embedder(tmp_path / "damaged")


def test_without_a_champion_the_stage_says_so_and_scores_nothing(tmp_path):
    from bootembed.exports.champion import export_champion
    from bootembed.settings.evaluation import EvaluateEmbedder

    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"afr": {"not_registered": "no recipe has been scored"}}))
    settings = EvaluateEmbedder(max_seq_length=16, batch_size=8, bf16=False, tasks={})
    found = export_champion(
        registry, tmp_path, ONNX, [], settings,
        name="onnx", language="afr", corpora=[], output_dir=tmp_path / "out", seed=0,
    )  # fmt: skip
    assert json.loads(found.as_json()) == {"why_not": "no champion: no recipe has been scored"}
    assert list((tmp_path / "out").iterdir()) == []
