"""The connection to an OpenAI-compatible endpoint, for engine `openai`.

The `openai` package retries requests: after timeouts, broken connections and the status codes 408, 409, 429 and 5xx,
with random exponential backoff, or after as long as `Retry-After` asks for (up to two minutes). The HTTP client here
adds what it lacks: a limit to the whole of an attempt, and replies without an answer are failed attempts too.

The API key is in the header of requests and nowhere else; what the endpoint says is shown without it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from bootembed.core.errors import ParamsError
from bootembed.generation.answer_cache import Answer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from bootembed.settings.generation import OpenAISettings

logger = logging.getLogger(__name__)
URL_VARIABLE = "BOOTEMBED_ENDPOINT"
_PATHS = {"chat": "/chat/completions", "completions": "/completions"}
_LONGEST_MESSAGE = 300


class RefusedError(Exception):
    """The endpoint refuses the request, and would refuse it again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FailedError(Exception):
    """All attempts of a request failed, for reasons that may pass."""


class _StoppedError(openai.OpenAIError):
    """Nothing is to be sent any more; the package does not retry its own errors."""


class _Tokens(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    finish_reason: str
    message: _Message | None = None  # of chat
    text: str | None = None  # of completions


class _Reply(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Tokens | None = None


class Endpoint:
    """An asynchronous context manager around the connections to an endpoint.

    `failures` counts failed attempts by kind, `last_failure` describes the latest. After `stop` no attempt is made.
    """

    def __init__(self, settings: OpenAISettings) -> None:
        self.url = _url(settings)
        self.failures: Counter[str] = Counter()
        self.last_failure = ""
        self.stopped = False
        self._settings = settings
        self._key = _key(settings)

    async def __aenter__(self) -> Self:
        for name in ("httpx", "httpx2", "openai"):
            logging.getLogger(name).setLevel(logging.WARNING)  # otherwise every request is logged
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none",  # the package requires one
            base_url=self.url,
            max_retries=self._settings.max_attempts - 1,
            timeout=self._settings.timeout_seconds,
            http_client=_HttpClient(self, self._settings.timeout_seconds),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(self, body: dict[str, Any]) -> Answer:
        """Send a request, several times if necessary.

        A prompt that a content filter refuses has an empty answer.

        Raises:
            RefusedError: The endpoint does not accept the request.
            FailedError: It cannot be reached, or is busy or broken.
        """
        try:
            text = await self._client.post(_PATHS[self._settings.api], body=body, cast_to=str)
        except openai.APIStatusError as error:
            if may_pass(error.status_code):
                raise FailedError from None
            if error.code == "content_filter":
                return Answer("", finished=False)
            raise RefusedError(error.status_code, self.shown(_message(error.response))) from None
        except openai.OpenAIError:
            raise FailedError from None
        return _read(text)

    def stop(self) -> None:
        """Make no further attempts; those in progress end as usual."""
        self.stopped = True

    def count_failure(self, kind: str, detail: str) -> None:
        """Note a failed attempt; the first of each kind is logged."""
        self.last_failure = f"{kind}: {self.shown(detail)}" if detail else kind
        self.failures[kind] += 1
        if self.failures[kind] == 1:
            logger.warning("%s: %s; such requests are tried again", self.url, self.last_failure)

    def shown(self, text: str) -> str:
        """Text of the endpoint for people: on one line, short, without the key."""
        text = " ".join(text.split())
        if self._key:
            text = text.replace(self._key, "[key]")
        return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."

    @property
    def has_key(self) -> bool:
        """Whether the environment holds a key."""
        return bool(self._key)


class _HttpClient(openai.DefaultAsyncHttpxClient):
    """The package's HTTP client, with a time limit for whole attempts and a check of replies; counts failures."""

    def __init__(self, endpoint: Endpoint, timeout_seconds: float) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._limit = timeout_seconds

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Make one attempt; an error of the transport is retried by the package."""
        if self._endpoint.stopped:
            raise _StoppedError
        try:
            # The timeout of the HTTP client starts again with every piece that arrives.
            async with asyncio.timeout(self._limit):
                response = await super().send(request, **options)
            if response.is_success:
                _read(response.text)
        except (TimeoutError, httpx2.TimeoutException) as error:
            self._endpoint.count_failure("timeout", f"no answer in {self._limit:g} s")
            raise httpx2.ReadTimeout("no answer in time", request=request) from error
        except _NoAnswerError as error:
            self._endpoint.count_failure(error.kind, str(error))
            raise httpx2.RemoteProtocolError("no answer in the reply", request=request) from error
        except httpx2.TransportError as error:
            self._endpoint.count_failure("connection", str(error))
            raise
        if may_pass(response.status_code):
            self._endpoint.count_failure(f"status {response.status_code}", _message(response))
        return response


class _NoAnswerError(Exception):
    """A reply that holds no answer."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


def may_pass(status: int) -> bool:
    """Whether another attempt may succeed after this status code; those for which the package tries again."""
    return status in {408, 409, 429} or status >= 500


def _message(response: httpx2.Response) -> str:
    """What the endpoint says in a reply that reports an error."""
    try:
        body: Any = response.json()
    except ValueError:
        return response.text
    body = body.get("error", body) if isinstance(body, dict) else body
    said = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return str(said or body or "")


def _read(text: str) -> Answer:
    """The answer in a reply.

    Raises:
        _NoAnswerError: The reply holds none.
    """
    try:
        reply = _Reply.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise _NoAnswerError("malformed reply", f"{where}: {fault['msg']}".lstrip(": ")) from None
    choice, usage = reply.choices[0], reply.usage or _Tokens()
    if choice.finish_reason in {"abort", "error"}:
        raise _NoAnswerError("aborted", f"finish_reason is {choice.finish_reason!r}")
    content = (choice.message.content if choice.message else choice.text) or ""
    return Answer(
        " ".join(content.split()),
        finished=choice.finish_reason not in {"length", "content_filter"},
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )


def _url(settings: OpenAISettings) -> str:
    """The address in use.

    Raises:
        ParamsError: It is not a plain HTTP address.
    """
    url = os.environ.get(URL_VARIABLE) or settings.base_url
    name = URL_VARIABLE if os.environ.get(URL_VARIABLE) else "generation.openai.base_url"
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:  # not shown: it may hold a password
        raise ParamsError(f"{name}: is not an address; an example is http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        raise ParamsError(f"{name}: holds a user name, password or query; a key goes into {settings.api_key_env}")
    return url.rstrip("/")


def _key(settings: OpenAISettings) -> str:
    """The API key, or an empty string if the environment has none.

    Raises:
        ParamsError: It cannot be a key.
    """
    key = os.environ.get(settings.api_key_env, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ParamsError(f"{settings.api_key_env}: holds blanks or letters that no API key has; set it again")
    return key
