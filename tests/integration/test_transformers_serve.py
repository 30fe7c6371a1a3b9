"""Engine `openai` against a real server, `transformers serve`: its greedy answers are those of this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import torch
from asking import ask
from generation_settings import GREEDY
from toy import toy_nli

from bootembed.core.errors import ParamsError
from bootembed.core.names import Polarity
from bootembed.prompts import build_messages, encode_example, prompt_definition

DEFINITION = prompt_definition("entail_v1")
ANCHORS = list(dict.fromkeys(row["premise"] for row in toy_nli(8, seed=4)))[:5]
SETTINGS = GREEDY.model_copy(update={"max_new_tokens": 40})


# Without one the server takes the template of the architecture, Qwen's, which finds no turn of Qwen's in these answers.
RESPONSE_TEMPLATE = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|assistant|>",
    "fields": {"content": {"close": "<|end|>", "content": "text"}},
}


@pytest.fixture(scope="module")
def generator(tiny_generator, tmp_path_factory):
    """The tiny generator after some steps on answers, so that it ends what it writes."""
    from bootembed.base_models.load import load_generator

    model, tokenizer = load_generator(tiny_generator, bf16=False, load_in_4bit=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for row in toy_nli(100, seed=1):
        polarity = Polarity.POSITIVE if row["label"] == "entailment" else Polarity.NEGATIVE
        messages = build_messages(DEFINITION, row["premise"], polarity=polarity, language="English")
        ids, mask = encode_example(tokenizer, messages, row["hypothesis"])
        labels = torch.tensor([[token if kept else -100 for token, kept in zip(ids, mask, strict=True)]])
        model(input_ids=torch.tensor([ids]), labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    tokenizer.response_template = RESPONSE_TEMPLATE
    folder = tmp_path_factory.mktemp("taught")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def url(generator):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(generator)]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    server = subprocess.Popen([*command, *options], env=os.environ | {"HF_HUB_OFFLINE": "1"})
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url, server):
    until = time.monotonic() + 300
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"transformers serve did not start; exit status {server.poll()}")


def _at(url, **changes):
    openai = GREEDY.openai.model_copy(update={"base_url": url, "timeout_seconds": 300, **changes})
    return SETTINGS.model_copy(update={"engine": "openai", "openai": openai})


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_greedy_answers_are_those_of_this_process(generator, url, tmp_path, monkeypatch, api):
    monkeypatch.setenv("BOOTEMBED_ENDPOINT", url)
    here = ask(generator, {}, ANCHORS, tmp_path / "here.jsonl", SETTINGS)
    extra = {"chat_template_kwargs": {"enable_thinking": False}} if api == "chat" else {}
    settings = _at("http://nowhere", api=api, model=str(generator), extra_body=extra)
    there = ask(generator, {}, ANCHORS, tmp_path / "there.jsonl", settings)
    assert there == here
    assert {answer.finished for side in here.values() for answer in side} == {True}
    assert {answer.text for answer in here[Polarity.POSITIVE]} != {answer.text for answer in here[Polarity.NEGATIVE]}


def test_a_model_that_is_not_served_is_told(generator, url, tmp_path):
    with pytest.raises(ParamsError, match=r"status 400: Server is pinned to .*check the model's name"):
        ask(generator, {}, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(url, model="other"))


def test_a_field_that_the_server_does_not_know_is_told(generator, url, tmp_path):
    with pytest.raises(ParamsError, match=r"status 422: .*'top_k'.*generation.top_k"):
        settings = _at(url, model=str(generator), extra_body={"top_k": 5})
        ask(generator, {}, ANCHORS[:1], tmp_path / "answer_cache.jsonl", settings)
