"""Two sides of a call over loopback: a person, who is aiortc's own RTCPeerConnection, and ours."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.transports.webrtc import CallSettings, WebRtcCall
from parley_dataplane.transports.webrtc.port import UdpPort

LOOPBACK = ("127.0.0.1",)
DEFAULTS = CallSettings()


ports: list[UdpPort] = []
"""The one of this test."""


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def with_port() -> None:
        ports.append(UdpPort.open(LOOPBACK))
        try:
            await asyncio.wait_for(test(), 20)
        finally:
            ports.pop().close()

    asyncio.run(with_port())


async def until(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited 5 s in vain")


def tone_frame(hertz: float, index: int) -> Pcm:
    at = np.arange(index * SPEAKING_FRAME, (index + 1) * SPEAKING_FRAME)
    return (8_000 * np.sin(2 * np.pi * hertz * at / 24_000)).astype(np.int16)


def pitch(pcm: Pcm, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * rate / len(pcm)


class Microphone(MediaStreamTrack):
    """300 Hz in real time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames = 0
        self._started = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._started + self._frames * 0.020 - time.monotonic()))
        at = np.arange(self._frames * 960, (self._frames + 1) * 960)
        pcm = (8_000 * np.sin(2 * np.pi * 300 * at / 48_000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            48_000,
            self._frames * 960,
            fractions.Fraction(1, 48_000),
        )
        self._frames += 1
        return frame


class Person:
    """The client: no code of ours."""

    def __init__(self, *, talks: bool = True, channel: bool = True, video: bool = False) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if video:
            self.pc.addTransceiver("video")
        if talks:
            self.pc.addTrack(Microphone())
        else:
            self.pc.addTransceiver("audio", direction="recvonly")
        self.texts: list[str] = []
        self.heard: list[Pcm] = []
        self.channel_open = asyncio.Event()
        if channel:
            self.channel: RTCDataChannel = self.pc.createDataChannel("parley")
            self.channel.on("message", self.texts.append)
            self.channel.on("open", self.channel_open.set)
        self.pc.on("track", self._listen)
        self._listening: list[asyncio.Task[None]] = []

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listening.append(asyncio.ensure_future(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                self.heard.append((await track.recv()).to_ndarray()[0, ::2])

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def hang_up(self) -> None:
        await self.pc.close()
        # aiortc's own leaks, when it is closed while it connects: a track that never ends, and a consent task.
        await asyncio.sleep(0.025)
        consents = [connection._query_consent_task for connection in self._connections()]
        left = [*self._listening, *(task for task in consents if task is not None)]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _connections(self) -> list[Any]:
        return [t.receiver.transport.transport._connection for t in self.pc.getTransceivers()]

    def vanish(self) -> None:
        """From now on not one packet leaves or arrives, and nobody says goodbye."""
        for connection in self._connections():
            for protocol in connection._protocols:
                protocol.transport.sendto = lambda *_: None
                protocol.datagram_received = lambda *_: None


class Agent:
    """Our side, with all that it was told."""

    call: WebRtcCall

    def __init__(self) -> None:
        self.heard: list[Pcm] = []
        self.texts: list[str] = []
        self.ends: list[str] = []
        self.connected = asyncio.Event()
        self.channel_open = asyncio.Event()
        self.ended = asyncio.Event()

    async def answer(
        self, offer: str, settings: CallSettings = DEFAULTS, port: UdpPort | None = None
    ) -> Agent:
        self.call = await WebRtcCall.answer(
            offer,
            port=port or ports[-1],
            on_audio=self.heard.append,
            on_message=self.texts.append,
            on_channel_open=self.channel_open.set,
            on_connected=self.connected.set,
            on_closed=self._on_closed,
            settings=settings,
        )
        return self

    def _on_closed(self, reason: str) -> None:
        self.ends.append(reason)
        self.ended.set()

    async def speak(self, frames: int, hertz: float | None = 440) -> None:
        """In real time, like the pacer."""
        started = time.monotonic()
        for index in range(frames):
            self.call.send_pcm(None if hertz is None else tone_frame(hertz, index))
            await asyncio.sleep(max(0.0, started + (index + 1) * 0.020 - time.monotonic()))


@contextlib.asynccontextmanager
async def connected_call(
    person: Person | None = None, settings: CallSettings = DEFAULTS, port: UdpPort | None = None
) -> AsyncIterator[tuple[Person, Agent]]:
    person = person or Person()
    agent = await Agent().answer(await person.offer(), settings, port)
    await person.accept(agent.call.answer_sdp)
    await agent.connected.wait()
    try:
        yield person, agent
    finally:
        await agent.call.close()
        await person.hang_up()
