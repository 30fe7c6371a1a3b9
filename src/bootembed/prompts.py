"""The prompts: one definition for adapter training, the data of XL-LoRA and generation.

A prompt asks for one sentence that the premise entails (polarity positive) or contradicts (negative), in a named
language. Examples for in-context learning are earlier turns of the same conversation, so each answer stands exactly
where the model writes its own. Prompts are rendered by the tokenizer's chat template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Polarity

if TYPE_CHECKING:
    from collections.abc import Sequence

Message = dict[str, str]
# How templates open and close a thought: Qwen, DeepSeek and others; Cohere; Magistral; gpt-oss.
_THOUGHTS = (
    ("<think>", "</think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis", "<|end|>"),
)
# Replaces the function that gives templates today's date; it fills the most common fields of the format.
_DATE = (
    "{% macro strftime_now(form) %}{{ form | replace('%d', '26') | replace('%m', '07') | replace('%b', 'Jul')"
    " | replace('%B', 'July') | replace('%Y', '2024') }}{% endmacro %}"
)
PLAIN = "plain"  # name of the template of a base model's prompts, beside the one that its adapters learn
NO_TEMPLATE = (
    "the generator's tokenizer has no chat template: it is no instruction-tuned model; set "
    "base_models.generator.chat_template (gemma, chatml, llama3, plain, or Jinja), which adapters learn to use"
)
LABEL_OF = {Polarity.POSITIVE: "entailment", Polarity.NEGATIVE: "contradiction"}  # in NLI corpora


@dataclass(frozen=True)
class PromptDefinition:
    """Wording of the prompts of both polarities; `{language}` and `{premise}` are filled in."""

    version: str
    positive: str
    negative: str

    def instruction(self, premise: str, *, polarity: Polarity, language: str) -> str:
        """The user turn for a premise; it asks for an answer in `language` (an English name)."""
        wording = self.positive if polarity is Polarity.POSITIVE else self.negative
        head, tail = wording.split("{premise}")
        return head.format(language=language) + premise + tail.format(language=language)


@dataclass(frozen=True)
class Shot:
    """An example of a premise and its answer."""

    premise: str
    answer: str


_DEFINITIONS = {
    definition.version: definition
    for definition in (
        PromptDefinition(
            version="entail_v1",
            positive="Write one {language} sentence that is true given the premise: {premise}",
            negative="Write one {language} sentence that is false given the premise: {premise}",
        ),
        PromptDefinition(
            version="detailed_v1",
            positive=(
                "You are given a premise. Reply with a single {language} sentence that is definitely true if the "
                "premise is true. Use other words than the premise where you can. Reply with the sentence only.\n"
                "Premise: {premise}"
            ),
            negative=(
                "You are given a premise. Reply with a single {language} sentence that is definitely false if the "
                "premise is true, on the same subject and with similar words. Reply with the sentence only.\n"
                "Premise: {premise}"
            ),
        ),
    )
}


def prompt_definition(version: str) -> PromptDefinition:
    """Look up a prompt definition.

    Raises:
        ParamsError: There is none of this version.
    """
    if version not in _DEFINITIONS:
        raise ParamsError(f"prompts.version: {version!r} is not defined; choose one of {sorted(_DEFINITIONS)}")
    return _DEFINITIONS[version]


def translation_prompt(text: str, *, language: str) -> str:
    """The user turn that asks for a translation into `language` (an English name)."""
    return f"Translate into {language}: {text}"


def repeats_prompt(text: str) -> bool:
    """Whether a text contains a phrase, of three words or more, of any prompt definition."""
    folded = " ".join(text.casefold().split())
    return any(piece in folded for piece in _pieces())


@cache
def _pieces() -> tuple[str, ...]:
    wordings = [wording for d in _DEFINITIONS.values() for wording in (d.positive, d.negative)]
    pieces = {
        piece.strip(" .:") for wording in wordings for piece in re.split(r"\{\w+\}|[.:]\s|\n", wording.casefold())
    }
    return tuple(sorted(piece for piece in pieces if len(piece.split()) >= 3))


def turns(prompt: str, answer: str) -> list[Message]:
    """A user's prompt and the assistant's answer."""
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


def build_messages(
    definition: PromptDefinition,
    premise: str,
    *,
    polarity: Polarity,
    language: str,
    shots: Sequence[Shot] = (),
) -> list[Message]:
    """The conversation up to the turn the model is to write."""
    messages: list[Message] = []
    for shot in shots:
        instruction = definition.instruction(shot.premise, polarity=polarity, language=language)
        messages += turns(instruction, shot.answer)
    instruction = definition.instruction(premise, polarity=polarity, language=language)
    return [*messages, {"role": "user", "content": instruction}]


def encode_prompt(tokenizer: Any, messages: list[Message]) -> list[int]:
    """Token ids of a prompt, ready for the model to answer.

    The template's text already contains the special tokens, so tokenising adds none: a second BOS at the beginning
    measurably hurts models such as Gemma. (The templates of SmolLM2 and Llama 2 begin every turn with a BOS.) A BOS is
    added if the tokenizer adds one to any text and the template writes none. Thinking modes are switched off if the
    template has them. A template that writes the date always writes the same date.

    Raises:
        DataError: The template begins with two BOS, refuses the conversation, or makes the model think first.
    """
    shown, written = _guard(tokenizer, messages)
    return _encode(tokenizer, _prompt_text(tokenizer, shown), written)


def prompt_text(tokenizer: Any, messages: list[Message]) -> str:
    """A prompt as text; a tokenizer that adds its special tokens then gives the ids of `encode_prompt`.

    Raises:
        DataError: See `encode_prompt`.
    """
    text = _render(tokenizer, messages, add_generation_prompt=True)
    ids: list[int] = tokenizer(text)["input_ids"]
    if ids[:2] == [tokenizer.bos_token_id] * 2:
        return text.removeprefix(tokenizer.bos_token)
    return text


def encode_example(tokenizer: Any, messages: list[Message], answer: str) -> tuple[list[int], list[int]]:
    """Token ids of a prompt with its answer, and a mask of equal length that is 1 on the answer and its end of turn.

    The ids of the prompt are those of `encode_prompt`: training sees what generation sees.

    Raises:
        DataError: The template renders an answered conversation differently from its generation prompt.
    """
    answered = [*messages, {"role": "assistant", "content": answer}]
    shown, written = _guard(tokenizer, answered)
    prompt_text = _prompt_text(tokenizer, shown[:-1])
    full_text = _render(tokenizer, shown, add_generation_prompt=False)
    if not full_text.startswith(prompt_text):
        raise DataError(
            "the tokenizer's chat template renders an answered conversation differently from its generation prompt; "
            "training and generation would not match. Use a tokenizer whose template continues the prompt"
        )
    prompt = _encode(tokenizer, prompt_text, written)
    end = "\n" if ends_with_line(tokenizer) else ""
    completion = _tokens(tokenizer, full_text[len(prompt_text) :].rstrip("\n") + end, written)
    return [*prompt, *completion], [0] * len(prompt) + [1] * len(completion)


def encode_text(tokenizer: Any, text: str) -> list[int]:
    """Token ids of running text between BOS, if there is one, and end; special tokens spelled in it are plain text."""
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [*begin, *ids, tokenizer.eos_token_id]


def ends_with_line(tokenizer: Any) -> bool:
    """Whether the template ends an answer with nothing but a line break."""
    text = _render(tokenizer, turns("premise", "answer"), add_generation_prompt=False)
    return text.endswith("\n") and text.rstrip("\n").endswith("answer")


def decode_answer(tokenizer: Any, generated: Sequence[int], prompt_length: int, *, one_line: bool = False) -> str:
    """The answer in a generated sequence: the tokens after the prompt, without special ones, on one line.

    With `one_line`, what follows its first line is no part of it.
    """
    text: str = tokenizer.decode(list(generated)[prompt_length:], skip_special_tokens=True)
    return " ".join((text.partition("\n")[0] if one_line else text).split())


def _prompt_text(tokenizer: Any, messages: list[Message]) -> str:
    """The conversation up to the answer that the model is to write, which must not be inside a thought."""
    text = _render(tokenizer, messages, add_generation_prompt=True)
    tail = text.rpartition(messages[-1]["content"])[2]
    for begin, end in _THOUGHTS:
        if begin in tail and end not in tail.rpartition(begin)[2]:
            raise DataError(
                f"the generator's chat template opens a thought ({begin}) despite enable_thinking=False; choose "
                "a model, or a version of it, that answers without thinking"
            )
    return text


def _render(tokenizer: Any, messages: list[Message], *, add_generation_prompt: bool) -> str:
    from jinja2 import TemplateError

    if tokenizer.chat_template is None:
        raise DataError(NO_TEMPLATE)
    try:
        text: str = tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            enable_thinking=False,
            chat_template=_dated(tokenizer.get_chat_template()),
        )
    except TemplateError as error:
        raise DataError(f"the generator's chat template refuses the prompt: {error}; choose another model") from error
    return text


def _dated(template: str) -> str:
    """The template with a fixed date, if it writes one (Llama 3.2): otherwise answers would change from day to day."""
    return _DATE + template if "strftime_now" in template else template


def _encode(tokenizer: Any, text: str, written: dict[str, str]) -> list[int]:
    ids = _tokens(tokenizer, text, written)
    bos = tokenizer.bos_token_id
    if bos is None:
        return ids
    if ids[:2] == [bos, bos]:
        raise DataError("a rendered prompt begins with more than one BOS token; check the tokenizer's chat template")
    if bos not in ids and tokenizer("a")["input_ids"][0] == bos:
        return [bos, *ids]
    return ids


def _guard(tokenizer: Any, messages: list[Message]) -> tuple[list[Message], dict[str, str]]:
    """Replace all contents by placeholders if any spells a special token; also return placeholder -> content.

    A text of a corpus may contain `<bos>` or `<end_of_turn>`, which must neither end a turn nor stop the run.
    """
    if not any(token in message["content"] for message in messages for token in _special_tokens(tokenizer)):
        return messages, {}
    written = {f"\ue000{number}\ue001": message["content"] for number, message in enumerate(messages)}
    return [message | {"content": placeholder} for message, placeholder in zip(messages, written, strict=True)], written


@lru_cache(maxsize=1)  # to list the 6,249 of Gemma takes three times as long as to encode a prompt
def _special_tokens(tokenizer: Any) -> tuple[str, ...]:
    return tuple(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)


def _tokens(tokenizer: Any, text: str, written: dict[str, str]) -> list[int]:
    """Token ids of a rendered text; what `_guard` replaced is put back as plain text."""
    ids: list[int] = []
    for piece in re.split("(\ue000\\d+\ue001)", text) if written else [text]:
        plain = piece in written
        ids += tokenizer(written.get(piece, piece), add_special_tokens=False, split_special_tokens=plain)["input_ids"]
    return ids
