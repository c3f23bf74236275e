"""aiortc's DTLS where it would wait: one context for all calls, and a lost flight is sent again soon.

Rules: what is proven and how is aiortc's and OpenSSL's; only the handshake's loop is ours. A flight is repeated byte by
byte: who has had it drops it by its record numbers (RFC 9147, 4.5.1). So the loss of the very last flight is noticed
only by OpenSSL's own repetition, which has new numbers, after a second.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import State
from OpenSSL import SSL

from parley_dataplane.transports.webrtc.ice import Ice

_FIRST_RETRY_SECS = 0.1
"""OpenSSL waits a second. Like libwebrtc's 50 ms it is short: a copy that was not needed costs a packet."""

_LONGEST_RETRY_SECS = 1.0
_LARGEST_FLIGHT = 1_500


class Certificate(RTCCertificate):
    """One context serves every call: to make one takes longer than the rest of an answer."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # it would keep every call's
        return self._context


class Dtls(RTCDtlsTransport):
    def __init__(self, ice: Ice, certificate: Certificate) -> None:
        super().__init__(cast(RTCIceTransport, ice), [certificate])  # it is one as far as DTLS needs it

    async def _do_handshake(self) -> None:
        assert self._ssl is not None
        flight: list[bytes] = []
        wait = _FIRST_RETRY_SECS
        try:
            while True:
                try:
                    self._ssl.do_handshake()
                except SSL.WantReadError:
                    pass
                except SSL.Error:
                    await self._flush()  # the alert
                    self._set_state(State.FAILED)
                    return
                else:
                    self.encrypted = True
                sent = await self._flush()
                if self.encrypted:
                    return
                if sent:
                    flight, wait = sent, _FIRST_RETRY_SECS
                try:
                    async with asyncio.timeout(wait):
                        datagram = await self.transport._recv()
                except TimeoutError:
                    self._ssl.DTLSv1_handle_timeout()
                    if not await self._flush():  # OpenSSL's own timer has a while to go
                        for part in flight:
                            await self.transport._send(part)
                    wait = min(2 * wait, self._ssl.DTLSv1_get_timeout() or _LONGEST_RETRY_SECS)
                else:
                    self._ssl.bio_write(datagram)
        except ConnectionError:
            self._set_state(State.FAILED)

    async def _flush(self) -> list[bytes]:
        """Sends what OpenSSL has to say, and gives it."""
        assert self._ssl is not None
        sent: list[bytes] = []
        while True:
            try:
                part = self._ssl.bio_read(_LARGEST_FLIGHT)
            except SSL.Error:  # nothing more
                return sent
            if not part:
                return sent
            await self.transport._send(part)
            sent.append(part)
