"""What an answer is known by, and what is asked of an engine."""

from __future__ import annotations

import re

import pytest
from generation_settings import GREEDY

from bootembed.core.names import Polarity
from bootembed.generation import answers
from bootembed.generation.answer_cache import Answer, AnswerCache
from bootembed.generation.answers import answer_premises, build_requests
from bootembed.settings.base import Section
from bootembed.settings.generation import Generation


class EchoEngine:
    """Answers with the last message; remembers what it was asked."""

    def __init__(self, identity="model"):
        self._identity = identity
        self.asked = []

    def identity(self, polarity):
        return f"{self._identity} {polarity}"

    def answer(self, requests, *, skip):
        for request in reversed(requests):
            text = request.messages[-1]["content"]
            if request.key not in skip:
                self.asked.append(request)
                yield {request.key: Answer(text, True, prompt_tokens=len(text))}


def _keys(engine=None, settings=GREEDY, texts=("a",), polarity=Polarity.POSITIVE, seed=1):
    conversations = [[{"role": "user", "content": text}] for text in texts]
    return [
        r.key for r in build_requests(engine or EchoEngine(), conversations, settings, polarity=polarity, seed=seed)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"engine": EchoEngine("another model")},
        {"texts": ("b",)},
        {"polarity": Polarity.NEGATIVE},
        {"seed": 2},
        *(
            {"settings": GREEDY.model_copy(update=update)}
            for update in (
                {"do_sample": True},
                {"temperature": 0.5},
                {"top_p": 0.4},
                {"top_k": 5},
                {"max_new_tokens": 15},
            )
        ),
    ],
)
def test_what_determines_an_answer_is_in_its_key(change):
    assert _keys() == _keys()
    assert _keys() != _keys(**change)


def test_what_leaves_answers_alone_is_not_in_their_keys():
    raw = GREEDY.model_dump()
    raw |= {"engine": "ray", "max_prompt_tokens": 50, "ray": {**raw["ray"], "workers": 9}}
    raw["transformers"] = {**raw["transformers"], "batch_size": 1}
    assert _keys(settings=Generation.model_validate(raw)) == _keys()


def test_every_setting_of_generation_is_sorted_into_one_kind_or_the_other():
    """A new setting has to be thought about: does it change answers?"""
    plain = {name for name, value in GREEDY if not isinstance(value, Section)}
    assert plain - {"engine", "max_prompt_tokens"} == {"do_sample", "temperature", "top_p", "top_k", "max_new_tokens"}


def test_equal_prompts_have_keys_and_seeds_of_their_own_wherever_they_stand():
    one, two = _keys(texts=("a", "a"))
    assert one != two
    assert _keys(texts=("b", "a", "c", "a"))[1::2] == [one, two]


def _ask(engine, premises, path, settings=GREEDY):
    return answer_premises(
        engine,
        premises,
        settings,
        prompt_version="entail_v1",
        language="English",
        shots_of=lambda *_: (),
        answer_cache=AnswerCache(path),
        seed=1,
    )


def test_only_missing_answers_are_asked_for(tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    first = _ask(EchoEngine(), ["a", "b"], path)
    engine = EchoEngine()
    longer = _ask(engine, ["c", "a", "b", "a"], path)
    assert [longer[p][1:3] for p in Polarity] == [first[p] for p in Polarity]
    asked = {(r.polarity, r.messages[-1]["content"].split(": ")[-1]) for r in engine.asked}
    assert len(engine.asked) == 4
    assert asked == {(p, text) for p in Polarity for text in ("c", "a")}


def test_how_far_it_is_is_told_by_time_and_at_the_end(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(answers, "_LOG_EVERY", 0.0)
    with caplog.at_level("INFO", logger="bootembed"):
        _ask(EchoEngine(), ["a", "b"], tmp_path / "often.jsonl")
        often = [line for line in caplog.messages if line.startswith("answered")]
        monkeypatch.setattr(answers, "_LOG_EVERY", 1000.0)
        _ask(EchoEngine(), ["a", "b"], tmp_path / "at_the_end.jsonl")
    assert re.fullmatch(r"answered \d of 4, \d+\.\d/s", often[0])
    told = [line for line in caplog.messages if line.startswith("answered")]
    assert [line.partition(",")[0] for line in told[len(often) :]] == ["answered 4 of 4"]


def test_an_answer_from_under_a_higher_limit_of_prompts_is_not_used(tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    texts = ["a", "a" * 60]
    everything = _ask(EchoEngine(), texts, path, GREEDY.model_copy(update={"max_prompt_tokens": 500}))
    assert None not in everything[Polarity.POSITIVE]
    lower = _ask(EchoEngine(), texts, path, GREEDY.model_copy(update={"max_prompt_tokens": 100}))
    assert [answer is None for answer in lower[Polarity.POSITIVE]] == [False, True]
