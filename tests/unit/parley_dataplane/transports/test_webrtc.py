"""Whole calls over loopback with aiortc's own RTCPeerConnection as the person: audio, texts, and every way to end."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import gc
import logging
import os
import random
import re
import time
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import av
import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from parley_dataplane.errors import BadMessage, BadSdp
from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.transports.webrtc import CallSettings, WebRtcCall
from parley_dataplane.transports.webrtc.ice import host_addresses
from parley_dataplane.transports.webrtc.port import UdpPort
from parley_dataplane.transports.webrtc.receiver import Received

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


def test_each_hears_the_others_tone() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await agent.speak(60)
            assert pitch(np.concatenate(agent.heard)[3_200:], 16_000) == pytest.approx(300, abs=3)
            assert pitch(np.concatenate(person.heard)[9_600:], 48_000) == pytest.approx(440, abs=3)
            assert agent.call.counts.forged_packets == agent.call.counts.unsent_packets == 0

    run(talk)


def test_what_is_whole_is_given_once_and_else_each_gets_its_own() -> None:
    async def talk() -> None:
        async with connected_call(Person(talks=False)) as (_, agent):
            whole: list[Pcm] = []
            sensed: list[Pcm] = []
            agent.call._on_whole, agent.call._on_sensed = whole.append, sensed.append
            both, early, late = ([np.full(1, value, np.int16)] for value in range(3))
            agent.call._listen(Received(both, both))
            agent.call._listen(Received(early, late))
            assert (whole, sensed, agent.heard) == (both, early, late)

    run(talk)


def test_a_packet_leaves_on_every_call_inside_the_call_and_silence_is_one_too() -> None:
    async def talk() -> None:
        async with connected_call(Person(talks=False)) as (_, agent):
            sent: list[bytes] = []
            agent.call._ice.send_now = lambda data: not sent.append(data)  # type: ignore[method-assign,func-returns-value]
            for frame in (None, tone_frame(440, 0), tone_frame(440, 1)[:100], None):
                before = len(sent)
                agent.call.send_pcm(frame)
                assert len(sent) == before + 1
            numbers = [int.from_bytes(packet[2:4], "big") for packet in sent]
            assert numbers == list(range(numbers[0], numbers[0] + 4))
            with pytest.raises(ValueError, match="480"):
                agent.call.send_pcm(np.zeros(481, np.int16))

    run(talk)


def test_a_lossy_way_leaves_no_hole_in_what_is_heard() -> None:
    async def talk() -> None:
        async with connected_call() as (_, agent):
            rng, receive = random.Random(4), agent.call._ice._on_media
            dropped = 0

            def lossy(datagram: bytes) -> None:
                nonlocal dropped
                if rng.random() < 0.10:
                    dropped += 1
                else:
                    receive(datagram)

            agent.call._ice._on_media = lossy
            agent.heard.clear()
            started = time.monotonic()
            await agent.speak(100, None)
            seconds = time.monotonic() - started
            pcm = np.concatenate(agent.heard)
            assert dropped >= 3
            assert agent.call._receiver.counts.lost >= 3
            assert len(pcm) / 16_000 == pytest.approx(seconds, abs=0.15)
            assert pitch(pcm, 16_000) == pytest.approx(300, abs=3)

    run(talk)


def test_a_closed_call_is_freed_at_once_and_not_when_the_collector_comes() -> None:
    """Bug: calls, codecs and TLS state lay in knots of callbacks until a full collection, 38 MiB after 300
    calls. Fails if anything that outlives a call refers to it.
    """

    async def talk() -> None:
        gc.collect()
        gc.disable()
        try:
            person = Person()
            agent = await Agent().answer(await person.offer())
            await person.accept(agent.call.answer_sdp)
            await asyncio.wait_for(person.channel_open.wait(), 5)
            call, dtls = weakref.ref(agent.call), weakref.ref(agent.call._dtls)
            await agent.call.close()
            del agent.call
            await person.hang_up()
            await until(lambda: call() is None and dtls() is None)
        finally:
            gc.enable()

    run(talk)


def test_forged_packets_are_counted_and_not_heard() -> None:
    async def talk() -> None:
        async with connected_call(Person(talks=False)) as (_, agent):
            for second in (111, 200):
                agent.call._ice.receive(bytes((0x80, second)) + bytes(60))
            assert agent.call.counts.forged_packets == 2
            assert agent.heard == []

    run(talk)


def test_video_is_refused_and_audio_connects() -> None:
    async def talk() -> None:
        async with connected_call(Person(video=True)) as (person, agent):
            directions = {t.kind: t.currentDirection for t in person.pc.getTransceivers()}
            assert directions == {"video": "inactive", "audio": "sendrecv"}
            await agent.speak(20)
            assert person.heard
            assert agent.heard

    run(talk)


def test_a_call_without_a_data_channel_is_a_call() -> None:
    async def talk() -> None:
        async with connected_call(Person(channel=False)) as (_, agent):
            agent.call.send_text("to nobody")
            await agent.speak(10)
            assert agent.heard
            assert not agent.channel_open.is_set()

    run(talk)


def test_answering_and_connecting_wait_for_nothing() -> None:
    async def talk() -> None:
        best_answer = best_connect = 10.0
        for _ in range(3):
            person = Person()
            offer = await person.offer()
            started = time.perf_counter()
            agent = await Agent().answer(offer)
            best_answer = min(best_answer, time.perf_counter() - started)
            await person.accept(agent.call.answer_sdp)
            await agent.connected.wait()
            best_connect = min(best_connect, time.perf_counter() - started)
            await agent.call.close()
            await person.hang_up()
        assert best_answer < 0.020
        assert best_connect < 0.150  # both sides' handshakes share this one process

    run(talk)


def test_names_and_useless_candidates_neither_delay_nor_break_the_call() -> None:
    async def talk() -> None:
        person = Person()
        offer = await person.offer()
        noise = "".join(
            f"a=candidate:{line}\r\n"
            for line in (
                "1 1 udp 1 6f1c4b5a-6a8f-4f3c-9f1e-1c2d3e4f5a6b.local 50000 typ host",
                "1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
                "1 2 udp 1 192.0.2.1 50001 typ host",
                "1 1 udp 1 nowhere 50001 typ host",
                "1 1 udp 1 224.0.0.1 50001 typ host",
                "broken",
            )
        )
        started = time.perf_counter()
        agent = await Agent().answer(offer.replace("a=candidate:", noise + "a=candidate:", 1))
        await person.accept(agent.call.answer_sdp)
        await agent.connected.wait()
        assert time.perf_counter() - started < 0.5
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_a_peer_whose_offer_names_no_candidate_connects_by_trickle_or_by_its_own_checks() -> None:
    async def talk() -> None:
        for trickles in (True, False):
            person = Person()
            lines = (await person.offer()).splitlines(keepends=True)
            candidates = [line.strip().removeprefix("a=") for line in lines if line.startswith("a=candidate")]
            agent = await Agent().answer(
                "".join(line for line in lines if not line.startswith("a=candidate"))
            )
            for candidate in candidates if trickles else ():
                agent.call.add_candidate({"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0})
            agent.call.add_candidate({"candidate": "", "sdpMid": "0"})
            agent.call.add_candidate(None)
            await person.accept(agent.call.answer_sdp)
            await agent.connected.wait()
            await agent.call.close()
            await person.hang_up()

    run(talk)


@pytest.mark.parametrize(
    "candidate", [{"candidate": 5}, {"candidate": "x" * 2_000}, {"candidate": "candidate:1 1 udp"}]
)
def test_a_broken_trickled_candidate_is_a_bad_message(candidate: dict[str, Any]) -> None:
    async def talk() -> None:
        person = Person()
        agent = await Agent().answer(await person.offer())
        with pytest.raises(BadMessage, match="RTCIceCandidate"):
            agent.call.add_candidate(candidate)
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_a_stranger_can_not_make_us_check_more_addresses_than_allowed() -> None:
    async def talk() -> None:
        person = Person()
        agent = await Agent().answer(await person.offer())
        for number in range(500):
            agent.call.add_candidate(
                {"candidate": f"candidate:1 1 udp 1 192.0.2.{number % 250} {9_000 + number} typ host"}
            )
        assert len(agent.call._ice._remotes) == 64
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_loopback_is_offered_last_and_an_address_that_can_not_be_bound_is_left_out() -> None:
    assert host_addresses()[-1] == "127.0.0.1"

    async def talk() -> None:
        port = UdpPort.open(("203.0.113.77", "127.0.0.1"))
        try:
            async with connected_call(port=port) as (_, agent):
                offered = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", agent.call.answer_sdp)
                assert offered == [("127.0.0.1", str(port.number))]
        finally:
            port.close()

    run(talk)


def test_a_peer_that_wants_to_start_dtls_itself_may() -> None:
    async def talk() -> None:
        person = Person()
        offer = (await person.offer()).replace("a=setup:actpass", "a=setup:active")
        agent = await Agent().answer(offer)
        assert "a=setup:passive" in agent.call.answer_sdp
        await person.accept(agent.call.answer_sdp)
        await agent.connected.wait()
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_no_address_of_a_call_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await agent.speak(5)
            person.vanish()

    with caplog.at_level(logging.DEBUG):
        run(talk)
    assert "127.0.0.1" not in caplog.text


def test_a_bad_offer_leaves_nothing_behind() -> None:
    async def talk() -> None:
        before = open_descriptors()
        with pytest.raises(BadSdp):
            await Agent().answer("v=0\r\n")
        assert open_descriptors() == before
        assert len(asyncio.all_tasks()) <= 2

    run(talk)


def test_hanging_up_ends_the_call_at_once() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await person.hang_up()
            await asyncio.wait_for(agent.ended.wait(), 2)
            assert agent.ends == ["closed by the peer"]
            assert not agent.call.connected

    run(talk)


def test_a_peer_that_vanishes_is_noticed() -> None:
    async def talk() -> None:
        settings = CallSettings(vanished_secs=0.6)
        async with connected_call(settings=settings) as (person, agent):
            await agent.speak(40, None)
            assert agent.ends == []
            person.vanish()
            started = time.monotonic()
            await agent.ended.wait()
            assert agent.ends == ["vanished"]
            assert 0.4 < time.monotonic() - started < 1.5

    run(talk)


def test_a_peer_that_never_connects_is_given_up() -> None:
    async def talk() -> None:
        person = Person()
        settings = CallSettings(unseen_secs=0.2)
        agent = await Agent().answer(await person.offer(), settings)
        await agent.ended.wait()
        assert agent.ends == ["connect timeout"]
        agent.call.send_pcm(None)
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_a_peer_with_another_certificate_than_it_said_is_turned_away() -> None:
    async def talk() -> None:
        person = Person()
        offer = await person.offer()
        lines = [
            line.rpartition(" ")[0] + " " + ":".join(["00"] * 32)
            if line.startswith("a=fingerprint:sha-256")
            else line
            for line in offer.splitlines()
        ]
        agent = await Agent().answer("\r\n".join(lines) + "\r\n")
        await person.accept(agent.call.answer_sdp)
        await agent.ended.wait()
        assert agent.ends == ["connection failed"]
        assert not agent.connected.is_set()
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_closing_is_told_to_the_peer_and_not_to_ourselves() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            states: list[str] = []
            person.pc.on("connectionstatechange", lambda: states.append(person.pc.connectionState))
            await agent.call.close()
            await agent.call.close()
            agent.call.send_pcm(None)
            agent.call.send_text("late")
            await until(lambda: "closed" in states)
            assert agent.ends == []

    run(talk)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_thirty_calls_dropped_in_every_way_leave_no_task_and_no_descriptor() -> None:
    async def drop(way: int) -> None:
        """Never answered, closed before, while and after it connects, vanished, hung up."""
        person, agent = Person(), Agent()
        settings = CallSettings(vanished_secs=0.3, unseen_secs=0.3 if way == 0 else 10.0)
        await agent.answer(await person.offer(), settings)
        if way > 1:
            await person.accept(agent.call.answer_sdp)
        if way > 2:
            await agent.connected.wait()
        if way == 4:
            person.vanish()
        elif way == 5:
            await person.hang_up()
        if way in (1, 2, 3):
            await asyncio.sleep(0.010 if way == 2 else 0)  # in the middle of ICE and DTLS
            await agent.call.close()
        else:
            await agent.ended.wait()
            assert agent.call._freeing is not None
            await agent.call._freeing
        await person.hang_up()

    async def talk() -> None:
        await drop(3)  # the process' certificate, and what libraries open once
        gc.collect()
        tasks, descriptors = asyncio.all_tasks(), open_descriptors()
        for way in range(6):
            await asyncio.gather(*(drop(way) for _ in range(5)))
        await asyncio.sleep(0.05)
        gc.collect()
        assert asyncio.all_tasks() == tasks
        assert open_descriptors() == descriptors
        assert not [found for found in gc.get_objects() if isinstance(found, WebRtcCall)]

    run(talk)
