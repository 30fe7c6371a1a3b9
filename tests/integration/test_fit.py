import json

import pytest
from encoders import sentences, write_encoder
from transformers import BertTokenizer

from bootembed.core.errors import DataError
from bootembed.embedder.fit import measure_fit, measure_fits, write_fits
from bootembed.report.fit import fit_section, read_fits
from bootembed.settings.embedder import MeasureFit

BOUNDS = MeasureFit(
    sentences=100, warn_unknown_share=0.01, warn_lost_share=0.05, warn_cut_share=0.05, max_unknown_share=0.5
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
