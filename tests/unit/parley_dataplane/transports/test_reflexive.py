"""Where the port is seen from outside: asked of STUN servers that are aioice's messages over sockets of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aioice import stun
from structlog.testing import capture_logs

from parley_api.media import IceServer, Media
from parley_dataplane.transports.webrtc import calls, reflexive
from parley_dataplane.transports.webrtc.calls import Calls
from parley_dataplane.transports.webrtc.port import UdpPort
from parley_dataplane.transports.webrtc.reflexive import Reflexive, stun_servers
from tests.unit.parley_dataplane.transports.two_sides import Agent, Person, until

OUTSIDE = ("192.0.2.7", 40_123)
"""An address for documentation (RFC 5737): nobody's."""

Address = tuple[str, int]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflexive, "ASK_EVERY_SECS", 0.05)
    monkeypatch.setattr(reflexive, "_WAITS_SECS", (0.02, 0.02))


class Server(asyncio.DatagramProtocol):
    """Tells whoever asks to be seen at `sees`; None is the truth. With `answers` False it says nothing."""

    transport: asyncio.DatagramTransport

    def __init__(self, sees: Address | None = OUTSIDE, *, answers: bool = True) -> None:
        self.sees = sees
        self.answers = answers
        self.transaction: bytes | None = None
        """Which it answers to, if not the one that it was asked with."""
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        request = stun.parse_message(data)
        self.asked += 1
        if self.answers:
            transaction = self.transaction or request.transaction_id
            answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction)
            answer.attributes["XOR-MAPPED-ADDRESS"] = self.sees or addr
            self.transport.sendto(bytes(answer), addr)

    @property
    def at(self) -> Address:
        address: Address = self.transport.get_extra_info("sockname")
        return address


@contextlib.asynccontextmanager
async def running(*servers: Any) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_datagram_endpoint(lambda server=server: server, local_addr=("127.0.0.1", 0))
        for server in servers
    ]
    try:
        yield
    finally:
        for transport, _ in made:
            transport.close()


@contextlib.asynccontextmanager
async def asking(*servers: Address) -> AsyncIterator[UdpPort]:
    """A port that these are asked of; nothing is left behind."""
    port = UdpPort.open(("127.0.0.1",))
    asked = Reflexive(port, servers)
    asked.start()
    try:
        yield port
    finally:
        asked.close()
        assert (port._transactions, port.sockets[0].seen_at) == ({}, None)
        port.close()


def run(scene: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


def test_only_stun_over_udp_is_asked_and_on_its_usual_port_unless_told() -> None:
    servers = [
        IceServer(urls=["stun:a.example", "stuns:b.example", "stun:[2001:db8::7]:9"]),
        IceServer(urls=["turn:c.example:1", "stun:192.0.2.7:10"], username="me", credential="x"),
    ]
    assert stun_servers(servers) == [("a.example", 3478), ("2001:db8::7", 9), ("192.0.2.7", 10)]


def test_what_a_server_sees_is_known_and_asked_for_again_and_again() -> None:
    async def scene() -> None:
        server = Server()
        async with running(server), asking(server.at) as port:
            await until(lambda: port.sockets[0].seen_at == OUTSIDE)
            await until(lambda: server.asked > 3)
            server.sees = ("192.0.2.8", 1)
            await until(lambda: port.sockets[0].seen_at == ("192.0.2.8", 1))

    run(scene)


def test_without_a_nat_there_is_nothing_to_tell() -> None:
    async def scene() -> None:
        server = Server(sees=None)
        async with running(server), asking(server.at) as port:
            await until(lambda: server.asked > 2)
            assert port.sockets[0].seen_at is None

    run(scene)


@pytest.mark.parametrize("sees", [("224.0.0.1", 9), ("0.0.0.0", 9), ("192.0.2.7", 0)], ids=str)
def test_an_address_from_which_nobody_could_answer_is_not_offered(sees: Address) -> None:
    async def scene() -> None:
        server = Server(sees)
        async with running(server), asking(server.at) as port:
            await until(lambda: server.asked > 2)
            assert port.sockets[0].seen_at is None

    run(scene)


def test_an_answer_counts_only_from_where_was_asked_and_to_what_was_asked() -> None:
    async def scene() -> None:
        guesser, silent, stranger = Server(), Server(answers=False), Server()
        guesser.transaction = bytes(12)
        async with running(guesser, silent, stranger), asking(guesser.at) as port:
            await until(lambda: guesser.asked > 2)
            assert port.sockets[0].seen_at is None
        async with running(silent, stranger), asking(silent.at) as port:
            await until(lambda: bool(port._transactions))
            for transaction in port._transactions:  # as if it had seen the request on its way
                answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction)
                answer.attributes["XOR-MAPPED-ADDRESS"] = OUTSIDE
                stranger.transport.sendto(bytes(answer), ("127.0.0.1", port.number))
            await asyncio.sleep(0.03)
            assert port.sockets[0].seen_at is None

    run(scene)


def test_where_one_server_is_silent_the_next_is_asked_and_nobody_is_bothered() -> None:
    async def scene() -> None:
        silent, server = Server(answers=False), Server()
        with capture_logs() as logs:
            async with (
                running(silent, server),
                asking(("no.such.host.invalid", 3478), silent.at, server.at) as port,
            ):
                await until(lambda: port.sockets[0].seen_at == OUTSIDE)
                assert silent.asked == 2
        assert logs == []

    run(scene)


def test_a_mapping_that_no_server_confirms_any_more_is_offered_no_more_and_said_once() -> None:
    async def scene() -> None:
        server = Server()
        with capture_logs() as logs:
            async with running(server), asking(server.at) as port:
                await until(lambda: port.sockets[0].seen_at == OUTSIDE)
                server.answers = False
                await until(lambda: port.sockets[0].seen_at is None)
                before = server.asked
                await until(lambda: server.asked > before + 4)
                server.answers = True
                await until(lambda: port.sockets[0].seen_at == OUTSIDE)
        assert [log["event"] for log in logs] == ["no-stun-server-answers"]
        assert not re.search(r"\d+\.\d+\.\d+", str(logs)), "no address reaches a log"

    run(scene)


class Nat(asyncio.DatagramProtocol):
    """One of its two sockets: what comes in at one leaves by the other."""

    transport: asyncio.DatagramTransport

    def __init__(self) -> None:
        self.other: Nat
        self.to: Address | None = None
        self.passed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.passed += 1
        self.to = addr
        if self.other.to is not None:
            self.other.transport.sendto(data, self.other.to)

    @property
    def at(self) -> Address:
        address: Address = self.transport.get_extra_info("sockname")
        return address


def test_a_caller_who_knows_no_address_but_the_one_outside_a_nat_is_connected() -> None:
    """Each side sees the other at the NAT alone: the offer names nobody, the answer is cut down to that candidate."""

    async def scene() -> None:
        outer, inner = Nat(), Nat()
        outer.other, inner.other = inner, outer
        server = Server()
        async with running(outer, inner, server), asking(server.at) as port:
            server.sees = outer.at
            inner.to = ("127.0.0.1", port.number)
            await until(lambda: port.sockets[0].seen_at == outer.at)
            person = Person(channel=False)
            offer = re.sub(r"a=candidate:.*\r\n", "", await person.offer())
            agent = await Agent().answer(offer, port=port)
            answer = agent.call.answer_sdp
            (told,) = re.findall(r"a=(candidate:.* typ srflx .*)\r\n", answer)
            assert told.split()[4:6] == ["127.0.0.1", str(outer.at[1])]
            assert told.endswith(f"raddr 127.0.0.1 rport {port.number}")
            await person.accept(re.sub(r"a=candidate:.* typ host\r\n", "", answer))
            await asyncio.wait_for(agent.connected.wait(), 10)
            await until(lambda: agent.call.counts.received_packets > 5)
            assert outer.passed > 5
            await agent.call.close()
            await person.hang_up()

    run(scene)


def test_another_agent_is_asked_for_its_own_servers_and_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "host_addresses", lambda: ["127.0.0.1"])

    def media(*servers: Server) -> Media:
        return Media(ice_servers=[IceServer(urls=[f"stun:127.0.0.1:{server.at[1]}"]) for server in servers])

    async def scene() -> None:
        first, second = Server(), Server(("192.0.2.8", 2))
        async with running(first, second):
            before = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
            line = Calls(media(first))
            line.open()
            assert line.port is not None
            (at,) = line.port.sockets
            await until(lambda: at.seen_at == OUTSIDE)
            line.take(media(first))
            assert at.seen_at == OUTSIDE, "the same servers are not asked anew"
            line.take(media(second))
            await until(lambda: at.seen_at == ("192.0.2.8", 2))
            line.take(media())
            asked = first.asked + second.asked
            await asyncio.sleep(0.2)
            assert (at.seen_at, first.asked + second.asked) == (None, asked)
            line.close()
            await until(lambda: (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())) == before)

    run(scene)


def test_an_address_that_is_known_is_told_and_no_server_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the node around a pod, whose port is mapped to the same port here."""
    monkeypatch.setattr(calls, "host_addresses", lambda: ["127.0.0.1"])

    async def scene() -> None:
        server = Server()
        async with running(server):
            servers = [IceServer(urls=[f"stun:127.0.0.1:{server.at[1]}"])]
            line = Calls(Media(ice_servers=servers), media_address="192.0.2.9")
            line.open()
            assert line.port is not None
            (at,) = line.port.sockets
            line.take(Media())
            await asyncio.sleep(0.1)
            assert (at.seen_at, server.asked) == (("192.0.2.9", line.port.number), 0)
            offer = await Person(channel=False).offer()
            agent = await Agent().answer(offer, port=line.port)
            (told,) = re.findall(r"a=(candidate:.* typ srflx .*)\r\n", agent.call.answer_sdp)
            assert told.split()[4:6] == ["192.0.2.9", str(line.port.number)]
            await agent.call.close()
            line.close()

    run(scene)


def test_an_address_of_another_family_is_told_of_no_socket() -> None:
    async def scene() -> None:
        port = UdpPort.open(["127.0.0.1"])
        port.is_seen_at("2001:db8::7")
        assert port.sockets[0].seen_at is None
        port.close()

    run(scene)
