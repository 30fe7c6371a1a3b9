"""Generators that were never tuned on chats: a template is given to them, adapters learn it, else prompts are text."""

from __future__ import annotations

import json

import pytest
from asking import ask, random_adapters
from generation_settings import GREEDY
from generators import write_generator_model

from bootembed.base_models.build import build_base_model
from bootembed.base_models.chat import TEMPLATES
from bootembed.base_models.load import load_tokenizer
from bootembed.core.errors import DataError
from bootembed.core.names import Polarity
from bootembed.generation.resident import ResidentGenerator
from bootembed.prompts import Shot, build_messages, encode_example, encode_prompt, prompt_definition
from bootembed.settings.consistency_of_models import TEMPLATE_NAMES
from bootembed.settings.models import BaseModelSpec

DEFINITION = prompt_definition("entail_v1")
SHOTS = [Shot("A cat sleeps.", "An animal\nrests."), Shot("It rains.", "It is wet.")]
MESSAGES = build_messages(DEFINITION, "A dog runs.", polarity=Polarity.POSITIVE, language="English", shots=SHOTS)
ASKED = "Write one English sentence that is true given the premise: "
OWN = "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}<end_of_turn>{% endfor %}[assistant] "


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A model as published before its instruction tuning."""
    folder = write_generator_model(tmp_path_factory.mktemp("bare"), "gemma3_text")
    (folder / "chat_template.jinja").unlink()
    (folder / "generation_config.json").unlink()
    return folder


def _given(bare, folder, **template):
    spec = BaseModelSpec(role="generator", source="local", path=str(bare), **template)
    build_base_model(spec, [], output_dir=folder, checkpoint_dir=folder.parent / "work", seed=1)
    return folder


def _text(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=False)


def test_settings_know_the_names_of_the_templates():
    assert tuple(TEMPLATES) == TEMPLATE_NAMES


def test_without_a_template_the_parameter_is_named(bare):
    with pytest.raises(DataError, match=r"no chat template.*base_models\.generator\.chat_template"):
        encode_prompt(load_tokenizer(bare), MESSAGES)


def test_it_is_asked_for_before_anything_is_trained(bare, tmp_path):
    with pytest.raises(DataError, match=r"no chat template.*base_models\.generator\.chat_template"):
        _given(bare, tmp_path / "base")


@pytest.mark.parametrize("older", [False, True])
def test_a_model_with_a_template_needs_none(tmp_path, older):
    """Older tokenizers have it in their configuration."""
    own = write_generator_model(tmp_path / "own", "gemma3_text")
    if older:
        config = json.loads((own / "tokenizer_config.json").read_text())
        config["chat_template"] = (own / "chat_template.jinja").read_text()
        (own / "tokenizer_config.json").write_text(json.dumps(config))
        (own / "chat_template.jinja").unlink()
    base = _given(own, tmp_path / "base")
    assert encode_prompt(load_tokenizer(base), MESSAGES)


def test_gemmas_turns_are_learnt_and_end_answers(bare, tmp_path):
    base = _given(bare, tmp_path / "base", chat_template="gemma")
    tokenizer = load_tokenizer(base)
    ids, mask = encode_example(tokenizer, MESSAGES[-1:], "An animal runs.")
    assert _text(tokenizer, ids) == (
        f"<bos><start_of_turn>user\n{ASKED}A dog runs.<end_of_turn>\n<start_of_turn>model\nAn animal runs.<end_of_turn>"
    )
    learnt = [token for token, is_learnt in zip(ids, mask, strict=True) if is_learnt]
    assert _text(tokenizer, learnt) == "An animal runs.<end_of_turn>"
    ends = json.loads((base / "generation_config.json").read_text())["eos_token_id"]
    assert ends == [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<end_of_turn>")]
    adapters = random_adapters(base, tmp_path / "adapters")
    assert ResidentGenerator(base, adapters, GREEDY)._ends == ends


def test_without_adapters_prompts_are_text_and_answers_end_with_their_line(bare, tmp_path):
    base = _given(bare, tmp_path / "base", chat_template="gemma")
    tokenizer = load_tokenizer(base, adapted=False)
    assert _text(tokenizer, encode_prompt(tokenizer, MESSAGES)) == (
        f"<bos>{ASKED}A cat sleeps.\nAn animal rests.\n\n{ASKED}It rains.\nIt is wet.\n\n{ASKED}A dog runs.\n"
    )
    generator = ResidentGenerator(base, {}, GREEDY)
    breaks = [token for token in generator._ends if "\n" in tokenizer.decode([token])]
    assert breaks
    written = tokenizer("It runs.\nWrite", add_special_tokens=False)["input_ids"]
    answer = generator._decode([5, 6, *written], 2, prompt_tokens=2)
    assert (answer.text, answer.finished) == ("It runs.", True)
    assert answer.completion_tokens == len(tokenizer("It runs.\n", add_special_tokens=False)["input_ids"])
    asked = ask(base, {}, ["A dog.", "A cat."], tmp_path / "cache.jsonl", GREEDY)
    assert all(answer.prompt_tokens for side in asked.values() for answer in side)


def test_adapters_may_learn_plain_text_too(bare, tmp_path):
    tokenizer = load_tokenizer(_given(bare, tmp_path / "base", chat_template="plain"))
    ids, mask = encode_example(tokenizer, MESSAGES[-1:], "An animal runs.")
    learnt = [token for token, is_learnt in zip(ids, mask, strict=True) if is_learnt]
    assert _text(tokenizer, learnt) == "An animal runs.\n"
    assert _text(tokenizer, ids) == f"<bos>{ASKED}A dog runs.\nAn animal runs.\n"


def test_jinja_of_ones_own(bare, tmp_path):
    base = _given(bare, tmp_path / "base", chat_template=OWN, end_of_turn="<end_of_turn>")
    tokenizer = load_tokenizer(base)
    prompt = _text(tokenizer, encode_prompt(tokenizer, MESSAGES[-1:]))
    assert prompt == f"<bos>[user] {ASKED}A dog runs.<end_of_turn>[assistant] "


def test_an_ordinary_token_that_ends_a_turn_is_no_part_of_the_answer(bare, tmp_path):
    template = OWN.replace("<end_of_turn>", "#")
    base = _given(bare, tmp_path / "base", chat_template=template, end_of_turn="#")
    generator = ResidentGenerator(base, random_adapters(base, tmp_path / "adapters"), GREEDY)
    written = generator.tokenizer("It runs.#", add_special_tokens=False)["input_ids"]
    answer = generator._decode([5, 6, *written, generator.tokenizer.pad_token_id], 2, prompt_tokens=2)
    assert (answer.text, answer.finished, answer.completion_tokens) == ("It runs.", True, len(written))


@pytest.mark.parametrize("end", ["<eos>", "\n"])
def test_a_template_that_does_not_write_its_end_is_refused(bare, tmp_path, end):
    with pytest.raises(DataError, match=r"base_models\.generator\.end_of_turn: .* does not write it after an answer"):
        _given(bare, tmp_path / "base", chat_template=OWN, end_of_turn=end)


def test_a_template_may_end_with_the_line_or_a_variable(bare, tmp_path):
    lines = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    _given(bare, tmp_path / "lines", chat_template=lines, end_of_turn="\n")
    _given(bare, tmp_path / "eos", chat_template=lines.replace("\n", "{{ eos_token }}"), end_of_turn="<eos>")


def test_a_template_of_another_family_is_refused(bare, tmp_path):
    with pytest.raises(DataError, match=r"'chatml' needs the tokens \['<\|im_end\|>', '<\|im_start\|>'\].*'plain'"):
        _given(bare, tmp_path / "base", chat_template="chatml")
