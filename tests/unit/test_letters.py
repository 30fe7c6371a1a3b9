"""A sentence is found again however its letters are spelt, and letters that differ stay apart."""

# ruff: noqa: RUF001 - letters of other scripts are meant

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.core.text import clean_text, comparable, script_share
from bootembed.corpora.evaluation_sets import EvaluationTexts

SPELT_TWICE = [
    ("Ọkọ mi lọ sọ́jà.", "O\u0329ko\u0329 mi lo\u0329 so\u0301\u0329jà."),
    ("Și tu știi, fetiță?", "\u015ei tu \u015ftii, feti\u0163ă?"),
    ("Și tu știi, fetiță?", "S\u0327i tu s\u0327tii, fetit\u0327ă?"),
    ("Mən səni sevirəm.", "M\u01ddn s\u01ddni sevir\u01ddm."),
    ("Ɖevia ɖu nu.", "\u0110evia \u0111u nu."),
    ("Ɖevia ɖu nu.", "\u00d0evia \u0111u nu."),
    ("Ma sœur a un œuf", "Ma soeur a un oeuf"),
    ("Æbler er på træet", "Aebler er på traeet"),
    ("Где ёлка?", "Где елка?"),
    ("Где ёлка?", "Где е\u0308лка?"),
    ("Цуьнан цӀе ю", "Цуьнан ц1е ю"),
    ("Цуьнан цӀе ю", "Цуьнан цIе ю"),
    ("Цуьнан цӀе ю", "ЦУЬНАН ЦӀЕ Ю"),
    ("Цуьнан цӀе ю", "Цуьнан цlе ю"),
    ("Цуьнан цӀе ю", "Цуьнан цІе ю"),
    ("Ӏуьйре дика хуьлда хӀокхуьнагӀ", "1уьйре дика хуьлда х1окхуьнаг1"),
    ("أنا أحب إخوتي وآبائي", "انا احب اخوتي وابائي"),
    ("مستشفى إلى", "مستشفي الي"),
    ("وہ گھر میں ہے", "وه گھر میں هے"),
    ("ئەو لە ماڵەوەیە", "ئه\u200cو له\u200c ماڵه\u200cوه\u200cیه\u200c"),
    ("خانه\u200cها", "خانهها"),
    ("خانهٔ ما", "خانۀ ما"),
    ("أنا إلى آخر", "ا\u0654نا ا\u0655لى ا\u0653خر"),
    ("നദിയിൽ അവൻ അവർ വാൾ കൺ വാൿ", "നദിയില്\u200d അവന്\u200d അവര്\u200d വാള്\u200d കണ്\u200d വാക്\u200d"),
    ("അവന്റെ", "അവൻ്റെ"),
    ("അവന്റെ", "അവന്\u200dറെ"),
    ("হঠাৎ", "হঠাত্\u200d"),
    ("हिंदी में संबंध", "हिन्दी में सम्बन्ध"),
    ("गंगा चंचल ठंडा", "गङ्गा चञ्चल ठण्डा"),
    ("माँ पाँच", "मां पांच"),
    ("અંત સુંદર", "અન્ત સુન્દર"),
    ("ಅಂತ", "ಅನ್ತ"),
    ("అంత", "అన్త"),
    ("ሀገር ሰላም ጸሀይ አለም", "ሐገር ሠላም ፀኀይ ዐለም"),
    ("ሁሉ ሂድ ሄደ ህዝብ ሆነ", "ሑሉ ኂድ ሔደ ኅዝብ ኆነ"),
    ("ሱሪ ጽጌ እንቁ", "ሡሪ ፅጌ ዕንቁ"),
    ("ሀሳብ አመት", "ሃሳብ ዓመት"),
    ("ဥယျာဉ်", "ဉယျာဥ်"),
    ("Tom & Jerry's house", "Tom &amp; Jerry&#39;s house"),
    ("Tom & Jerry's house", "Tom &amp;amp; Jerry&amp;#x27;s house"),
    ('He said "yes".', "He said &quot;yes&quot;."),
    ("Él está aquí", "&Eacute;l est&aacute; aqu&iacute;"),
    ("AT&T", "AT&amp;T"),
    ("Ο Μάιος στην Αθήνα", "Ο ΜΑΪΟΣ ΣΤΗΝ ΑΘΗΝΑ"),
    ("\u05d5\u05d5\u05d0\u05b8\u05e1 \u05d9\u05d9\u05d3", "\u05f0\u05d0\u05b8\u05e1 \u05f2\u05d3"),
    ("น้ำแข็ง", "น\u0e4d\u0e49าเเข็ง"),
    ("ນ້ຳແລະ", "ນ\u0ecd\u0ec9າເເລະ"),
    ("Nước hoà bình, quý và khoẻ", "Nước hòa bình, qúy và khỏe"),
    ("дорога домой", "доро\u0301га домо\u0301й"),
    ("Ӕз дӕн ирон", "Æз дæн ирон"),
    ("аԥсуа", "аҧсуа"),
    ("ƴan mata", "'yan mata"),
    ("ஔவையார் கௌரவம் ஸ்ரீ", "ஒளவையார் கெளரவம் ஶ்ரீ"),
    ("学习汉语的问题", "學習漢語的問題"),
    ("里面有头发", "裡面有頭髮"),
    ("वह घर है।", "वह घर है|"),
    ("それは〜です", "それは～です"),
    ("-5 °C", "−5 °C"),
    ("½ kg", "1/2 kg"),
    ("col·lecció", "col⋅lecció"),
]


@pytest.mark.parametrize(("held", "written"), SPELT_TWICE)
def test_spellings_of_a_letter_hide_no_evaluation_sentence(held: str, written: str) -> None:
    assert comparable(held) == comparable(written)
    for one, other in ((held, written), (written, held)):
        [match] = EvaluationTexts([("xyz/Some", one)], near_threshold=None).match([clean_text(other)])
        assert match is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("አለ", "ዘለ"),
        ("ሰማ", "ሸማ"),
        ("अन्य", "अंय"),
        ("जन्म", "जंम"),
        ("अन्न", "अंन"),
        ("അവൻ", "അവന്"),
        ("کہا", "کھا"),
        ("كتابة", "كتابه"),
        ("ئاش", "ياش"),
        ("во II веке", "во 11 веке"),
        ("12 апреля", "1 апреля"),
        ("Rooi & wit", "Rooi amper wit"),
        ("ҫ", "с"),
        ("ағаш", "агаш"),
        ("น้ำ", "น้า"),
        ("ìlú", "ílu"),
        ("loẹ", "lọe"),
        ("ѓон", "гон"),
    ],
)
def test_letters_that_a_language_tells_apart_stay_apart(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_numbers_and_words_of_other_scripts_stay_as_they_are() -> None:
    assert comparable("Die I en 1 is nie l nie") == "dieien1isnielnie"
    assert comparable("в 2021 году") == "в2021году"


SPELT = sorted({character for pair in SPELT_TWICE for text in pair for character in text} | set("&;#1Il\u0654\u0329ا"))


@settings(max_examples=1000, deadline=None)
@given(text=st.text(st.sampled_from(SPELT), max_size=12))
def test_what_is_compared_is_compared_as_itself(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)
    assert comparable(clean_text(text)) == comparable(text)
    assert comparable(comparable(text, symbols=False), symbols=False) == comparable(text, symbols=False)


@pytest.mark.parametrize(
    ("text", "script", "share"),
    [
        ("ابتســـــــــــــام", "Arab", 1.0),
        ("ハーー、コーヒーー", "Jpan", 1.0),
        ("ʻOhana", "Latn", 1.0),
        ("ハーーーーa", "Jpan", 0.5),
        ("ـــabج", "Arab", 1 / 3),
        ("ーー", "Latn", 1.0),
    ],
)
def test_letters_of_several_scripts_are_of_no_other_script(text: str, script: str, share: float) -> None:
    assert script_share(text, script) == pytest.approx(share)
