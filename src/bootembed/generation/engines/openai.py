"""Engine `openai`: any server with OpenAI's protocol answers, many requests at a time."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.base_models.load import load_tokenizer
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.generation.endpoint import URL_VARIABLE, Endpoint, FailedError, RefusedError
from bootembed.generation.engine import EngineFacts, parameters_of
from bootembed.generation.usage import Usage
from bootembed.prompts import encode_prompt, ends_with_line, prompt_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.generation.answer_cache import Answer
    from bootembed.generation.engine import Request
    from bootembed.settings.generation import Generation

logger = logging.getLogger(__name__)
_LOG_EVERY = 30.0  # seconds
_FAILED_IN_A_ROW = 20  # requests, each after all its attempts: the endpoint is then taken to be down


def create(
    settings: Generation,
    base_model_dir: Path,
    adapters: Mapping[Polarity, Path],
    *,
    strategy: str,
    language: str,
    number: int,
) -> EndpointEngine:
    """An endpoint that serves adapters under the names of a strategy, a language and the number of a generator seed."""
    names = settings.openai.models
    served = {p: names.name_of(p, strategy=strategy, language=language, number=number) for p in adapters}
    return EndpointEngine(base_model_dir, adapters, settings, served)


def describe(settings: Generation) -> EngineFacts:
    """What an endpoint reads, without addresses and prices, and what it costs."""
    openai = settings.openai
    return EngineFacts(
        parameters=parameters_of(settings, "openai", leave_out={"base_url", "api_key_env", "price_per_million"}),
        prices=openai.price_per_million,
        is_remote=True,
        other_model="" if openai.serves_generator else "an endpoint's, by the names under `generation.openai`",
    )


class EndpointEngine:
    """An endpoint as an `Engine`; the folders of base model and adapters name what it serves.

    Args:
        base_model_dir: Its tokenizer says which prompts are too long, and renders those of `completions`.
        adapters: Polarity -> adapter folder; empty for a strategy without adapters.
        settings: Sampling, and the section `openai`.
        served: Polarity -> name of the adapter at the endpoint.
    """

    def __init__(
        self,
        base_model_dir: Path,
        adapters: Mapping[Polarity, Path],
        settings: Generation,
        served: Mapping[Polarity, str],
    ) -> None:
        self._base_model_dir = base_model_dir
        self._settings = settings
        self._served = served
        self._base_hash = content_hash(base_model_dir)
        self.generator_hash, self.adapter_hashes = settings.openai.model, dict(served)
        if settings.openai.serves_generator:
            self.generator_hash = self._base_hash
            self.adapter_hashes = {polarity: content_hash(folder) for polarity, folder in adapters.items()}

    def identity(self, polarity: Polarity) -> str:
        """Model, adapter, the names they are served under, and the form of requests; not the address."""
        openai = self._settings.openai
        # Another model depends on the base model here only if that renders its prompts.
        renderer = self._base_hash if openai.api == "completions" else ""
        adapter = self.adapter_hashes.get(polarity, "")
        asked = [self._name(polarity), openai.api, openai.extra_body]
        return json.dumps(["openai", self.generator_hash, adapter, renderer, asked], sort_keys=True)

    def answer(self, requests: Sequence[Request], *, skip: Container[str]) -> Iterator[dict[str, Answer]]:
        """Answer requests as the endpoint replies; see `Engine`.

        Raises:
            ParamsError: The endpoint refuses a request.
            DataError: It is down, or requests failed as often as `max_attempts` allows.
        """
        calls = self._calls([request for request in requests if request.key not in skip])
        if not calls:
            return
        run = _Run(calls, self._settings)
        with asyncio.Runner() as runner:
            runner.run(run.start())
            while answers := runner.run(run.finished()):
                yield answers
        run.check()

    def _calls(self, requests: Sequence[Request]) -> list[_Call]:
        tokenizer = load_tokenizer(self._base_model_dir, adapted=bool(self._served))
        fitting = [
            request
            for request in requests
            if len(encode_prompt(tokenizer, list(request.messages))) <= self._settings.max_prompt_tokens
        ]
        return [_Call(request.key, self._body(request, tokenizer)) for request in fitting]

    def _body(self, request: Request, tokenizer: Any) -> dict[str, Any]:
        settings = self._settings
        prompt: dict[str, Any] = {"messages": list(request.messages)}
        if settings.openai.api == "completions":
            prompt = {"prompt": prompt_text(tokenizer, list(request.messages))}
            prompt |= {"stop": "\n"} if ends_with_line(tokenizer) else {}
        sampling: dict[str, Any] = {"temperature": 0.0}
        if settings.do_sample:
            sampling = {
                "temperature": settings.temperature,
                "top_p": settings.top_p,
                "top_k": settings.top_k or None,  # not one of OpenAI's own fields
                "seed": request.seed,
            }
        common = {"model": self._name(request.polarity), "max_tokens": settings.max_new_tokens}
        body = prompt | common | sampling | settings.openai.extra_body
        return {name: value for name, value in body.items() if value is not None}

    def _name(self, polarity: Polarity) -> str:
        return self._served.get(polarity, self._settings.openai.model)


@dataclass(frozen=True)
class _Call:
    key: str
    body: dict[str, Any]


class _Run:
    """Workers that each ask for one answer after another until none is left or the endpoint is given up."""

    def __init__(self, calls: Sequence[_Call], settings: Generation) -> None:
        self._settings = settings.openai
        self._endpoint = Endpoint(settings.openai)
        self._total = len(calls)
        self._calls = iter(calls)
        self._refusal: tuple[RefusedError, str] | None = None
        self._failed_in_a_row = 0
        self._answered = 0
        self._usage = Usage()
        self._logged = time.monotonic()
        self._queue: asyncio.Queue[tuple[str, Answer] | None] = asyncio.Queue()

    async def start(self) -> None:
        """Begin asking; it goes on whenever the event loop runs."""
        self._asking = asyncio.create_task(self._ask_all())

    async def finished(self) -> dict[str, Answer]:
        """Wait for at least one answer and take all that have come; nothing when there will be no more."""
        replies = [await self._queue.get()]
        while not self._queue.empty():
            replies.append(self._queue.get_nowait())
        answers = dict(reply for reply in replies if reply is not None)
        if not answers:
            await self._asking
        elif replies[-1] is None:
            self._queue.put_nowait(None)
        self._count(answers)
        return answers

    def check(self) -> None:
        """Report what is missing.

        Raises:
            ParamsError: The endpoint refused a request.
            DataError: Requests failed.
        """
        if self._refusal is not None:
            raise ParamsError(self._refused(*self._refusal))
        missing = self._total - self._answered
        if missing:
            down = f"; {_FAILED_IN_A_ROW} requests in a row failed, so no more were sent"
            raise DataError(
                f"{self._endpoint.url}: {missing} of {self._total} answers are missing after up to "
                f"{self._settings.max_attempts} attempts each{down if self._endpoint.stopped else ''}. Last failure: "
                f"{self._endpoint.last_failure}. The others are in the answer cache: run again to request the missing "
                "ones; generation.openai sets attempts and timeout"
            )

    async def _ask_all(self) -> None:
        workers = min(self._settings.max_concurrent_requests, self._total)
        try:
            async with self._endpoint:
                await asyncio.gather(*(self._work() for _ in range(workers)))
        finally:
            self._queue.put_nowait(None)

    async def _work(self) -> None:
        while not self._endpoint.stopped and (call := next(self._calls, None)) is not None:
            try:
                answer = await self._endpoint.ask(call.body)
            except RefusedError as error:
                self._refusal = (error, call.body["model"])
                self._endpoint.stop()
            except FailedError:
                self._failed_in_a_row += 1
                if self._failed_in_a_row >= _FAILED_IN_A_ROW:
                    self._endpoint.stop()
            else:
                self._failed_in_a_row = 0
                self._queue.put_nowait((call.key, answer))

    def _count(self, answers: Mapping[str, Answer]) -> None:
        self._answered += len(answers)
        self._usage += Usage.of(answers.values())
        if time.monotonic() - self._logged < _LOG_EVERY and answers:
            return
        self._logged = time.monotonic()
        prices = self._settings.price_per_million
        logger.info(
            "the endpoint answered %d of %d; tokens: %d of prompts, %d of answers%s; failed attempts: %s",
            self._answered,
            self._total,
            self._usage.prompt_tokens,
            self._usage.completion_tokens,
            f"; cost: {self._usage.cost(prices):.4f}" if prices else "",
            ", ".join(f"{count} ({kind})" for kind, count in sorted(self._endpoint.failures.items())) or "none",
        )

    def _refused(self, error: RefusedError, model: str) -> str:
        key = self._settings.api_key_env
        by_key = f"{key} in the environment must hold a key that is valid there; it is "
        by_key += "set, but not accepted" if self._endpoint.has_key else "not set"
        by_address = (
            f"check the address ({URL_VARIABLE} or generation.openai.base_url; most end in /v1) and that the model is "
            f"among those of {self._endpoint.url}/models"
        )
        by_fields = (
            "check the model's name; a field that the endpoint does not know is left out by null in "
            "generation.openai.extra_body, top_k also by 0 in generation.top_k"
        )
        remedy = {401: by_key, 403: by_key, 404: by_address}.get(error.status, by_fields)
        return (
            f"{self._endpoint.url}: refused a request to model {model!r} with status {error.status}: "
            f"{str(error) or 'no reason given'}. Remedy: {remedy}. The answers so far are in the answer cache"
        )
