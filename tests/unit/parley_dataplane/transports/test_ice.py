"""What our ICE does where aioice alone would wait, leak or trip."""

from __future__ import annotations

import asyncio

import pytest
from aioice import stun
from aioice.ice import ICE_COMPLETED

from parley_dataplane.transports.webrtc.ice import MOST_REMOTE, HostIce

PEER = ("127.0.0.1", 50_000)


async def gathered(alive: list[None] | None = None) -> HostIce:
    ice = HostIce(lambda _: None, lambda: (alive if alive is not None else []).append(None), ["127.0.0.1"])
    await ice.gather_candidates()
    ice.remote_username, ice.remote_password = "them", "x" * 22
    return ice


def check(ice: HostIce, *, password: str | None = None, priority: bool = True) -> bytes:
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{ice.local_username}:them"
    if priority:
        request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 1
    request.add_message_integrity((password or ice.local_password).encode())
    return bytes(request)


def test_closed_in_the_moment_of_success_it_starts_no_consent_task() -> None:
    """aioice's own connect() goes on after close() and leaves a task that checks consent for half a minute."""

    async def race() -> None:
        ice = await gathered()
        connecting = asyncio.create_task(ice.connect())
        await asyncio.sleep(0)
        ice._check_list_state.put_nowait(ICE_COMPLETED)
        ice._check_list_done = True
        await ice.close()
        with pytest.raises(ConnectionError):
            await connecting
        assert ice._query_consent_task is None

    asyncio.run(race())


def test_only_a_check_with_the_right_password_proves_that_the_peer_lives() -> None:
    async def knock() -> None:
        alive: list[None] = []
        ice = await gathered(alive)
        connecting = asyncio.create_task(ice.connect())
        await asyncio.sleep(0)
        ice._protocols[0].datagram_received(check(ice, password="wrong" * 5), PEER)
        ice._protocols[0].datagram_received(check(ice, priority=False), PEER)
        assert alive == []
        ice._protocols[0].datagram_received(check(ice), PEER)
        assert alive == [None]
        await ice.close()
        await asyncio.gather(connecting, return_exceptions=True)

    asyncio.run(knock())


def test_a_peer_seen_at_ever_new_addresses_is_followed_to_a_limit() -> None:
    async def roam() -> None:
        ice = await gathered()
        connecting = asyncio.create_task(ice.connect())
        await asyncio.sleep(0)
        for port in range(1_024, 1_524):
            ice._protocols[0].datagram_received(check(ice), ("127.0.0.1", port))
        assert len(ice.remote_candidates) == MOST_REMOTE
        await ice.close()
        await asyncio.gather(connecting, return_exceptions=True)

    asyncio.run(roam())


def test_a_peer_that_never_agrees_on_roles_is_not_asked_for_ever() -> None:
    """A peer that answered each check with a signed 487 was asked again at once, each time one call deeper: 3,000
    packets and 10 MB more a second. Fails when every conflict of roles is believed.
    """

    async def quarrel() -> None:
        ice = await gathered()
        asked: list[bytes] = []

        class Peer(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                asked.append(data)
                refusal = stun.Message(
                    message_method=stun.Method.BINDING,
                    message_class=stun.Class.ERROR,
                    transaction_id=stun.parse_message(data).transaction_id,
                )
                refusal.attributes["ERROR-CODE"] = (487, "Role Conflict")
                refusal.add_message_integrity(b"x" * 22)
                self.transport.sendto(bytes(refusal), addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        ice.add(f"1 1 udp 1 127.0.0.1 {port} typ host")
        connecting = asyncio.create_task(ice.connect())
        await asyncio.sleep(0.3)
        assert 2 <= len(asked) <= 5
        await ice.close()
        await asyncio.gather(connecting, return_exceptions=True)
        transport.close()

    asyncio.run(quarrel())


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00",
        b"\x00\x01\x00\x08!\x12\xa4B"
        + bytes(12)
        + b"\x00\x24\x00\x01\x01\x00\x00\x00",  # a PRIORITY of one byte
        b"\x00\x01\x00\x08!\x12\xa4B"
        + bytes(12)
        + b"\x00\x06\x00\x04\xff\xff\xff\xff",  # a USERNAME that is no UTF-8
        b"\x14" + bytes(20),
        b"\x80",
        b"\xff" * 1_500,
    ],
)
def test_no_datagram_of_a_stranger_raises(datagram: bytes) -> None:
    async def knock() -> None:
        ice = await gathered()
        ice._protocols[0].datagram_received(datagram, PEER)
        await ice.close()

    asyncio.run(knock())


def test_datagrams_before_the_handshake_are_queued_to_a_limit() -> None:
    async def flood() -> None:
        ice = await gathered()
        for _ in range(5_000):
            ice._protocols[0].datagram_received(b"\x16" + bytes(100), PEER)
        assert ice._queue.qsize() == 256
        await ice.close()

    asyncio.run(flood())
