"""The decoding loop: rows that have ended leave the batch, common beginnings are computed once, answers stay."""

from __future__ import annotations

import random

import pytest
import torch
from asking import with_batches_of
from generation_settings import GREEDY
from generators import write_generator_model

from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.generation.local import _common_tokens
from bootembed.generation.resident import Batch, Prompt, ResidentGenerator

SAMPLED = GREEDY.model_copy(update={"do_sample": True, "top_p": 0.95})
BEGINNING = [7, 30, 41, 52, 63, 74, 85]


def _prompts(count=9, most=20):
    rng = random.Random(3)
    return [
        Prompt(str(n), BEGINNING + [rng.randrange(20, 300) for _ in range(rng.randrange(2, most))], seed=n)
        for n in range(count)
    ]


def _generator(base, settings=GREEDY, most=16):
    """One whose answers end at various tokens: random weights never write an end of their own."""
    generator = ResidentGenerator(base, {}, with_batches_of(most, settings))
    generator._ends = list(range(0, 380, 5))
    return generator


def _answers(generator, prompts, common=0):
    return {key: a for piece in generator.answer(Batch(Polarity.POSITIVE, prompts, common)) for key, a in piece.items()}


def _sizes(generator):
    """Rows and tokens of every call of the model."""
    sizes = []
    generator.model.register_forward_pre_hook(
        lambda _, args, inputs: sizes.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    return sizes


@pytest.fixture(scope="module", params=["qwen3", "gemma3_text", "gemma3", "cohere2"])
def base(request, tmp_path_factory):
    return write_generator_model(tmp_path_factory.mktemp("base") / request.param, request.param)


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_rows_that_have_ended_leave_and_change_no_answer(base, settings):
    generator, prompts = _generator(base, settings), _prompts()
    alone = {key: answer for prompt in prompts for key, answer in _answers(generator, [prompt]).items()}
    sizes = _sizes(generator)
    assert _answers(generator, prompts) == alone
    lengths = [answer.completion_tokens for answer in alone.values()]
    assert len(set(lengths)) > 1
    assert [rows for rows, _ in sizes] == [sum(n > step for n in lengths) for step in range(max(lengths))]


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_a_common_beginning_is_computed_once_and_changes_no_answer(base, settings):
    """Gemma's and Cohere's windows of 16 tokens are too short for it here: padding would stand inside of them."""
    generator, prompts = _generator(base, settings), _prompts()
    expected = _answers(generator, prompts)
    sizes = _sizes(generator)
    halves = [_answers(generator, half, len(BEGINNING)) for half in (prompts[:4], prompts[4:])]
    assert halves[0] | halves[1] == expected
    assert sizes.count((1, len(BEGINNING))) == 1
    longest = max(len(prompt.ids) for prompt in prompts[:4])
    windowed = "qwen3" not in base.name
    assert (4, longest if windowed else longest - len(BEGINNING)) in sizes


def test_a_beginning_inside_the_window_is_used_by_windowed_models(tmp_path):
    base = write_generator_model(tmp_path, "gemma3_text")
    prompts = [Prompt(str(n), [*BEGINNING[:3], *range(40, 42 + n)], seed=n) for n in range(3)]
    generator = _generator(base, GREEDY.model_copy(update={"max_new_tokens": 6}))
    expected = _answers(generator, prompts)
    sizes = _sizes(generator)
    assert _answers(generator, prompts, 3) == expected
    assert sizes[:2] == [(1, 3), (3, 4)]


def test_the_prompt_gets_no_logits_but_its_last(tmp_path):
    base = write_generator_model(tmp_path, "gemma3_text")
    generator = _generator(base)
    shapes = []
    head = generator.model.get_output_embeddings()
    head.register_forward_hook(lambda _, __, logits: shapes.append(logits.shape[1]))
    _answers(generator, _prompts(), len(BEGINNING))
    assert set(shapes) == {1}


def test_common_tokens_leave_each_prompt_one_of_its_own():
    assert _common_tokens([]) == 0
    assert _common_tokens([[1, 2, 3]]) == 2
    assert _common_tokens([[1, 2, 3, 4], [1, 2, 9], [1, 2, 3, 5]]) == 2
    assert _common_tokens([[1, 2], [1, 2, 3]]) == 1


@pytest.mark.parametrize("limits", [{}, {"do_sample": True, "top_p": 0.9}, {"do_sample": True, "top_k": 5}], ids=str)
def test_a_model_that_diverged_is_told(tmp_path, limits):
    generator = ResidentGenerator(
        write_generator_model(tmp_path / "base", "qwen3"), {}, GREEDY.model_copy(update=limits)
    )
    next(generator.model.parameters()).data.fill_(torch.nan)
    with pytest.raises(DataError, match=r"computes NaN.*learning_rate"):
        _answers(generator, _prompts())


def test_the_models_own_loop_writes_the_same(base):
    """The reference: transformers' loop, greedy."""
    generator, prompts = _generator(base), _prompts()
    found = _answers(generator, prompts)
    for prompt in prompts:
        (ids,) = generator.model.generate(
            torch.tensor([prompt.ids]), max_new_tokens=GREEDY.max_new_tokens, eos_token_id=generator._ends
        )
        assert len(ids) - len(prompt.ids) == found[prompt.key].completion_tokens
