"""Asking an engine for the answers to premises, and keeping every answer in a cache.

An answer is identified by the hash of everything that determines it. A restarted run, a longer list of premises, or
another engine with the same model and settings therefore asks only for what is missing.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from bootembed.core.durations import shown_rate
from bootembed.core.hashing import json_hash
from bootembed.core.names import Polarity
from bootembed.core.seeding import derive_seed
from bootembed.generation.engine import Request
from bootembed.prompts import build_messages, prompt_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bootembed.generation.answer_cache import Answer, AnswerCache
    from bootembed.generation.engine import Engine
    from bootembed.prompts import Message, Shot
    from bootembed.settings.generation import Generation

logger = logging.getLogger(__name__)

# Raise this when a change of code alters answers (rendering of prompts, sampling, decoding): cached answers of older
# code are then generated again.
_ANSWERS_OF_CODE = 2
_SAMPLING = ("do_sample", "temperature", "top_p", "top_k", "max_new_tokens")
_LOG_EVERY = 30.0  # seconds


def answer_premises(
    engine: Engine,
    premises: Sequence[str],
    settings: Generation,
    *,
    prompt_version: str,
    language: str,
    shots_of: Callable[[str, Polarity], Sequence[Shot]],
    answer_cache: AnswerCache,
    seed: int,
) -> dict[Polarity, list[Answer | None]]:
    """Answer every premise in both polarities.

    Args:
        engine: What answers.
        premises: Any sentences; each of several equal ones gets its own seed and answer.
        settings: Sampling and the longest prompt.
        prompt_version: Key of the prompt definitions.
        language: English name of the language to answer in.
        shots_of: Premise and polarity -> the examples in its prompt.
        answer_cache: Where answers are found and kept.
        seed: Of the sampling.

    Returns:
        Per polarity one answer per premise, in their order; None where the prompt is longer than
        `settings.max_prompt_tokens`.
    """
    definition = prompt_definition(prompt_version)
    requests: dict[Polarity, list[Request]] = {}
    for polarity in Polarity:
        conversations = [
            build_messages(definition, p, polarity=polarity, language=language, shots=shots_of(p, polarity))
            for p in premises
        ]
        requests[polarity] = build_requests(engine, conversations, settings, polarity=polarity, seed=seed)
    _answer_missing(engine, [r for polarity in Polarity for r in requests[polarity]], answer_cache)
    limit = settings.max_prompt_tokens
    return {polarity: [_within(answer_cache.get(r.key), limit) for r in requests[polarity]] for polarity in Polarity}


def build_requests(
    engine: Engine,
    conversations: Sequence[list[Message]],
    settings: Generation,
    *,
    polarity: Polarity,
    seed: int,
) -> list[Request]:
    """Requests for the answers to conversations; the second of two equal ones has another key and seed."""
    sampling = settings.model_dump(mode="json", include=set(_SAMPLING))
    common = [_ANSWERS_OF_CODE, engine.identity(polarity), str(polarity), sampling, seed]
    seen: Counter[str] = Counter()
    requests = []
    for messages in conversations:
        prompt = json.dumps(messages, sort_keys=True)
        key = json_hash([*common, prompt, seen[prompt]])
        seen[prompt] += 1
        requests.append(Request(key, tuple(messages), polarity, derive_seed(seed, key)))
    return requests


def _answer_missing(engine: Engine, requests: Sequence[Request], answer_cache: AnswerCache) -> None:
    missing = sum(request.key not in answer_cache for request in requests)
    logger.info("%d of %d answers are in the answer cache", len(requests) - missing, len(requests))
    if not missing:
        return
    done, began = 0, time.monotonic()
    logged = began
    for finished in engine.answer(requests, skip=answer_cache):
        answer_cache.add(finished)
        done += len(finished)
        now = time.monotonic()
        if now - logged >= _LOG_EVERY or done == missing:
            logged = now
            logger.info("answered %d of %d, %s", done, missing, shown_rate(done / max(now - began, 1e-9)))


def _within(answer: Answer | None, limit: int) -> Answer | None:
    """An answer, unless its prompt is too long: the cache may hold answers to longer prompts."""
    if answer is None or (answer.prompt_tokens or 0) > limit:
        return None
    return answer
