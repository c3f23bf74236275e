"""One WebRTC call over aiortc's ICE, DTLS and SCTP: audio both ways, text both ways, and an end for certain.

Rules: audio never waits. A frame is encoded, sealed and sent inside `send_pcm`; a packet is opened, ordered and decoded
inside the socket's callback; there is no task, thread or queue per frame. Whatever ends a call (the peer, silence, us)
frees every task, timer and socket, and `on_closed` tells the reason at most once, never after a `close()` of ours.

The pieces are put together here instead of in aiortc's RTCPeerConnection, which builds its own senders and receivers
(a decoder thread per call, an executor hop per frame) and knows no other. RTCIceTransport and
RTCDtlsTransport are taken as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pylibsrtp
from aiortc import (
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCSctpCapabilities,
)
from aiortc.rtp import RtcpRrPacket, RtcpSrPacket

from parley_dataplane.errors import BadMessage
from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import OpusSettings, new_encoder
from parley_dataplane.transports.webrtc.dtls import Certificate, Dtls
from parley_dataplane.transports.webrtc.ice import Ice
from parley_dataplane.transports.webrtc.port import UdpPort
from parley_dataplane.transports.webrtc.receiver import NOTHING, AudioReceiver, Received
from parley_dataplane.transports.webrtc.rtp import is_rtcp, parse_rtcp
from parley_dataplane.transports.webrtc.sctp import BoundedSctp
from parley_dataplane.transports.webrtc.sdp import Local, Offer, read_offer, write_answer
from parley_dataplane.transports.webrtc.sender import AudioSender
from parley_dataplane.transports.webrtc.srtp import Cipher, opener, sealer
from parley_dataplane.transports.webrtc.texts import Texts

MOST_REPORTS = 50
"""RTCP packets that are read between two of our own reports, about a second: peers send one or two."""

_LONGEST_CANDIDATE = 1_024
_CERTIFICATE_DAYS = 7


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Seconds. `unseen_secs` without one check by a peer that knows the password: who made the offer is not there.
    `vanished_secs` without one authentic packet: browsers and aiortc send RTP, or check consent every 4 to 6 s.
    """

    unseen_secs: float = 10.0
    connect_secs: float = 30.0
    vanished_secs: float = 15.0
    opus: OpusSettings = field(default_factory=OpusSettings)


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Of a call since it began, over all sources of the peer: what came, what was let go, and what was made of it. They
    only grow; what those of packets heard mean stands with ReceiverCounts.
    """

    received_packets: int
    lost_packets: int
    recovered_packets: int
    concealed_packets: int
    late_packets: int
    duplicate_packets: int
    flooded_packets: int
    broken_packets: int
    forged_packets: int
    """Whose cipher or password is not the peer's; replayed ones too."""
    unsent_packets: int
    """That the network did not take at once."""
    dropped_texts: int
    refused_messages: int


def _nothing(*_: object) -> None:
    return None


class WebRtcCall:
    """Made by `answer`; see the module's rules."""

    def __init__(
        self,
        offer: Offer,
        port: UdpPort,
        *,
        on_sensed: Callable[[Pcm], None],
        on_audio: Callable[[Pcm], None],
        on_whole: Callable[[Pcm], None] | None,
        on_message: Callable[[str], None],
        on_channel_open: Callable[[], None],
        on_connected: Callable[[], None],
        on_closed: Callable[[str], None],
        on_ended: Callable[[WebRtcCall], None],
        on_report: Callable[[float | None, float], None],
        settings: CallSettings,
    ) -> None:
        self.answer_sdp = ""
        self._unsent = self._forged = 0
        self._reports = self._flooded_reports = 0
        self._offer = offer
        self._settings = settings
        self._on_sensed = on_sensed
        self._on_audio = on_audio
        self._on_whole = on_whole or self._apart
        self._texts = Texts(on_message, on_channel_open)
        self._on_connected = on_connected
        self._on_closed = on_closed
        self._on_ended = on_ended
        self._on_report = on_report
        self._loop = asyncio.get_running_loop()
        self._cname = uuid.uuid4().hex
        self._sender = AudioSender(
            ssrc=secrets.randbelow(2**32 - 1) + 1,
            cname=self._cname,
            payload_type=offer.opus,
            # In the lower half, so that the first wrap is minutes away: SRTP guesses the roll-over (RFC 3711, 3.3.1).
            sequence=secrets.randbelow(2**15),
            timestamp=secrets.randbelow(2**32),
            extensions=offer.extensions,
            mid=offer.mid,
            settings=settings.opus,
        )
        self._receiver = AudioReceiver(offer.opus)
        self._ice = Ice(
            port,
            remote_ufrag=offer.ufrag,
            remote_password=offer.password,
            remote_is_lite=offer.ice_lite,
            on_media=self._on_media,
            on_alive=self._alive,
            on_failed=self._consent_ended,
        )
        self._dtls = Dtls(self._ice, _certificate(_certificate_epoch()))
        self._dtls._set_role("client" if offer.our_setup == "active" else "server")
        self._sctp = BoundedSctp(self._dtls) if offer.data is not None else None
        self._connected = False
        self._seal: Cipher = bytes
        self._unseal: Cipher = bytes  # both as DTLS has agreed, once connected
        self._last_heard = self._loop.time()
        self._connecting: asyncio.Task[None] | None = None
        self._freeing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def answer(
        cls,
        offer_sdp: str,
        *,
        port: UdpPort,
        on_audio: Callable[[Pcm], None],
        on_message: Callable[[str], None],
        on_sensed: Callable[[Pcm], None] = _nothing,
        on_whole: Callable[[Pcm], None] | None = None,
        on_channel_open: Callable[[], None] = _nothing,
        on_connected: Callable[[], None] = _nothing,
        on_closed: Callable[[str], None] = _nothing,
        on_ended: Callable[[WebRtcCall], None] = _nothing,
        on_report: Callable[[float | None, float], None] = _nothing,
        settings: CallSettings | None = None,
    ) -> WebRtcCall:
        """Answers an offer; `answer_sdp` is ready when this returns, the call connects behind it, over `port`. BadSdp.

        All callbacks are plain and run in the loop. `on_audio` gets 16 kHz PCM of any length, in order;
        `on_sensed` the same as it arrives, without waiting for what is missing: the holes are filled. While nothing is
        missing `on_whole` gets what both would, and they nothing; without it they get it. `on_ended` gets
        the call when it ends, in whatever way; `on_closed` the reason, unless it was `close()`. `on_report` gets what
        the peer reports of our audio: seconds there and back, None where it does not say, and the share lost lately.
        """
        call = cls(
            read_offer(offer_sdp),
            port,
            on_sensed=on_sensed,
            on_audio=on_audio,
            on_whole=on_whole,
            on_message=on_message,
            on_channel_open=on_channel_open,
            on_connected=on_connected,
            on_closed=on_closed,
            on_ended=on_ended,
            on_report=on_report,
            settings=settings or CallSettings(),
        )
        try:
            call._open()
        except BaseException:
            await call.close()
            raise
        return call

    @staticmethod
    def warm_up() -> None:
        """Makes the certificate and loads libopus, so that the first caller does not wait 30 ms for them."""
        _fingerprints(_certificate_epoch())
        new_encoder()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def seen(self) -> bool:
        """Whether the peer has shown that it got the answer: an offer alone costs a stranger nothing."""
        return self._ice.seen

    @property
    def counts(self) -> CallCounts:
        heard = self._receiver.counts
        return CallCounts(
            received_packets=heard.received,
            lost_packets=heard.lost,
            recovered_packets=heard.recovered,
            concealed_packets=heard.concealed,
            late_packets=heard.late,
            duplicate_packets=heard.duplicate,
            flooded_packets=heard.flooded + self._flooded_reports,
            broken_packets=heard.broken,
            forged_packets=self._forged + self._ice.forged,
            unsent_packets=self._unsent,
            dropped_texts=self._texts.dropped,
            refused_messages=self._texts.refused + (self._sctp.broken if self._sctp else 0),
        )

    @property
    def round_trip(self) -> float | None:
        """Seconds to the peer and back, by its last report."""
        return self._sender.round_trip

    @property
    def rests(self) -> bool:
        """Whether silence would send nothing in the next slot (DTX)."""
        return not self._connected or self._sender.rests

    def send_pcm(self, frame: Pcm | None) -> None:
        """One packet, now: at most SPEAKING_FRAME samples (fewer are filled up with silence), None for silence.

        To be called every 20 ms by the process' one pacer. Before the call is connected nothing is sent and nothing
        kept: what would wait would be late. ValueError for a frame that is too long.
        """
        if not self._connected:
            return
        received = self._receiver.tick(self._loop.time())
        if received is not NOTHING:
            self._listen(received)
        if not self._offer.we_send:
            return
        if frame is not None and len(frame) < SPEAKING_FRAME:
            frame = np.pad(frame, (0, SPEAKING_FRAME - len(frame)))
        packet = self._sender.packet(frame, time.time())
        if packet is not None and not self._ice.send_now(self._seal(packet)):
            self._unsent += 1

    def send_text(self, text: str) -> None:
        """A text to every open channel. While a peer does not read, the oldest that wait are dropped, counted."""
        self._texts.send(text)

    def add_candidate(self, candidate: Mapping[str, Any] | None) -> None:
        """A trickled candidate as browsers write it: {candidate, sdpMid, sdpMLineIndex}; None ends them. BadMessage."""
        if candidate is None:
            return
        line = candidate.get("candidate", "")
        if not isinstance(line, str) or len(line) > _LONGEST_CANDIDATE:
            raise BadMessage(
                'candidate.candidate is no short text: send RTCIceCandidate.toJSON(), or null for "no more"'
            )
        if not line or not self._is_ours(candidate):
            return
        try:
            self._ice.add(line.removeprefix("a=").removeprefix("candidate:"))
        except ValueError:
            raise BadMessage(
                "candidate.candidate is no candidate (RFC 8839, 5.1): send RTCIceCandidate.toJSON() as it is"
            ) from None

    def end(self, reason: str) -> None:
        """The one way out: from here on nothing is sent or heard; tells `on_closed` the reason, frees behind it."""
        if self._freeing is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._connected:
            self._ice.send_now(self._dtls._tx_srtp.protect_rtcp(self._goodbye()))
        self._connected = False
        self._freeing = self._loop.create_task(self._free())
        self._on_ended(self)
        self._on_closed(reason)

    async def close(self) -> None:
        """Says goodbye to the peer and frees everything; again is no harm. `on_closed` is not called for it."""
        self._on_closed = _nothing
        self.end("closed")
        if self._freeing is not None:
            await asyncio.shield(self._freeing)

    def _open(self) -> None:
        for line in self._offer.candidates:
            with contextlib.suppress(ValueError):  # one that can't be read is one that can't be used
                self._ice.add(line)
        self.answer_sdp = write_answer(self._offer, self._local())
        self._dtls.on("statechange", self._on_state)
        if self._sctp is not None:
            self._sctp.on("datachannel", self._texts.attach)
        self._connecting = self._loop.create_task(self._connect())
        self._timer = self._loop.call_later(self._settings.unseen_secs, self._check_connecting)
        self._ice.start()

    def _local(self) -> Local:
        return Local(
            ufrag=self._ice.ufrag,
            password=self._ice.password,
            fingerprints=_fingerprints(_certificate_epoch()),
            candidates=self._ice.candidates(),
            ssrc=self._sender.ssrc,
            cname=self._cname,
        )

    async def _connect(self) -> None:
        try:
            await self._ice.connected()
            fingerprints = [
                RTCDtlsFingerprint(algorithm, value) for algorithm, value in self._offer.fingerprints
            ]
            await self._dtls.start(RTCDtlsParameters(fingerprints))
            if self._dtls.state != "connected":
                self.end("connection failed")
                return
            self._established()
            if self._sctp is not None:
                await self._sctp.start(
                    RTCSctpCapabilities(self._offer.largest_message), self._offer.sctp_port
                )
        except OSError:
            self.end("connection failed")

    def _check_connecting(self) -> None:
        """Who was seen by now gets the whole time; `unseen_secs` of it are over."""
        rest = self._settings.connect_secs - self._settings.unseen_secs
        if not self._ice.seen or rest <= 0:
            self.end("connect timeout")
        else:
            self._timer = self._loop.call_later(rest, self.end, "connect timeout")

    def _established(self) -> None:
        if self._freeing is None:
            self._seal, self._unseal = sealer(self._dtls._tx_srtp), opener(self._dtls._rx_srtp)
            self._connected = True
            self._alive()
            self._check_and_report()
            self._on_connected()

    def _check_and_report(self) -> None:
        """The one timer of a connected call: reports, and whether the peer is still there."""
        now = self._loop.time()
        self._flooded_reports += max(self._reports - MOST_REPORTS, 0)
        self._reports = 0
        silent = now - self._last_heard
        if silent >= self._settings.vanished_secs:
            self.end("vanished")
            return
        self._ice.check_consent(now)
        if self._freeing is not None:
            return
        report = self._sender.report(time.time()) + self._receiver.report(self._sender.ssrc, now)
        if report:
            self._ice.send_now(self._dtls._tx_srtp.protect_rtcp(report))
        if self._timer is not None:
            self._timer.cancel()
        # Varied, so that the reports of many calls do not come all at once (RFC 3550, 6.2).
        delay = min(0.5 + random.random(), self._settings.vanished_secs - silent)
        self._timer = self._loop.call_later(delay, self._check_and_report)

    def _alive(self) -> None:
        self._last_heard = self._loop.time()

    def _on_media(self, datagram: bytes) -> None:
        if not self._connected:
            return
        is_report = is_rtcp(datagram)
        try:
            packet = self._dtls._rx_srtp.unprotect_rtcp(datagram) if is_report else self._unseal(datagram)
        except (pylibsrtp.Error, ValueError):  # forged, replayed or broken; longer than any RTP
            self._forged += 1
            return
        if is_report:
            self._on_rtcp(packet)
            return
        now = self._last_heard = self._loop.time()
        self._listen(self._receiver.receive(packet, now))

    def _listen(self, received: Received) -> None:
        sensed, heard = received
        if sensed is heard:
            for pcm in heard:
                self._on_whole(pcm)
            return
        for pcm in sensed:
            self._on_sensed(pcm)
        for pcm in heard:
            self._on_audio(pcm)

    def _apart(self, pcm: Pcm) -> None:
        self._on_sensed(pcm)
        self._on_audio(pcm)

    def _on_rtcp(self, packet: bytes) -> None:
        self._alive()
        self._reports += 1
        if self._reports > MOST_REPORTS:
            return
        for part in parse_rtcp(packet):
            if isinstance(part, RtcpSrPacket):
                self._receiver.sender_reported(part.ssrc, part.sender_info.ntp_timestamp, self._last_heard)
            if isinstance(part, (RtcpSrPacket, RtcpRrPacket)):
                for report in part.reports:
                    if report.ssrc == self._sender.ssrc:
                        self._sender.reported(report, time.time())
                        self._on_report(self._sender.round_trip, report.fraction_lost / 256)

    def _is_ours(self, candidate: Mapping[str, Any]) -> bool:
        """Whether a candidate belongs to the transport that the answer chose; one that names none does."""
        mid, index = candidate.get("sdpMid"), candidate.get("sdpMLineIndex")
        if mid is not None:
            return bool(mid == self._offer.sections[self._offer.transport].mid)
        return index is None or index == self._offer.transport

    def _consent_ended(self) -> None:
        self.end("vanished")

    def _on_state(self) -> None:
        if self._dtls.state == "failed":
            self.end("connection failed")
        elif self._dtls.state == "closed":
            self.end("closed by the peer")

    def _goodbye(self) -> bytes:
        """BYE comes at the end of a compound packet that starts with a report (RFC 3550, 6.1)."""
        report = self._sender.report(time.time())
        report = report or self._receiver.report(self._sender.ssrc, self._loop.time())
        return report + self._sender.goodbye()

    async def _free(self) -> None:
        self._dtls.remove_all_listeners()
        self._texts.close()
        # Last in, first out; the sockets close whatever else fails.
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_connecting)
            stack.callback(self._ice.close)
            stack.push_async_callback(self._dtls.stop)
            if self._sctp is not None:
                stack.push_async_callback(self._sctp.stop)
        self._release()

    def _release(self) -> None:
        """Let go by hand of what is large: a closed call is a knot of objects that refer to each other, which the
        collector comes to late.
        """
        self._on_sensed = self._on_audio = self._on_whole = self._on_connected = _nothing
        self._on_closed = self._on_ended = self._on_report = _nothing
        self._dtls._ssl = None

    async def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)


def _certificate_epoch() -> int:
    """Certificates last 30 days; the number of ours changes every 7."""
    return (datetime.now(UTC) - datetime(2020, 1, 1, tzinfo=UTC)) // timedelta(days=_CERTIFICATE_DAYS)


@functools.lru_cache(maxsize=1)
def _certificate(epoch: int) -> Certificate:
    """One for all calls of the process: making a key per call costs more than answering it."""
    return Certificate.generateCertificate()


@functools.lru_cache(maxsize=1)
def _fingerprints(epoch: int) -> list[tuple[str, str]]:
    return [(f.algorithm, f.value) for f in _certificate(epoch).getFingerprints() if f.algorithm == "sha-256"]
