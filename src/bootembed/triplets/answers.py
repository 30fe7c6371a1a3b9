"""Answering prompts with a generator held in memory: bucketed by length, cut by token position, kept in a ledger.

Every batch of answers is appended to the ledger the moment it exists. The batches are a function of the prompts alone
and each has a seed of its own, so a killed run that starts again generates only the missing batches and ends with the
answers of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from bootembed.prompts import decode_answer
from bootembed.seeding import derive_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bootembed.params import Generation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """An answer, and whether the model ended it itself (False: it ran into `max_new_tokens`)."""

    text: str
    finished: bool


class Ledger:
    """Answers on disk, one JSON line a batch; a line cut off by a kill is ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batches: dict[str, list[Answer]] = {}
        if path.is_file():
            # Not splitlines: an answer may hold U+2028, which is no line end to JSON.
            for line in filter(None, path.read_text(encoding="utf-8", errors="replace").split("\n")):
                self._load(line)

    def _load(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._batches[entry["key"]] = [Answer(**answer) for answer in entry["answers"]]
        except (ValueError, KeyError, TypeError):
            logger.warning("%s: a line that was cut off is ignored; its batch is generated again", self._path)

    def get(self, key: str) -> list[Answer] | None:
        """The answers of a batch, if it was finished before."""
        return self._batches.get(key)

    def add(self, key: str, answers: list[Answer]) -> None:
        """Append a batch and flush it to disk."""
        self._batches[key] = answers
        self._path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"key": key, "answers": [{"text": a.text, "finished": a.finished} for a in answers]}
        with self._path.open("a", encoding="utf-8") as stream:
            # A line of a killed writer may lack its newline; starting with one keeps the entries apart.
            stream.write("\n" + json.dumps(entry, ensure_ascii=False))
            stream.flush()


def answer_prompts(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[list[int]],
    settings: Generation,
    *,
    ledger: Ledger,
    identity: str,
    seed: int,
) -> list[Answer | None]:
    """Answer every prompt.

    Args:
        model: A causal language model; its active adapter, if any, is used.
        tokenizer: Its tokenizer, padding on the left.
        prompts: Token ids, as `encode_prompt` gives them.
        settings: Sampling and batching.
        ledger: Where finished batches are kept.
        identity: Names what determines the answers besides prompts and settings: model and adapter hash.
        seed: Of the sampling.

    Returns:
        One answer per prompt, in their order; None where the prompt is longer than `settings.max_prompt_tokens`.
    """
    answers: list[Answer | None] = [None] * len(prompts)
    batches = list(_batches(prompts, settings))
    for number, batch in enumerate(batches):
        key = _batch_key([prompts[index] for index in batch], settings, identity=identity, seed=seed)
        found = ledger.get(key)
        if found is None:
            found = _answer_batch(model, tokenizer, [prompts[i] for i in batch], settings, seed=derive_seed(seed, key))
            ledger.add(key, found)
        for index, answer in zip(batch, found, strict=True):
            answers[index] = answer
        if (number + 1) % 10 == 0 or number + 1 == len(batches):
            logger.info("answered %d of %d batches", number + 1, len(batches))
    return answers


def _batches(prompts: Sequence[list[int]], settings: Generation) -> Iterator[list[int]]:
    """Indices of prompts that are not too long, grouped by similar length so that little padding is computed on."""
    order = sorted(
        (index for index, ids in enumerate(prompts) if len(ids) <= settings.max_prompt_tokens),
        key=lambda index: (len(prompts[index]), index),
    )
    for start in range(0, len(order), settings.batch_size):
        yield order[start : start + settings.batch_size]


def _batch_key(prompts: list[list[int]], settings: Generation, *, identity: str, seed: int) -> str:
    what = json.dumps([prompts, settings.model_dump(), identity, seed], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()


@torch.inference_mode()
def _answer_batch(
    model: Any, tokenizer: Any, prompts: list[list[int]], settings: Generation, *, seed: int
) -> list[Answer]:
    from transformers import GenerationConfig

    length = max(len(ids) for ids in prompts)
    padding = [length - len(ids) for ids in prompts]
    inputs = torch.tensor([[tokenizer.pad_token_id] * gap + ids for gap, ids in zip(padding, prompts, strict=True)])
    mask = torch.tensor([[0] * gap + [1] * (length - gap) for gap in padding])
    sampling: dict[str, Any] = (
        {"temperature": settings.temperature, "top_p": settings.top_p, "top_k": settings.top_k}
        if settings.do_sample
        else {}
    )
    ends = model.generation_config.eos_token_id
    config = GenerationConfig(
        max_new_tokens=settings.max_new_tokens,
        do_sample=settings.do_sample,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        **sampling,
    )
    torch.manual_seed(seed)
    generated = model.generate(
        input_ids=inputs.to(model.device), attention_mask=mask.to(model.device), generation_config=config
    ).tolist()
    ending = set(ends if isinstance(ends, list) else [ends])
    return [
        Answer(decode_answer(tokenizer, row, length), finished=bool(ending & set(row[length:]))) for row in generated
    ]
