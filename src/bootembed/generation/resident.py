"""A base model in memory with the adapters of both polarities, answering batches of prompts.

If memory runs out, the batch is halved. The answers stay the same, since none depends on the others of its batch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from bootembed.base_models.load import load_generator
from bootembed.core.errors import ParamsError
from bootembed.generation.answer_cache import Answer
from bootembed.generation.decoding import Beginning, ShrinkingBatch
from bootembed.generation.sampling import RowSampler, greedy
from bootembed.prompts import decode_answer, ends_with_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.settings.generation import Generation

logger = logging.getLogger(__name__)
# What torch says if a CPU has no memory left; it has no error type for that.
_CPU_OUT_OF_MEMORY = ("DefaultCPUAllocator", "not enough memory", "can't allocate memory")


@dataclass(frozen=True)
class Prompt:
    """A request in the form that a model takes: key, token ids, seed."""

    key: str
    ids: list[int]
    seed: int


@dataclass(frozen=True)
class Batch:
    """Prompts of one polarity to be answered together; all start with the same `common` tokens."""

    polarity: Polarity
    prompts: list[Prompt]
    common: int = 0


class ResidentGenerator:
    """The loaded generator; `answer` takes batches of both polarities in any order."""

    def __init__(self, base_model_dir: Path, adapters: Mapping[Polarity, Path], settings: Generation) -> None:
        local = settings.transformers
        self.model, self.tokenizer = load_generator(
            base_model_dir,
            bf16=local.bf16,
            load_in_4bit=local.load_in_4bit,
            attention=local.attention,
            adapted=bool(adapters),
        )
        self._one_line = ends_with_line(self.tokenizer)
        self._settings = settings
        self._has_adapters = bool(adapters)
        self._most = local.batch_size
        self._ends = self._forget_own_settings()
        self._beginning: tuple[Polarity, Beginning] | None = None
        if adapters:
            self._attach(adapters)
        self.model.eval()

    def _forget_own_settings(self) -> list[int]:
        """Remove the model's own generation settings, and return the tokens that end an answer.

        `generate` would use them for what ours leave open, such as beams or a penalty on words of the prompt.
        """
        from transformers import GenerationConfig

        own = self.model.generation_config.eos_token_id
        named = own if isinstance(own, list) else [own]
        # Some models name only the end of a document, and their tokenizer the end of a turn.
        ends = [end for end in dict.fromkeys([*named, self.tokenizer.eos_token_id]) if end is not None]
        if self._one_line:
            pieces = self.tokenizer.batch_decode([[token] for token in range(len(self.tokenizer))])
            ends += [token for token, piece in enumerate(pieces) if "\n" in piece]
        self.model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=self.tokenizer.pad_token_id)
        return ends

    def _attach(self, adapters: Mapping[Polarity, Path]) -> None:
        from peft import PeftModel

        first, *others = adapters
        self.model = PeftModel.from_pretrained(self.model, adapters[first], adapter_name=str(first))
        for polarity in others:
            self.model.load_adapter(adapters[polarity], adapter_name=str(polarity))

    def answer(self, batch: Batch) -> Iterator[dict[str, Answer]]:
        """Answer a batch, in pieces if memory does not hold it at once.

        Yields:
            Key -> answer of each piece.

        Raises:
            ParamsError: Memory does not hold one prompt alone.
        """
        if self._has_adapters:
            self.model.set_adapter(str(batch.polarity))
        start = 0
        while start < len(batch.prompts):
            piece = batch.prompts[start : start + self._most]
            answers = self._try(Batch(batch.polarity, piece, batch.common))
            if answers is None:
                self._halve(piece)
                continue
            yield {prompt.key: answer for prompt, answer in zip(piece, answers, strict=True)}
            start += len(piece)

    def _try(self, batch: Batch) -> list[Answer] | None:
        """The answers, or None if memory ran out."""
        try:
            return self._generate(batch)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not _is_out_of_memory(error):
                raise
            logger.warning("out of memory on %d prompts: %s", len(batch.prompts), str(error).split("\n", 1)[0])
            return None

    def _halve(self, failed: Sequence[Prompt]) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if len(failed) == 1:
            raise ParamsError(
                f"generation: memory does not hold a single prompt of {len(failed[0].ids)} tokens; lower "
                "generation.max_prompt_tokens or generation.max_new_tokens, set generation.transformers.load_in_4bit "
                "(NVIDIA GPU), or take a smaller generator"
            )
        self._most = len(failed) // 2
        logger.warning("batches of at most %d prompts from here on", self._most)

    @torch.inference_mode()
    def _generate(self, batch: Batch) -> list[Answer]:
        from transformers import GenerationConfig

        prompts, most = batch.prompts, self._settings.max_new_tokens
        length = max(len(prompt.ids) for prompt in prompts)
        beginning = self._beginning_of(batch, length + most)
        common = len(beginning.ids) if beginning else 0
        gaps = [length - len(prompt.ids) for prompt in prompts]
        pad = self.tokenizer.pad_token_id
        padded = [
            [*prompt.ids[:common], *[pad] * gap, *prompt.ids[common:]]
            for prompt, gap in zip(prompts, gaps, strict=True)
        ]
        mask = torch.tensor([[1] * common + [0] * gap + [1] * (length - common - gap) for gap in gaps])
        sampled = self._settings.do_sample
        choose = RowSampler([prompt.seed for prompt in prompts], self._settings) if sampled else greedy
        generated = self.model.generate(
            input_ids=torch.tensor(padded).to(self.model.device),
            attention_mask=mask.to(self.model.device),
            past_key_values=beginning.states(len(prompts)) if beginning else None,
            generation_config=GenerationConfig(
                max_new_tokens=most, do_sample=False, eos_token_id=self._ends, pad_token_id=pad
            ),
            custom_generate=ShrinkingBatch(choose, ends=self._ends, padding=pad),
        ).tolist()
        return [
            self._decode(row, length, prompt_tokens=len(prompt.ids))
            for row, prompt in zip(generated, prompts, strict=True)
        ]

    def _beginning_of(self, batch: Batch, tokens: int) -> Beginning | None:
        """The states of the common tokens, for prompts with answers of so many tokens; None where they do not fit."""
        if not batch.common:
            return None
        ids = batch.prompts[0].ids[: batch.common]
        if self._beginning is None or (self._beginning[0], self._beginning[1].ids) != (batch.polarity, ids):
            self._beginning = (batch.polarity, Beginning(self.model, ids))
        return self._beginning[1] if self._beginning[1].fits(tokens) else None

    def _decode(self, row: list[int], length: int, *, prompt_tokens: int) -> Answer:
        ended_at = next((place for place, token in enumerate(row[length:]) if token in self._ends), None)
        # The end of a template in Jinja may be an ordinary token. One with a line break may begin with text.
        written = row if ended_at is None or self._one_line else row[: length + ended_at]
        return Answer(
            decode_answer(self.tokenizer, written, length, one_line=self._one_line),
            finished=ended_at is not None,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(row) - length if ended_at is None else ended_at + 1,
        )


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _CPU_OUT_OF_MEMORY)
