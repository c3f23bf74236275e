"""Texts of data channels: in order, bounded whatever a peer does with SCTP, refused where they are none."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    SCTP_DATA_LAST_FRAG,
    SCTP_DATA_UNORDERED,
    WEBRTC_STRING,
    DataChunk,
    ForwardTsnChunk,
    SackChunk,
)

from tests.unit.parley_dataplane.transports.two_sides import Person, connected_call, run, until


def test_texts_go_both_ways_in_order() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            for number in range(20):
                agent.call.send_text(f"down {number}")
                person.channel.send(f"up {number} é")
            await until(lambda: len(person.texts) == len(agent.texts) == 20)
            assert person.texts == [f"down {number}" for number in range(20)]
            assert agent.texts == [f"up {number} é" for number in range(20)]

    run(talk)


def test_a_peer_that_does_not_read_loses_the_oldest_texts_and_no_more_are_kept_than_allowed() -> None:
    async def talk() -> None:
        async with connected_call(Person(talks=False)) as (person, agent):
            await agent.channel_open.wait()
            person.vanish()
            for number in range(2_000):
                agent.call.send_text(f"{number:05d}" * 400)
            assert agent.call.counts.dropped_texts > 1_000
            assert len(agent.call._texts._waiting) == 256
            assert agent.call._texts._waiting[-1].startswith("01999")
            assert agent.call._texts._channels[0].bufferedAmount < 300_000

    run(talk)


def test_a_binary_or_endless_message_is_refused_and_the_call_goes_on() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            person.channel.send(b"\x00\xff")
            person.channel.send("after")
            await until(lambda: bool(agent.texts))
            assert agent.texts == ["after"]
            assert agent.call.counts.refused_messages == 1

    run(talk)


def test_a_fragment_without_end_is_held_only_up_to_the_limit() -> None:
    async def talk() -> None:
        async with connected_call(Person(talks=False)) as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            sctp = agent.call._sctp
            assert sctp is not None
            person.channel.transport._remote_max_message_size = 0
            person.channel.send("x" * 4_000_000)

            def held() -> int:
                return sum(len(stream.reassembly) for stream in sctp._inbound_streams.values())

            await until(lambda: held() >= 256)
            await asyncio.sleep(0.2)  # it goes on sending, far more than there is room for
            assert held() <= 512
            assert agent.texts == []
            await agent.speak(3)

    run(talk)


@pytest.mark.parametrize(
    "gaps",
    [[(1, 65_535)] * 360, [(9, 2)], [(0, 0)], [(1, 1)] * 3],
    ids=["360 of 65,535 numbers each", "a gap that ends before it begins", "number zero", "one and the same"],
)
def test_an_acknowledgement_of_what_was_never_sent_costs_nothing(gaps: list[tuple[int, int]]) -> None:
    """One SACK of 1,500 bytes stopped every call of the process for seconds: aiortc counts through each gap block,
    number by number, whatever was sent; a block that ends before it begins ended the call with a traceback. Fails when
    BoundedSctp hands gap blocks on as they come.
    """

    async def talk() -> None:
        async with connected_call() as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            sctp = agent.call._sctp
            assert sctp is not None
            await until(lambda: not sctp._sent_queue)
            agent.call.send_text("on its way")
            await asyncio.sleep(0)
            sack = SackChunk()
            sack.cumulative_tsn = sctp._last_sacked_tsn
            sack.gaps = gaps
            started = time.perf_counter()
            await sctp._receive_chunk(sack)
            assert time.perf_counter() - started < 0.02
            assert agent.call.counts.refused_messages == 1
            person.channel.send("after")
            await until(lambda: agent.texts == ["after"] and person.texts == ["on its way"])

    run(talk)


def test_messages_behind_a_missing_one_are_remembered_only_up_to_a_limit() -> None:
    """A peer that left out one number and went on was remembered number by number, for ever, and each of its packets
    had all of them sorted three times. Fails when BoundedSctp takes chunks of any number.
    """

    async def talk() -> None:
        async with connected_call() as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            sctp = agent.call._sctp
            assert sctp is not None
            first = sctp._last_received_tsn
            assert first is not None
            for number in range(2, 3_000):
                chunk = DataChunk(flags=SCTP_DATA_FIRST_FRAG | SCTP_DATA_LAST_FRAG | SCTP_DATA_UNORDERED)
                chunk.tsn = (first + number) & 0xFFFFFFFF
                chunk.protocol, chunk.stream_id, chunk.stream_seq, chunk.user_data = WEBRTC_STRING, 1, 0, b"x"
                await sctp._receive_data_chunk(chunk)
            assert len(sctp._sack_misordered) <= 256
            person.channel.send("the missing one")
            await until(lambda: "the missing one" in agent.texts)

    run(talk)


def test_a_peer_can_not_give_up_more_streams_than_there_may_be() -> None:
    """Each stream that FORWARD TSN names was made, all 65,536, and each packet from then on looked through all of them.
    Fails when BoundedSctp hands the list on as it comes.
    """

    async def talk() -> None:
        async with connected_call() as (person, agent):
            await asyncio.gather(agent.channel_open.wait(), person.channel_open.wait())
            sctp = agent.call._sctp
            assert sctp is not None
            assert sctp._last_received_tsn is not None
            given_up = ForwardTsnChunk()
            given_up.cumulative_tsn = (sctp._last_received_tsn + 1) & 0xFFFFFFFF
            given_up.streams = [(stream, 0) for stream in range(65_536)]
            await sctp._receive_chunk(given_up)
            assert len(sctp._inbound_streams) <= 1_024

    run(talk)


def test_no_more_than_four_channels_are_taken() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await agent.channel_open.wait()
            more = [person.pc.createDataChannel(f"more {number}") for number in range(6)]
            await until(lambda: [channel.readyState for channel in more].count("closed") == 3)
            assert len(agent.call._texts._channels) == 4

    run(talk)
