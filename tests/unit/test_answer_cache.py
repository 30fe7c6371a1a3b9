"""The answer cache of answers: nothing that was written is lost, whatever happens to the writer or beside it."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootembed.generation.answer_cache import Answer, AnswerCache

ANSWERS = {"one": Answer("a\u2028b\nc", True, 3, 4), "two": Answer("ቤት \ud800", False), "three": Answer("", True, 1, 1)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("answer_cache") / "whole.jsonl"
    for key, answer in ANSWERS.items():
        AnswerCache(path).add({key: answer})
    return path.read_bytes()


@given(st.data())
def test_a_cut_anywhere_costs_the_cut_line_only(written, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "answer_cache.jsonl"
    cut = data.draw(st.integers(0, len(written)))
    path.write_bytes(written[:cut])
    whole = written[:cut].count(b"\n")
    answer_cache = AnswerCache(path)
    assert [answer_cache.get(key) for key in ANSWERS] == [
        *list(ANSWERS.values())[:whole],
        *[None] * (len(ANSWERS) - whole),
    ]
    answer_cache.add(ANSWERS)
    assert path.read_bytes() == written


def test_lines_without_an_answer_are_passed_over(tmp_path, caplog):
    path = tmp_path / "answer_cache.jsonl"
    foreign = ['{"key": "x", "answers": []}', "\x00\x00", "[1]", '{"text": "no key", "finished": true}']
    path.write_text("\n".join(foreign) + "\n")
    AnswerCache(path).add({"one": ANSWERS["one"]})
    assert AnswerCache(path).get("one") == ANSWERS["one"]
    assert "x" not in AnswerCache(path)
    assert "4 lines" in caplog.text


def test_the_first_answer_to_a_key_stays(tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    early, late = AnswerCache(path), AnswerCache(path)
    early.add({"key": Answer("first", True)})
    late.add({"key": Answer("second", True), "other": Answer("x", True)})
    assert late.get("key") == AnswerCache(path).get("key") == Answer("first", True)
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["key", "other"]


def _write(path, writer, count):
    answer_cache = AnswerCache(path)
    for number in range(count):
        own = f"{writer}-{number}"
        answer_cache.add({own: Answer(own * 50, True), f"shared-{number}": Answer(own, True)})


def test_writers_at_the_same_time_lose_nothing_and_write_nothing_twice(tmp_path):
    path, writers, count = tmp_path / "answer_cache.jsonl", 4, 40
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write, args=(path, writer, count)) for writer in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes)
    keys = Counter(json.loads(line)["key"] for line in path.read_text().splitlines())
    expected = {f"{writer}-{n}" for writer in range(writers) for n in range(count)} | {
        f"shared-{n}" for n in range(count)
    }
    assert keys == dict.fromkeys(expected, 1)
    answer_cache = AnswerCache(path)
    assert all(answer_cache.get(key).text == key * 50 for key in expected if not key.startswith("shared"))
