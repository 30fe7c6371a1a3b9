import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootembed.core.language_id import (
    in_other_language,
    is_checkable,
    measured_script,
    other_language_of_all,
    unchecked,
)
from bootembed.corpora.alarms import Sample, evaluation_alarm, language_alarm
from bootembed.corpora.identifiers import Heliport

SENTENCES = {
    "eng": "The old farmer sells apples at the market every morning.",
    "afr": "Die ou boer verkoop elke oggend appels op die mark.",
    "ind": "Petani tua itu menjual apel di pasar setiap pagi.",
    "hau": "Tsohon manomi yana sayar da tuffa a kasuwa kowace safiya.",
    "swh": "Mkulima mzee anauza matofaa sokoni kila asubuhi.",
    "hin": "बूढ़ा किसान हर सुबह बाज़ार में सेब बेचता है।",
    "kor": "늙은 농부는 매일 아침 시장에서 사과를 팔고 있습니다 그리고 집에 갑니다.",
    "mar": "म्हातारा शेतकरी दररोज सकाळी बाजारात सफरचंद विकतो आणि घरी जातो.",
    "tel": "ముసలి రైతు ప్రతి ఉదయం మార్కెట్లో యాపిల్స్ అమ్ముతాడు.",
}
SCRIPTS = {"hin": "Deva", "mar": "Deva", "kor": "Kore", "tel": "Telu"}
KURMANJI = [
    "Deriyê min herdem vekir ye.",
    "Ku fîlosofer rî sipî u dirêj ne be, ez jê bawer nakim.",
    "Bavê wî sax e?",
    "Ez ji te hez dikim û dixwazim bi te re bimînim.",
]


def _script(language):
    return SCRIPTS.get(language, "Latn")


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_never_contradicted_by_its_own_language(language):
    assert in_other_language(SENTENCES[language], language, _script(language)) is None


@pytest.mark.parametrize("language", [key for key in SENTENCES if key != "eng"])
def test_english_is_told_from_every_other_language(language):
    assert in_other_language(SENTENCES["eng"], language, _script(language)) == "eng"


@pytest.mark.parametrize(
    ("language", "other"),
    [("afr", "msa"), ("hau", "swa"), ("mar", "hin"), ("eng", "afr"), ("ind", "afr"), ("yor", "swa"), ("mkd", "rus")],
)
def test_another_language_is_told(language, other):
    texts = {
        "msa": SENTENCES["ind"],
        "rus": "Старый фермер продаёт яблоки на рынке каждое утро.",
        "swa": SENTENCES["swh"],
        **SENTENCES,
    }
    script = {"mkd": "Cyrl"}.get(language, _script(language))
    assert in_other_language(texts[other], language, script) == other


@pytest.mark.parametrize("text", KURMANJI)
def test_kurmanji_is_kept_under_both_its_keys(text):
    assert in_other_language(text, "kmr", "Latn") is None
    assert in_other_language(text, "kur", "Latn") is None


def test_a_close_relative_does_not_contradict():
    norwegian = "Den gamle bonden selger epler på markedet hver morgen og går hjem"
    assert [in_other_language(norwegian, key, "Latn") for key in ("nob", "nno", "nor")] == [None, None, None]
    assert in_other_language("今天天气很好", "cmn", "Hans") is None


def test_a_macrolanguage_is_checked_like_its_member():
    for key in ("swa", "swh"):
        assert in_other_language(SENTENCES["swh"], key, "Latn") is None
        assert in_other_language(SENTENCES["eng"], key, "Latn") == "eng"


def test_both_codes_of_filipino_are_checked():
    for key in ("fil", "tgl"):
        assert unchecked(key, "Latn") is None
        assert in_other_language("Ang mga bata ay naglalaro sa labas ng bahay", key, "Latn") is None
        assert in_other_language(SENTENCES["eng"], key, "Latn") == "eng"


def test_the_script_is_part_of_the_key():
    assert unchecked("zsm", "Latn") is None
    assert unchecked("hin", "Deva") is None
    assert "`snd` in the script `Deva`" in unchecked("snd", "Deva")
    assert "`kaz` in the script `Latn`" in unchecked("kaz", "Latn")
    assert in_other_language(SENTENCES["hin"], "snd", "Deva") is None
    assert in_other_language("Ескі фермер күн сайын таңертең базарда алма сатады", "kaz", "Cyrl") is None


def test_a_language_without_measured_rates_is_never_contradicted():
    assert not is_checkable("xyz")
    assert unchecked("xyz", "Latn").startswith("The language of rows was not checked")
    assert in_other_language(SENTENCES["eng"], "xyz", "Latn") is None


ENGLISH = [
    SENTENCES["eng"],
    "Nobody knows where the children have gone today.",
    "It rained all night and the river is high.",
]


def test_texts_as_a_whole_are_told_where_one_alone_is_not():
    assert other_language_of_all(KURMANJI * 10, "kmr", "Latn") is None
    assert other_language_of_all(ENGLISH * 10, "kmr", "Latn") == "eng"
    assert other_language_of_all(ENGLISH * 9, "kmr", "Latn") is None  # under 30 of them
    assert other_language_of_all(["12345"] * 40, "kmr", "Latn") is None
    assert other_language_of_all(ENGLISH * 10, "xyz", "Latn") is None


@pytest.mark.parametrize("language", ["bem", "cjk", "fuv", "lua", "ltg"])
def test_a_language_whose_rows_cannot_be_checked_is_checked_as_a_whole(language):
    assert in_other_language(ENGLISH[0], language, "Latn") is None
    assert not is_checkable(language)
    assert unchecked(language, "Latn").endswith("Tables were checked as a whole.")
    assert other_language_of_all(ENGLISH * 10, language, "Latn") == "eng"


@pytest.mark.parametrize("language", ["kin", "nya", "xho", "hau"])
def test_english_is_told_even_from_languages_that_the_identifier_does_not_know(language):
    assert in_other_language(ENGLISH[0], language, "Latn") == "eng"


def test_a_mixed_corpus_is_not_in_another_language_as_a_whole():
    assert other_language_of_all([*KURMANJI * 20, *ENGLISH * 10], "kmr", "Latn") is None


@given(st.integers(0, 3_000))
def test_a_sample_has_equal_distances_and_is_small(size):
    sample = Sample()
    for number in range(size):
        sample.add(str(number))
    numbers = [int(text) for text in sample.texts]
    assert min(size, 250) <= len(numbers) <= 500
    assert len({later - earlier for earlier, later in itertools.pairwise(numbers)}) <= 1
    assert size == 0 or (numbers[0] == 0 and 2 * numbers[-1] >= size - 2)


def test_short_texts_and_numbers_are_left_open():
    assert in_other_language("Yes.", "hau", "Latn") is None
    assert in_other_language("12345 67890 12345 67890", "hau", "Latn") is None


def test_the_script_of_a_text_is_one_in_which_its_language_was_measured():
    assert measured_script(SENTENCES["hin"], "hin") == "Deva"
    assert measured_script("Main ghar ja raha hoon", "hin") is None


def test_an_alarm_names_both_remedies():
    alarm = language_alarm("anchors of kmr", "text", Counter(eng=60, tur=20), 410)
    assert "80 of 410 texts" in alarm and "60 eng" in alarm
    assert "`corpora`" in alarm and "check_language" in alarm
    assert language_alarm("anchors of kmr", "text", Counter(eng=4), 410) is None
    whole = language_alarm("anchors of kmr", "text", Counter(eng=4), 410, "tur")
    assert "`text` is not what it should be: as a whole it is in `tur`" in whole
    assert "4 of 410" not in whole and "check_language" in whole


def test_an_evaluation_set_in_another_script_or_language_is_named():
    tigrinya = [f"ሰላም ኣሎ ሎሚ መዓልቲ {number} ጽቡቕ እዩ" for number in range(9)]
    assert "0% of the letters are of the script Latn" in evaluation_alarm(
        "Sentiment", tigrinya, "orm", "Latn", Heliport()
    )
    english = [SENTENCES["eng"], "Nobody knows where the children have gone today."] * 9
    assert "most of them in `eng`" in evaluation_alarm("Sentiment", english, "orm", "Latn", Heliport())
    assert evaluation_alarm("Sentiment", [SENTENCES["afr"]] * 9, "afr", "Latn", Heliport()) is None
    assert "as a whole, the texts are in `eng`, not in `bem`" in evaluation_alarm(
        "STS", ENGLISH * 10, "bem", "Latn", Heliport()
    )


@given(st.text())
def test_no_text_raises(text):
    in_other_language(text, "eng", "Latn")
    in_other_language(text, "hau", "Latn")
