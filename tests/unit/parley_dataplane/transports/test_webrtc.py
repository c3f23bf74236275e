"""Whole calls over loopback with aiortc's own RTCPeerConnection as the person: connecting, and audio both ways."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import re
import time
import weakref
from typing import Any

import numpy as np
import pytest

from parley_dataplane.errors import BadMessage
from parley_dataplane.media import Pcm
from parley_dataplane.transports.webrtc.ice import host_addresses
from parley_dataplane.transports.webrtc.port import UdpPort
from parley_dataplane.transports.webrtc.receiver import Received
from tests.unit.parley_dataplane.transports.two_sides import (
    Agent,
    Person,
    connected_call,
    pitch,
    run,
    tone_frame,
    until,
)


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
