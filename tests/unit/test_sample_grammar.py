"""The sample grammar: golden sentences, agreement, and that every sentence is read back as what was meant."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.sample import LANGUAGES, Frame, Lexicon, parse, realise
from bootembed.sample.concepts import Valency
from bootembed.sample.sampling import FrameSampler, Split

WHOLE = Lexicon.load()

GOLDEN = [
    (
        Frame("farmer", "buy", "young", "apple", 2, "red", "market", "morning"),
        {
            "eng": "The young farmer buys two red apples at the market in the morning.",
            "afr": "Die jong boer koop soggens twee rooi appels op die mark.",
            "ind": "Petani muda itu membeli dua buah apel merah di pasar pada pagi hari.",
            "swa": "Mkulima kijana ananunua matufaha mekundu mawili sokoni asubuhi.",
            "spa": "El agricultor joven compra dos manzanas rojas en el mercado por la mañana.",
            "por": "O agricultor jovem compra duas maçãs vermelhas no mercado de manhã.",
            "nld": "De jonge boer koopt 's ochtends twee rode appels op de markt.",
        },
    ),
    (
        Frame("child", "open", None, "window", 1, None, "kitchen", "night", negated=True),
        {
            "eng": "The child does not open a window in the kitchen at night.",
            "afr": "Die kind maak snags nie 'n venster in die kombuis oop nie.",
            "ind": "Anak itu tidak membuka sebuah jendela di dapur pada malam hari.",
            "swa": "Mtoto hafungui dirisha jikoni usiku.",
            "spa": "El niño no abre una ventana en la cocina por la noche.",
            "por": "A criança não abre uma janela na cozinha à noite.",
            "nld": "Het kind opent 's nachts geen raam in de keuken.",
        },
    ),
    (
        Frame("dog", "sleep", "black", place="garden", time="monday", negated=True),
        {
            "eng": "The black dog does not sleep in the garden on Monday.",
            "afr": "Die swart hond slaap op Maandag nie in die tuin nie.",
            "ind": "Anjing hitam itu tidak tidur di kebun pada hari Senin.",
            "swa": "Mbwa mweusi halali bustanini siku ya Jumatatu.",
            "spa": "El perro negro no duerme en el jardín el lunes.",
            "por": "O cachorro preto não dorme no jardim na segunda-feira.",
            "nld": "De zwarte hond slaapt op maandag niet in de tuin.",
        },
    ),
    (
        Frame("king", "arrive", time="sunday", negated=True),
        {
            "eng": "The king does not arrive on Sunday.",
            "afr": "Die koning kom op Sondag nie aan nie.",
            "ind": "Raja itu tidak tiba pada hari Minggu.",
            "swa": "Mfalme hafiki siku ya Jumapili.",
            "spa": "El rey no llega el domingo.",
            "por": "O rei não chega no domingo.",
            "nld": "De koning komt op zondag niet aan.",
        },
    ),
    (
        Frame("woman", "read", "old", "book", 1, "new"),
        {
            "eng": "The old woman reads a new book.",
            "afr": "Die ou vrou lees 'n nuwe boek.",
            "ind": "Wanita tua itu membaca sebuah buku baru.",
            "swa": "Mwanamke mzee anasoma kitabu kipya.",
            "spa": "La mujer vieja lee un libro nuevo.",
            "por": "A mulher velha lê um livro novo.",
            "nld": "De oude vrouw leest een nieuw boek.",
        },
    ),
    (
        Frame("merchant", "sell", None, "cow", 3, "white"),
        {
            "eng": "The merchant sells three white cows.",
            "afr": "Die handelaar verkoop drie wit koeie.",
            "ind": "Pedagang itu menjual tiga ekor sapi putih.",
            "swa": "Mfanyabiashara anauza ng'ombe weupe watatu.",
            "spa": "El comerciante vende tres vacas blancas.",
            "por": "O comerciante vende três vacas brancas.",
            "nld": "De handelaar verkoopt drie witte koeien.",
        },
    ),
    (
        Frame("doctor", "write", "tired", "letter", 2, "brief", "office", "friday"),
        {
            "eng": "The tired doctor writes two short letters in the office on Friday.",
            "afr": "Die moeë dokter skryf op Vrydag twee kort briewe in die kantoor.",
            "ind": "Dokter lelah itu menulis dua pucuk surat pendek di kantor pada hari Jumat.",
            "swa": "Daktari mchovu anaandika barua fupi mbili ofisini siku ya Ijumaa.",
            "spa": "El médico cansado escribe dos cartas cortas en la oficina el viernes.",
            "por": "O médico cansado escreve duas cartas curtas no escritório na sexta-feira.",
            "nld": "De vermoeide dokter schrijft op vrijdag twee korte brieven in het kantoor.",
        },
    ),
    (
        Frame("thief", "steal", None, "key", 1, "worn", negated=True),
        {
            "eng": "The thief does not steal an old key.",
            "afr": "Die dief steel nie 'n ou sleutel nie.",
            "ind": "Pencuri itu tidak mencuri sebuah kunci lama.",
            "swa": "Mwizi haibi ufunguo wa zamani.",
            "spa": "El ladrón no roba una llave vieja.",
            "por": "O ladrão não rouba uma chave velha.",
            "nld": "De dief steelt geen oude sleutel.",
        },
    ),
    (
        Frame("nurse", "carry", "happy", "box", 2, "worn"),
        {
            "eng": "The happy nurse carries two old boxes.",
            "afr": "Die gelukkige verpleegster dra twee ou bokse.",
            "ind": "Perawat bahagia itu membawa dua buah kotak lama.",
            "swa": "Muuguzi mwenye furaha anabeba masanduku mawili ya zamani.",
            "spa": "La enfermera feliz lleva dos cajas viejas.",
            "por": "A enfermeira feliz carrega duas caixas velhas.",
            "nld": "De gelukkige verpleegster draagt twee oude dozen.",
        },
    ),
    (
        Frame("father", "eat", negated=True),
        {
            "eng": "The father does not eat.",
            "afr": "Die pa eet nie.",
            "ind": "Ayah itu tidak makan.",
            "swa": "Baba hali.",
            "spa": "El padre no come.",
            "por": "O pai não come.",
            "nld": "De vader eet niet.",
        },
    ),
    (
        Frame("soldier", "build", None, "house", 2, "big", "village", negated=True),
        {
            "eng": "The soldier does not build two big houses in the village.",
            "afr": "Die soldaat bou nie twee groot huise in die dorp nie.",
            "ind": "Prajurit itu tidak membangun dua buah rumah besar di desa.",
            "swa": "Mwanajeshi hajengi nyumba kubwa mbili kijijini.",
            "spa": "El soldado no construye dos casas grandes en el pueblo.",
            "por": "O soldado não constrói duas casas grandes na aldeia.",
            "nld": "De soldaat bouwt geen twee grote huizen in het dorp.",
        },
    ),
]

WRONG = [
    ("eng", "The farmer buy an apple."),
    ("eng", "The farmer buys a apple."),
    ("eng", "The farmer buys two apple."),
    ("eng", "The farmer does not buys an apple."),
    ("eng", "the farmer buys an apple."),
    ("eng", "The farmer buys an apple"),
    ("eng", "The farmer buys an apple at the market at the market."),
    ("eng", "The farmer buys at the market an apple."),
    ("eng", "The farmer buys."),
    ("eng", "The farmer sleeps an apple."),
    ("eng", "The apple sleeps."),
    ("eng", ""),
    ("eng", "."),
    ("afr", "Die boer koop nie 'n appel."),
    ("afr", "Die boer slaap nie nie."),
    ("afr", "Die boer koop 'n nuut boek."),
    ("afr", "Die boer maak 'n deur."),
    ("ind", "Petani itu membeli seekor apel."),
    ("ind", "Petani itu bukan membeli sebuah apel."),
    ("swa", "Mkulima anasoma kitabu mpya."),
    ("swa", "Mkulima anasoma vitabu vipya mbili."),
    ("swa", "Mkulima hasoma kitabu."),
    ("swa", "Mbwa nyeusi analala."),
    ("spa", "El mujer lee un libro."),
    ("spa", "La mujer lee una libro."),
    ("spa", "La mujer viejo lee un libro."),
    ("spa", "La mujer lee dos libros nuevo."),
    ("por", "O criança dorme."),
    ("por", "A mulher compra dois maçãs."),
    ("por", "A mulher dorme em o jardim."),
    ("nld", "De kind slaapt."),
    ("nld", "De vrouw leest een nieuwe boek."),
    ("nld", "De vrouw leest niet een boek."),
    ("nld", "De vrouw slaapt geen."),
]


@st.composite
def frames(draw) -> Frame:
    """Any sensible frame of the whole lexicon."""
    seed = draw(st.integers(0, 2**31))
    sampler = FrameSampler(WHOLE, random.Random(seed), draw(st.sampled_from(list(Split))), modifiers=0.6, negated=0.3)
    return sampler.draw()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("frame", "sentences"), GOLDEN, ids=lambda value: getattr(value, "subject", ""))
def test_golden_sentences(frame: Frame, sentences: dict[str, str], language: str) -> None:
    """Sentences written by hand are what the grammar writes and reads."""
    assert realise(frame, language, WHOLE) == sentences[language]
    assert parse(sentences[language], language, WHOLE) == frame


@pytest.mark.parametrize(("language", "text"), WRONG)
def test_wrong_sentences_are_rejected(language: str, text: str) -> None:
    """Agreement, articles, word order, valency, capital and full stop all count."""
    assert parse(text, language, WHOLE) is None


@settings(max_examples=300, deadline=None)
@given(frames(), st.sampled_from(LANGUAGES))
def test_round_trip(frame: Frame, language: str) -> None:
    """Reading what was written gives back the meaning, hence no two frames share a sentence."""
    assert parse(realise(frame, language, WHOLE), language, WHOLE) == frame


def every_phrase() -> list[Frame]:
    """Frames that together use every phrase of the lexicon, each affirmed and denied."""
    found = [
        Frame(noun.concept, "sleep", adjective)
        for noun in WHOLE.subjects
        for adjective in (None, *WHOLE.adjectives_of[noun.concept])
    ]
    found += [
        Frame("farmer", "see", object=noun.concept, object_count=count, object_adjective=adjective)
        for noun in WHOLE.nouns.values()
        if noun.kind != "person"
        for count in (1, 2, 3)
        for adjective in (None, *WHOLE.adjectives_of[noun.concept])
    ]
    for verb in WHOLE.verbs.values():
        if verb.valency is not Valency.TRANSITIVE:
            found.append(Frame("farmer", verb.concept))
        if verb.valency is not Valency.INTRANSITIVE:
            found.append(Frame("farmer", verb.concept, object="book"))
    found += [Frame("farmer", "sleep", place=place) for place in WHOLE.places]
    found += [Frame("farmer", "sleep", time=moment) for moment in WHOLE.times]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_unambiguous(language: str) -> None:
    """Every phrase of the lexicon is said and read back, affirmed and denied."""
    for frame in every_phrase():
        for negated in (False, True):
            meant = Frame(*(getattr(frame, name) for name in Frame.__slots__[:-1]), negated=negated)
            assert parse(realise(meant, language, WHOLE), language, WHOLE) == meant


@settings(max_examples=200, deadline=None)
@given(frames(), st.sampled_from(LANGUAGES), st.randoms(use_true_random=False))
def test_reading_is_strict(frame: Frame, language: str, rng: random.Random) -> None:
    """A shuffled, shortened or doubled sentence is rejected unless it is, to the letter, another sentence."""
    words = realise(frame, language, WHOLE).split(" ")
    rng.choice((rng.shuffle, lambda w: w.pop(rng.randrange(len(w))), lambda w: w.append(w[-1])))(words)
    text = " ".join(words)
    read = parse(text, language, WHOLE)
    assert read is None or realise(read, language, WHOLE) == text


@pytest.mark.parametrize("size", [60, 75, 100, 120, 150, 200, 230])
def test_subsets_are_balanced_and_closed(size: int) -> None:
    """A subset has the size asked for, all categories, all hypernyms and oppositions, and no idle word."""
    lexicon = Lexicon.load(size)
    assert size - 2 <= lexicon.content_words <= size
    assert all((lexicon.subjects, lexicon.verbs, lexicon.adjectives, lexicon.places, lexicon.times))
    assert {noun.kind for noun in lexicon.subjects} == {"person", "animal"}
    for noun in lexicon.nouns.values():
        assert noun.hypernym is None or noun.hypernym in lexicon.nouns
    for verb in lexicon.verbs.values():
        assert verb.opposite is None or lexicon.verbs[verb.opposite].opposite == verb.concept
        assert verb.valency is Valency.INTRANSITIVE or lexicon.objects_of[verb.concept]
    for adjective in lexicon.adjectives.values():
        rivals = [other for other in lexicon.adjectives.values() if other.group == adjective.group]
        assert adjective.group is None or len(rivals) >= 2
        assert any(adjective.concept in fitting for fitting in lexicon.adjectives_of.values())
    visited = {place for verb in lexicon.verbs for place in lexicon.places_of("farmer", verb)}
    assert visited == set(lexicon.places)
    acted_on = {thing for things in lexicon.objects_of.values() for thing in things}
    assert all(noun.concept in acted_on or noun.kind == "person" for noun in lexicon.nouns.values())


def test_lexicon_is_deterministic_and_complete() -> None:
    """Every concept has a word in every language; loading twice gives the same object."""
    assert Lexicon.load(120) is Lexicon.load(120)
    assert WHOLE.content_words >= 200
    for table in (WHOLE.nouns, WHOLE.verbs, WHOLE.adjectives, WHOLE.places, WHOLE.times):
        for concept in table.values():
            assert all(concept.words[language].strip() for language in LANGUAGES), concept.concept


def test_restrictions_name_known_kinds_and_concepts() -> None:
    """A misspelt kind in the tables would silently exclude nouns."""
    known = {noun.kind for noun in WHOLE.nouns.values()} | set(WHOLE.nouns)
    for verb in WHOLE.verbs.values():
        assert {name.lstrip("!") for name in verb.subjects | verb.objects} <= known, verb.concept
    for adjective in WHOLE.adjectives.values():
        assert {name.lstrip("!") for name in adjective.fits} <= known, adjective.concept
    kinds = {place.hypernym for place in WHOLE.places.values()} - {None}
    assert kinds <= set(WHOLE.places)


def test_errors_name_the_remedy() -> None:
    """Unknown languages, small lexicons and ungrammatical frames are refused with a way out."""
    with pytest.raises(ValueError, match="choose one of eng, afr"):
        realise(Frame("farmer", "sleep"), "xho", WHOLE)
    with pytest.raises(ValueError, match="at least 60"):
        Lexicon.load(10)
    with pytest.raises(ValueError, match="not a frame of this lexicon"):
        realise(Frame("farmer", "buy"), "eng", WHOLE)


def test_reading_is_fast() -> None:
    """The oracle reads thousands of sentences a second (the real figure is some 100,000)."""
    sampler = FrameSampler(WHOLE, random.Random(0), Split.TRAIN, modifiers=0.6, negated=0.3)
    texts = [realise(sampler.draw(), "swa", WHOLE) for _ in range(2000)]
    start = time.process_time()
    for text in texts:
        parse(text, "swa", WHOLE)
    assert time.process_time() - start < 2000 / 5000
