"""Embedders on tiny real encoders: pooling by hand, training lowers the loss, the saved folder is all one needs."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from encoders import sentences, write_encoder
from kills import die_in_call
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim
from tokenizers import Tokenizer, models, normalizers
from transformers import BertTokenizer

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.names import EmbedderId
from bootembed.core.tables import ANCHORS, GENERATED_TRIPLETS, NLI, PAIRS, write_table
from bootembed.embedder import objectives
from bootembed.embedder.by_length import ByLength
from bootembed.embedder.new_words import Splitter
from bootembed.embedder.objectives.distillation import with_teacher_labels
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.embedder.teacher import TeacherContrast, teacher_embeddings
from bootembed.embedder.train import train_embedder
from bootembed.embedder.training_record import TrainingRecord
from bootembed.embedder.training_sets import read_training_set
from bootembed.embedder.vocabulary import add_words
from bootembed.settings.embedder import EncoderLora, TrainEmbedder
from bootembed.settings.load import validate_params

SETTINGS = TrainEmbedder(
    objective="contrastive",
    distillation_english_share=0.25,
    pooling="mean_first_last",
    temperature=0.05,
    num_train_epochs=2,
    learning_rate=2e-3,
    warmup_steps=0,
    lr_scheduler_type="constant",
    per_device_train_batch_size=16,
    max_seq_length=12,
    bf16=False,
    fp16=False,
)
LORA = EncoderLora(r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear")
TEXTS = ["bada kefe ligi", "moda", "nufe pagi rida sofe bada kefe ligi moda nufe pagi"]


@pytest.fixture(scope="module")
def xlmr(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta")


TOY_OBJECTIVE = '''
IN_BATCH_NEGATIVES = False
EMBEDS_BEFORE_TRAINING = False


def faults(settings, recipe):
    return ["objective: 'shorten' is not for xl_lora"] if recipe == "xl_lora" else []


def prepare(model, columns, settings):
    import torch

    class Shorten(torch.nn.Module):
        """The mean length of the embeddings of anchors."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, sentence_features, labels):
            [features] = sentence_features
            return self.model(features)["sentence_embedding"].norm(dim=1).mean()

    return {"anchor": columns["anchor"]}, Shorten()
'''


@pytest.fixture
def toy_objective(tmp_path, monkeypatch):
    """A file in a folder of objectives is all that a new one needs."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shorten.py").write_text(TOY_OBJECTIVE)
    monkeypatch.setattr(objectives, "__path__", [*objectives.__path__, str(tmp_path / "plugins")])
    yield "shorten"
    sys.modules.pop("bootembed.embedder.objectives.shorten", None)


def _triplets(count):
    """Rows whose positive shares the anchor's words, whose negative shares its first word."""
    other = sentences(count, seed=1)
    return [
        {"anchor": text, "positive": " ".join(reversed(text.split())), "negative": f"{text.split()[0]} {other[index]}"}
        for index, text in enumerate(sentences(count))
    ]


def _train(base, folder, rows, settings=SETTINGS, seed=1, record=None):
    return train_embedder(
        base,
        rows,
        settings,
        recipe="xl_lora",
        language="afr",
        encoder="tiny",
        scoring_max_seq_length=40,
        output_dir=folder,
        checkpoint_dir=folder.with_name(folder.name + ".work"),
        seed=seed,
        record=record,
    )


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert", "bert"])
@pytest.mark.parametrize("pooling", ["mean", "mean_first_last"])
def test_pooling_is_what_it_says_and_is_saved(architecture, pooling, tmp_path):
    """Against the encoder itself: layers, final norm and mask by hand; then the saved folder, loaded plainly."""
    from transformers import AutoModel, AutoTokenizer

    folder = write_encoder(tmp_path / "encoder", architecture)
    embedder = build_embedder(folder, pooling=pooling, max_seq_length=20)
    found = embedder.encode(TEXTS)

    encoder, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    seen = {}
    embeddings = encoder.get_submodule("embeddings")
    embeddings.register_forward_hook(lambda _m, _i, output: seen.update(first=output))
    if architecture == "modernbert":
        encoder.final_norm.register_forward_hook(lambda _m, _i, output: seen.update(last=output))
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = encoder(**batch)
    last = seen.get("last", output.last_hidden_state)
    tokens = last if pooling == "mean" else (seen["first"] + last) / 2
    mask = batch["attention_mask"].unsqueeze(-1)
    by_hand = (tokens * mask).sum(1) / mask.sum(1)
    assert torch.allclose(torch.tensor(found), by_hand, atol=1e-5)

    embedder.save_pretrained(str(tmp_path / "saved"))
    plain = SentenceTransformer(str(tmp_path / "saved"))
    assert (plain.encode(TEXTS) == found).all()
    assert all(
        module["type"].startswith("sentence_transformers.")
        for module in json.loads((tmp_path / "saved" / "modules.json").read_text())
    )
    with torch.no_grad():
        states = encoder(**batch, output_hidden_states=True).hidden_states
    assert torch.allclose(states[0], seen["first"])
    assert len(states) == 4
    alone = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert np.allclose(alone, found, atol=1e-5)  # padding changes nothing
    again = build_embedder(tmp_path / "saved", pooling=pooling, max_seq_length=20)
    assert (again.encode(TEXTS) == found).all()


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert", "bert"])
def test_length_is_lowered_to_the_encoders_positions(architecture, tmp_path):
    """Also where the tokenizer does not say how much its model takes."""
    folder = write_encoder(tmp_path / "encoder", architecture)
    embedder = build_embedder(folder, pooling="mean", max_seq_length=5000)
    assert embedder.max_seq_length <= 62
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 10**30}))
    embedder = build_embedder(folder, pooling="mean", max_seq_length=5000)
    assert embedder.max_seq_length == (63 if architecture == "xlm-roberta" else 64)
    assert embedder.encode([" ".join(TEXTS * 50)]).shape == (1, 32)


def test_a_shorter_length_cuts(xlmr):
    tokenizer = json.loads((xlmr / "tokenizer_config.json").read_text())
    short = build_embedder(xlmr, pooling="mean", max_seq_length=5)
    assert (short.encode(["bada kefe ligi moda nufe"]) == short.encode(["bada kefe ligi moda"])).all()
    assert json.loads((xlmr / "tokenizer_config.json").read_text()) == tokenizer


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be loaded"):
        build_embedder(tmp_path, pooling="mean", max_seq_length=8)


def test_training_lowers_the_loss_and_keeps_the_pooling(xlmr, tmp_path):
    metrics = _train(xlmr, tmp_path / "model", _triplets(200), SETTINGS.model_copy(update={"num_train_epochs": 4}))
    assert metrics["rows"] == 200
    assert metrics["last_loss"] < 0.8 * metrics["first_loss"]
    assert not (tmp_path / "model.work").exists()
    assert {file.suffix for file in (tmp_path / "model").rglob("*") if file.is_file()} == {
        ".json",
        ".md",
        ".safetensors",
    }
    model = SentenceTransformer(str(tmp_path / "model"))
    assert model[1].layer_weights.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert model.max_seq_length == 40
    card = (tmp_path / "model" / "README.md").read_text()
    for fact in ("xl_lora", "afr", "tiny", content_hash(xlmr), "200 (anchor, positive, negative)", "mean_first_last"):
        assert fact in card


@pytest.mark.parametrize("update", [{}, {"lora": LORA}])
def test_a_training_that_diverges_is_stopped(xlmr, tmp_path, update):
    wild = SETTINGS.model_copy(update={"learning_rate": 1e30, **update})
    with pytest.raises(DataError, match=r"the loss is nan at step \d: .* lower its learning_rate \(1e\+30\)"):
        _train(xlmr, tmp_path / "model", _triplets(200), wild)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("update", [{}, {"texts_per_forward": 3}, {"lora": LORA}])
def test_an_objective_is_one_file(xlmr, tmp_path, toy_objective, update):
    settings = SETTINGS.model_copy(update={"objective": toy_objective, "num_train_epochs": 6} | update)
    rows = [{"text": text} for text in sentences(40)]
    metrics = _train(xlmr, tmp_path / "model", [*rows, *rows], settings)  # equal texts may share a batch
    assert metrics["steps"] == 30
    norms = [
        np.linalg.norm(model.encode(TEXTS), axis=1).mean()
        for model in (
            build_embedder(xlmr, pooling=SETTINGS.pooling, max_seq_length=40),
            SentenceTransformer(str(tmp_path / "model")),
        )
    ]
    assert norms[1] < 0.9 * norms[0]


def test_parameters_are_checked_with_the_objective(toy_objective):
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["train_embedder"]["objective"] = toy_objective
    with pytest.raises(ParamsError) as caught:
        validate_params(raw, source="params.yaml")
    [fault] = str(caught.value).splitlines()
    assert fault == "params.yaml: train_embedder_recipes.xl_lora.objective: 'shorten' is not for xl_lora"


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert", "bert"])
def test_untrained_is_the_pooled_encoder(architecture, tmp_path):
    """Whatever else the settings say; the model card says that nothing was trained."""
    base = write_encoder(tmp_path / "base", architecture)
    update = {"objective": "none", "pooling": "mean", "fp16": True, "lora": LORA, "new_word_min_count": 1}
    metrics = _train(base, tmp_path / "model", [], SETTINGS.model_copy(update=update))
    assert metrics == {"rows": 0.0, "steps": 0.0}
    model = SentenceTransformer(str(tmp_path / "model"))
    expected = build_embedder(base, pooling="mean", max_seq_length=40)
    assert model.max_seq_length == expected.max_seq_length == 40
    texts = [*TEXTS, " ".join(TEXTS * 50)]
    assert (model.encode(texts) == expected.encode(texts)).all()
    _train(base, tmp_path / "again", [], SETTINGS.model_copy(update=update))
    assert content_hash(tmp_path / "again") == content_hash(tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text()
    assert "not finetuned" in card
    assert "learning_rate" not in card


@pytest.mark.parametrize("rows", ["triplets", "pairs", "texts"])
def test_same_seed_same_bytes(xlmr, tmp_path, rows):
    """For every kind of rows; texts alone are their own positives, none is dropped as its own duplicate."""
    columns = {"triplets": ("anchor", "positive", "negative"), "pairs": ("anchor", "positive")}.get(rows)
    data = _triplets(40)
    data = [{name: row[name] for name in columns} if columns else {"text": row["anchor"]} for row in data]
    one, two = (_train(xlmr, tmp_path / name, data) for name in "ab")
    assert one == two
    assert one["steps"] == 6  # ceil(40 / 16) batches, twice: every row was used
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")
    _train(xlmr, tmp_path / "c", data, seed=2)
    assert content_hash(tmp_path / "a" / "model.safetensors") != content_hash(tmp_path / "c" / "model.safetensors")


def test_no_text_is_its_own_negative(xlmr):
    """Rows that share a text never share a batch; a pair of equal texts stays in."""
    from datasets import Dataset
    from sentence_transformers.base.sampler import NoDuplicatesBatchSampler

    texts = sentences(20) + sentences(20)
    sampler = NoDuplicatesBatchSampler(Dataset.from_dict({"anchor": texts, "positive": texts}), 8, drop_last=False)
    batches = list(sampler)
    assert sorted(index for batch in batches for index in batch) == list(range(40))
    assert all(len({texts[index] for index in batch}) == len(batch) for batch in batches)


def test_a_killed_run_is_continued(xlmr, tmp_path, monkeypatch):
    """The resumed run ends with the bytes of an undisturbed one, and with its curve, points of several steps."""
    monkeypatch.setattr("bootembed.core.trainer_callbacks.SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("bootembed.embedder.train._POINTS", 2)
    rows = _triplets(80)
    whole, killed = (TrainingRecord(EmbedderId(0, 0), rows, SETTINGS, seed=1) for _ in range(2))
    undisturbed = _train(xlmr, tmp_path / "whole", rows, record=whole)
    calls = die_in_call(monkeypatch, 7)
    with pytest.raises(KeyboardInterrupt):
        _train(xlmr, tmp_path / "killed", rows)
    assert (tmp_path / "killed.work" / "checkpoint-6").is_dir()
    resumed = _train(xlmr, tmp_path / "killed", rows, record=killed)
    assert calls[7:] == list(range(6, 10))
    assert resumed["steps"] == undisturbed["steps"] == 10
    assert content_hash(tmp_path / "killed") == content_hash(tmp_path / "whole")
    assert not (tmp_path / "killed.work").exists()
    assert killed.as_json() == whole.as_json()
    assert [step for step, _ in whole.as_json()["curves"]["loss"]] == [1, 5, 10]
    lead = {
        time: found["positive"]["50"] - found["negative"]["50"] for time, found in whole.as_json()["similarity"].items()
    }
    assert lead["after"] > lead["before"]


def _killed(xlmr, folder, rows, monkeypatch, *, at=7, settings=SETTINGS):
    with monkeypatch.context() as patch:
        patch.setattr("bootembed.core.trainer_callbacks.SAVE_EVERY_SECONDS", 0.0)
        die_in_call(patch, at)
        with pytest.raises(KeyboardInterrupt):
            _train(xlmr, folder, rows, settings)
    return next(folder.with_name(folder.name + ".work").glob("checkpoint-*"))


def test_a_killed_run_of_other_inputs_is_not_continued(xlmr, tmp_path, monkeypatch):
    """Neither other parameters nor other rows may start from what the killed run had learnt."""
    rows, slower = _triplets(80), SETTINGS.model_copy(update={"learning_rate": 1e-5})
    for name, settings, data in (("params", slower, rows), ("rows", SETTINGS, list(reversed(rows)))):
        _killed(xlmr, tmp_path / name, rows, monkeypatch)
        _train(xlmr, tmp_path / name, data, settings)
        _train(xlmr, tmp_path / f"{name}.fresh", data, settings)
        assert content_hash(tmp_path / name) == content_hash(tmp_path / f"{name}.fresh")


@pytest.mark.parametrize("missing", ["trainer_state.json", "all but the weights"])
def test_a_run_killed_while_saving_is_continued(xlmr, tmp_path, monkeypatch, missing):
    rows = _triplets(80)
    _train(xlmr, tmp_path / "whole", rows)
    checkpoint = _killed(xlmr, tmp_path / "killed", rows, monkeypatch)
    for file in checkpoint.iterdir():
        if file.name == missing or (missing.startswith("all") and file.is_file() and file.name != "model.safetensors"):
            file.unlink()
    _train(xlmr, tmp_path / "killed", rows)
    assert content_hash(tmp_path / "killed") == content_hash(tmp_path / "whole")


def test_the_loss_is_logged_on_the_way(xlmr, tmp_path, caplog):
    with caplog.at_level("INFO", logger="bootembed"):
        _train(xlmr, tmp_path / "model", _triplets(80))
    assert "step 5 of 10: loss" in caplog.text


def test_one_text_in_every_row_is_refused(xlmr, tmp_path):
    rows = [row | {"positive": "moda nufe"} for row in _triplets(40)]
    with pytest.raises(DataError, match="every one of its 40 rows holds 'moda nufe'"):
        _train(xlmr, tmp_path / "model", rows)


def test_saved_embeddings_are_the_same_in_a_fresh_process(xlmr, tmp_path):
    """One that knows nothing of this package."""
    _train(xlmr, tmp_path / "model", _triplets(40))
    code = (
        "import sys; from sentence_transformers import SentenceTransformer; import numpy as np; "
        "np.save(sys.argv[2], SentenceTransformer(sys.argv[1]).encode(sys.argv[3:])); "
        "assert 'bootembed' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model"), str(tmp_path / "found.npy"), *TEXTS]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    here = SentenceTransformer(str(tmp_path / "model")).encode(TEXTS)
    assert (np.load(tmp_path / "found.npy") == here).all()


def test_cached_loss_is_the_same_objective(undropped, tmp_path):
    """With dropout off, mini-batches save memory and change nothing else."""
    rows = _triplets(32)
    plain = _train(undropped, tmp_path / "plain", rows)
    cached = _train(undropped, tmp_path / "cached", rows, SETTINGS.model_copy(update={"mini_batch_size": 4}))
    assert cached["first_loss"] == pytest.approx(plain["first_loss"], rel=1e-5)
    assert cached["last_loss"] == pytest.approx(plain["last_loss"], rel=1e-3)


@pytest.mark.parametrize("padding_side", ["right", "left"])
def test_embeddings_by_length_are_those_of_the_batch(undropped, padding_side):
    """Whatever the parts; one row is a text of padding alone but for its markers."""
    model = build_embedder(undropped, pooling="mean", max_seq_length=20)
    model.tokenizer.padding_side = padding_side
    features = model.preprocess([*TEXTS, "", *TEXTS[::-1]])
    expected = model(dict(features))["sentence_embedding"]
    for texts in (1, 2, 3, 7, 100):
        found = ByLength(model, texts=texts)(features)["sentence_embedding"]
        assert torch.allclose(found, expected, atol=1e-6), texts


def test_parts_by_length_leave_padding_out(undropped):
    model = build_embedder(undropped, pooling="mean", max_seq_length=20)
    seen = []
    model[0].register_forward_pre_hook(lambda _module, inputs: seen.append(tuple(inputs[0]["input_ids"].shape)))
    ByLength(model, texts=2)(model.preprocess([TEXTS[2], TEXTS[1], TEXTS[2], TEXTS[1]]))
    assert [rows for rows, _ in seen] == [2, 2]
    assert seen[0][1] < seen[1][1]


@pytest.mark.parametrize("update", [{}, {"mini_batch_size": 4}, {"matryoshka_dimensions": [8, 32]}])
def test_training_by_length_is_the_same_objective(undropped, tmp_path, update):
    """With dropout off, texts sorted by length train as a whole batch does."""
    rows = [
        row | {"anchor": f"{row['anchor']} {row['anchor']}"} if i % 3 else row for i, row in enumerate(_triplets(32))
    ]
    settings = SETTINGS.model_copy(update=update)
    whole = _train(undropped, tmp_path / "whole", rows, settings)
    parts = _train(undropped, tmp_path / "parts", rows, settings.model_copy(update={"texts_per_forward": 5}))
    assert parts["first_loss"] == pytest.approx(whole["first_loss"], rel=1e-5)
    assert parts["last_loss"] == pytest.approx(whole["last_loss"], rel=1e-3)


def test_precision(xlmr, tmp_path, monkeypatch):
    bf16 = _train(xlmr, tmp_path / "bf16", _triplets(32), SETTINGS.model_copy(update={"bf16": True}))
    assert bf16["steps"] == 4
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"train_embedder\.fp16: true needs a CUDA device .* set .*fp16=false"):
        _train(xlmr, tmp_path / "fp16", _triplets(32), SETTINGS.model_copy(update={"fp16": True}))


@pytest.mark.parametrize("rows", [[], [{"anchor": "a", "positive": "b"}]])
def test_nothing_to_contrast_with_is_refused(xlmr, tmp_path, rows):
    with pytest.raises(DataError, match="at least 2"):
        _train(xlmr, tmp_path / "model", rows)


def test_training_sets_of_every_recipe_are_read(tmp_path):
    row = {
        name: 1 if str(kind) == "int64" else name
        for name, kind in zip(GENERATED_TRIPLETS.names, GENERATED_TRIPLETS.types, strict=True)
    }
    write_table([row], GENERATED_TRIPLETS, tmp_path / "triplets.parquet")
    write_table([{"anchor": "a", "positive": "b"}], PAIRS, tmp_path / "pairs.parquet")
    write_table([{"text": "a"}], ANCHORS, tmp_path / "texts.parquet")
    write_table([], NLI, tmp_path / "nli.parquet")
    expected = [{"anchor": "anchor", "positive": "positive", "negative": "negative"}]
    assert read_training_set(tmp_path / "triplets.parquet") == expected
    assert read_training_set(tmp_path / "pairs.parquet") == [{"anchor": "a", "positive": "b"}]
    assert read_training_set(tmp_path / "texts.parquet") == [{"text": "a"}]
    with pytest.raises(
        DataError,
        match=r"has the columns premise, hypothesis, label; expected .* or recipe, anchor, ",
    ):
        read_training_set(tmp_path / "nli.parquet")
    (tmp_path / "broken.parquet").write_text("x")
    with pytest.raises(DataError, match="cannot be read"):
        read_training_set(tmp_path / "broken.parquet")


def _translations(count):
    """Sentences of another alphabet, word by word, with their originals."""
    table = str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
    return [{"anchor": text.translate(table), "positive": text} for text in sentences(count)]


def test_distillation_puts_a_sentence_where_the_teacher_puts_its_translation(xlmr, tmp_path):
    rows = _translations(64)
    teacher = build_embedder(xlmr, pooling="mean", max_seq_length=40)
    own, english = [row["anchor"] for row in rows], [row["positive"] for row in rows]
    settings = SETTINGS.model_copy(update={"objective": "distillation", "num_train_epochs": 60, "learning_rate": 3e-3})
    metrics = _train(xlmr, tmp_path / "student", rows, settings)
    student = SentenceTransformer(str(tmp_path / "student"))

    def found(model):
        return (cos_sim(model.encode(own), teacher.encode(english)).argmax(1).numpy() == np.arange(len(rows))).mean()

    assert found(student) > found(teacher) + 0.3
    assert metrics["last_loss"] < metrics["first_loss"]


def test_the_loss_of_distillation_is_the_cross_entropy_over_all_translations(xlmr):
    rows = _translations(8)
    model = build_embedder(xlmr, pooling="mean", max_seq_length=40).eval()
    texts = [row["positive"] for row in rows]
    loss = TeacherContrast(model, teacher_embeddings(model, texts), temperature=0.1, english_share=0.5)
    batch = rows[2:6]
    features = [model.preprocess([row[name] for row in batch]) for name in ("anchor", "positive")]
    found = loss(features, torch.tensor([2, 3, 4, 5])).item()
    asked = model.encode([row["anchor"] for row in batch] + [row["positive"] for row in batch[:2]])
    similarities = cos_sim(asked, model.encode(texts)).double().numpy() / 0.1
    logs = similarities - np.log(np.exp(similarities).sum(axis=1, keepdims=True))
    assert found == pytest.approx(-logs[np.arange(6), [2, 3, 4, 5, 2, 3]].mean(), rel=1e-4)


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert", "bert"])
def test_upper_layers_stay_as_they_were(architecture, tmp_path):
    base = write_encoder(tmp_path / "base", architecture)
    _train(base, tmp_path / "model", _triplets(16), SETTINGS.model_copy(update={"trained_layers": 1}))
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "model"))
    layers = {name: re.search(r"layers?\.(\d+)\.", name) for name in before}
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("embeddings" in name for name in changed)
    assert {int(layers[name][1]) for name in changed if layers[name]} == {0}
    assert all(layers[name] or "embeddings" in name for name in changed)


@pytest.mark.parametrize("update", [{}, {"trained_layers": 1}, {"lora": LORA}])
def test_a_share_of_the_weights_stays_what_it_was(update, xlmr, tmp_path):
    for share in (0.0, 0.25):
        settings = SETTINGS.model_copy(update=update | {"untrained_share": share})
        _train(xlmr, tmp_path / str(share), _triplets(32), settings)
    folders = (xlmr, tmp_path / "0.0", tmp_path / "0.25")
    before, trained, found = (load_file(folder / "model.safetensors") for folder in folders)
    changed = [name for name in trained if not torch.equal(before[name], trained[name])]
    assert changed
    for name in trained:
        expected = torch.lerp(trained[name], before[name], 0.25) if name in changed else before[name]
        torch.testing.assert_close(found[name], expected, atol=1e-6, rtol=1e-5)


def test_texts_that_are_compared_with_themselves_are_told(tmp_path, caplog):
    base = write_encoder(tmp_path / "base", "modernbert")  # its dropout is 0, unlike BERT's
    rows = [{"text": text} for text in sentences(16)]
    _train(base, tmp_path / "triplets", _triplets(16))
    assert "each is compared with itself" not in caplog.text
    _train(base, tmp_path / "without", rows)
    assert "each is compared with itself" in caplog.text
    caplog.clear()
    _train(base, tmp_path / "with", rows, SETTINGS.model_copy(update={"dropout": 0.1}))
    assert "each is compared with itself" not in caplog.text
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("without", "with")]
    assert any(not torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_bert_brings_its_own_dropout(xlmr, tmp_path, caplog):
    _train(xlmr, tmp_path / "model", [{"text": text} for text in sentences(16)])
    assert "each is compared with itself" not in caplog.text


def test_more_trained_layers_than_there_are(xlmr, tmp_path):
    settings = SETTINGS.model_copy(update={"trained_layers": 4})
    with pytest.raises(ParamsError, match="trained_layers: 4, but the encoder has 3 layers"):
        _train(xlmr, tmp_path / "model", _triplets(16), settings)


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory):
    """A BERT whose tokenizer knows letters only."""
    folder = write_encoder(tmp_path_factory.mktemp("encoders") / "wordpiece", "bert")
    letters = [prefix + letter for prefix in ("", "##") for letter in "abcdefghijklmnopqrstuvwxyz"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: place for place, token in enumerate([*special, *letters])}
    BertTokenizer(vocab=vocabulary, model_max_length=62).save_pretrained(folder)
    return folder


def test_frequent_words_become_tokens(wordpiece):
    model = build_embedder(wordpiece, pooling="mean", max_seq_length=40)
    before = model[0].model.get_input_embeddings().weight.detach().clone()
    assert add_words(model, ["Bada moda, bada 12 12", "moda kefe x x"], min_count=2) == 2
    assert model.tokenizer.tokenize("bada kefe moda x") == ["bada", "k", "##e", "##f", "##e", "moda", "x"]
    after = model[0].model.get_input_embeddings().weight
    places = model.tokenizer.convert_tokens_to_ids(["bada", "moda"])
    assert len(after) == len(model.tokenizer) == places[1] + 1 + len(["1", "##1", "2", "##2", ",", "##,"])
    pieces = model.tokenizer.convert_tokens_to_ids(["b", "##a", "##d", "##a"])
    assert torch.allclose(after[places[0]], before[pieces].mean(0), atol=1e-6)


def test_new_words_start_at_their_translations(wordpiece):
    model = build_embedder(wordpiece, pooling="mean", max_seq_length=40)
    before = model[0].model.get_input_embeddings().weight.detach().clone()
    texts, translations = ["bada moda", "bada kefe", "moda kefe"], ["q z", "q y", "z y"]
    assert add_words(model, texts, min_count=2, translations=translations) == 3
    after = model[0].model.get_input_embeddings().weight
    for word, translation in (("bada", "q"), ("moda", "z"), ("kefe", "y")):
        place, letter = model.tokenizer.convert_tokens_to_ids([word, translation])
        assert torch.cosine_similarity(after[place], before[letter], dim=0) > 0.9


def test_where_new_words_start_changes_what_is_trained(wordpiece, tmp_path):
    for start in ("pieces", "positives"):
        settings = SETTINGS.model_copy(update={"new_word_min_count": 2, "new_word_start": start})
        _train(wordpiece, tmp_path / start, _triplets(32), settings)
    weights = [(tmp_path / start / "model.safetensors").read_bytes() for start in ("pieces", "positives")]
    assert weights[0] != weights[1]


def test_new_words_are_trained_and_saved(wordpiece, tmp_path):
    settings = SETTINGS.model_copy(update={"new_word_min_count": 2, "trained_layers": 0})
    rows = _triplets(32)
    for name in ("one", "two"):
        _train(wordpiece, tmp_path / name, rows, settings)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
    saved = SentenceTransformer(str(tmp_path / "one"))
    word = rows[0]["anchor"].split()[0]
    assert saved.tokenizer.tokenize(word) == [word]
    untouched = build_embedder(wordpiece, pooling="mean", max_seq_length=40)
    add_words(untouched, [row["anchor"] for row in rows], min_count=2)
    place = saved.tokenizer.convert_tokens_to_ids(word)
    tables = [model[0].model.get_input_embeddings().weight[place] for model in (saved, untouched)]
    assert not torch.equal(*tables)


def test_no_frequent_word_is_an_error(wordpiece, tmp_path):
    settings = SETTINGS.model_copy(update={"new_word_min_count": 500})
    with pytest.raises(DataError, match=r"new_word_min_count: 500: no word of the 16 anchors occurs so often"):
        _train(wordpiece, tmp_path / "model", _triplets(16), settings)


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert"])
def test_words_are_added_to_other_tokenizers_too(architecture, tmp_path):
    folder = write_encoder(tmp_path / "base", architecture)
    model = build_embedder(folder, pooling="mean", max_seq_length=40)
    before = model[0].model.get_input_embeddings().weight.detach().clone()
    pieces = model.tokenizer("zazuzo", add_special_tokens=False)["input_ids"]
    assert add_words(model, ["zazuzo bada", "zazuzo zazuzos"], min_count=2) == 1
    model.save_pretrained(str(tmp_path / "saved"))
    saved = SentenceTransformer(str(tmp_path / "saved"))
    place = saved.tokenizer.convert_tokens_to_ids("zazuzo")
    assert saved.tokenizer("bada zazuzo")["input_ids"].count(place) == 1
    assert place not in saved.tokenizer("zazuzos")["input_ids"]
    after = saved[0].model.get_input_embeddings().weight
    assert torch.allclose(after[place], before[pieces].mean(0), atol=1e-6)


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert"])
def test_a_word_that_has_a_token_behind_a_space_gets_no_other(architecture, tmp_path):
    model = build_embedder(write_encoder(tmp_path / "base", architecture), pooling="mean", max_seq_length=40)
    known = next(token[1:] for token in model.tokenizer.get_vocab() if len(token) > 3 and token[0] in "Ġ▁")
    assert add_words(model, [f"{known} zazuzo", f"{known} zazuzo"], min_count=2) == 1
    assert known not in model.tokenizer.get_added_vocab()


def test_words_are_told_apart_where_the_normaliser_replaces_spaces():
    """As Gemma's does."""
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.Replace(" ", "▁")
    splitter = Splitter(backend, ["bada moda kefe", "bada kefe"])
    assert splitter.frequent(min_count=2, is_known=lambda word: word == "kefe") == ["bada"]


def test_words_without_spaces_between_them_are_found_and_keep_their_marks(wordpiece, tmp_path):
    model = build_embedder(wordpiece, pooling="mean", max_seq_length=62)
    words = ["ไม่", "น้ำ", "บ้าน", "ฉัน", "กิน", "ข้าว"]
    texts = ["".join(random.Random(number).sample(words, 4)) for number in range(60)]
    assert add_words(model, texts, min_count=3) > 0
    model.save_pretrained(str(tmp_path / "saved"))
    tokenizer = SentenceTransformer(str(tmp_path / "saved")).tokenizer
    for text in texts:
        tokens = tokenizer.tokenize(text)
        assert tokenizer.unk_token not in tokens
        assert "".join(token.removeprefix("##") for token in tokens) == text
    assert len({tuple(tokenizer("ไม่ไม")["input_ids"]), tuple(tokenizer("ไมไม่")["input_ids"])}) == 2


def test_a_rare_character_makes_no_clause_unknown(wordpiece):
    """WordPiece knows all of a run of letters or nothing of it."""
    model = build_embedder(wordpiece, pooling="mean", max_seq_length=62)
    often = ["我们今天去学校", "学校今天没有人", "我们没有去学校"] * 5
    add_words(model, [*often, "我们今天去医院"], min_count=3)
    tokenizer = model.tokenizer
    assert tokenizer.unk_token not in tokenizer.tokenize("我们今天去医院")
    with_new = tokenizer.tokenize("我们今天去龘学校")
    assert with_new.count(tokenizer.unk_token) == 1
    assert "".join(token.removeprefix("##") for token in with_new if token != tokenizer.unk_token) == "我们今天去学校"


def test_rare_letters_make_no_word_unknown(wordpiece):
    model = build_embedder(wordpiece, pooling="mean", max_seq_length=62)
    add_words(model, [*["ሰላም ለዓለም"] * 5, "ሰላም ቡና"], min_count=3)
    assert model.tokenizer.unk_token not in model.tokenizer.tokenize("ሰላም ቡና")


def test_distillation_refuses_triplets(xlmr, tmp_path):
    settings = SETTINGS.model_copy(update={"objective": "distillation"})
    with pytest.raises(DataError, match=r"has the columns anchor, positive, negative; it needs .*translations"):
        _train(xlmr, tmp_path / "student", _triplets(8), settings)


def test_equal_translations_are_one_candidate():
    columns = {"anchor": ["a", "b", "c"], "positive": ["x", "y", "x"]}
    labelled, distinct = with_teacher_labels(columns)
    assert labelled["label"] == [0, 1, 0]
    assert distinct == ["x", "y"]


@pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert", "bert"])
def test_lora_is_merged_into_a_plain_encoder(architecture, tmp_path):
    """Only linear layers have changed, by updates of LoRA's rank, and the folder is an encoder like any other."""
    from transformers import AutoModel

    base = write_encoder(tmp_path / "base", architecture)
    settings = SETTINGS.model_copy(update={"lora": LORA, "num_train_epochs": 6, "learning_rate": 1e-2})
    metrics = _train(base, tmp_path / "model", _triplets(64), settings)
    assert metrics["last_loss"] < 0.9 * metrics["first_loss"]
    assert not list((tmp_path / "model").rglob("adapter*"))
    before = AutoModel.from_pretrained(base).state_dict()
    after = AutoModel.from_pretrained(tmp_path / "model").state_dict()
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    linear = {
        f"{name}.weight"
        for name, module in AutoModel.from_pretrained(base).named_modules()
        if isinstance(module, torch.nn.Linear) and "pooler" not in name
    }
    assert changed == linear
    for name in changed:
        assert torch.linalg.matrix_rank(after[name] - before[name], atol=1e-4) <= 4
    model = SentenceTransformer(str(tmp_path / "model"))
    assert model.encode(TEXTS).shape == (3, 32)
    assert not [name for name, _ in model.named_parameters() if "lora" in name]


def test_the_merged_encoder_embeds_as_the_trained_one(xlmr, tmp_path, monkeypatch):
    from bootembed.embedder import train

    seen = {}

    def merge(model, *, share):
        seen["trained"], seen["length"] = model.eval().encode(TEXTS), model.max_seq_length
        merge_lora(model, share=share)

    merge_lora = train.merge_lora
    monkeypatch.setattr(train, "merge_lora", merge)
    _train(xlmr, tmp_path / "model", _triplets(32), SETTINGS.model_copy(update={"lora": LORA}))
    merged = SentenceTransformer(str(tmp_path / "model"))
    merged.max_seq_length = seen["length"]  # that of the training
    found = merged.encode(TEXTS)
    assert np.allclose(found, seen["trained"], atol=1e-5)
    assert not np.allclose(found, build_embedder(xlmr, pooling=SETTINGS.pooling, max_seq_length=40).encode(TEXTS))


def test_a_killed_lora_run_is_continued(xlmr, tmp_path, monkeypatch):
    rows, settings = _triplets(80), SETTINGS.model_copy(update={"lora": LORA})
    _train(xlmr, tmp_path / "whole", rows, settings)
    assert _killed(xlmr, tmp_path / "killed", rows, monkeypatch, settings=settings).name == "checkpoint-6"
    _train(xlmr, tmp_path / "killed", rows, settings)
    assert content_hash(tmp_path / "killed") == content_hash(tmp_path / "whole")


def test_lora_of_modules_that_the_encoder_lacks_is_refused(xlmr, tmp_path):
    settings = SETTINGS.model_copy(update={"lora": LORA.model_copy(update={"target_modules": ["q_proj"]})})
    with pytest.raises(ParamsError, match=r"train_embedder\.lora\.target_modules: \['q_proj'\].*'all-linear' fits"):
        _train(xlmr, tmp_path / "model", _triplets(8), settings)


@pytest.fixture(scope="module")
def undropped(xlmr, tmp_path_factory):
    """The encoder without dropout."""
    base = tmp_path_factory.mktemp("encoders") / "undropped"
    base.mkdir()
    for file in xlmr.iterdir():
        (base / file.name).write_bytes(file.read_bytes())
    config = json.loads((xlmr / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (base / "config.json").write_text(json.dumps(config))
    return base


@pytest.mark.parametrize("mini_batch_size", [None, 4])
def test_the_matryoshka_loss_is_the_sum_over_dimensions(undropped, tmp_path, mini_batch_size):
    """Of the first step, against cross-entropies by hand; with mini-batches too."""
    rows = _triplets(16)
    update = {"matryoshka_dimensions": [8, 32], "mini_batch_size": mini_batch_size, "num_train_epochs": 1}
    metrics = _train(undropped, tmp_path / "model", rows, SETTINGS.model_copy(update=update))
    model = build_embedder(undropped, pooling=SETTINGS.pooling, max_seq_length=SETTINGS.max_seq_length)
    anchors, positives, negatives = (model.encode([row[name] for row in rows]) for name in rows[0])
    candidates = np.concatenate([positives, negatives])
    expected = 0.0
    for size in (8, 32):
        scores = cos_sim(anchors[:, :size], candidates[:, :size]).double() / SETTINGS.temperature
        expected += torch.nn.functional.cross_entropy(scores, torch.arange(16)).item()
    assert metrics["first_loss"] == pytest.approx(expected, rel=1e-4)


def test_matryoshka_embeddings_can_be_cut(undropped, tmp_path):
    """Cut to 4 dimensions they tell texts apart better than those of a plain training."""
    rows = _triplets(64)
    loss = {}
    for name, dimensions in (("plain", []), ("nested", [4, 32])):
        settings = SETTINGS.model_copy(update={"matryoshka_dimensions": dimensions, "num_train_epochs": 6})
        _train(undropped, tmp_path / name, rows, settings)
        model = SentenceTransformer(str(tmp_path / name), truncate_dim=4)
        anchors, positives = (model.encode([row[name] for row in rows]) for name in ("anchor", "positive"))
        scores = cos_sim(anchors, positives) / SETTINGS.temperature
        loss[name] = torch.nn.functional.cross_entropy(scores, torch.arange(64)).item()
    assert loss["nested"] < 0.8 * loss["plain"], loss


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"matryoshka_dimensions": [32, 64]}, "[32, 64]: the encoder's embeddings have 32 dimensions"),
        ({"matryoshka_dimensions": [8, 16]}, "[8, 16]: add 32"),
    ],
)
def test_dimensions_that_cannot_be_are_refused(xlmr, tmp_path, update, told):
    with pytest.raises(ParamsError, match=rf"train_embedder\.matryoshka_dimensions: {re.escape(told)}"):
        _train(xlmr, tmp_path / "model", _translations(8), SETTINGS.model_copy(update=update))
