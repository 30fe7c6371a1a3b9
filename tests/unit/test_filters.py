"""Filters of generated triplets: each fault is told, plain sentences pass, and no text breaks them."""

from __future__ import annotations

import random

import pytest
from filter_settings import ALL
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bootembed.core.language_id import is_checkable
from bootembed.generation.answer_cache import Answer
from bootembed.triplets.filters import Candidate, TripletRejection, filter_candidates
from bootembed.triplets.phrases import negations
from bootembed.triplets.text import names, number_readings, split_sentences, strip_quotes

SWITCHES = {
    TripletRejection.REFUSAL: {"refusal": False},
    TripletRejection.CHAT_RESIDUE: {"chat_residue": False},
    TripletRejection.SEVERAL_SENTENCES: {"several_sentences": "keep"},
    TripletRejection.WRONG_LANGUAGE: {"wrong_language": False},
    TripletRejection.NEAR_COPY_OF_ANCHOR: {"max_similarity_to_anchor": None},
    TripletRejection.NUMBERS_DIFFER: {"numbers_differ": False},
    TripletRejection.NAMES_DIFFER: {"names_differ": False},
    TripletRejection.ONLY_NEGATED: {"only_negated": False},
}
ANCHOR = "The old farmer carries a heavy box of apples to the market in Nairobi."
GOOD = ("A man brings fruit to a market.", "The farmer leaves his fruit at home.")


def _with(**changes):
    return ALL.model_copy(update=changes)


def _candidate(anchor, positive, negative, number=0, *, finished=True):
    return Candidate(number, anchor, Answer(positive, finished), Answer(negative, finished))


def _verdict(anchor, positive, negative, filters=ALL, languages=("eng", "eng"), *, finished=True):
    (verdict,) = filter_candidates(
        [_candidate(anchor, positive, negative, finished=finished)],
        filters,
        anchor_language=languages[0],
        answer_language=languages[1],
    )
    return verdict


def _positive(text, **others):
    return _verdict(ANCHOR, text, GOOD[1], **others).reason


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I cannot write this.",
        '"As an AI language model, I do not have opinions',
        "I cannot fulfill this request.",
        "Ek is jammer, maar ek kan nie.",
        "Samahani, siwezi kusaidia na hilo.",
        "죄송합니다 그것은 할 수 없습니다.",
        "मुझे खेद है मैं यह नहीं कर सकता।",
    ],
)
def test_refusals(text):
    assert _positive(text) is TripletRejection.REFUSAL


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here is a sentence about a man.",
        "Sure! The man brings fruit.",
        "Here's a sentence: The man brings fruit.",
        "Here is a true sentence for you.",
        "Positive: A man brings fruit.",
        "English sentence: A man brings fruit.",
        "assistant: A man brings fruit.",
        "A man brings fruit. Explanation: he carries apples.",
        "A man brings fruit.<|im_end|>",
        "<start_of_turn>model A man brings fruit.",
        "[INST] A man brings fruit.",
        "A man brings \ufffd fruit.",
        "- A man brings fruit.",
        "* A man brings fruit.",
        "1. A man brings fruit.",
        "# A man brings fruit",
        "**A man brings fruit.**",
        "``` A man brings fruit. ```",
        '{"positive": "A man brings fruit."}',
        '["A man brings fruit."]',
        "Write one English sentence that is true given the premise: A man brings fruit.",
        "A man brings fruit. Reply with the sentence only.",
    ],
)
def test_chat_residue(text):
    assert _positive(text) is TripletRejection.CHAT_RESIDUE


@pytest.mark.parametrize(
    "text",
    [
        GOOD[0],
        "Of course the man walks to the market.",
        "Here the man sells his fruit.",
        "It is sure: he sells fruit.",
        "I cannot find the man at the market.",
        "A man -- an old one -- brings fruit.",
        "He brings 'apples' and more.",
        "Dr. Smith's farmer brings fruit.".replace("Smith", "Nairobi"),
    ],
)
def test_plain_sentences_pass(text):
    assert _positive(text) is None


def test_an_anchor_that_looks_so_itself_excuses_its_answers():
    anchor = "I'm sorry, but the shop is closed on Mondays."
    assert _verdict(anchor, "I'm sorry, the shop is not open.", "The shop is open every day.").reason is None
    anchor = "Note: the shop is closed on Mondays."
    assert _verdict(anchor, "Note: nobody sells on Mondays.", "Note: the shop sells on Mondays.").reason is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Smith and Mrs. Jones met at 3.30 p.m. on Monday.", 1),
        ("He left. She stayed.", 2),
        ("Really?! Yes.", 2),
        ("यह मेरा घर है। वह बाज़ार गया।", 2),
        ("यह मेरा घर है।", 1),
        ("డా. రావు ఇంటికి వెళ్ళారు. ఆయన నిద్రపోయారు.", 2),
        ("他来了。我走了。", 2),
        ("그는 집에 갔다. 나는 학교에 왔다.", 2),
        ('He said "Stop. Now." and left.', 1),
        ("“他来了。”我说。", 1),
        ("Wait... What happened", 1),
        ("J. R. Smith left.", 1),
        ("They live at No. 50 in this street.", 1),
        ("Mnr. Botha loop. Mev. Botha slaap.", 2),
        ("The answer is no. He left.", 2),
        ("He left!!!", 1),
        ("", 1),
    ],
)
def test_sentences_are_counted_in_several_scripts(text, count):
    assert len(split_sentences(text)) == count


def test_cutting_keeps_the_first_sentence_and_an_answer_that_ran_on_is_then_whole():
    cut = _with(several_sentences="cut")
    verdict = _verdict(ANCHOR, "A man brings fruit. He is a far", GOOD[1] + " It is", cut, finished=False)
    assert verdict.reason is None
    assert (verdict.candidate.positive.text, verdict.candidate.negative.text) == ("A man brings fruit.", GOOD[1])
    assert _verdict(ANCHOR, "A man brings", GOOD[1], cut, finished=False).reason is TripletRejection.OVER_LONG
    verdict = _verdict(ANCHOR, "A man brings fruit. He is a farmer.", GOOD[1])
    assert verdict.reason is TripletRejection.SEVERAL_SENTENCES
    assert verdict.candidate.positive.text == "A man brings fruit. He is a farmer."


@pytest.mark.parametrize(
    ("written", "stripped"),
    [
        ('"A man."', "A man."),
        ("“A man.”", "A man."),
        ("「人。」", "人。"),
        ("'n Man loop.", "'n Man loop."),
        ('"A" and "B"', '"A" and "B"'),
        ('"', '"'),
    ],
)
def test_only_quotes_around_the_whole_are_stripped(written, stripped):
    assert strip_quotes(written) == stripped


def test_quotes_are_kept_when_told_so():
    quoted = '"A man brings fruit."'
    assert _verdict(ANCHOR, quoted, GOOD[1]).candidate.positive.text == "A man brings fruit."
    assert _verdict(ANCHOR, quoted, GOOD[1], _with(strip_quotes=False)).candidate.positive.text == quoted


AFRIKAANS = ("Die ou boer dra 'n swaar boks appels na die mark.", "Iemand neem vandag vrugte na die mark toe.")


def test_answers_are_held_to_the_language_that_the_strategy_demands():
    negative = "Die boer laat al sy vrugte vandag by die huis."
    assert _verdict(*AFRIKAANS, negative, languages=("afr", "afr")).reason is None
    english = "The man brings all of his fruit to the market."
    assert _verdict(AFRIKAANS[0], english, negative, languages=("afr", "afr")).reason is TripletRejection.WRONG_LANGUAGE
    assert _verdict(AFRIKAANS[0], english, GOOD[1], languages=("afr", "eng")).reason is None
    assert (
        _verdict(AFRIKAANS[0], *AFRIKAANS[1:], GOOD[1], languages=("afr", "eng")).reason
        is TripletRejection.WRONG_LANGUAGE
    )


def test_what_the_anchor_is_mistaken_for_is_no_fault_of_the_answer():
    dutch = "Het meisje heeft gisteren nieuwe schoenen in de winkel gekocht."
    answers = (
        "Iemand heeft gisteren iets nieuws gekocht voor zichzelf.",
        "Niemand is deze week naar de winkel gegaan.",
    )
    german = ("Jemand hat sich gestern etwas Neues gekauft.", "Niemand ist in dieser Woche einkaufen gegangen.")
    assert _verdict(AFRIKAANS[0], *answers, languages=("afr", "afr")).reason is TripletRejection.WRONG_LANGUAGE
    assert _verdict(dutch, *answers, languages=("afr", "afr")).reason is None
    assert _verdict(dutch, *german, languages=("afr", "afr")).reason is TripletRejection.WRONG_LANGUAGE


def test_a_language_that_nobody_can_tell_is_never_contradicted():
    assert not is_checkable("xyz")
    assert _verdict(ANCHOR, *GOOD, languages=("xyz", "xyz")).reason is None


@pytest.mark.parametrize(
    ("anchor", "positive", "reason"),
    [
        ("The club sold 1,000 cars.", "At least 1000 cars found a buyer.", None),
        ("The club sold 1000 cars.", "At least 999 cars found a buyer.", TripletRejection.NUMBERS_DIFFER),
        ("उसने १२५ किताबें बेचीं।", "उसकी 125 किताबें बिक गईं।", None),
        ("The club sold 1 000 cars.", "They got rid of 1000 vehicles.", None),
        ("Sales rose by 2.50 percent.", "There was a rise of 2,5 percent.", None),
        ("They heard a band.", "It was the U2 band that they heard.", None),
        ("It opened in year2018 here.", "The opening was in 2018.", None),
        ("They met on 12.05.2024 here.", "It was the year 2024.", None),
        ("The club sold cars.", "The club got rid of 3 vehicles.", TripletRejection.NUMBERS_DIFFER),
        ("연봉은 395,000달러이다.", "그는 39만 5천 달러를 번다.", None),
        ("The firm has 2500000 users.", "It is used by 2.5 million people.", None),
        ("कंपनी के पास 300000 ग्राहक हैं।", "उसके 3 लाख ग्राहक हैं।", None),
        ("The club sold 5 cars.", "At least 7 millionaires bought one.", TripletRejection.NUMBERS_DIFFER),
    ],
)
def test_numbers(anchor, positive, reason):
    filters = _with(wrong_language=False)
    assert _verdict(anchor, positive, "Nobody was there at all.", filters).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A man brings fruit to Nairobi.", None),
        ("A man brings fruit to Nairobi's market.", None),
        ("Fruit is brought by a man.", None),
        ("A man brings fruit to Kampala.", TripletRejection.NAMES_DIFFER),
        ("'n Man brings fruit.", None),
        ("A MAN BRINGS FRUIT.", None),
        ("A man and I bring fruit.", None),
        ("A man of the EU brings fruit.", None),
    ],
)
def test_names(text, reason):
    assert _positive(text, filters=_with(wrong_language=False)) is reason


def test_a_latin_name_in_another_script_may_be_in_the_anchor_in_that_script():
    filters = _with(wrong_language=False)
    verdict = _verdict("वह कल दिल्ली शहर में गया था।", "एक आदमी Delhi गया।", "कोई नहीं।", filters, ("hin", "hin"))
    assert verdict.reason is None


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry for not saying anything.",
        "I'm sorry, I'm in the way.",
        "I am unable to stay for coffee today.",
        "I am not able to use the cakes.",
        "I cannot complete the race today.",
    ],
)
def test_what_people_regret_or_cannot_do_is_no_refusal(text):
    assert _verdict("He tells a friend how he feels.", text, GOOD[1]).reason is None


def test_names_are_not_compared_across_languages():
    anchor = "Die boer gaan op Maandag met die trein na Londen toe."
    assert (
        _verdict(anchor, "The farmer takes a train to London on Monday.", GOOD[1], languages=("afr", "eng")).reason
        is None
    )


@pytest.mark.parametrize(
    ("language", "anchor", "negative"),
    [
        ("eng", "The dog runs in the park today.", "The dog does not run in the park today."),
        ("afr", "Die koei eet op Maandag 'n piesang.", "Die koei eet op Maandag nie 'n piesang nie."),
        ("ind", "Anjing itu berlari di taman kota.", "Anjing itu tidak berlari di taman kota."),
        ("hin", "वह आज बाज़ार जा रहा है।", "वह आज बाज़ार नहीं जा रहा है।"),
        ("kor", "그는 오늘 학교에 간다.", "그는 오늘 학교에 안 간다."),
        ("mar", "तो आज बाजारात जात आहे.", "तो आज बाजारात जात नाही आहे."),
    ],
)
def test_negatives_that_only_negate(language, anchor, negative):
    filters = _with(wrong_language=False)
    other = {"eng": "Cats hate rain.", "hin": "लोग।", "kor": "사람들.", "mar": "लोक."}.get(language, "Xyz abc.")
    assert _verdict(anchor, other, negative, filters, (language, language)).reason is TripletRejection.ONLY_NEGATED
    assert _verdict(anchor, other, negative, filters, (language, "xyz")).reason is None
    assert _verdict(negative, other, anchor, filters, (language, language)).reason is None


def test_a_negative_that_changes_more_than_the_negation_passes():
    anchor = "The dog runs in the park today."
    assert _verdict(anchor, "An animal is moving.", "The dog does not sleep in the park today.").reason is None


@pytest.mark.parametrize("language", ["eng", "afr", "hau", "hin", "ind", "kor", "mar", "tel", "swa", "swh"])
def test_every_language_in_use_has_negation_words(language):
    assert negations(language)


def test_near_copies_are_told_within_a_language_only():
    near = "The old farmer carries a heavy box of apples to a market in Nairobi."
    assert _positive(near) is TripletRejection.NEAR_COPY_OF_ANCHOR
    assert _verdict(ANCHOR, near, GOOD[1], languages=("swa", "eng")).reason is None
    assert _verdict(ANCHOR, GOOD[0], near).reason is None


FAULTS = {
    TripletRejection.REFUSAL: (ANCHOR, "I cannot write this.", GOOD[1]),
    TripletRejection.CHAT_RESIDUE: (ANCHOR, "Positive: a man brings fruit.", GOOD[1]),
    TripletRejection.SEVERAL_SENTENCES: (ANCHOR, "A man walks. He brings fruit.", GOOD[1]),
    TripletRejection.WRONG_LANGUAGE: (ANCHOR, "Die man bring al sy vrugte na die mark.", GOOD[1]),
    TripletRejection.NEAR_COPY_OF_ANCHOR: (ANCHOR, ANCHOR.replace("old ", ""), GOOD[1]),
    TripletRejection.NUMBERS_DIFFER: (ANCHOR, "A man brings 7 apples to a market.", GOOD[1]),
    TripletRejection.NAMES_DIFFER: (ANCHOR, "A man brings fruit to Kampala.", GOOD[1]),
    TripletRejection.ONLY_NEGATED: (
        "The dog runs in the park.",
        "An animal moves.",
        "The dog does not run in the park.",
    ),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_each_filter_has_its_own_switch(reason):
    assert set(SWITCHES) == set(FAULTS)
    assert _verdict(*FAULTS[reason]).reason is reason
    assert _verdict(*FAULTS[reason], _with(**SWITCHES[reason])).reason is None


class TestMeaning:
    """The encoder's check, with a stand-in that knows its similarities."""

    ROWS = (
        _candidate("a one", "a two", "a three", 0),
        _candidate("b one", "b two", "b three", 1),
        _candidate("c one", "c two", "c three", 2),
        _candidate("b one", "b two", "b three", 3),
        _candidate("d one", "d one", "d three", 4),
    )

    def _filter(self, asked=None, **thresholds):
        known = {"a": (0.9, 0.2), "b": (0.3, 0.1), "c": (0.6, 0.8)}

        def similarity(triplets):
            if asked is not None:
                asked.extend(triplets)
            return [known[anchor[0]] for anchor, _, _ in triplets]

        off = {"min_positive_similarity": None, "min_margin": None}
        filters = _with(semantic=ALL.semantic.model_copy(update=off | thresholds))
        verdicts = filter_candidates(
            self.ROWS, filters, anchor_language="eng", answer_language="eng", similarity=similarity
        )
        return [verdict.reason for verdict in verdicts]

    def test_off(self):
        asked = []
        copy = TripletRejection.COPY_OF_ANCHOR
        assert self._filter(asked) == [None, None, None, TripletRejection.DUPLICATE, copy]
        assert asked == []

    def test_far_positives_and_near_negatives(self):
        far, false, copy = (
            TripletRejection.POSITIVE_TOO_FAR,
            TripletRejection.FALSE_NEGATIVE,
            TripletRejection.COPY_OF_ANCHOR,
        )
        assert self._filter(min_positive_similarity=0.5) == [None, far, None, far, copy]
        assert self._filter(min_margin=-0.1) == [None, None, false, TripletRejection.DUPLICATE, copy]
        assert self._filter(min_positive_similarity=0.5, min_margin=0.0) == [None, far, false, far, copy]

    def test_only_what_is_left_is_encoded(self):
        asked = []
        self._filter(asked, min_margin=0.0)
        assert len(asked) == 4

    def test_without_an_encoder(self):
        filters = _with(semantic=ALL.semantic.model_copy(update={"min_margin": 0.0}))
        with pytest.raises(ValueError, match="similarity"):
            filter_candidates(self.ROWS, filters, anchor_language="eng", answer_language="eng")


class TestTranslation:
    """The generator's probabilities are replaced by known ones, by the first letter of the anchor."""

    ROWS = (
        _candidate("a ein", "a one", "a other", 0),
        _candidate("b ein", "b one", "b ein", 1),
        _candidate("c ein", "c one", "c copy", 2),
    )

    def _filter(self, most, *, anchor_language="afr", asked=None):
        known = {"a": 0.1, "b": 1.0, "c": 0.6}

        def translation(triplets):
            if asked is not None:
                asked.extend(triplets)
            return [known[anchor[0]] for anchor, _, _ in triplets]

        verdicts = filter_candidates(
            self.ROWS,
            _with(max_translation_probability=most, wrong_language=False),
            anchor_language=anchor_language,
            answer_language="eng",
            translation=translation,
        )
        return [verdict.reason for verdict in verdicts]

    def test_probable_translations_are_rejected_and_only_what_is_left_is_read(self):
        copy, translated = TripletRejection.COPY_OF_ANCHOR, TripletRejection.TRANSLATION_OF_ANCHOR
        asked = []
        assert self._filter(0.5, asked=asked) == [None, copy, translated]
        assert len(asked) == 2
        assert self._filter(0.6) == [None, copy, None]

    def test_off_or_within_one_language(self):
        asked = []
        for options in ({"most": None}, {"most": 0.0, "anchor_language": "eng"}):
            assert self._filter(**options, asked=asked) == [None, TripletRejection.COPY_OF_ANCHOR, None]
        assert asked == []

    def test_without_a_generator(self):
        with pytest.raises(ValueError, match="`translation` is needed"):
            filter_candidates(
                self.ROWS, _with(max_translation_probability=0.5), anchor_language="afr", answer_language="eng"
            )


any_text = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60),
    st.text(st.sampled_from(list("ab B.!?।。 \"'“”१1,0 |`<{[*\n\u200d\u0301")), max_size=30),
    st.sampled_from([*GOOD, ANCHOR, "Sure, here is", "1,000", "I'm sorry", "यह घर है।", "\x00", "\ud7ff"]),
)
languages = st.sampled_from([("eng", "eng"), ("hin", "hin"), ("afr", "eng"), ("xyz", "xyz"), ("kor", "kor")])
modes = st.sampled_from(["reject", "cut", "keep"])


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(st.tuples(any_text, any_text, any_text), max_size=8), languages=languages, mode=modes)
@example(rows=[("", "", "")], languages=("eng", "eng"), mode="cut")
def test_every_text_is_judged_once_and_in_order(rows, languages, mode):
    candidates = [_candidate(*row, number) for number, row in enumerate(rows)]
    verdicts = filter_candidates(
        candidates, _with(several_sentences=mode), anchor_language=languages[0], answer_language=languages[1]
    )
    assert [verdict.candidate.anchor_id for verdict in verdicts] == list(range(len(rows)))
    for written, verdict in zip(candidates, verdicts, strict=True):
        assert verdict.candidate.anchor == written.anchor
        assert verdict.reason is None or verdict.candidate == written


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(any_text, any_text, any_text), max_size=8), languages=languages, seed=st.integers(0, 99))
def test_a_verdict_depends_on_no_other_row_but_for_duplicates(rows, languages, seed):
    candidates = [_candidate(*row, number) for number, row in enumerate(rows)]
    random.Random(seed).shuffle(candidates)
    verdicts = filter_candidates(candidates, ALL, anchor_language=languages[0], answer_language=languages[1])
    for verdict in verdicts:
        alone = _verdict(*rows[verdict.candidate.anchor_id], languages=languages)
        assert alone.reason is verdict.reason or (alone.reason is None and verdict.reason is TripletRejection.DUPLICATE)


@settings(max_examples=200, deadline=None)
@given(any_text)
def test_readers_of_text_lose_nothing(text):
    sentences = split_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert split_sentences(sentences[0])[0] == sentences[0]
    assert all(name in text for name in names(text))
    assert all(readings for readings in number_readings(text))
    assert strip_quotes(text) in text


FORM = ALL.model_copy(update={"wrong_language": False, "max_length_ratio": 4.0})
GERMAN = [
    ("Ein Mann spielt auf der Straße Gitarre.", "Ein Mann macht draußen Musik.", "Ein Mann schläft im Bett."),
    ("Zwei Hunde spielen im Schnee.", "Zwei Tiere sind draußen im Winter.", "Zwei Hunde schlafen im Haus."),
    ("Der Zug fährt um acht Uhr ab.", "Der Zug fährt am Morgen.", "Der Zug fährt erst am Abend."),
    ("Das Haus ist aus dem 16. Jahrhundert.", "Das Haus aus dem 16. Jahrhundert ist alt.", "Es ist ein Neubau."),
]


@pytest.mark.parametrize("triplet", GERMAN)
@pytest.mark.parametrize("language", ["deu", "ltz", "nds"])
def test_nouns_in_capitals_are_no_names(triplet, language):
    assert _verdict(*triplet, FORM, (language, language)).reason is None


def test_names_are_still_found_where_nouns_are_small():
    assert _verdict("A man met Anna in İzmir.", "A man was with Peter.", GOOD[1]).reason == "names_differ"
    turkish = ("Anna ile İzmir'de bir adam bekliyor.", "Bir adam İzmir'de.", "Adam evde.")
    assert _verdict(*turkish, FORM, ("tur", "tur")).reason is None


@pytest.mark.parametrize(
    ("anchor", "answer"),
    [
        (
            "小孩每天早上在厨房里用杯子喝牛奶。",
            "Every morning a child drinks a cup of milk in the kitchen of a house.",
        ),
        ("先生が学校で教える。", "The teacher is giving lessons at the school."),
    ],
)
def test_length_is_compared_by_what_characters_carry(anchor, answer):
    """The answer has four times the characters of the anchor, but does not carry four times as much."""
    assert len(answer) > 4 * len(anchor)
    assert _verdict(anchor, answer, "The child sleeps.", FORM, ("cmn", "eng")).reason is None
    long = f"{answer[:-1]} and " * 5 + "so on."
    assert _verdict(anchor, long, "The child sleeps.", FORM, ("cmn", "eng")).reason == "over_long"
