"""A call over WebRTC: one offer by HTTP, Opus both ways, JSON on a data channel.

Whoever offers again with the session's id before the server has given it up goes on with the same conversation.

Rules: no STUN server is asked unless the program names one; silence is sent as long as nothing is said, as a microphone
does; a server that nothing comes from for `SILENT_SECS` is lost, since it reports each second.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from parley.client import replies
from parley.client.address import Address
from parley.client.errors import Blocked, Refused, Unreachable, WrongUrl
from parley.client.events import DOWN_RATE, Audio, Ended, Session, read
from parley.client.link import OPEN_SECS, Listener
from parley.client.voice import FRAME_SAMPLES, UP_RATE, Pace, Voice

SILENT_SECS = 6.0
LOOK_SECS = 1.0
MOST_ANSWER_BYTES = 262_144
GONE_CODES = ("unknown-session", "ended-session")
SILENCE = bytes(2 * FRAME_SAMPLES)


class WebRtcLink:
    def __init__(self, address: Address, voice: Voice, hear: Listener) -> None:
        self._url = address.offer
        self._hear = hear
        self._mouth = _Mouth(voice)
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._channel = self._peer.createDataChannel("parley")
        loop = asyncio.get_running_loop()
        self._session: asyncio.Future[Session] = loop.create_future()
        self._over: asyncio.Future[Ended | None] = loop.create_future()
        self._listening: asyncio.Task[None] | None = None

    async def open(self, resume: str) -> Session:
        self._peer.addTransceiver(self._mouth, "sendrecv")
        self._peer.on("track", self._listen)
        self._peer.on("connectionstatechange", self._changed)
        self._channel.on("message", self._told)
        self._channel.on("close", self._lost)
        try:
            await self._peer.setLocalDescription(await self._peer.createOffer())
            answer = await self._exchange(resume)
            await self._peer.setRemoteDescription(answer)
            return await self._connected()
        except BaseException:
            await self.close()
            raise

    async def serve(self) -> Ended | None:
        """Ends by a message, by the connection's own state, or when nothing has come for a while."""
        received, silent = 0, 0.0
        while not self._over.done():
            await asyncio.wait((self._over,), timeout=LOOK_SECS)
            before, received = received, await self._received()
            silent = 0.0 if received > before else silent + LOOK_SECS
            if silent >= SILENT_SECS:
                self._lost()
        return self._over.result()

    def send(self, message: dict[str, str]) -> None:
        if self._channel.readyState == "open":
            self._channel.send(json.dumps(message))

    async def close(self) -> None:
        """The server sees it in DTLS: no word of goodbye is needed."""
        self._lost()
        self._session.cancel()
        self._mouth.stop()
        await self._peer.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _exchange(self, resume: str) -> RTCSessionDescription:
        """A conversation that the server has not kept is begun anew, by the same offer."""
        offer = {"type": "offer", "sdp": self._peer.localDescription.sdp}
        try:
            answer = await asyncio.to_thread(
                _post, self._url, {**offer, "resume": resume} if resume else offer
            )
        except Refused as error:
            if not resume or error.code not in GONE_CODES:
                raise
            answer = await asyncio.to_thread(_post, self._url, offer)
        return RTCSessionDescription(answer, "answer")

    async def _connected(self) -> Session:
        """The session is the first message, and comes over the connection itself."""
        done, _ = await asyncio.wait(
            (self._session, self._over), timeout=OPEN_SECS, return_when=asyncio.FIRST_COMPLETED
        )
        if self._session not in done:
            raise Blocked("the server answered, but no media gets through: a firewall or VPN may block UDP")
        return self._session.result()

    def _told(self, raw: str | bytes) -> None:
        for event in read(raw) if isinstance(raw, str) else []:
            if isinstance(event, Session):
                if not self._session.done():
                    self._session.set_result(event)
            elif self._over.done():
                return
            elif isinstance(event, Ended):
                self._over.set_result(event)
            else:
                self._hear(event)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._decode(track), name="parley-client-ear")

    async def _decode(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=DOWN_RATE)
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                for made in resampler.resample(frame):
                    if not self._over.done():
                        self._hear(Audio(bytes(made.planes[0])[: 2 * made.samples]))

    def _changed(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self._lost()

    def _lost(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def _received(self) -> int:
        """Packets so far, of any kind."""
        stats: dict[str, Any] = await self._peer.getStats()
        return sum(one.packetsReceived for one in stats.values() if one.type == "transport")


class _Mouth(MediaStreamTrack):
    """The voice as aiortc's sender takes it: a frame each 20 ms, silence where nothing is said."""

    kind = "audio"

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice, self._pace, self._samples = voice, Pace(), 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.tick()
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(self._voice.frame() or SILENCE)
        frame.sample_rate, frame.time_base = UP_RATE, fractions.Fraction(1, UP_RATE)
        frame.pts, self._samples = self._samples, self._samples + FRAME_SAMPLES
        return frame


def _post(url: str, offer: dict[str, str]) -> str:
    """The answer's SDP. Blocks; raises CallError."""
    request = urllib.request.Request(url, json.dumps(offer).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=OPEN_SECS) as response:
            body = response.read(MOST_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            retry_after = error.headers.get("Retry-After", "")
            raise replies.of_http(url, error.code, retry_after, error.read(MOST_ANSWER_BYTES)) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"nobody answers at {url} ({type(reason).__name__}): is it running?") from None
    with contextlib.suppress(ValueError):
        match json.loads(body):
            case {"type": "answer", "sdp": str(sdp)}:
                return sdp
    raise WrongUrl(f"what answers at {url} speaks another protocol: is a Parley server there?")
