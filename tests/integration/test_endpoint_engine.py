"""Engine `openai` against a server that fails in every way it can think of."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import yaml
from asking import SAMPLING, ask
from click.testing import CliRunner
from endpoint import FAULTS, FakeEndpoint, serving
from filter_settings import ALL
from forks import CONTEXT
from toy import toy_nli

from bootembed import tracking
from bootembed.base_models.tokenizer import train_tokenizer
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Polarity
from bootembed.core.tables import ANCHORS as ANCHORS_TABLE
from bootembed.core.tables import write_table
from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.settings.generation import Prices
from bootembed.triplets.generate import generate_triplets
from stages import generate_triplets as generate_triplets_stage

ANCHORS = list(dict.fromkeys(row["premise"] for row in toy_nli(12, seed=4)))[:12]
KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.delenv("BOOTEMBED_ENDPOINT", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tokenizer: the model itself is the endpoint's affair."""
    folder = tmp_path_factory.mktemp("base")
    train_tokenizer([row["premise"] for row in toy_nli(50)], 400, max_length=512, chat=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapters(tmp_path_factory):
    """Folders are all that the engine looks at: what they hold is served by the endpoint."""
    folder = tmp_path_factory.mktemp("adapters")
    for polarity in Polarity:
        (folder / polarity).mkdir()
        (folder / polarity / "adapter_config.json").write_text(f'{{"of": "{polarity}"}}')
    return {polarity: folder / polarity for polarity in Polarity}


def _at(state, *, sampling=SAMPLING, **changes):
    openai = sampling.openai.model_copy(update={"base_url": state.url, **changes})
    return sampling.model_copy(update={"engine": "openai", "openai": openai})


@pytest.fixture
def undisturbed(base, adapters, tmp_path):
    with serving() as state:
        return ask(base, adapters, ANCHORS, tmp_path / "undisturbed.jsonl", _at(state))


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_fails_all_answers_come_as_without_faults(base, adapters, undisturbed, tmp_path, seed):
    rng, plan, lock = random.Random(seed), {}, threading.Lock()
    all_of_them = itertools.cycle(rng.sample(FAULTS, len(FAULTS)))

    def fault(body, before):
        with lock:
            count = rng.choice((0, 1, 1, 2, 3))
            faults = plan.setdefault(json.dumps(body), list(itertools.islice(all_of_them, count)))
        return faults[before] if before < len(faults) else None

    with serving(FakeEndpoint(fault)) as state:
        settings = _at(state, timeout_seconds=2, max_concurrent_requests=8, max_attempts=12)
        answers = ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", settings)
    assert answers == undisturbed
    assert {fault for faults in plan.values() for fault in faults} == set(FAULTS)
    assert len(state.bodies) >= sum(len(faults) + 1 for faults in plan.values())
    assert len(plan) == 2 * len(ANCHORS)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        (lambda: "1", 1.0, 10),
        (lambda: formatdate(time.time() + 2, usegmt=True), 1.0, 10),  # whole seconds, rounded down
        (lambda: formatdate(time.time() - 60, usegmt=True), 0.0, 5),
        (lambda: "soon", 0.0, 5),
    ],
    ids=["seconds", "date", "date gone by", "nonsense"],
)
def test_the_wait_that_a_server_asks_for(base, adapters, tmp_path, header, least, most):
    fault = lambda body, before: "busy" if before == 0 else None  # noqa: E731
    with serving(FakeEndpoint(fault, retry_after=header)) as state:
        ask(base, adapters, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(state))
    first, second = (time for time, body in zip(state.times, state.bodies, strict=True) if body == state.bodies[0])
    assert least <= second - first < most


def test_a_server_that_asks_for_an_hour_is_not_waited_for(base, adapters, tmp_path):
    fault = lambda body, before: "busy" if before == 0 else None  # noqa: E731
    with serving(FakeEndpoint(fault, retry_after=lambda: "3600")) as state:
        with pytest.raises(DataError, match=r"2 of 2 answers are missing.*status 429: not now.*run again"):
            ask(base, adapters, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(state))
        ask(base, adapters, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(state))
    assert len(state.bodies) == 4


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (400, {"error": {"message": "top_k is unknown"}}, ["400", "top_k is unknown", "extra_body", "top_k"]),
        (401, {"error": {"message": f"Incorrect key: {KEY}"}}, ["401", "Incorrect key: [key]", "OPENAI_API_KEY"]),
        (403, f"no entry with {KEY}", ["403", "no entry with [key]", "OPENAI_API_KEY"]),
        (404, {"message": "no such model", "code": 404}, ["404", "no such model", "xl_lora-afr-", "/models"]),
        (422, {"detail": [{"msg": "bad " + "x" * 5000}]}, ["422", "bad xxx", "..."]),
    ],
)
def test_a_refusal_is_told_at_once_and_without_the_key(base, adapters, tmp_path, caplog, status, content, told):
    caplog.set_level("DEBUG")
    refusing = FakeEndpoint(lambda body, before: (status, content))
    with serving(refusing) as state, pytest.raises(ParamsError) as caught:
        ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _at(state, max_concurrent_requests=2))
    message = str(caught.value)
    assert all(part in message for part in [state.url, *told]), message
    assert len(message) < 1000
    assert len(state.bodies) <= 2
    assert set(state.keys) == {f"Bearer {KEY}"}
    assert KEY not in caplog.text + str(caught.getrepr(style="long", chain=True))


def test_answers_that_are_on_their_way_when_another_is_refused_are_kept(base, adapters, tmp_path):
    def fault(body, before):
        refused = body["messages"][-1]["content"].endswith(ANCHORS[0])
        time.sleep(0 if refused else 0.3)
        return (400, {"error": {"message": "no"}}) if refused else None

    with serving(FakeEndpoint(fault)) as state, pytest.raises(ParamsError):
        ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _at(state, max_concurrent_requests=5))
    assert len(_keys(tmp_path / "answer_cache.jsonl")) == 4 == len(state.bodies) - 1


def test_what_stays_missing_is_told_and_asked_for_again(base, adapters, undisturbed, tmp_path, caplog):
    caplog.set_level("INFO")
    count = 2 * len(ANCHORS) - 2 + 2 * 3
    hopeless = lambda body, before: "broken" if body["messages"][-1]["content"].endswith(ANCHORS[3]) else None  # noqa: E731
    with serving(FakeEndpoint(hopeless)) as state:
        with pytest.raises(DataError) as caught:
            ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _at(state, max_attempts=3))
        assert f"2 of {2 * len(ANCHORS)} answers are missing" in str(caught.value)
        assert "status 503: not now" in str(caught.value)
        assert "run again" in str(caught.value)
        assert "failed attempts: 6 (status 503)" in caplog.text
        assert caplog.text.count("status 503: not now; such requests are tried again") == 1
        assert len(state.bodies) == count
        state.fault = lambda body, before: None
        assert ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _at(state)) == undisturbed
        assert len(state.bodies) == count + 2


@pytest.mark.parametrize("way", ["broken", "gone"])
def test_an_endpoint_that_is_down_is_left_alone(base, adapters, tmp_path, way):
    with serving(FakeEndpoint(lambda body, before: "broken")) as state:
        settings = _at(state, max_attempts=2)
        if way == "broken":
            with pytest.raises(DataError, match="20 requests in a row failed"):
                ask(base, adapters, ANCHORS * 10, tmp_path / "answer_cache.jsonl", settings)
            assert len(state.bodies) <= 2 * (20 + 4)
    if way == "gone":
        with pytest.raises(DataError, match=r"20 requests.*connection: "):
            ask(base, adapters, ANCHORS * 10, tmp_path / "answer_cache.jsonl", settings)


def test_no_more_requests_at_a_time_than_allowed(base, adapters, tmp_path):
    with serving(FakeEndpoint(seconds=0.3)) as state:
        ask(base, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _at(state, max_concurrent_requests=6))
    assert state.most == 6


def _keys(path):
    return [json.loads(line)["key"] for line in path.read_bytes().splitlines()]


def test_a_killed_client_pays_for_nothing_twice_but_what_was_on_its_way(base, adapters, undisturbed, tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    with serving(FakeEndpoint(seconds=0.15)) as state:
        settings = _at(state, max_concurrent_requests=3)
        process = CONTEXT.Process(target=ask, args=(base, adapters, ANCHORS, path, settings))
        process.start()
        while process.is_alive() and not (path.is_file() and path.read_bytes().count(b"\n") >= 6):
            time.sleep(0.005)
        assert process.is_alive()
        process.kill()
        process.join()
        there = path.read_bytes().count(b"\n")
        paid = len(state.bodies)
        assert paid <= there + 2 * 3  # those on their way, and those that came but were not yet written
        assert ask(base, adapters, ANCHORS, path, settings) == undisturbed
        assert len(state.bodies) - paid == 2 * len(ANCHORS) - there
    assert len(set(_keys(path))) == len(_keys(path)) == 2 * len(ANCHORS)


def test_what_is_sent(base, adapters, tmp_path):
    with serving() as state:
        ask(base, adapters, ANCHORS[:2] + ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(state))
    assert {body["model"] for body in state.bodies} == {"xl_lora-afr-positive", "xl_lora-afr-negative"}
    assert len({body["seed"] for body in state.bodies}) == 6
    first = state.bodies[0]
    assert first["messages"][-1]["role"] == "user"
    assert {name: first[name] for name in ("max_tokens", "temperature", "top_p")} == {
        "max_tokens": 20,
        "temperature": 1.0,
        "top_p": 0.95,
    }
    assert set(first) == {"model", "messages", "max_tokens", "temperature", "top_p", "seed"}


def test_what_is_sent_is_up_to_the_parameters(base, tmp_path):
    sampling = SAMPLING.model_copy(update={"top_k": 5})
    extra = {"max_tokens": None, "max_completion_tokens": 9, "chat_template_kwargs": {"enable_thinking": False}}
    answer = FakeEndpoint.answer
    with serving() as state:
        state.answer = lambda body: answer(state, body | {"max_tokens": 0})
        ask(base, {}, ANCHORS[:1], tmp_path / "1.jsonl", _at(state, sampling=sampling, extra_body=extra))
        greedy = sampling.model_copy(update={"do_sample": False})
        ask(base, {}, ANCHORS[:1], tmp_path / "2.jsonl", _at(state, sampling=greedy, api="completions"))
    drawn, certain = state.bodies[0], state.bodies[-1]
    assert drawn["model"] == "generator"
    assert drawn["top_k"] == 5
    assert drawn["max_completion_tokens"] == 9
    assert drawn["chat_template_kwargs"] == {"enable_thinking": False}
    assert "max_tokens" not in drawn
    assert set(certain) == {"model", "prompt", "max_tokens", "temperature"}
    assert certain["temperature"] == 0
    assert ANCHORS[0] in certain["prompt"]


def test_only_what_changes_answers_is_asked_for_again(base, adapters, tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    other = tmp_path / "retrained"
    shutil.copytree(adapters[Polarity.POSITIVE], other)
    (other / "adapter_model.safetensors").write_bytes(b"new")

    def asked(settings, folders=adapters):
        before = len(state.bodies)
        ask(base, folders, ANCHORS[:3], path, settings)
        return len(state.bodies) - before

    with serving() as state, serving() as elsewhere:
        assert asked(_at(state)) == 6
        assert asked(_at(elsewhere, max_concurrent_requests=1, timeout_seconds=5, max_attempts=1)) == 0
        assert not elsewhere.bodies
        assert asked(_at(state), adapters | {Polarity.POSITIVE: other}) == 3
        assert asked(_at(state, extra_body={"min_p": 0.1})) == 6
        assert asked(_at(state, api="completions")) == 6
        renamed = SAMPLING.openai.models.model_copy(update={"negative": "negative"})
        assert asked(_at(state, models=renamed)) == 3
        hosted = {"serves_generator": False, "api": "chat"}
        assert asked(_at(state, **hosted)) == 6
        assert asked(_at(state, **hosted), adapters | {Polarity.POSITIVE: other}) == 0


def test_the_environment_says_where_the_endpoint_is(base, adapters, tmp_path, monkeypatch):
    with serving() as state, serving() as elsewhere:
        monkeypatch.setenv("BOOTEMBED_ENDPOINT", elsewhere.url + "/")
        ask(base, adapters, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(state))
    assert len(elsewhere.bodies) == 2
    assert not state.bodies


@pytest.mark.parametrize(
    "url",
    ["http://me:pass@host/v1", "localhost:8000", "ftp://me:pass@host/v1", "http://h/v1?key=pass", "http://me:pass@h:x"],
)
def test_an_address_that_is_none_is_told_without_its_password(base, tmp_path, monkeypatch, url):
    monkeypatch.setenv("BOOTEMBED_ENDPOINT", url)
    with pytest.raises(ParamsError, match="BOOTEMBED_ENDPOINT") as caught:
        ask(base, {}, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(FakeEndpoint(url="http://x")))
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize("key", ["sk-geheim\u00e9", "sk-two words"])
def test_a_key_that_is_none_is_told_without_it(base, tmp_path, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ParamsError, match="OPENAI_API_KEY") as caught:
        ask(base, {}, ANCHORS[:1], tmp_path / "answer_cache.jsonl", _at(FakeEndpoint(url="http://x")))
    assert "sk-" not in str(caught.value)


def _generate(base, folder, settings, anchors=ANCHORS):
    description = GeneratorDescription("in_context", "eng", "eng", "English", "entail_v1")
    write_generator(description, {}, folder / "generator")
    return generate_triplets(
        base,
        folder / "generator",
        anchors,
        generation=settings,
        filters=ALL,
        answer_cache_path=folder / "answer_cache.jsonl",
        seed=7,
    )


def _ending(content, reason="stop", **message):
    choice = {"finish_reason": reason, "message": {"role": "assistant", "content": content, **message}}
    return lambda body, before: {"choices": [choice]}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (_ending("A door opens", "length"), "over_long"),
        (_ending("", "content_filter"), "empty"),
        (_ending(None, "stop", reasoning_content="I think."), "empty"),
        (_ending("<think>A door?</think> A door opens."), "chat_residue"),
        (lambda body, before: (400, {"error": {"code": "content_filter", "message": "policy"}}), "empty"),
    ],
    ids=["cut", "filtered answer", "thought only", "thought", "filtered prompt"],
)
def test_answers_that_are_none_are_rejected(base, tmp_path, fault, reason):
    with serving(FakeEndpoint(fault)) as state:
        triplets = _generate(base, tmp_path, _at(state), ANCHORS[:3])
    assert triplets.counts[reason] == 3
    assert len(state.bodies) == 6


def test_what_a_model_thought_is_no_part_of_its_answer(base, tmp_path):
    with serving(FakeEndpoint(_ending("A door\n opens.", reasoning_content="Let me see."))) as state:
        verdict = _generate(base, tmp_path, _at(state), ANCHORS[:1]).verdicts[0]
    assert verdict.candidate.positive.text == "A door opens."


def test_tokens_and_cost_are_those_of_all_answers_used(base, tmp_path, caplog):
    caplog.set_level("INFO")
    prices = Prices(prompt=2.0, completion=10.0)
    with serving() as state:
        _generate(base, tmp_path, _at(state, price_per_million=prices), ANCHORS[:3])
        metrics = _generate(base, tmp_path, _at(state, price_per_million=prices), ANCHORS[:5]).metrics
    assert len(state.bodies) == 10
    assert "answered 4 of 4; tokens: 80 of prompts, 20 of answers; cost: 0.0004; failed attempts: none" in caplog.text
    assert (metrics["prompt_tokens"], metrics["completion_tokens"]) == (200, 50)
    assert metrics["cost"] == pytest.approx((200 * 2 + 50 * 10) / 1e6)
    assert metrics["answers_without_token_counts"] == 0


def test_a_server_that_counts_no_tokens(base, tmp_path):
    with serving(FakeEndpoint(usage=False)) as state:
        metrics = _generate(base, tmp_path, _at(state), ANCHORS[:3]).metrics
    assert (metrics["prompt_tokens"], metrics["answers_without_token_counts"]) == (0, 6)
    assert "cost" not in metrics


def test_prompts_that_are_too_long_are_not_sent(base, tmp_path):
    with serving() as state:
        triplets = _generate(base, tmp_path, _at(state), [*ANCHORS[:2], "very " * 200])
    assert triplets.counts["prompt_too_long"] == 1
    assert len(state.bodies) == 4


def test_rows_name_the_model_that_wrote_them(base, tmp_path):
    with serving() as state:
        hosted = _generate(base, tmp_path, _at(state, serves_generator=False, model="some-model"))
        own = _generate(base, tmp_path, _at(state))
    assert hosted.provenance["generator_hash"] == "some-model"
    assert len(own.provenance["generator_hash"]) == 64


def _run_stage(base, folder, settings):
    """The command `generate_triplets` with tracking on; nothing is sent."""
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["generation"] = settings.model_dump(mode="json")
    raw["generate_triplets"] |= {"anchors": 6}
    (folder / "params.yaml").write_text(yaml.safe_dump(raw))
    write_table(({"text": text} for text in ANCHORS), ANCHORS_TABLE, folder / "anchors.parquet")
    description = GeneratorDescription("in_context", "afr", "afr", "Afrikaans", "entail_v1")
    write_generator(description, {}, folder / "generator/0")
    options = {"strategy": "in_context", "language": "afr", "base-model": base, "encoder": base}
    paths = {
        "generator": "generator",
        "judge": "generator",
        "anchors": "anchors.parquet",
        "params": "params.yaml",
        "answer_cache": "answer_cache.jsonl",
    }
    paths |= {"output-dir": "out", "metrics": "metrics.json"}
    options |= {name: folder / path for name, path in paths.items()}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return CliRunner().invoke(generate_triplets_stage.main, words)


@pytest.mark.parametrize("refused", [False, True])
def test_a_stage_logs_cost_and_no_key(base, tmp_path, monkeypatch, caplog, refused):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setattr(tracking.records, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(tracking.stage, "send_now", lambda: None)
    fault = (401, {"error": {"message": f"not {KEY}"}}) if refused else None
    with serving(FakeEndpoint(lambda body, before: fault)) as state:
        settings = _at(state, price_per_million=Prices(prompt=1.0, completion=1.0))
        result = _run_stage(base, tmp_path, settings)
    assert result.exit_code == int(refused), result.output
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in result.output + caplog.text
    (record,) = (json.loads(path.read_text()) for path in (tmp_path / "records").glob("*.json"))
    if refused:
        assert "not [key]" in result.output
        assert "not [key]" in record["tags"]["error"]
        return
    metrics = json.loads((tmp_path / "metrics.json").read_text())["0"]
    assert metrics["cost"] == pytest.approx(12 * 25 / 1e6) == record["metrics"]["0/cost"]
    card = (tmp_path / "out/0/README.md").read_text()
    assert "generation.openai.model" in card
    assert state.url not in card
