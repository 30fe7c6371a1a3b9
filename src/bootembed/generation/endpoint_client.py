"""One attempt at one answer of an OpenAI-compatible endpoint: what is sent, and what came of it.

There are three outcomes: an answer, `TryAgainError` where another attempt may succeed, and `RefusedError` where none
will. The API key is in the header of requests and nowhere else; what the endpoint says is shown without it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from bootembed.core.errors import ParamsError
from bootembed.generation.answer_cache import Answer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from openai import APIStatusError

    from bootembed.settings.generation import OpenAISettings

URL_VARIABLE = "BOOTEMBED_ENDPOINT"
_PATHS = {"chat": "/chat/completions", "completions": "/completions"}
_TRY_AGAIN = {408, 409, 429}  # and 5xx
_LONGEST_MESSAGE = 300


class TryAgainError(Exception):
    """An attempt failed for a reason that may pass.

    Args:
        kind: Short name of the reason, to count by.
        detail: For people.
        retry_after: Seconds for which the endpoint asks to be left alone.
    """

    def __init__(self, kind: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.retry_after = retry_after


class RefusedError(Exception):
    """The endpoint refuses the request, and would refuse it again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


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


class EndpointClient:
    """An asynchronous context manager around the connections to an endpoint."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.url = _url(settings)
        self._settings = settings
        self._key = _key(settings)

    async def __aenter__(self) -> Self:
        from openai import AsyncOpenAI

        for name in ("httpx", "httpx2", "openai"):
            logging.getLogger(name).setLevel(logging.WARNING)  # a line a request otherwise
        self._client = AsyncOpenAI(
            api_key=self._key or "none",  # the package wants one
            base_url=self.url,
            max_retries=0,
            timeout=self._settings.timeout_seconds,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def attempt(self, body: dict[str, Any]) -> Answer:
        """Send a request once.

        Raises:
            TryAgainError: The endpoint is busy or broken, or cannot be reached.
            RefusedError: It does not accept the request.
        """
        import openai

        try:
            # The package's own timeout starts anew with every piece that arrives.
            async with asyncio.timeout(self._settings.timeout_seconds):
                text = await self._client.post(_PATHS[self._settings.api], body=body, cast_to=str)
        except openai.APIStatusError as error:
            return self._judge(error)
        except (TimeoutError, openai.APITimeoutError):
            raise TryAgainError("timeout", f"no answer in {self._settings.timeout_seconds:g} s") from None
        except openai.APIConnectionError as error:
            raise TryAgainError("connection", self.shown(error.__cause__ or error)) from None
        try:
            return _read(text)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise TryAgainError("malformed reply", self.shown(f"{where}: {fault['msg']}".lstrip(": "))) from None

    def shown(self, what: object) -> str:
        """Text of the endpoint for people: on one line, short, without the key."""
        text = " ".join(str(what).split())
        if self._key:
            text = text.replace(self._key, "[key]")
        return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."

    @property
    def has_key(self) -> bool:
        """Whether the environment holds a key."""
        return bool(self._key)

    def _judge(self, error: APIStatusError) -> Answer:
        """An empty answer where a content filter refused the prompt; an exception otherwise."""
        said = error.body.get("message") or error.body.get("detail") if isinstance(error.body, dict) else error.body
        message = self.shown(said or error.body or "")
        if error.status_code in _TRY_AGAIN or error.status_code >= 500:
            wait = _seconds(error.response.headers.get("retry-after"))
            raise TryAgainError(f"status {error.status_code}", message, wait) from None
        if error.code == "content_filter":
            return Answer("", finished=False)
        raise RefusedError(error.status_code, message) from None


def _read(text: str) -> Answer:
    reply = _Reply.model_validate_json(text)
    choice, usage = reply.choices[0], reply.usage or _Tokens()
    if choice.finish_reason in {"abort", "error"}:
        raise TryAgainError("aborted", f"finish_reason is {choice.finish_reason!r}")
    content = (choice.message.content if choice.message else choice.text) or ""
    return Answer(
        " ".join(content.split()),
        finished=choice.finish_reason not in {"length", "content_filter"},
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )


def _seconds(retry_after: str | None) -> float | None:
    """A Retry-After header, seconds or a date (RFC 9110, 10.2.3), as seconds from now; None if it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().replace(".", "", 1).isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except ValueError:
        return None


def _url(settings: OpenAISettings) -> str:
    """The address in use.

    Raises:
        ParamsError: It is no plain address of HTTP.
    """
    url = os.environ.get(URL_VARIABLE) or settings.base_url
    name = URL_VARIABLE if os.environ.get(URL_VARIABLE) else "generation.openai.base_url"
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:  # not shown: it may hold a password
        raise ParamsError(f"{name}: holds no address; one looks like http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        raise ParamsError(f"{name}: holds a user name, password or query; a key goes into {settings.api_key_env}")
    return url.rstrip("/")


def _key(settings: OpenAISettings) -> str:
    """The API key, or nothing where the environment has none.

    Raises:
        ParamsError: It cannot be one.
    """
    key = os.environ.get(settings.api_key_env, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ParamsError(f"{settings.api_key_env}: holds blanks or letters that no API key has; set it anew")
    return key
