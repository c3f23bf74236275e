"""An LLM behind a URL that streams chat completions as OpenAI's does: vLLM, Ollama, Groq, OpenAI itself.

    UserTurn, history -> prompt.messages -> POST /chat/completions -> server-sent events -> TextDelta

Rules: closing the generator closes the HTTP stream, so that the server stops; nothing that a server sends is waited for
without end or kept without bound; its redirects are not followed, for they would be given the key; neither key, URL,
nor a word of request or answer is in an error or a log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from parley_api.engines import OpenAi as Spec
from parley_dataplane.engines.base import Message, Remember, TextDelta, UserTurn
from parley_dataplane.engines.prompt import messages
from parley_dataplane.errors import EngineCrashed, EngineError, EngineTimeout, EngineUnavailable

if TYPE_CHECKING:
    import httpx2

CONNECT_SECS = 3.0
READ_SECS = 10.0
"""From one piece of the answer to the next, the first included: a model may have to be loaded."""

LARGEST_EVENT = 256 * 1024
"""Bytes of one line of the stream; a delta has some 300."""

LONGEST_ANSWER = 4_000
"""Characters: some four minutes of speech. What comes after is not read."""


class OpenAi:
    """`key` is what the spec's variable holds, None if it is not set; `system` what the model is told first."""

    name = "openai"

    def __init__(self, spec: Spec, key: str | None, system: str, trust_environment: bool = False) -> None:
        """`trust_environment`: settings.trusts_environment()."""
        self._trust_environment = trust_environment
        self._spec = spec
        self._key = key
        self._system = system
        self._client: httpx2.AsyncClient | None = None

    async def start(self) -> None:
        """Raises EngineUnavailable for a missing package or key. The server is not asked: it may be up later."""
        if self._client is not None:
            return
        try:
            import httpx2
        except ImportError:
            raise EngineUnavailable(
                "Python package httpx2 is missing: .venv/bin/python -m pip install httpx2"
            ) from None
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs each request with its URL
        self._client = httpx2.AsyncClient(
            headers=self._headers(),
            timeout=httpx2.Timeout(READ_SECS, connect=CONNECT_SECS),
            # As many at once as there are calls: their number is bounded where calls are taken.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
            # Unless it was said so, a proxy of the environment must not get the key.
            trust_env=self._trust_environment,
        )

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def reply(
        self, turn: UserTurn, history: Sequence[Message], memory: Mapping[str, Any]
    ) -> AsyncGenerator[TextDelta | Remember, None]:
        """`memory` is not used: the history holds all that counts."""
        import httpx2

        if self._client is None:
            raise EngineUnavailable("openai is not started: await start() first")
        url = f"{self._spec.url.rstrip('/')}/chat/completions"
        body = self._body(messages(self._system, turn, history))
        try:
            async with self._client.stream("POST", url, json=body) as response:
                self._check(response)
                answer = _Answer()
                async with aclosing(response.aiter_bytes()) as pieces:
                    async for piece in pieces:
                        for text in answer.feed(piece):
                            yield TextDelta(text)
                        if answer.is_over:
                            break
                answer.check()
        except httpx2.ConnectTimeout:
            raise EngineUnavailable(
                "the LLM's server does not answer: look at spec.engines.llm.openai.url"
            ) from None
        except httpx2.TimeoutException:
            raise EngineTimeout(f"the LLM's server sent nothing for {READ_SECS:g} s") from None
        except (httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.InvalidURL):
            raise EngineUnavailable(
                "the LLM's server can't be reached: look at spec.engines.llm.openai.url"
            ) from None
        except httpx2.RequestError:
            raise EngineCrashed("the LLM's server broke off its answer") from None

    def _headers(self) -> dict[str, str]:
        headers = {"accept": "text/event-stream", "accept-encoding": "identity"}
        name = self._spec.key_variable
        if name is None:
            return headers
        if self._key is None:
            raise EngineUnavailable(f"environment variable {name} is not set: set it to the LLM server's key")
        if not (self._key.isascii() and self._key.isprintable()):
            raise EngineUnavailable(
                f"environment variable {name} holds what no key has: set it to the key alone"
            )
        return {**headers, "authorization": f"Bearer {self._key}"}

    def _body(self, said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        optional = {"temperature": self._spec.temperature, "max_tokens": self._spec.max_tokens}
        set_here = {name: value for name, value in optional.items() if value is not None}
        return {"model": self._spec.model, "messages": said, "stream": True, **set_here}

    def _check(self, response: httpx2.Response) -> None:
        """Raises what the status means; what the server says with it may repeat what was said, and is not read."""
        status = response.status_code
        if status == HTTPStatus.OK:
            kind = response.headers.get("content-type", "")
            if kind.startswith("text/event-stream"):
                return
            raise EngineError("the LLM's server does not stream: choose one that does, or look at the url")
        said = f"the LLM's server answered {status}"
        match status:
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                name = self._spec.key_variable
                instead = f"look at the key in {name}" if name else "it wants a key: write keyVariable"
                raise EngineUnavailable(f"{said}: {instead}")
            case HTTPStatus.NOT_FOUND:
                raise EngineUnavailable(f"{said}: look at url and model of spec.engines.llm.openai")
            case HTTPStatus.TOO_MANY_REQUESTS:
                raise EngineUnavailable(
                    f"{said}: more was asked of it than it allows; lower the limit of sessions"
                )
            case _ if 300 <= status < 400:
                raise EngineUnavailable(f"{said}, to go elsewhere: write the url that it is at")
            case _:
                raise EngineError(said)


class _Answer:
    """The stream of one answer: bytes in, texts out (WHATWG HTML, 9.2: server-sent events)."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._characters = 0
        self.is_over = False
        """Nothing more is to be read."""
        self._is_complete = False

    def feed(self, data: bytes) -> Iterator[str]:
        """Raises EngineError for what is none."""
        self._line += data
        *lines, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            if text := self._take(line.strip()):
                text = text[: LONGEST_ANSWER - self._characters]
                self._characters += len(text)
                yield text
            if self.is_over:
                return
        if len(self._line) > LARGEST_EVENT:
            raise EngineError(f"the LLM's server sent a line of more than {LARGEST_EVENT // 1024} KiB")

    def check(self) -> None:
        """The stream has ended. Raises EngineError if the answer has not."""
        if not self._is_complete:
            raise EngineCrashed("the LLM's server broke off its answer")
        if not self._characters:
            raise EngineError("the LLM's server gave an answer without a word")

    def _take(self, line: bytes) -> str:
        if not line.startswith(b"data:"):
            return ""  # a comment, or a field that chat completions do not use
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            self.is_over = self._is_complete = True
            return ""
        try:
            event = json.loads(data)
            if event.get("error"):
                raise EngineError("the LLM's server failed in the middle of an answer")
            choices = event.get("choices") or [{}]
            text = (choices[0].get("delta") or {}).get("content") or ""
            ended = bool(choices[0].get("finish_reason"))
            if not isinstance(text, str):
                raise TypeError
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            raise EngineError("the LLM's server sent what is no chat completion: look at the url") from None
        self._is_complete = self._is_complete or ended
        if self._characters + len(text) >= LONGEST_ANSWER:
            self.is_over = self._is_complete = True
        return text
