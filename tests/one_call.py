"""A process with one call in it: fake engines that take functions, a door that keeps what it got, a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parley_api.voiceagent import VoiceAgentSpec
from parley_dataplane.agent import Agent
from parley_dataplane.doors import WEBRTC_OFFER, DoorKind
from parley_dataplane.engines.base import (
    Final,
    Likely,
    Message,
    Partial,
    Remember,
    Speech,
    SpeechRequest,
    TextDelta,
    UserTurn,
)
from parley_dataplane.engines.registry import Engines
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.events import Event, StateChanged
from parley_dataplane.media import FRAME_SECS, HEARING_FRAME, SPEAKING_RATE, Pcm
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.records import Record
from parley_dataplane.session import Session
from parley_dataplane.sessions import Sessions
from tests import virtual_time

ANSWER = "Alpha beta gamma delta."
SORRY = "I'm sorry, something went wrong. Please say that again."


class Fake:
    name = "fake"

    async def start(self) -> None: ...

    async def close(self) -> None: ...


LOUD = 3_000
"""Every sample of a voice."""


class FakeVad(Fake):
    """A window of loud samples is voice."""

    window = 320

    def __init__(self) -> None:
        self._found: list[float] = []
        self._rest = np.zeros(0, np.int16)

    def open(self) -> FakeVad:
        """Each caller's windows are its own."""
        return FakeVad()

    def push(self, pcm: Pcm) -> None:
        pcm = np.concatenate((self._rest, pcm))
        self._rest = pcm[len(pcm) // 320 * 320 :]
        self._found += [
            float(abs(pcm[start : start + 320]).mean()) / LOUD for start in range(0, len(pcm) - 319, 320)
        ]

    def take(self) -> list[float]:
        found, self._found = self._found, []
        return found


@dataclass(frozen=True)
class Mumbled:
    """An utterance that is understood as "when are" first, likely as "when are you", and then as `final`."""

    final: str | Exception


@dataclass
class FakeStt(Fake):
    """Understands the n-th utterance as the n-th text; an exception is a crash."""

    texts: list[str | Exception | Mumbled]
    secs: float = 0.05
    closed: int = 0
    refuses: Exception | None = None

    def open(self, language: str) -> FakeUtterance:
        if self.refuses is not None:
            raise self.refuses
        return FakeUtterance(self, self.texts.pop(0))


@dataclass
class FakeUtterance:
    engine: FakeStt
    text: str | Exception | Mumbled
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, pcm: Pcm) -> None: ...

    def end(self) -> None:
        self.ended.set()

    async def events(self) -> AsyncIterator[Partial | Likely | Final]:
        if isinstance(self.text, Exception):
            raise self.text
        text = self.text.final if isinstance(self.text, Mumbled) else self.text
        yield Partial("when are" if isinstance(self.text, Mumbled) else str(text)[:3])
        if isinstance(self.text, Mumbled):
            yield Likely("when are you", ("when are we",))
        await self.ended.wait()
        await asyncio.sleep(self.engine.secs)
        if isinstance(text, Exception):
            raise text
        yield Final(text)

    async def aclose(self) -> None:
        self.engine.closed += 1


@dataclass
class FakeLlm(Fake):
    """Answers by a function; remembers how many turns it has had."""

    answer: Callable[[UserTurn], str] = lambda turn: ANSWER
    secs: float = 0.02
    asked: list[tuple[str, list[Message], Mapping[str, Any]]] = field(default_factory=list)
    fails: Exception | None = None

    async def reply(
        self, turn: UserTurn, history: Sequence[Message], memory: Mapping[str, Any]
    ) -> AsyncIterator[TextDelta | Remember]:
        self.asked.append((turn.text, list(history), dict(memory)))
        await asyncio.sleep(self.secs)
        if self.fails is not None:
            raise self.fails
        for word in self.answer(turn).split():
            yield TextDelta(word + " ")
        yield Remember({"turns": memory.get("turns", 0) + 1})


@dataclass
class FakeTts(Fake):
    """Half a second a word, of samples that count up: what is lost or said twice shows."""

    secs: float = 0.02
    said: list[SpeechRequest] = field(default_factory=list)
    open_streams: int = 0
    fails: Exception | None = None
    dies_at: set[int] = field(default_factory=set)

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Speech]:
        self.said.append(request)
        self.open_streams += 1
        try:
            await asyncio.sleep(self.secs)
            if self.fails is not None:
                raise self.fails
            if len(self.said) in self.dies_at:
                raise EngineCrashed("the voice is gone")
            offset = 0
            for word in request.text.split():
                end = request.text.index(word, offset) + len(word)
                start = len(request.text[:offset].split()) * SPEAKING_RATE // 2
                offset = end
                pcm = np.arange(start, start + SPEAKING_RATE // 2).astype(np.int16)
                yield Speech(pcm, ((end, start),))
        finally:
            self.open_streams -= 1


@dataclass
class Peer:
    """A door that keeps what it got, with the time at which it came."""

    audio: list[tuple[float, Chunk]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    silences: int = 0
    closed: str | None = None

    def send_audio(self, chunk: Chunk) -> None:
        self.audio.append((asyncio.get_running_loop().time(), chunk))

    rests = True

    def send_silence(self) -> None:
        self.silences += 1

    def send_event(self, event: Event) -> None:
        self.events.append(event)

    def close(self, reason: str) -> None:
        self.closed = reason

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def secs(self) -> float:
        return sum(len(chunk.pcm) for _, chunk in self.audio) / SPEAKING_RATE

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.of(StateChanged)]


class Call:
    """A process with one call in it."""

    def __init__(
        self, kind: DoorKind = WEBRTC_OFFER, texts: Sequence[str | Exception | Mumbled] = (), **spec: Any
    ) -> None:
        self.stt, self.llm, self.tts = FakeStt(list(texts)), FakeLlm(), FakeTts()
        self.records: list[Record] = []
        self.kind = kind
        self.spec = VoiceAgentSpec.model_validate(
            {
                "conversation": {"instructions": "Be kind."},
                "engines": {
                    "vad": {"silero": {}},
                    "stt": {"instant": {"text": "x"}},
                    "llm": {"instant": {"text": "x"}},
                    "tts": {"tone": {}},
                },
                **spec,
            }
        )
        engines = Engines(vad=FakeVad(), stt=self.stt, llm=self.llm, tts=self.tts)  # type: ignore[arg-type]
        self.agent = Agent("test", self.spec, engines)
        self.peer = Peer()
        self.failures: list[Exception] = []
        self.pacer = Pacer(lambda call, error: self.failures.append(error))
        self.sessions = Sessions(self.agent, self.pacer, self.records.append)
        self.session: Session

    async def speak(self, seconds: float, silence: float = 0.0) -> None:
        """Voice, then silence, 20 ms at a time at the pace of speech."""
        for value, secs in ((LOUD, seconds), (0, silence)):
            for _ in range(round(secs / FRAME_SECS)):
                self.session.hear(
                    np.resize(np.array([value, value, -value, -value], np.int16), HEARING_FRAME)
                )
                await asyncio.sleep(FRAME_SECS)

    async def quiet(self, seconds: float) -> None:
        await self.speak(0, seconds)

    def run(self, script: Callable[[Call], Awaitable[None]], *, test_tone: bool = False) -> Call:
        async def main() -> None:
            self.pacer.start()
            self.session = self.sessions.open(self.kind, self.peer)
            self.session.start(test_tone=test_tone)
            await script(self)
            await self.sessions.close("test-over")
            await self.pacer.close()
            assert self.failures == []
            assert self.tts.open_streams == 0, "every stream of an engine was closed"
            assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()

        virtual_time.run(main())
        return self


def history(call: Call) -> list[tuple[str, str, str]]:
    return [(message.role, message.text, message.unheard) for message in call.session.history]


async def ask_and_hear_all(call: Call) -> None:
    await call.speak(1.0, 5.0)
