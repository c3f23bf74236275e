"""Owns the floor: aiortc as its examples use it, a plain energy detector on decoded frames, a tone as the answer.

Nothing lighter can be built on aiortc's media path: no VAD model, no pipeline, no queue between its ends.
FLOOR_PREFETCH=0 takes away the 80 ms that aiortc's jitter buffer holds back before it gives out the first frame.
"""

from __future__ import annotations

import asyncio
import fractions
import os
import time
import uuid
from collections import deque

import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from instant import FRAME_SECS, OFFER_PATH, READY_PATH, SILENCE_SECS, Tones, port

RATE = 48_000
LOUD = 32768 * 10 ** (-50 / 20)
"""RMS of a frame that counts as speech: 10 dB over the callers' room, and what the client itself calls audible. Higher
up, a word's quiet end is taken for silence, and the answer comes before it is due."""

PREFETCH = int(os.environ.get("FLOOR_PREFETCH", "4"))
"""Packets that aiortc's jitter buffer holds back; 4 is its own value."""

calls: set[RTCPeerConnection] = set()


class Voice(MediaStreamTrack):
    """The agent's voice: a tone while there is one, silence otherwise, 50 frames a second."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: deque[np.ndarray] = deque()
        self._tones = Tones(RATE)
        self._silence = np.zeros(round(RATE * FRAME_SECS), np.int16)
        self._begun: float | None = None
        self._pts = 0

    def answer(self) -> None:
        self._frames = deque(self._tones.frames())

    def hush(self) -> None:
        self._frames.clear()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._begun is None:
            self._begun = time.monotonic()
        else:
            wait = self._begun + self._pts / RATE - time.monotonic()
            await asyncio.sleep(max(0.0, wait))
        pcm = self._frames.popleft() if self._frames else self._silence
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._pts, fractions.Fraction(1, RATE)
        self._pts += pcm.size
        return frame


async def converse(track: MediaStreamTrack, voice: Voice) -> None:
    """Hush at the first loud frame, answer once it has been quiet for the configured silence."""
    speaking, quiet = False, 0.0
    try:
        while True:
            frame = await track.recv()
            pcm = frame.to_ndarray().astype(np.float32)
            if float(np.sqrt(np.mean(pcm * pcm))) > LOUD:
                if not speaking:
                    voice.hush()
                speaking, quiet = True, 0.0
            elif speaking:
                quiet += frame.samples / frame.sample_rate
                if quiet >= SILENCE_SECS - 1e-6:
                    speaking = False
                    voice.answer()
    except MediaStreamError:
        return


async def offer(request: web.Request) -> web.Response:
    body = await request.json()
    call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    calls.add(call)
    voice = Voice()
    call.addTrack(voice)
    conversations = []

    @call.on("track")
    def on_track(track: MediaStreamTrack) -> None:
        if PREFETCH != 4:
            for receiver in call.getReceivers():
                receiver._RTCRtpReceiver__jitter_buffer._prefetch = PREFETCH
        conversations.append(asyncio.create_task(converse(track, voice)))

    @call.on("connectionstatechange")
    async def on_change() -> None:
        if call.connectionState in ("failed", "closed"):
            await call.close()
            calls.discard(call)

    await call.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
    await call.setLocalDescription(await call.createAnswer())
    described = call.localDescription
    return web.json_response({"sdp": described.sdp, "type": described.type, "session_id": uuid.uuid4().hex})


async def ready(_: web.Request) -> web.Response:
    return web.Response(text="ready")


def main() -> None:
    app = web.Application()
    app.router.add_post(OFFER_PATH, offer)
    app.router.add_get(READY_PATH, ready)
    web.run_app(app, host="127.0.0.1", port=port(__doc__), print=None, access_log=None)


if __name__ == "__main__":
    main()
