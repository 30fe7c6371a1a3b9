import json
import math

import pytest
import torch
from encoders import sentences, write_encoder
from generators import write_generator_model
from transformers import BertTokenizer

from bootembed.core.errors import DataError
from bootembed.embedder.fit import Fit, knowledge_fit, measure_fit, measure_fits, write_fits
from bootembed.generation.knowledge import bits_per_byte
from bootembed.report.fit import fit_section, read_fits
from bootembed.settings.embedder import MeasureFit

BOUNDS = MeasureFit(
    sentences=100,
    generator_sentences=50,
    warn_times_english_bits=2.0,
    warn_unknown_share=0.01,
    warn_lost_share=0.05,
    warn_cut_share=0.05,
    max_unknown_share=0.5,
)
AMHARIC = ["ዛሬ አየሩ በጣም ጥሩ ነው", "ልጆቹ በሜዳ ላይ ኳስ ይጫወታሉ"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A byte-level encoder, and one whose tokenizer knows Latin letters only and drops marks."""
    folder = tmp_path_factory.mktemp("models")
    write_encoder(folder / "bytes", "bert")
    letters = [prefix + letter for prefix in ("", "##") for letter in "abcdefghijklmnopqrstuvwxyz"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: place for place, token in enumerate([*special, *letters])}
    BertTokenizer(vocab=vocabulary, model_max_length=62).save_pretrained(folder / "letters")
    return folder


def _measure(models, name, texts):
    return measure_fits(models, {name: 62}, texts=texts, english=sentences(20), language="xyz", bounds=BOUNDS)


def test_a_tokenizer_that_knows_its_text_raises_no_warning(models):
    fit = _measure(models, "bytes", sentences(20))["bytes"]
    assert fit.warnings == []
    assert fit.shares["unknown_share"] == fit.shares["lost_share"] == fit.shares["cut_share"] == 0
    assert fit.shares["times_english"] == pytest.approx(1.0)


def test_a_tokenizer_that_knows_nothing_of_a_text_is_refused(models):
    with pytest.raises(DataError, match=r"max_unknown_share: 0.5: 100% of the tokens of `xyz` are unknown to letters"):
        _measure(models, "letters", AMHARIC)


def test_lost_marks_are_warned_of(models, tmp_path):
    fits = _measure(models, "letters", ["ọkọ mi", "òkò kan", "oko baba"])
    (warning,) = [text for text in fits["letters"].warnings if "marks" in text]
    assert "100% of the marks" in warning and "new_word_min_count" in warning
    write_fits(fits, tmp_path / "fit" / "xyz.json")
    shown = fit_section(read_fits(tmp_path / "fit", ["xyz"]))
    assert warning in shown and "100.0%" in shown
    assert json.loads((tmp_path / "fit" / "xyz.json").read_text())["letters"]["unknown_share"] == 0


def test_where_new_words_are_set_they_are_no_remedy_to_set(models):
    fits = measure_fits(
        models, {"letters": 62}, texts=["ọkọ mi", "òkò kan"], english=[], language="xyz", bounds=BOUNDS,
        gets_words=["letters"],
    )  # fmt: skip
    (warning,) = [text for text in fits["letters"].warnings if "marks" in text]
    assert "`train_embedder.new_word_min_count` is set, and adds the frequent words" in warning
    assert "choose another encoder" not in warning


def test_sentences_over_the_limit_are_counted(models):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models / "letters")
    fit = measure_fit(tokenizer, ["abc", "abcdefgh"], [], max_length=6)
    assert fit["cut_share"] == 0.5
    assert "times_english" not in fit


def test_a_damaged_measure_names_the_stage_and_a_missing_one_is_not_run(tmp_path):
    assert read_fits(tmp_path, ["xyz"]) == {}
    (tmp_path / "xyz.json").write_text("{")
    with pytest.raises(DataError, match="run stage measure_fit@xyz"):
        read_fits(tmp_path, ["xyz"])


def test_bits_per_byte_are_those_of_the_models_own_loss(tmp_path):
    """On the mean over sentences of what transformers calls the loss; a group is measured as a whole."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = write_generator_model(tmp_path / "generator", "llama")
    texts = ["the farmer buys an apple", "a child opens the door of the house"]
    found, missing = bits_per_byte(folder, texts, [], bf16=False, load_in_4bit=False)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer(text, return_tensors="pt")["input_ids"] for text in texts]
    with torch.no_grad():
        nats = sum(float(model(one, labels=one).loss) * (one.shape[1] - 1) for one in ids)
    assert found == pytest.approx(nats / math.log(2) / sum(map(len, texts)), rel=1e-4)
    assert missing is None


@pytest.mark.parametrize(("own", "english", "warned"), [(3.0, 1.0, True), (1.9, 1.0, False), (3.0, None, False)])
def test_a_generator_that_hardly_knows_the_language_is_told_of(own, english, warned):
    fit = knowledge_fit(Fit({"unknown_share": 0.0}, ["before"]), own, english, language="hau", bounds=BOUNDS)
    assert fit.shares["bits_per_byte"] == own
    assert fit.warnings[0] == "before"
    assert any("hardly knows `hau`" in w and "multilingual_distillation" in w for w in fit.warnings) is warned
