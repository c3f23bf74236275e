"""What our ICE answers, asks and believes, told to a peer that is aioice's STUN over a socket of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from aioice import stun

from parley_dataplane.transports.webrtc.ice import CONSENT_SECS, MOST_REMOTE, Ice
from parley_dataplane.transports.webrtc.port import UdpPort

THEIR_PASSWORD = "x" * 22
MEDIA = b"\x80" + bytes(40)


class Peer(asyncio.DatagramProtocol):
    """Answers checks as it is told to: "well", "forged", "conflict" or not at all ("silent")."""

    transport: asyncio.DatagramTransport

    def __init__(self, answers: str = "well") -> None:
        self.answers = answers
        self.asked: list[stun.Message] = []
        self.answered: list[stun.Message] = []
        self.received: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] > 3:
            self.received.append(data)
            return
        message = stun.parse_message(data)
        if message.message_class != stun.Class.REQUEST:
            self.answered.append(message)
            return
        self.asked.append(message)
        if self.answers == "silent":
            return
        answer = stun.Message(message.message_method, stun.Class.RESPONSE, message.transaction_id)
        if self.answers == "conflict":
            answer.message_class = stun.Class.ERROR
            answer.attributes["ERROR-CODE"] = (487, "Role Conflict")
        else:
            answer.attributes["XOR-MAPPED-ADDRESS"] = addr
        password = "wrong" * 5 if self.answers == "forged" else THEIR_PASSWORD
        answer.add_message_integrity(password.encode())
        self.transport.sendto(bytes(answer), addr)

    def check(
        self,
        scene: Scene,
        *,
        password: str | None = None,
        priority: bool = True,
        nominate: bool = False,
        role: str = "ICE-CONTROLLING",
        tie_breaker: int = 1,
        name: str = "them",
    ) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{scene.ice.ufrag}:{name}"
        if priority:
            request.attributes["PRIORITY"] = 1
        request.attributes[role] = tie_breaker
        if nominate:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity((password or scene.ice.password).encode())
        self.transport.sendto(bytes(request), ("127.0.0.1", scene.port.number))
        return bytes(request)


class Scene:
    """One port and one call's ICE on it, with all that it told."""

    def __init__(self, port: UdpPort, *, is_lite: bool = False) -> None:
        self.port = port
        self.media: list[bytes] = []
        self.alive = self.failed = 0
        self.ice = Ice(
            port,
            remote_ufrag="them",
            remote_password=THEIR_PASSWORD,
            remote_is_lite=is_lite,
            on_media=self.media.append,
            on_alive=self._live,
            on_failed=self._fail,
        )

    def _live(self) -> None:
        self.alive += 1

    def _fail(self) -> None:
        self.failed += 1

    async def peer(self, answers: str = "well") -> Peer:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: Peer(answers), local_addr=("127.0.0.1", 0)
        )
        self._peers.append(transport)
        return protocol

    _peers: list[asyncio.DatagramTransport]

    @staticmethod
    @contextlib.asynccontextmanager
    async def set_up(*, is_lite: bool = False) -> AsyncIterator[Scene]:
        port = UdpPort.open(("127.0.0.1",))
        scene = Scene(port, is_lite=is_lite)
        scene._peers = []
        try:
            yield scene
        finally:
            scene.ice.close()
            assert (port.claimed, port._calls, port._transactions) == (0, {}, {})
            port.close()
            for transport in scene._peers:
                transport.close()


def play(act: Callable[[Scene], Coroutine[Any, Any, None]], *, is_lite: bool = False) -> None:
    async def scene() -> None:
        async with Scene.set_up(is_lite=is_lite) as scene:
            await asyncio.wait_for(act(scene), 10)

    asyncio.run(scene())


async def pass_on() -> None:
    await asyncio.sleep(0.03)


def candidate(peer: Peer) -> str:
    return f"1 1 udp 1 127.0.0.1 {peer.address[1]} typ host"


def test_a_named_address_is_checked_at_once_and_found() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        scene.ice.add(candidate(peer))
        began = asyncio.get_running_loop().time()
        scene.ice.start()
        await scene.ice.connected()
        assert asyncio.get_running_loop().time() - began < 0.02
        assert scene.ice.send_now(MEDIA)
        peer.transport.sendto(MEDIA, ("127.0.0.1", scene.port.number))
        await pass_on()
        assert (peer.received, scene.media) == ([MEDIA], [MEDIA])
        assert peer.asked[0].attributes["USERNAME"] == f"them:{scene.ice.ufrag}"
        assert "ICE-CONTROLLED" in peer.asked[0].attributes

    play(act)


def test_a_peer_that_names_nothing_is_found_by_its_own_check_without_a_wait() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        scene.ice.start()
        peer.check(scene)
        await asyncio.wait_for(scene.ice.connected(), 0.05)
        assert scene.ice.seen
        assert [answer.message_class for answer in peer.answered] == [stun.Class.RESPONSE]
        assert peer.answered[0].check_message_integrity(scene.ice.password.encode())
        assert peer.answered[0].attributes["XOR-MAPPED-ADDRESS"] == peer.address

    play(act)


def test_only_a_check_with_the_right_password_name_and_priority_is_believed_and_others_get_no_answer() -> (
    None
):
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        peer.check(scene, password="wrong" * 5)
        peer.check(scene, priority=False)
        peer.check(scene, name="somebody")
        await pass_on()
        assert (scene.alive, scene.ice.seen, scene.port.claimed, scene.ice.forged) == (0, False, 0, 3)
        assert peer.answered == peer.asked == []

    play(act)


@pytest.mark.parametrize("answers", ["forged", "silent"])
def test_nothing_is_sent_where_no_check_of_ours_was_answered(answers: str) -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer(answers)
        peer.check(scene, nominate=True)
        await pass_on()
        assert len(peer.asked) == 1
        assert not scene.ice.send_now(MEDIA)

    play(act)


def test_a_replayed_check_moves_nothing_away_from_the_peer() -> None:
    """Who has seen a check on its way can send it again from its own address, USE-CANDIDATE and all."""

    async def act(scene: Scene) -> None:
        peer, thief = await scene.peer(), await scene.peer("forged")
        seen = peer.check(scene, nominate=True)
        await scene.ice.connected()
        thief.transport.sendto(seen, ("127.0.0.1", scene.port.number))
        await pass_on()
        assert scene.ice.send_now(MEDIA)
        await pass_on()
        assert (peer.received, thief.received) == ([MEDIA], [])

    play(act)


def test_an_answer_from_another_address_than_was_asked_is_not_believed() -> None:
    async def act(scene: Scene) -> None:
        peer, other = await scene.peer("silent"), await scene.peer()
        scene.ice.add(candidate(peer))
        scene.ice.start()
        await pass_on()
        other.datagram_received(bytes(peer.asked[0]), ("127.0.0.1", scene.port.number))
        await pass_on()
        assert not scene.ice.send_now(MEDIA)

    play(act)


def test_a_call_with_a_password_of_its_own_can_not_take_the_address_of_another() -> None:
    """A check is as good as its source is true, and UDP sources can be forged: an attacker with a call of its own would
    check it in the name of another caller's address, and get that caller's media dropped. Fails when a check by itself
    takes over an address that was proven.
    """

    async def act(scene: Scene) -> None:
        victim = await scene.peer()
        victim.check(scene, nominate=True)
        await scene.ice.connected()
        attack = Scene(scene.port)
        victim.answers = "silent"  # it knows nothing of the attacker's call
        for _ in range(20):
            victim.check(attack, nominate=True)  # from the victim's own address, as a forger would
        await pass_on()
        assert attack.ice.seen
        victim.transport.sendto(MEDIA, ("127.0.0.1", scene.port.number))
        await pass_on()
        assert (scene.media, attack.media) == ([MEDIA], [])
        attack.ice.close()

    play(act)


def test_who_reads_at_an_address_may_take_it_over_for_its_next_call() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        peer.check(scene)
        await scene.ice.connected()
        again = Scene(scene.port)
        peer.check(again)
        await asyncio.wait_for(again.ice.connected(), 1)
        peer.transport.sendto(MEDIA, ("127.0.0.1", scene.port.number))
        await pass_on()
        assert (scene.media, again.media) == ([], [MEDIA])
        again.ice.close()
        assert scene.port.claimed == 0

    play(act)


def test_the_last_nomination_decides_where_we_send() -> None:
    async def act(scene: Scene) -> None:
        wifi, mobile = await scene.peer(), await scene.peer()
        wifi.check(scene, nominate=True)
        await scene.ice.connected()
        mobile.check(scene)
        await pass_on()
        scene.ice.send_now(MEDIA)
        await pass_on()
        assert (wifi.received, mobile.received) == ([MEDIA], [])
        mobile.check(scene, nominate=True)
        await pass_on()
        scene.ice.send_now(MEDIA)
        await pass_on()
        assert (wifi.received, mobile.received) == ([MEDIA], [MEDIA])

    play(act)


def test_a_peer_seen_at_ever_new_addresses_is_followed_to_a_limit() -> None:
    async def act(scene: Scene) -> None:
        at = scene.port.sockets[0]
        peer = await scene.peer("silent")
        sound = peer.check(scene)
        await pass_on()
        for port in range(1_024, 1_524):
            scene.ice.check_received(sound, at, ("127.0.0.1", port))
        assert len(scene.ice._paths) == MOST_REMOTE

    play(act)


def test_a_peer_that_never_agrees_on_roles_is_not_asked_for_ever() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer("conflict")
        scene.ice.add(candidate(peer))
        scene.ice.start()
        await asyncio.sleep(0.3)
        assert 2 <= len(peer.asked) <= 5
        roles = ["ICE-CONTROLLED" in message.attributes for message in peer.asked]
        assert roles[:2] == [True, False]

    play(act)


@pytest.mark.parametrize("tie_breaker", [0, 2**64 - 1], ids=["ours is greater", "theirs is"])
def test_of_two_that_follow_the_one_with_the_greater_number_leads(tie_breaker: int) -> None:
    """RFC 8445, 7.3.1.1: ours is greater: we lead from now on; ours is smaller: they are told to."""

    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        peer.check(scene, role="ICE-CONTROLLED", tie_breaker=tie_breaker)
        await pass_on()
        if tie_breaker == 0:
            assert scene.ice.role == "controlling"
            assert peer.answered[0].message_class == stun.Class.RESPONSE
            assert any("USE-CANDIDATE" in message.attributes for message in peer.asked)
        else:
            assert scene.ice.role == "controlled"
            assert peer.answered[0].error_code == 487

    play(act)


def test_we_lead_a_peer_that_only_answers() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        scene.ice.add(candidate(peer))
        scene.ice.start()
        await scene.ice.connected()
        await pass_on()
        assert scene.ice.seen
        assert ["USE-CANDIDATE" in message.attributes for message in peer.asked] == [False, True]
        assert all("ICE-CONTROLLING" in message.attributes for message in peer.asked)

    play(act, is_lite=True)


def test_a_nomination_of_ours_that_was_lost_is_asked_for_again() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        scene.ice.add(candidate(peer))
        scene.ice.start()
        await scene.ice.connected()
        path = scene.ice._path
        assert path is not None
        scene.ice._settle(path)  # its answer finds nobody
        await pass_on()
        assert not path.nominated
        for _ in range(2):
            scene.ice.check_consent(asyncio.get_running_loop().time())
            await pass_on()
        assert path.nominated
        assert ["USE-CANDIDATE" in message.attributes for message in peer.asked] == [False, True, True]

    play(act, is_lite=True)


def test_consent_is_asked_every_few_seconds_and_its_end_ends_the_call() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        peer.check(scene)
        await scene.ice.connected()
        now = asyncio.get_running_loop().time()
        asked = len(peer.asked)
        scene.ice.check_consent(now + 3.9)
        await pass_on()
        assert len(peer.asked) == asked
        scene.ice.check_consent(now + 6.1)
        await pass_on()
        assert len(peer.asked) == asked + 1
        peer.answers = "silent"
        for second in range(12, 31):
            scene.ice.check_consent(now + second)
        assert scene.failed == 0
        scene.ice.check_consent(now + CONSENT_SECS + 1)
        assert scene.failed == 1

    play(act)


def test_an_address_that_never_answers_is_asked_four_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parley_dataplane.transports.webrtc.ice._FIRST_RETRY_SECS", 0.02)

    async def act(scene: Scene) -> None:
        peer = await scene.peer("silent")
        scene.ice.add(candidate(peer))
        scene.ice.start()
        await asyncio.sleep(0.4)
        assert len(peer.asked) == 4
        assert len({message.transaction_id for message in peer.asked}) == 1
        assert scene.ice._timer is None

    play(act)


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x00",
        b"\x00\x01\x00\x08!\x12\xa4B" + bytes(12) + b"\x00\x24\x00\x01\x01\x00\x00\x00",
        b"\x00\x01\x00\x08!\x12\xa4B" + bytes(12) + b"\x00\x06\x00\x04\xff\xff\xff\xff",
        b"\x14" + bytes(20),
        b"\x80",
        b"\xff" * 1_500,
    ],
    ids=["one byte", "a PRIORITY of one byte", "a USERNAME that is no UTF-8", "DTLS", "RTP", "all ones"],
)
def test_no_datagram_of_a_peer_raises(datagram: bytes) -> None:
    async def act(scene: Scene) -> None:
        at = scene.port.sockets[0]
        scene.ice.receive(datagram)
        scene.ice.check_received(datagram, at, ("127.0.0.1", 9))
        scene.ice.answer_received(datagram, at, ("127.0.0.1", 9))

    play(act)


def test_datagrams_before_the_handshake_are_queued_to_a_limit() -> None:
    async def act(scene: Scene) -> None:
        for _ in range(5_000):
            scene.ice.receive(b"\x16" + bytes(100))
        assert scene.ice._queue.qsize() == 256

    play(act)


def test_closed_while_it_looks_for_a_way_it_says_so_and_tells_nobody_anything_more() -> None:
    async def act(scene: Scene) -> None:
        peer = await scene.peer()
        looking = asyncio.create_task(scene.ice.connected())
        await asyncio.sleep(0)
        scene.ice.close()
        with pytest.raises(ConnectionError):
            await looking
        with pytest.raises(ConnectionError):
            await scene.ice._recv()
        peer.check(scene)
        await pass_on()
        assert (scene.alive, peer.answered) == (0, [])

    play(act)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("1 1 udp 1 192.0.2.1 5000 typ host", True),
        ("1 1 UDP 1 192.0.2.2 5000 typ srflx raddr 0.0.0.0 rport 0", True),
        ("1 2 udp 1 192.0.2.1 5001 typ host", False),
        ("1 1 tcp 1 192.0.2.1 9 typ host tcptype active", False),
        ("1 1 udp 1 6f1c4b5a-6a8f-4f3c-9f1e-1c2d3e4f5a6b.local 5000 typ host", False),
        ("1 1 udp 1 nowhere 5000 typ host", ValueError),
        ("1 1 udp 1 224.0.0.1 5000 typ host", ValueError),
        ("1 1 udp 1 192.0.2.1 0 typ host", ValueError),
        ("1 one udp 1 192.0.2.1 5000 typ host", ValueError),
        ("1 1 udp", ValueError),
    ],
)
def test_candidates_are_taken_left_or_refused(line: str, verdict: bool | type[Exception]) -> None:
    async def act(scene: Scene) -> None:
        if isinstance(verdict, bool):
            assert scene.ice.add(line) is verdict
        else:
            with pytest.raises(verdict):
                scene.ice.add(line)

    play(act)
