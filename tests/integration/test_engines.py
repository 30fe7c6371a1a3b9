"""The engine in this process on a tiny real model: what answers depend on, kills, and memory that runs out."""

from __future__ import annotations

import json
import random
import shutil
import time

import pytest
import torch
from asking import SAMPLING, ask, random_adapters, with_batches_of
from forks import CONTEXT
from generation_settings import GREEDY
from toy import toy_nli
from transformers import GenerationMixin

from bootembed.core.errors import ParamsError
from bootembed.core.names import Polarity
from bootembed.generation.resident import Batch, Prompt, ResidentGenerator

# Of different lengths, so that batches need padding; two are equal.
ANCHORS = [row["premise"] + " It is a day." * (n % 3) for n, row in enumerate(toy_nli(10, seed=4))]
ANCHORS[7] = ANCHORS[1]


@pytest.fixture(scope="module")
def adapters(tiny_generator, tmp_path_factory):
    return random_adapters(tiny_generator, tmp_path_factory.mktemp("adapters"))


@pytest.fixture(scope="module")
def undisturbed(tiny_generator, adapters, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "answer_cache.jsonl"
    return ask(tiny_generator, adapters, ANCHORS, path), path


@pytest.mark.parametrize("settings", [SAMPLING, GREEDY], ids=["sampling", "greedy"])
def test_an_answer_does_not_depend_on_its_batch(tiny_generator, adapters, tmp_path, settings):
    answers = [
        ask(tiny_generator, adapters, ANCHORS, tmp_path / f"{size}.jsonl", with_batches_of(size, settings))
        for size in (1, 4, 16)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][Polarity.POSITIVE] != answers[0][Polarity.NEGATIVE]


def test_equal_anchors_and_other_seeds_draw_other_answers(tiny_generator, adapters, undisturbed, tmp_path):
    answers = undisturbed[0][Polarity.POSITIVE]
    assert answers[1].text != answers[7].text
    other = ask(tiny_generator, adapters, ANCHORS[:3], tmp_path / "answer_cache.jsonl", seed=8)[Polarity.POSITIVE]
    assert [a.text for a in other] != [a.text for a in answers[:3]]


def test_tokens_are_counted_and_unfinished_answers_told_apart(tiny_generator, tmp_path, monkeypatch):
    def generate(model, input_ids, **_):
        (end,) = model.generation_config.eos_token_id
        return torch.cat([input_ids, torch.tensor([[20, end, end], [20, 21, 22]])], dim=1)

    monkeypatch.setattr(GenerationMixin, "generate", generate)
    short, long = ask(tiny_generator, {}, [ANCHORS[0], ANCHORS[2]], tmp_path / "answer_cache.jsonl")[Polarity.POSITIVE]
    assert (short.finished, short.completion_tokens) == (True, 2)
    assert (long.finished, long.completion_tokens) == (False, 3)
    assert long.prompt_tokens > short.prompt_tokens + 4


@pytest.mark.parametrize("own", [{"repetition_penalty": 1.3}, {"num_beams": 2}, {"return_dict_in_generate": True}])
def test_the_models_own_settings_of_generation_change_nothing(tiny_generator, tmp_path, own):
    """Qwen 2.5, for one, brings a penalty on repetition, which is one on the words of the premise."""
    changed = shutil.copytree(tiny_generator, tmp_path / "changed")
    path = changed / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    prompts = [Prompt(str(n), [5 + n, 9, 11], seed=n) for n in range(4)]
    batch = Batch(Polarity.POSITIVE, prompts)
    plain, other = ([*ResidentGenerator(base, {}, SAMPLING).answer(batch)] for base in (tiny_generator, changed))
    assert plain == other


def test_an_answer_also_ends_where_the_tokenizer_says(tiny_generator, tmp_path, monkeypatch):
    """Where the model knows the end of a document only, and the tokenizer that of a turn."""
    changed = shutil.copytree(tiny_generator, tmp_path / "changed")
    for name in ("generation_config.json", "config.json"):
        raw = json.loads((changed / name).read_text())
        (changed / name).write_text(json.dumps(raw | {"eos_token_id": 17}))
    generator = ResidentGenerator(changed, {}, SAMPLING)
    turn = generator.tokenizer.eos_token_id
    monkeypatch.setattr(
        GenerationMixin,
        "generate",
        lambda _, input_ids, **__: torch.cat([input_ids, torch.tensor([[20, turn, 22], [20, 17, 22]])], dim=1),
    )
    batch = Batch(Polarity.POSITIVE, [Prompt("one", [5], seed=1), Prompt("two", [5], seed=2)])
    (answers,) = generator.answer(batch)
    assert [(answer.finished, answer.completion_tokens) for answer in answers.values()] == [(True, 2)] * 2


def test_a_longer_list_of_anchors_computes_what_is_new(tiny_generator, adapters, undisturbed, tmp_path, monkeypatch):
    path = tmp_path / "answer_cache.jsonl"
    path.write_bytes(undisturbed[1].read_bytes())
    computed = []
    generate = ResidentGenerator._generate
    monkeypatch.setattr(
        ResidentGenerator, "_generate", lambda self, batch: computed.extend(batch.prompts) or generate(self, batch)
    )
    longer = ask(tiny_generator, adapters, ["The child opens.", *ANCHORS, "A door."], path)
    assert len(computed) == 4
    assert {p: answers[1:-1] for p, answers in longer.items()} == undisturbed[0]


def test_a_full_answer_cache_needs_no_model(tiny_generator, adapters, undisturbed, monkeypatch):
    monkeypatch.setattr(ResidentGenerator, "__init__", None)
    assert ask(tiny_generator, adapters, ANCHORS, undisturbed[1]) == undisturbed[0]


def test_a_run_killed_again_and_again_ends_as_an_undisturbed_one(tiny_generator, adapters, undisturbed, tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    settings = with_batches_of(2)
    rng = random.Random(5)
    kills = 0
    for wanted in (2, 6, 10, None):
        process = CONTEXT.Process(target=ask, args=(tiny_generator, adapters, ANCHORS, path, settings))
        process.start()
        while process.is_alive() and (wanted is None or not path.is_file() or _lines(path) < wanted):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        if wanted is not None:
            kills += process.is_alive()
            process.kill()
        process.join()
    assert kills >= 2
    assert process.exitcode == 0
    keys = [json.loads(line)["key"] for line in path.read_bytes().splitlines()]
    assert len(keys) == len(set(keys)) == 2 * len(ANCHORS)
    assert ask(tiny_generator, adapters, ANCHORS, path, settings) == undisturbed[0]


def _lines(path):
    return path.read_bytes().count(b"\n")


def _limit_memory(monkeypatch, most, error):
    """Make `generate` fail on more than `most` rows; the sizes it was called with."""
    generate, sizes = GenerationMixin.generate, []

    def limited(self, **inputs):
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > most:
            raise error
        return generate(self, **inputs)

    monkeypatch.setattr(GenerationMixin, "generate", limited)
    return sizes


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["gpu", "cpu"],
)
def test_out_of_memory_halves_the_batch(tiny_generator, undisturbed, adapters, tmp_path, monkeypatch, caplog, error):
    sizes = _limit_memory(monkeypatch, 3, error)
    settings = with_batches_of(8)
    assert ask(tiny_generator, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", settings) == undisturbed[0]
    assert sizes[:3] == [8, 4, 2]
    assert max(sizes[2:]) == 2
    assert "out of memory on 8 prompts" in caplog.text


def test_memory_for_not_even_one_prompt_is_told(tiny_generator, tmp_path, monkeypatch):
    _limit_memory(monkeypatch, 0, torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(ParamsError, match="max_prompt_tokens"):
        ask(tiny_generator, {}, ANCHORS, tmp_path / "answer_cache.jsonl")


def test_other_errors_of_the_model_are_not_hidden(tiny_generator, tmp_path, monkeypatch):
    _limit_memory(monkeypatch, 0, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        ask(tiny_generator, {}, ANCHORS, tmp_path / "answer_cache.jsonl")
