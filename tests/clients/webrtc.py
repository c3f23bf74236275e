"""Owns calls over WebRTC, their SDP brought by HTTP (`/api/webrtc/offer`) or by WebSocket (`/ws/v2/{id}`).

What arrives is taken where the packet has just been decrypted, before any jitter buffer, and decoded by an
Opus decoder of its own; what leaves is Opus encoded here, mono, 50 packets a second, silence included. So the
times are the wire's.
"""

from __future__ import annotations

import asyncio
import fractions
import json
import time
import uuid
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.packet import Packet
from websockets.asyncio.client import ClientConnection, connect

from tests.clients import plain_http
from tests.clients.events import Events
from tests.clients.microphone import Microphone, Pace, Spoken
from tests.clients.recording import Recording
from tests.speech import Pcm

OPUS_RATE = 48_000


class OpusEncoder:
    """Mono Opus, 20 ms a packet, as a browser sends it (32 kb/s, VoIP)."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        codec.sample_rate, codec.bit_rate = OPUS_RATE, 32_000
        codec.layout, codec.format = "mono", "s16"
        codec.options = {"application": "voip"}
        self._codec, self._pts = codec, 0

    def encode(self, pcm: Pcm) -> bytes:
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = OPUS_RATE, self._pts
        self._pts += pcm.size
        return b"".join(bytes(p) for p in self._codec.encode(frame))


class OpusDecoder:
    """Opus packets in, mono PCM at 48 kHz out; an empty payload is nothing."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        codec.sample_rate = OPUS_RATE
        codec.layout, codec.format = "mono", "s16"
        self._codec = codec

    def decode(self, payload: bytes) -> Pcm:
        if not payload:
            return np.zeros(0, np.int16)
        frames = self._codec.decode(Packet(payload))
        return np.concatenate([f.to_ndarray().reshape(-1) for f in frames] or [np.zeros(0, np.int16)])


class MicrophoneTrack(MediaStreamTrack):
    """Gives aiortc's sender packets that are encoded already, so that no thread pool stands between here and
    the wire.
    """

    kind = "audio"

    def __init__(self, microphone: Microphone, pace: Pace) -> None:
        super().__init__()
        self._microphone, self._pace, self._encoder, self._pts = microphone, pace, OpusEncoder(), 0

    async def recv(self) -> Packet[Any]:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.tick()
        payload = self._encoder.encode(self._microphone.frame())
        packet: Packet[Any] = Packet(payload)
        packet.pts, packet.time_base = self._pts, fractions.Fraction(1, OPUS_RATE)
        self._pts += self._microphone.samples
        self._microphone.sent(time.monotonic())
        return packet


class WebRtcClient:
    """A call through `POST /api/webrtc/offer`.

    async with WebRtcClient("http://127.0.0.1:9011") as call:
        call.say(pcm)
    """

    rate = OPUS_RATE
    """Hz of what is said and what is heard."""

    def __init__(self, url: str, *, data_channel: bool = True, test_tone: bool = False) -> None:
        self.url = url
        self._asked: dict[str, bool | str] = {"test_tone": True} if test_tone else {}
        self.microphone = Microphone(OPUS_RATE)
        self.pace = Pace()
        self.heard = Recording(OPUS_RATE)
        self.events = Events()
        self.session_id = ""
        self.offered_at = self.answered_at = self.connected_at = 0.0
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = MicrophoneTrack(self.microphone, self.pace)
        self._decoder = OpusDecoder()
        self._state_changed = asyncio.Event()
        self.pc.on("connectionstatechange", self._state_changed.set)
        self._transceiver = self.pc.addTransceiver(self._track, "sendrecv")
        self._tap()
        self.channel = self.pc.createDataChannel("parley") if data_channel else None
        if self.channel is not None:
            self.channel.on("message", lambda text: self.events.add(json.loads(text)))

    def _tap(self) -> None:
        """Take RTP on arrival; aiortc's jitter buffer and decoder thread get nothing."""

        async def arrived(packet: Any, arrival_time_ms: int) -> None:
            at = time.monotonic()
            pcm = self._decoder.decode(packet.payload)
            self.heard.add(at, len(packet.payload), pcm, packet.sequence_number)

        self._transceiver.receiver._handle_rtp_packet = arrived  # type: ignore[method-assign]

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

    async def connect(self, within: float = 15.0) -> None:
        """Offer, take the answer, wait for ICE and DTLS; raises TimeoutError or RefusedError."""
        offer = await self.offer()
        self.offered_at = time.monotonic()
        answer = await self.exchange(offer)
        self.answered_at = time.monotonic()
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(within):
            while self.pc.connectionState != "connected":
                if self.pc.connectionState in ("failed", "closed"):
                    raise ConnectionError(f"the peer connection is {self.pc.connectionState}")
                self._state_changed.clear()
                await self._state_changed.wait()
        self.connected_at = time.monotonic()

    def resume(self, session_id: str) -> None:
        """The next offer goes on with this session."""
        self._asked["resume"] = session_id

    async def offer(self) -> str:
        """Return the SDP of a whole offer: every candidate is in it."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def exchange(self, sdp: str) -> str:
        """Bring the offer to the server and return its answer."""
        offer = {"sdp": sdp, "type": "offer", **self._asked}
        response = await plain_http.request("POST", f"{self.url}/api/webrtc/offer", offer)
        if response.status != 200:
            raise RefusedError(response.status, response.body.decode(errors="replace"))
        answer = response.json()
        self.session_id = answer["session_id"]
        assert answer["type"] == "answer", answer["type"]
        return str(answer["sdp"])

    def say(self, pcm: Pcm) -> Spoken:
        """Queue speech at `rate`; it leaves at the pace of speech."""
        return self.microphone.say(pcm)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message through the data channel."""
        assert self.channel is not None
        self.channel.send(json.dumps(message))

    async def hang_up(self) -> None:
        self._track.stop()
        await self.pc.close()


class SignalingClient(WebRtcClient):
    """A call through `/ws/v2/{session_id}`; with `trickle` the candidates follow the offer one by one."""

    def __init__(
        self, url: str, *, session_id: str = "", trickle: bool = True, data_channel: bool = True
    ) -> None:
        super().__init__(url, data_channel=data_channel)
        self.session_id = session_id or f"test-{uuid.uuid4().hex}"
        self.signals = Events()
        self._trickle = trickle
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def exchange(self, sdp: str) -> str:
        self._socket = await connect(f"ws{self.url.removeprefix('http')}/ws/v2/{self.session_id}")
        self._reader = asyncio.create_task(self._read(self._socket))
        lines = sdp.split("\r\n")
        candidates = [line for line in lines if line.startswith("a=candidate:")]
        if self._trickle:
            named = ("a=candidate:", "a=end-of-candidates")
            sdp = "\r\n".join(line for line in lines if not line.startswith(named))
        await self.signal({"type": "offer", "sdp": sdp})
        answer = await self.signals.wait("answer")
        if self._trickle:
            # Everything is in one bundle, on the transport of the first section (RFC 9143).
            for line in dict.fromkeys(candidates):
                candidate = {"candidate": line.removeprefix("a="), "sdpMid": "0", "sdpMLineIndex": 0}
                await self.signal({"type": "candidate", "candidate": candidate})
            await self.signal({"type": "candidate", "candidate": None})
        return str(answer["sdp"])

    async def signal(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            self.signals.add(json.loads(message))

    async def hang_up(self) -> None:
        await super().hang_up()
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)


class RefusedError(Exception):
    """The server answered the offer with something else than 200."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body
