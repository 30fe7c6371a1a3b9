"""Base of the engines that hold the model themselves: identity, and batches of prompts of similar length."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from bootembed.base_models.load import load_tokenizer
from bootembed.core.hashing import content_hash
from bootembed.core.names import Polarity
from bootembed.generation.resident import Batch, Prompt
from bootembed.prompts import encode_prompt

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from bootembed.generation.answer_cache import Answer
    from bootembed.generation.engine import Request
    from bootembed.settings.generation import Generation


class LocalEngine(ABC):
    """An engine on a base model folder and adapter folders; subclasses compute the batches."""

    def __init__(self, base_model_dir: Path, adapters: Mapping[Polarity, Path], settings: Generation) -> None:
        self.base_model_dir = base_model_dir
        self.adapters = adapters
        self.settings = settings
        self.generator_hash = content_hash(base_model_dir)
        self.adapter_hashes = {polarity: content_hash(folder) for polarity, folder in adapters.items()}

    def identity(self, polarity: Polarity) -> str:
        """Model, adapter and precision."""
        local = self.settings.transformers
        adapter = self.adapter_hashes.get(polarity, "")
        return json.dumps([self.generator_hash, adapter, local.model_dump(mode="json", exclude={"batch_size"})])

    def answer(self, requests: Sequence[Request], *, skip: Container[str]) -> Iterator[dict[str, Answer]]:
        """Answer requests, batch by batch, short prompts first; see `Engine`."""
        batches = [
            Batch(batch.polarity, missing, batch.common)
            for batch in self._batches(requests)
            if (missing := [prompt for prompt in batch.prompts if prompt.key not in skip])
        ]
        if batches:
            yield from self.run(batches)

    @abstractmethod
    def run(self, batches: Sequence[Batch]) -> Iterator[dict[str, Answer]]:
        """Answer batches, in any order."""

    def _batches(self, requests: Sequence[Request]) -> Iterator[Batch]:
        """Prompts that are not too long, by similar length so that little padding is computed on.

        They depend on the requests alone: a resumed run computes the batches of an uninterrupted one.
        """
        tokenizer = load_tokenizer(self.base_model_dir, adapted=bool(self.adapters))
        size = self.settings.transformers.batch_size
        for polarity in Polarity:
            prompts = [
                Prompt(r.key, encode_prompt(tokenizer, list(r.messages)), r.seed)
                for r in requests
                if r.polarity is polarity
            ]
            fitting = [prompt for prompt in prompts if len(prompt.ids) <= self.settings.max_prompt_tokens]
            fitting.sort(key=lambda prompt: len(prompt.ids))
            common = _common_tokens([prompt.ids for prompt in fitting])
            for start in range(0, len(fitting), size):
                yield Batch(polarity, fitting[start : start + size], common)


def _common_tokens(prompts: Sequence[list[int]]) -> int:
    """How many tokens all prompts start with; each keeps at least one more."""
    if not prompts:
        return 0
    first, last = min(prompts), max(prompts)  # what the outer ones in order share, all share
    shortest = min(map(len, prompts))
    return next((place for place in range(shortest - 1) if first[place] != last[place]), shortest - 1)
