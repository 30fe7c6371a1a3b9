import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootembed.core.language_id import identifier_code, identify_language, in_other_language

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


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_of_each_of_the_papers_languages_is_told(language):
    assert identify_language(SENTENCES[language], expected=language) == identifier_code(language)
    assert in_other_language(SENTENCES[language], language) is None


@pytest.mark.parametrize("language", [key for key in SENTENCES if key != "eng"])
def test_another_language_is_told_from_english(language):
    assert in_other_language(SENTENCES[language], "eng") == identifier_code(language)


def test_english_is_told_from_the_language_that_was_expected():
    assert in_other_language(SENTENCES["eng"], "hau") == "en"


def test_short_texts_and_numbers_are_left_open():
    assert in_other_language("Yes.", "hau") is None
    assert in_other_language("12345 67890 12345 67890", "hau") is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("heb", "הזקן מוכר תפוחים בשוק בכל בוקר והולך הביתה"),
        ("jav", "Petani tuwa kuwi adol apel ing pasar saben esuk lan banjur mulih"),
        ("tgl", "Ang matandang magsasaka ay nagbebenta ng mansanas sa palengke tuwing umaga"),
        ("nob", "Den gamle bonden selger epler på markedet hver morgen og går hjem"),
    ],
)
def test_languages_that_cld2_has_under_another_code_are_known(language, text):
    assert in_other_language(text, language) is None
    assert in_other_language(SENTENCES["eng"], language) == "en"


def test_a_language_unknown_to_cld2_is_never_contradicted():
    assert identifier_code("kik") is None
    assert identifier_code("not a tag") is None
    assert in_other_language(SENTENCES["eng"], "kik") is None


@given(st.text())
def test_no_text_raises(text):
    in_other_language(text, "eng")
