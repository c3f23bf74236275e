"""Owns one call: offer, answer, ICE, DTLS, and then 50 packets a second out and whatever comes in.

board = Switchboard()
async with WireCall(board, Target("http://127.0.0.1:9011"), Microphone(room())) as call:
    saying = call.microphone.say(sentence(pcm))
    answer = await call.heard.first_audible(await saying.ended, within=10.0)
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import pylibsrtp

from tests.bench.wire import rtp
from tests.bench.wire.data import DataChannel
from tests.bench.wire.dtls import Dtls, HandshakeError, identity
from tests.bench.wire.heard import AUDIBLE, Heard
from tests.bench.wire.ice import Address, IceAgent
from tests.bench.wire.microphone import Source
from tests.bench.wire.opus import Decoder
from tests.bench.wire.sdp import Answer, Us, read_answer, write_offer
from tests.bench.wire.switchboard import Switchboard, now
from tests.clients import plain_http

_FIRST_CHECK_SECS = 0.1
_CONSENT_SECS = 5.0
_REPORT_SECS = (1.0, 2.0)


def _body(sdp: str) -> dict[str, Any]:
    return {"sdp": sdp, "type": "offer"}


def _sdp(answer: dict[str, Any]) -> str:
    return str(answer["sdp"])


@dataclass(frozen=True)
class Target:
    """Where a call is offered: `url` + `path`. `body` makes the JSON of an offer's SDP, `answer` finds the SDP in what
    comes back. `silence`: the seconds of silence after which the server is told to take a turn as ended.
    """

    url: str
    path: str = "/api/webrtc/offer"
    silence: float = 0.2
    body: Callable[[str], Any] = _body
    answer: Callable[[Any], str] = _sdp


class RefusedError(Exception):
    """The server answered the offer with something else than 200."""


class LostError(ConnectionError):
    """The server ended the call."""


S = TypeVar("S", bound=Source)


class WireCall(Generic[S]):
    """See the module. `on_payload(at, payload)`, if set, gets each Opus payload as it came."""

    def __init__(
        self,
        board: Switchboard,
        target: Target,
        microphone: S,
        *,
        data_channel: bool = False,
        address: str = "127.0.0.1",
    ) -> None:
        self.microphone = microphone
        self.heard = Heard()
        self.data: DataChannel | None = None
        self.on_payload: Callable[[float, bytes], None] | None = None
        self.offered_at = self.answered_at = self.connected_at = 0.0
        self.lost = asyncio.Event()
        self._board, self.target, self._address = board, target, address
        self._wants_data = data_channel
        self._ice = IceAgent()
        self._early: list[tuple[bytes, Address]] = []
        self._dtls: Dtls | None = None
        self._answer: Answer | None = None
        self._path: Address = ("", 0)
        self._socket = board.open(address, self._receive)
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._decoder = Decoder()
        self._reception = rtp.Reception()
        self._inbound: pylibsrtp.Session | None = None
        self._outbound: pylibsrtp.Session | None = None
        self._ssrc = secrets.randbelow(2**32 - 1) + 1
        # In the lower half, so that the first wrap is minutes away: SRTP guesses the roll-over (RFC 3711, 3.3.1).
        self._sequence, self._timestamp = secrets.randbelow(2**15), secrets.randbelow(2**32)
        self._sent = self._octets = 0
        self._levels: list[bytes] = []
        self._payload_type = 0
        self._wideband = False

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.hang_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    @property
    def lost_packets(self) -> int:
        """How many packets of the server's are missing by their numbers."""
        return self._reception.lost

    async def connect(self, within: float = 15.0) -> None:
        """Offer, take the answer, wait until DTLS is done, begin to send; RefusedError, TimeoutError, LostError."""
        port = self._socket.getsockname()[1]
        us = Us(self._ice.ufrag, self._ice.password, identity().fingerprint, self._ssrc, self._address, port)
        body = self.target.body(write_offer(us, data_channel=self._wants_data))
        self.offered_at = now()
        answer = await self.exchange(body, within)
        self.answered_at = now()
        self._begin(read_answer(self.target.answer(answer)))
        try:
            await asyncio.wait_for(self._connected, within)
        except HandshakeError as error:
            raise LostError(str(error)) from error
        if self._wants_data and self._answer is not None and self._answer.sctp_port and self._dtls:
            self.data = DataChannel(self._send_inside, is_server=self._dtls.is_server)
            await self.data.start(self._answer.sctp_port, self._answer.largest_message)

    async def hang_up(self) -> None:
        """Say goodbye and free everything; again is no harm."""
        self._board.remove(self._send)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self.data is not None:
            await self.data.stop()
            self.data = None
        if self._dtls is not None:
            self._transmit(self._dtls.close())
            self._dtls = None
        if not self._connected.done():
            self._connected.cancel()
        self._board.shut(self._socket)

    # Connecting

    async def exchange(self, offer: Any, within: float) -> Any:
        """Bring the offer to the server and return its answer, JSON both; raises RefusedError, TimeoutError."""
        url = self.target.url + self.target.path
        response = await plain_http.request("POST", url, offer, within=within)
        if response.status != 200:
            raise RefusedError(f"{response.status}: {response.body[:300].decode(errors='replace')}")
        return response.json()

    def _begin(self, answer: Answer) -> None:
        self._answer = answer
        self._payload_type = answer.opus
        self._wideband = answer.playback_rate <= 16_000
        if answer.level_extension:
            self._levels = [rtp.level_extension(answer.level_extension, level) for level in range(128)]
        self._ice.meet(answer.ufrag, answer.password)
        self._dtls = Dtls(answer.fingerprints, is_server=answer.we_are_server)
        self._check(0, self._ice.choose(answer.candidates))
        early, self._early = self._early, []
        for datagram, source in early:
            self._secure(datagram, source, now())

    def _check(self, tries: int, addresses: list[Address]) -> None:
        """Check the best address, and from the second time on the next ones too, until one answers."""
        if self._ice.path is not None:
            return
        for address in addresses[: tries + 1]:
            self._sendto(self._ice.check(address), address)
        delay = _FIRST_CHECK_SECS * 2 ** min(tries, 3)
        self._timers["check"] = self._loop.call_later(delay, self._check, tries + 1, addresses)

    def _receive(self, datagram: bytes, source: Address, at: float) -> None:
        first = datagram[0]
        if 127 < first < 192:
            if self._inbound is not None:
                self._media(datagram, at)
        elif first < 4:
            reply = self._ice.receive(datagram, source)
            if reply is not None:
                self._sendto(reply, source)
            elif self._ice.path is not None and not self._path[1]:
                self._found(self._ice.path)
        elif 19 < first < 64:
            if self._dtls is None:
                self._early.append((datagram, source))  # the answer is still on its way
            else:
                self._secure(datagram, source, at)

    def _found(self, path: Address) -> None:
        self._path = path
        self._timers.pop("check").cancel()
        self._timers["consent"] = self._loop.call_later(_CONSENT_SECS, self._consent)
        if self._dtls is not None and not self._dtls.is_server:
            self._transmit(self._dtls.start())
            self._watch()

    def _consent(self) -> None:
        self._sendto(self._ice.check(self._path), self._path)
        self._timers["consent"] = self._loop.call_later(_CONSENT_SECS, self._consent)

    def _secure(self, datagram: bytes, source: Address, at: float) -> None:
        assert self._dtls is not None
        was_connected = self._dtls.connected
        try:
            reply, said = self._dtls.receive(datagram)
        except HandshakeError as error:
            if not self._connected.done():
                self._connected.set_exception(error)
            return
        if reply:
            self._sendto(reply, self._path if self._path[1] else source)
        if said and self.data is not None:
            self.data.receive(said, at)
        if self._dtls.closed:
            self.lost.set()
        if self._dtls.connected and not was_connected:
            self._established()
        elif not was_connected:
            self._watch()

    def _watch(self) -> None:
        """Repeat a flight that may have been lost."""
        if timer := self._timers.pop("flight", None):
            timer.cancel()
        seconds = self._dtls.timeout() if self._dtls is not None else None
        if seconds is not None:
            self._timers["flight"] = self._loop.call_later(max(0.001, seconds), self._repeat)

    def _repeat(self) -> None:
        if self._dtls is not None and not self._dtls.connected:
            self._transmit(self._dtls.late())
            self._watch()

    def _established(self) -> None:
        assert self._dtls is not None
        self.connected_at = now()
        if timer := self._timers.pop("flight", None):
            timer.cancel()
        self._inbound, self._outbound = self._dtls.inbound, self._dtls.outbound
        self._board.calm(self._socket)
        self._board.add(self._send)
        self._timers["report"] = self._loop.call_later(random.uniform(*_REPORT_SECS), self._report)
        if not self._connected.done():
            self._connected.set_result(None)

    # Connected

    def _send(self) -> None:
        """One packet, when the clock says so."""
        outbound = self._outbound
        if outbound is None or not self._path[1]:
            return
        level, payload, wideband = self.microphone.next()
        if self._wideband and wideband:
            payload = wideband
        self._sequence = sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = timestamp = (self._timestamp + rtp.TICKS) & 0xFFFFFFFF
        head = rtp.header(self._payload_type, sequence, timestamp, self._ssrc, extended=bool(self._levels))
        packet = outbound.protect(head + self._levels[level] + payload if self._levels else head + payload)
        at = now()
        self._sendto(packet, self._path)
        self.microphone.sent(at)
        self._sent += 1
        self._octets += len(payload)

    def _media(self, datagram: bytes, at: float) -> None:
        inbound = self._inbound
        assert inbound is not None
        try:
            if rtp.is_rtcp(datagram):
                self._reception.sender_reported(inbound.unprotect_rtcp(datagram), at)
                return
            payload_type, sequence, timestamp, ssrc, payload = rtp.read(inbound.unprotect(datagram))
        except (pylibsrtp.Error, ValueError):
            return
        if payload_type != self._payload_type or not payload:
            return
        self._reception.add(ssrc, sequence, timestamp, at)
        self.heard.add(at, sequence, timestamp, self._decoder.power(payload) > AUDIBLE)
        if self.on_payload is not None:
            self.on_payload(at, payload)

    def _report(self) -> None:
        if self._outbound is not None:
            moment = time.time()
            packet = rtp.report(
                self._ssrc, self._sent, self._octets, self._timestamp, moment, self._reception
            )
            self._sendto(self._outbound.protect_rtcp(packet), self._path)
        self._timers["report"] = self._loop.call_later(random.uniform(*_REPORT_SECS), self._report)

    def _send_inside(self, message: bytes) -> None:
        if self._dtls is not None:
            self._transmit(self._dtls.seal(message))

    def _transmit(self, datagram: bytes) -> None:
        if datagram and self._path[1]:
            self._sendto(datagram, self._path)

    def _sendto(self, datagram: bytes, address: Address) -> None:
        try:
            self._socket.sendto(datagram, address)
        except (BlockingIOError, OSError):  # as if the network had lost it
            return
