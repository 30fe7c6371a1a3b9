"""Good sentences of all kinds of languages pass the filters of generated triplets, and faults like them do not."""

# ruff: noqa: RUF001 - punctuation of other scripts is meant

from __future__ import annotations

import pytest
from filter_settings import ALL

from bootembed.generation.answer_cache import Answer
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates
from bootembed.triplets.text import split_sentences

FORM = ALL.model_copy(update={"wrong_language": False, "max_length_ratio": 20.0, "max_similarity_to_anchor": None})


def _reason(anchor: str, positive: str, language: str, answer_language: str | None = None) -> TripletRejection | None:
    (verdict,) = filter_candidates(
        [Candidate(0, anchor, Answer(positive, True), Answer("xxx yyy zzz", True))],
        FORM,
        anchor_language=language,
        answer_language=answer_language or language,
    )
    return verdict.reason


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ڈاکٹر صاحب نے پی۔ایچ۔ڈی کی ڈگری لی۔", 1),
        ("ڈاکٹر صاحب نے پی۔ایچ۔ڈی۔ کی ڈگری لی۔", 1),
        ("وہ گھر گیا۔ میں بازار گئی۔", 2),
        ("هل جاء؟ نعم جاء.", 2),
        ("उसने बी।ए। किया है।", 1),
        ("उसने बी।ए। किया है। वह गया।", 2),
        ("កសិករដាំត្រសក់ ននោង ។ល។", 1),
        ("កសិករដាំត្រសក់ ននោង ។ល។ នៅក្នុងសួន។", 1),
        ("កសិករដាំត្រសក់។ គាត់ទៅផ្ទះ។", 2),
        ("彼女はモーニング娘。のコンサートを見た。", 1),
        ("彼女は寝た。のどが痛い。", 2),
        ("雨が降った。でも彼は行く。", 2),
        ("他看了《你好！世界》这部电影。", 1),
        ("他笑了（真的吗？）然后离开了。", 1),
        ("他看了〈你好。世界〉和【你好。世界】还有〔你好。世界〕。", 1),
        ("彼は「はい。行く。」と『いいえ。』を言った（嘘。本当。）。", 1),
        ("他看了《你好！世界》。我走了。", 2),
        ("बच्चे खेल रहे हैं।वे बगीचे में हैं।", 2),
        ("শিশুরা খেলছে।তারা বাগানে আছে।", 2),
        ("بچے کھیل رہے ہیں۔وہ باغ میں ہیں۔", 2),
        ("هل يلعب الأطفال؟نعم يلعبون في الحديقة.", 2),
        ("彼は学校に行った。が彼女は家にいた。", 2),
        ('"The man sings. He is tall.', 2),
        ("5'10\" tall. He sings.", 2),
        ('"He sings. He is tall," she said.', 1),
        ("„Er ging. Sie blieb“, sagte man.", 1),
        ("„Er ging.“ Das ist gut. Sie blieb.", 2),
        ("»Er ging. Sie blieb«, sagte man.", 1),
        ("(He left. She stayed.)", 1),
        ("ልጁ ሄደ።እሷ መጣች።", 2),
    ],
)
def test_stops_within_words_and_brackets_end_no_sentence(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nob", "1. mai er en helligdag i landet."),
        ("nob", "1. mai og 2. juni er helligdager."),
        ("deu", "1. FC Köln hat gewonnen."),
        ("tur", "1. Dünya Savaşı bitti."),
    ],
)
def test_an_ordinal_begins_no_list(language: str, text: str) -> None:
    anchor = {"nob": "Landet feirer 1. mai og 2. juni.", "deu": "Der 1. FC Köln siegte.", "tur": "O, 1. Dünya Savaşı."}
    assert _reason(anchor[language], text, language) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nob", "1. En mann går. 2. En kvinne går."),
        ("deu", "1. Ein Mann geht\n2. Eine Frau geht"),
        ("eng", "1. A man walks."),
        ("tur", "1) Bir adam yürüyor."),
    ],
)
def test_a_list_is_still_told(language: str, text: str) -> None:
    assert _reason("xxx yyy.", text, language) is TripletRejection.CHAT_RESIDUE


def test_an_anchor_that_begins_with_an_ordinal_excuses_its_answers() -> None:
    assert _reason("1. FC Köln hat gestern gewonnen.", "1. FC Köln won.", "deu", "eng") is None


@pytest.mark.parametrize(
    ("anchor", "positive", "differs"),
    [
        ("The hall opens at 12:30.", "It opens at 12.30 today.", False),
        ("The hall opens at 12.30.", "It opens at 12:30 today.", False),
        ("The hall opens at 09:30.", "It opens at 9.30 today.", False),
        ("The hall opens at ١٢:٣٠.", "It opens at 12.30 today.", False),
        ("The hall opens at 12:30.", "It opens about 12 today.", False),
        ("It ran for 1:23:45 hours.", "The run took 1.23.45 hours.", False),
        ("They won by 3:2.", "They had 3 and the others 2.", False),
        ("It costs 1.230 euros.", "You pay 1:230 euros.", True),
        ("The ratio is 1:230.", "It is a ratio of 1.230.", True),
        ("The hall opens at 12:30.", "It opens at 12.3 today.", True),
        ("The hall opens at 12:30.", "It opens at 1230 today.", True),
        ("The hall opens at 12:30.", "It opens at 12.45 today.", True),
        ("The hall has 12 rows of 30.", "The hall has 12.30 rows.", True),
        ("It costs 12.30 euros.", "It costs 30 euros.", True),
        ("The ratio is 45:30.", "It is a ratio of 45.30.", True),
    ],
)
def test_times_are_the_same_with_a_colon_or_a_full_stop(anchor: str, positive: str, differs: bool) -> None:
    assert _reason(anchor, positive, "eng") is (TripletRejection.NUMBERS_DIFFER if differs else None)


@pytest.mark.parametrize(
    ("language", "anchor", "positive"),
    [
        ("nld", "De man zei dat het warmer wordt.", 'De man zei: "Morgen wordt het warmer."'),
        ("nld", "De man zei dat het warmer wordt.", "De man zei: “Morgen wordt het warmer.”"),
        ("nld", "De man zei dat het warmer wordt.", "De man zei: ‘Morgen wordt het warmer.’"),
        ("nld", "De man zei dat het warmer wordt.", "De man zei: „Morgen wordt het warmer.”"),
        ("nld", "De man zei dat het warmer wordt.", 'De man zei: "Het wordt warmer! Wij gaan. Allen komen."'),
        ("fra", "Le chat dort dans la maison.", "On a dit : « Demain le chat dort. »"),
        ("fra", "Le chat dort dans la maison.", "On a dit : ‹ Demain le chat dort. ›"),
        ("dan", "Manden går hjem i aften.", "Han sagde: »Jeg går hjem.«"),
        ("swe", "Mannen går hem i kväll.", "Han sade: ”Jag går hem.”"),
        ("spa", "Los niños van a casa.", "—Vamos a casa."),
        ("spa", "Los niños van a casa.", "– Vamos a casa."),
        ("spa", "Los niños van a casa.", "Los niños dicen: ¡Vamos a casa!"),
        ("spa", "Los niños van a casa.", "Ellos dicen que sí (Vamos a casa)."),
        ("nld", "Ja, hij gaat naar huis.", "Hij knikte – Morgen gaat hij."),
        ("nld", "Ja, hij gaat naar huis.", "● Allen gaan naar huis."),
        ("haw", "Hele lākou a pau i kahakai.", "\u02bbOhana lākou i kahakai."),
        ("haw", "Hele lākou i Hawai\u02bbi.", "Aia lākou ma Hawaii."),
        ("uzb", "U O\u2018zbekistonda yashaydi.", "Bu odam O\u02bbzbekistonda yashaydi."),
        ("fra", "Il aime l’Italie et la mer.", "Cet homme aime Italie."),
        ("cym", "Mae hi'n byw yng Nghaerdydd.", "Mae hi'n byw yn ninas Caerdydd."),
        ("cym", "Mae hi'n byw yn ninas Caerdydd.", "Mae hi'n byw yng Nghaerdydd."),
        ("gle", "Tá sí ina cónaí i gCorcaigh.", "Tá cónaí uirthi i gcathair Chorcaí."),
        ("gle", "Tá sé in Éirinn.", "Tá muintir na hÉireann anseo."),
        ("bre", "Emañ e Breizh.", "Tud a zo e Vreizh."),
    ],
)
def test_words_that_begin_a_sentence_and_mutated_names_are_no_other_names(
    language: str, anchor: str, positive: str
) -> None:
    assert _reason(anchor, positive, language) is None


@pytest.mark.parametrize(
    ("language", "anchor", "positive"),
    [
        ("tur", "Ahmet Ankara'ya gitti.", "Ahmet Ankara'dadır."),
        ("fin", "Matti muutti Helsinkiin viime vuonna.", "Matti asuu Helsingissä."),
        ("uzn", "U Toshkentda yashaydi.", "U Toshkentlik."),
        ("quz", "Qusqupi tiyan.", "Payqa Qusqumanta."),
        ("quz", "Payqa Lima llaqtapi.", "Payqa Limamanta."),
        ("lit", "Jonas nuvyko į Vilnių.", "Jonas yra Vilniuje."),
        ("pol", "Anna mieszka w Łodzi.", "Kobieta mieszka w mieście Łódź."),
        ("ita", "Abita all'Aquila.", "Vive a L'Aquila."),
    ],
)
def test_names_with_endings_are_no_other_names(language: str, anchor: str, positive: str) -> None:
    assert _reason(anchor, positive, language) is None


@pytest.mark.parametrize(
    ("language", "anchor", "positive"),
    [
        ("eng", "He said that it gets warmer.", 'He said: "It gets warmer in Kampala."'),
        ("eng", "He said that it gets warmer.", '"It gets warmer," said Peter to them.'),
        ("eng", "A man walks home.", "A man (an old one) walks home to Kampala."),
        ("eng", "A man walks home.", "A man, Dr. Peter, walks home."),
        ("eng", "They live in Paris.", "They live near Maris."),
        ("eng", "They saw O'Brien.", "They saw O'Hara."),
        ("tur", "Ahmet Ankara'ya gitti.", "Ahmet İzmir'dedir."),
        ("fin", "Matti muutti Helsinkiin.", "Matti asuu Tampereella."),
        ("cym", "Mae hi'n byw yng Nghaerdydd.", "Mae hi'n byw yn Abertawe."),
        ("gle", "Tá sí ina cónaí i gCorcaigh.", "Tá cónaí uirthi i nGaillimh agus i Luimneach."),
    ],
)
def test_other_names_are_still_told(language: str, anchor: str, positive: str) -> None:
    assert _reason(anchor, positive, language) is TripletRejection.NAMES_DIFFER
