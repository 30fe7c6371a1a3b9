"""Adding an engine: its file and, if it has parameters, a section of its name; nothing else knows it."""

from __future__ import annotations

import sys

import pytest
from asking import ask
from filter_settings import ALL
from generation_settings import GREEDY
from toy import toy_nli

from bootembed.base_models.tokenizer import train_tokenizer
from bootembed.core.errors import ParamsError
from bootembed.core.names import Polarity
from bootembed.generation import engines
from bootembed.generation.engine import describe_engine, parameters_in_force
from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.settings.generation import Generation
from bootembed.triplets.generate import generate_triplets

TOY = '''
"""Engine `shouting`: answers with the premise in capitals."""

from bootembed.generation.answer_cache import Answer
from bootembed.settings.base import Section


class Settings(Section):
    ending: str


def create(settings, base_model_dir, adapters, *, strategy, language, number):
    return Shouting(settings.shouting.ending, f"{strategy}-{language}-{number}")


class Shouting:
    generator_hash, adapter_hashes = "shouting", {}

    def __init__(self, ending, name):
        self.ending, self.name = ending, name

    def identity(self, polarity):
        return self.ending

    def answer(self, requests, *, skip):
        for request in requests:
            if request.key not in skip:
                premise = request.messages[-1]["content"].rpartition(": ")[2]
                text = f"{premise.upper()}{self.ending if request.polarity == 'positive' else ' not'}"
                yield {request.key: Answer(text, finished=True)}
'''
ANCHORS = list(dict.fromkeys(row["premise"] for row in toy_nli(12, seed=4)))[:3]


@pytest.fixture
def settings(tmp_path, monkeypatch):
    folder = tmp_path / "engines"
    folder.mkdir()
    (folder / "shouting.py").write_text(TOY)
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(folder)])
    yield Generation.model_validate(GREEDY.model_dump() | {"engine": "shouting", "shouting": {"ending": " indeed"}})
    sys.modules.pop("bootembed.generation.engines.shouting", None)


def test_it_answers_premises(settings, tmp_path):
    answers = ask(tmp_path, {}, ANCHORS, tmp_path / "answer_cache.jsonl", settings)
    assert [answer.text for answer in answers[Polarity.POSITIVE]] == [f"{text.upper()} indeed" for text in ANCHORS]


def test_it_writes_triplets(settings, tmp_path):
    base = tmp_path / "base"
    train_tokenizer(ANCHORS, 300, max_length=64, chat=True).save_pretrained(base)
    description = GeneratorDescription("in_context", "eng", "eng", "English", "entail_v1")
    write_generator(description, {}, tmp_path / "generator")
    triplets = generate_triplets(
        base,
        tmp_path / "generator",
        ANCHORS,
        generation=settings,
        filters=ALL.model_copy(update={"wrong_language": False}),
        answer_cache_path=tmp_path / "answer_cache.jsonl",
        seed=7,
    )
    found = [verdict.candidate.negative.text for verdict in triplets.verdicts]
    assert found == [f"{text.upper()} not" for text in ANCHORS]
    assert triplets.provenance["generator_hash"] == "shouting"


def test_its_parameters_are_described(settings):
    assert describe_engine(settings).parameters == {"shouting.ending": " indeed"}
    assert parameters_in_force(settings)["temperature"] == settings.temperature
    assert not any(name.startswith("transformers.") for name in parameters_in_force(settings))


def test_an_engine_without_a_file_is_unknown():
    with pytest.raises(ParamsError, match=r"generation.engine: 'rya' is not known \(did you mean 'ray'\?\)"):
        describe_engine(GREEDY.model_copy(update={"engine": "rya"}))
