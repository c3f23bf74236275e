"""STT and LLM that answer at once, always the same: what is measured with them is Parley and not an engine.

`InstantStt` waits for the end of the utterance as any STT does; the audio itself is only counted as having
come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from parley_dataplane.engines.base import Final, Message, Partial, Remember, TextDelta, UserTurn
from parley_dataplane.media import Pcm


class InstantStream:
    """One utterance: a Partial once there is audio, Final once there will be no more."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._heard = asyncio.Event()
        self._ended = asyncio.Event()

    def push(self, pcm: Pcm) -> None:
        if pcm.size:
            self._heard.set()

    def end(self) -> None:
        self._ended.set()
        self._heard.set()

    async def events(self) -> AsyncGenerator[Partial | Final, None]:
        await self._heard.wait()
        yield Partial(self._text)
        await self._ended.wait()
        yield Final(self._text)

    async def aclose(self) -> None:
        """Nothing is held."""


class InstantStt:
    """Understands `text` in every utterance."""

    name = "instant"

    def __init__(self, text: str) -> None:
        self._text = text

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    def open(self, language: str) -> InstantStream:
        return InstantStream(self._text)


class InstantLlm:
    """Answers `text` to everything."""

    name = "instant"

    def __init__(self, text: str) -> None:
        self._text = text

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def reply(
        self, turn: UserTurn, history: Sequence[Message], memory: Mapping[str, Any]
    ) -> AsyncGenerator[TextDelta | Remember, None]:
        yield TextDelta(self._text)
        yield Remember(memory)
