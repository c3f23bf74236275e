"""The handshake where the network loses flights: two ends of ours over a way that drops what it is told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiortc import RTCDtlsFingerprint, RTCDtlsParameters

from parley_dataplane.transports.webrtc.dtls import Certificate, Dtls

CERTIFICATE = Certificate.generateCertificate()


class Way:
    """One end of a way between two; `lose` are the numbers of the datagrams that do not arrive."""

    role = "controlled"

    def __init__(self, lose: set[int]) -> None:
        self.other: Way
        self.came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.sent: list[bytes] = []
        self._lose = lose

    async def _send(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        if len(self.sent) not in self._lose:
            self.other.came.put_nowait(datagram)

    async def _recv(self) -> bytes:
        datagram = await self.came.get()
        if datagram is None:
            raise ConnectionError
        return datagram


async def shake(lose_client: set[int], lose_server: set[int]) -> tuple[Any, Any, float]:
    client_way, server_way = Way(lose_client), Way(lose_server)
    client_way.other, server_way.other = server_way, client_way
    ends: list[Any] = []
    for way, role in ((client_way, "client"), (server_way, "server")):
        end = Dtls(way, CERTIFICATE)  # type: ignore[arg-type]
        end._set_role(role)
        ends.append(end)
    parameters = RTCDtlsParameters([RTCDtlsFingerprint("sha-256", CERTIFICATE.getFingerprints()[0].value)])
    began = time.monotonic()
    async with asyncio.timeout(5):
        await asyncio.gather(*(end.start(parameters) for end in ends))
    seconds = time.monotonic() - began
    for end in ends:
        await end.stop()
    return ends[0], ends[1], seconds


@pytest.mark.parametrize(
    ("client", "server", "within"),
    [
        (set(), set(), 0.1),
        ({1}, set(), 0.4),
        (set(), {1}, 0.4),
        ({2}, set(), 0.4),
        (set(), {2}, 1.4),
        ({1, 2}, {1}, 0.8),
    ],
    ids=["nothing", "the hello", "the server's flight", "the client's key", "the end", "the first of each"],
)
def test_both_ends_agree_soon_whichever_flight_is_lost(
    client: set[int], server: set[int], within: float
) -> None:
    """OpenSSL alone waits a second before it sends a flight again."""

    async def scene() -> None:
        ours, theirs, seconds = await shake(client, server)
        assert (ours._rx_srtp is not None, theirs._rx_srtp is not None) == (True, True)
        assert theirs._rx_srtp.unprotect(ours._tx_srtp.protect(b"\x80\x60" + bytes(30)))
        assert seconds < within

    asyncio.run(scene())


def test_all_calls_share_one_context_which_keeps_no_sessions() -> None:
    first, again = CERTIFICATE._create_ssl_context([]), CERTIFICATE._create_ssl_context([])
    assert first is again


def test_a_way_that_closes_ends_the_handshake() -> None:
    async def scene() -> None:
        way = Way(set())
        way.other = Way(set())
        end = Dtls(way, CERTIFICATE)  # type: ignore[arg-type]
        end._set_role("client")
        way.came.put_nowait(None)
        await end.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", "00")]))
        assert end.state == "failed"

    asyncio.run(scene())
