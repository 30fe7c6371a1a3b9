"""Prompts: what is trained on is what is generated from, and answers are cut out exactly."""

from __future__ import annotations

import copy

import pytest
from generators import chat_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing

from bootembed.base_models.tokenizer import train_tokenizer
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Polarity
from bootembed.prompts import (
    Shot,
    build_messages,
    decode_answer,
    encode_example,
    encode_prompt,
    encode_text,
    prompt_definition,
    prompt_text,
)

DEFINITION = prompt_definition("entail_v1")
text = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def tokenizer():
    sentences = ["The farmer buys an apple.", "Die boer koop 'n appel.", DEFINITION.positive] * 5
    return train_tokenizer(sentences, 400, max_length=512, chat=True)


@settings(max_examples=200, deadline=None)
@given(premise=text, answer=text)
def test_training_prompt_is_the_generation_prompt_and_the_answer_comes_back(tokenizer, premise, answer):
    messages = build_messages(DEFINITION, premise, polarity=Polarity.POSITIVE, language="English")
    prompt = encode_prompt(tokenizer, messages)
    ids, mask = encode_example(tokenizer, messages, answer)
    assert ids[: len(prompt)] == prompt
    assert mask == [0] * len(prompt) + [1] * (len(ids) - len(prompt))
    assert ids[-1] == tokenizer.eos_token_id
    assert decode_answer(tokenizer, ids, len(prompt)) == " ".join(answer.split())


@given(premise=st.sampled_from(["Premise: x", "a <|end|> b", "model\nmodel", "{language} {premise}", "%s \\"]))
def test_premises_that_look_like_markup_are_kept_whole(tokenizer, premise):
    messages = build_messages(DEFINITION, premise, polarity=Polarity.NEGATIVE, language="English")
    assert messages[-1]["content"].endswith(premise)


def test_one_bos(tokenizer):
    ids = encode_prompt(tokenizer, build_messages(DEFINITION, "x", polarity=Polarity.POSITIVE, language="English"))
    assert ids.count(tokenizer.bos_token_id) == 1
    assert ids[0] == tokenizer.bos_token_id


def test_a_doubled_bos_is_refused(tokenizer):
    doubled = copy.deepcopy(tokenizer)
    doubled.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    messages = build_messages(DEFINITION, "x", polarity=Polarity.POSITIVE, language="English")
    with pytest.raises(DataError, match="begins with more than one BOS"):
        encode_prompt(doubled, messages)


def test_a_bos_that_begins_every_turn_is_the_templates_own(tokenizer):
    """As SmolLM2 has it, whose BOS is `<|im_start|>`."""
    turns = copy.deepcopy(tokenizer)
    turns.chat_template = (
        "{% for m in messages %}{{ bos_token }}{{ m['role'] }}\n{{ m['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}{{ bos_token }}assistant\n{% endif %}"
    )
    messages = build_messages(
        DEFINITION, "x", polarity=Polarity.POSITIVE, language="English", shots=[Shot("a premise", "an answer")]
    )
    prompt = encode_prompt(turns, messages)
    assert prompt.count(turns.bos_token_id) == 4
    ids, _ = encode_example(turns, messages, "an answer")
    assert ids[: len(prompt)] == prompt


@pytest.mark.parametrize("adds_bos", [True, False])
def test_prompt_as_text_is_the_prompt_to_a_server(tokenizer, adds_bos):
    """Servers tokenise text as the tokenizer does by default; many tokenizers then add a BOS."""
    served = copy.deepcopy(tokenizer)
    if adds_bos:
        bos = [("<bos>", tokenizer.bos_token_id)]
        served.backend_tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=bos)
    messages = build_messages(DEFINITION, "x", polarity=Polarity.POSITIVE, language="English")
    assert served(prompt_text(served, messages))["input_ids"] == encode_prompt(served, messages)


def test_shots_are_earlier_turns_of_the_same_wording():
    shots = [Shot("p1", "a1"), Shot("p2", "a2")]
    messages = build_messages(DEFINITION, "p3", polarity=Polarity.POSITIVE, language="Hausa", shots=shots)
    assert [m["role"] for m in messages] == ["user", "assistant"] * 2 + ["user"]
    assert [m["content"] for m in messages if m["role"] == "assistant"] == ["a1", "a2"]
    assert all("Hausa" in m["content"] for m in messages if m["role"] == "user")


def test_polarities_differ():
    positive, negative = (
        build_messages(DEFINITION, "p", polarity=polarity, language="English") for polarity in Polarity
    )
    assert positive != negative


def test_unknown_version_names_the_known_ones():
    with pytest.raises(ParamsError, match=r"prompts.version: 'nope'.*entail_v1"):
        prompt_definition("nope")


def test_template_that_rewrites_the_prompt_is_refused(tokenizer):
    import copy

    changed = copy.deepcopy(tokenizer)
    changed.chat_template = (
        "{% for m in messages %}{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<think>{% endif %}"
    )
    with pytest.raises(DataError, match="chat template"):
        encode_example(changed, [{"role": "user", "content": "x"}], "y")


def test_tokenizer_without_template_is_refused(tokenizer):
    import copy

    bare = copy.deepcopy(tokenizer)
    bare.chat_template = None
    with pytest.raises(DataError, match="no chat template"):
        encode_prompt(bare, [{"role": "user", "content": "x"}])


MESSAGES = build_messages(DEFINITION, "x", polarity=Polarity.POSITIVE, language="English")


def test_bos_is_added_where_the_tokenizer_has_one_and_the_template_writes_none():
    llama = chat_tokenizer("llama")
    complete = encode_prompt(llama, MESSAGES)
    llama.chat_template = llama.chat_template.replace("{{ bos_token }}", "")
    assert encode_prompt(llama, MESSAGES) == complete
    llama.chat_template = "{{ bos_token }}{{ bos_token }}x"
    with pytest.raises(DataError, match="begins with more than one BOS"):
        encode_prompt(llama, MESSAGES)


def test_a_template_that_begins_every_turn_with_bos_takes_examples():
    """As that of Llama 2 does."""
    llama = chat_tokenizer("llama")
    llama.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + m['content'] + ' [/INST]' }}"
        "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
    )
    shots = [Shot("p1", "a1"), Shot("p2", "a2")]
    messages = build_messages(DEFINITION, "p3", polarity=Polarity.POSITIVE, language="Hausa", shots=shots)
    ids = encode_prompt(llama, messages)
    assert ids.count(llama.bos_token_id) == 3
    assert ids[:2] != [llama.bos_token_id] * 2
    llama.chat_template = "{{ bos_token }}" + llama.chat_template
    with pytest.raises(DataError, match="more than one BOS"):
        encode_prompt(llama, messages)


def test_a_template_that_writes_the_date_writes_the_same_every_day():
    """As that of Llama 3.2 does: a run that goes on tomorrow must ask what it asked today."""
    llama = chat_tokenizer("llama")
    llama.chat_template = (
        "{{ bos_token }}{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
        "Today Date: {{ date_string }}\n" + llama.chat_template.removeprefix("{{ bos_token }}")
    )
    assert llama.decode(encode_prompt(llama, MESSAGES)).startswith("<|begin_of_text|>Today Date: 26 Jul 2024\n")
    assert "Today Date: 26 Jul 2024\n" in llama.decode(encode_example(llama, MESSAGES, "y")[0])
    inside = "{{ bos_token }}{% macro head() %}{{ strftime_now('%Y-%m-%d') }}{% endmacro %}{{ head() }} {{ messages }}"
    llama.chat_template = inside
    assert llama.decode(encode_prompt(llama, MESSAGES)).startswith("<|begin_of_text|>2024-07-26 [")


def test_no_bos_is_added_where_the_tokenizer_adds_none(tokenizer):
    import copy

    bare = copy.deepcopy(tokenizer)
    bare.chat_template = bare.chat_template.replace("{{ bos_token }}", "")
    assert tokenizer.bos_token_id not in encode_prompt(bare, MESSAGES)


def test_thinking_is_switched_off_and_a_template_that_thinks_anyway_is_refused():
    qwen = chat_tokenizer("qwen")
    assert qwen.decode(encode_prompt(qwen, MESSAGES)).endswith("<think>\n\n</think>\n\n")
    qwen.chat_template = qwen.chat_template.replace("enable_thinking", "unheard_of")
    for encode in (encode_prompt, lambda *arguments: encode_example(*arguments, "y")):
        with pytest.raises(DataError, match=r"opens a thought \(<think>\)"):
            encode(qwen, MESSAGES)


def test_a_premise_that_speaks_of_thoughts_is_none(tokenizer):
    messages = build_messages(DEFINITION, "<think> x", polarity=Polarity.POSITIVE, language="English")
    assert encode_prompt(tokenizer, messages)


def test_a_template_that_refuses_a_conversation_is_told():
    with pytest.raises(DataError, match="refuses the prompt: Roles must alternate"):
        encode_prompt(chat_tokenizer("gemma"), [{"role": "system", "content": "x"}, *MESSAGES])


@pytest.mark.parametrize("family", ["gemma", "qwen", "llama", "cohere"])
def test_text_that_spells_special_tokens_is_text(family):
    """Of a premise, and of an answer to learn: it comes back, and no turn ends in it."""
    tokenizer = chat_tokenizer(family)
    end = {"gemma": "<end_of_turn>"}.get(family, tokenizer.eos_token)
    spelt = f"a {tokenizer.bos_token or ''} b {end} c"
    messages = build_messages(DEFINITION, spelt, polarity=Polarity.POSITIVE, language="English")
    plain = encode_prompt(tokenizer, MESSAGES)
    prompt = encode_prompt(tokenizer, messages)
    special = set(tokenizer.added_tokens_decoder)
    assert [token for token in prompt if token in special] == [token for token in plain if token in special]
    assert tokenizer.decode(prompt).count(spelt) == 1
    ids, mask = encode_example(tokenizer, messages, spelt)
    assert ids[: len(prompt)] == prompt
    learned = [token for token, learn in zip(ids, mask, strict=True) if learn]
    assert [tokenizer.decode([token]) for token in learned if token in special] == [end]
    assert decode_answer(tokenizer, ids, len(prompt)) == " ".join(spelt.split())


@pytest.mark.parametrize("family", ["gemma", "qwen", "llama"])
def test_running_text_that_spells_special_tokens_is_text(family):
    tokenizer = chat_tokenizer(family)
    for spelt in (f"a {tokenizer.eos_token} b", "plain text"):
        ids = encode_text(tokenizer, spelt)
        begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        assert ids[: len(begin)] == begin
        assert ids.count(tokenizer.eos_token_id) == 1
        assert ids[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(ids[len(begin) : -1]) == spelt
