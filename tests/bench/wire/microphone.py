"""Owns what a call sends: a room's noise, and sentences in it, all encoded to Opus before the run.

"First" and "last speech packet" are exact: the packets that are made from the 20 ms in which the first and the last
voiced sample of the sentence's own waveform lie (`speech.voiced_span`: 34 dB below its peak; eSpeak's padding is cut
off). The sentence begins anywhere in a packet, as its seed says, as a voice does. The codec's delay of 6.5 ms puts what
lies at a packet's end into the next one: so a server may hear up to 6.5 ms later of both than these stamps say, never
sooner.

A stream is cut only where there is nothing but the room's noise (-60 dBFS): a sentence is encoded together with the
noise before and behind it, so that a decoder hears no click.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from tests import speech
from tests.bench.wire.opus import FRAME, RATE, Encoder
from tests.speech import Pcm

ROOM_DB = -60.0
_LEAD = 25
"""Packets of noise that an encoder hears first, and that are thrown away."""

_TAIL = 10
"""Packets of noise behind the last voiced one that belong to the sentence's encoding."""

_ROOM_SECS = 5.0


class Packet(NamedTuple):
    """20 ms: how loud in dB below full scale (0 to 127), as Opus, and as Opus for whom plays 16 kHz at most."""

    level: int
    payload: bytes
    wideband: bytes = b""


@dataclass(frozen=True)
class Sentence:
    """Encoded speech; `first` and `last` are the numbers of its first and last speech packet."""

    packets: Sequence[Packet]
    first: int
    last: int
    name: str = ""

    @property
    def seconds(self) -> float:
        """From the first voiced packet to the end of the last."""
        return (self.last - self.first + 1) * FRAME / RATE


class Source(Protocol):
    """What the clock asks every 20 ms: a packet, and later the time just before it went to the socket."""

    def next(self) -> Packet: ...
    def sent(self, at: float) -> None: ...


def room(seed: int = 0, db: float = ROOM_DB) -> list[Packet]:
    """Return 5 s of a room without a voice, to be repeated."""
    noise = speech.pink_noise(round(_ROOM_SECS * RATE), db, seed)
    pcm = np.rint(noise).astype(np.int16)
    return encoded(np.concatenate([pcm[-_LEAD * FRAME :], pcm]))[_LEAD:]


def sentence(pcm: Pcm, *, offset: int = 0, seed: int = 0, db: float = ROOM_DB, name: str = "") -> Sentence:
    """Encode speech at 48 kHz in a room's noise; it begins with sample number `offset` of a packet (0 to 959)."""
    voice = speech.trimmed(pcm)
    last = (offset + voice.size - 1) // FRAME
    whole = np.zeros((_LEAD + last + 1 + _TAIL) * FRAME)
    start = _LEAD * FRAME + offset
    whole[start : start + voice.size] = voice
    whole += speech.pink_noise(whole.size, db, seed + 1)
    packets = encoded(np.clip(np.rint(whole), -32768, 32767).astype(np.int16))[_LEAD:]
    return Sentence(packets, 0, last, name)


def encoded(pcm: Pcm) -> list[Packet]:
    """Return the packets of `pcm` at 48 kHz by one encoder each; what does not fill one at the end is left out."""
    encoder, wideband = Encoder(), Encoder(wideband=True)
    frames = pcm[: pcm.size // FRAME * FRAME].reshape(-1, FRAME)
    return [Packet(level(frame), encoder.encode(frame), wideband.encode(frame)) for frame in frames]


def level(frame: Pcm) -> int:
    """Return how many dB below full scale, 0 to 127 (RFC 6464)."""
    power = float(np.mean(np.square(frame.astype(np.float64)))) / 32768**2
    return 127 if power < 1e-12 else min(127, max(0, round(-10 * np.log10(power))))


class Saying:
    """A sentence on its way. Await `begun` and `ended`: when the first and the last speech packet left."""

    def __init__(self, sentence: Sentence) -> None:
        loop = asyncio.get_running_loop()
        self.sentence = sentence
        self.begun: asyncio.Future[float] = loop.create_future()
        self.ended: asyncio.Future[float] = loop.create_future()

    def sent(self, number: int, at: float) -> None:
        if number == self.sentence.first and not self.begun.done():
            self.begun.set_result(at)
        if number == self.sentence.last and not self.ended.done():
            self.ended.set_result(at)


class Microphone:
    """The room's noise without end, and in it what is said. `start` is where in the noise this one begins."""

    def __init__(self, noise: Sequence[Packet], start: int = 0) -> None:
        self._noise = noise
        self._at = start % len(noise)
        self._queue: deque[Saying] = deque()
        self._number = 0
        self._taken: Saying | None = None

    def say(self, sentence: Sentence) -> Saying:
        """Begin with the next packet, or after what is being said."""
        saying = Saying(sentence)
        self._queue.append(saying)
        return saying

    def next(self) -> Packet:
        if not self._queue:
            self._taken = None
            self._at = (self._at + 1) % len(self._noise)
            return self._noise[self._at]
        saying = self._taken = self._queue[0]
        return saying.sentence.packets[self._number]

    def sent(self, at: float) -> None:
        saying = self._taken
        if saying is None:
            return
        saying.sent(self._number, at)
        self._number += 1
        if self._number >= len(saying.sentence.packets):
            self._number = 0
            self._queue.popleft()
