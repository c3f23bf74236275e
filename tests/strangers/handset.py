"""Microphone and loudspeaker of a WebRTC client: what a person says goes out in real time, what comes is kept."""

from __future__ import annotations

import asyncio
import fractions
import itertools
import time
from collections.abc import Callable

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from tests.speech import Pcm

MICROPHONE_RATE, FRAME_SAMPLES = 48_000, 960
"""Opus over WebRTC: 20 ms a frame."""
HEARD_RATE = 16_000
VOICE = 500
"""A frame whose loudest sample is below it is silence (-36 dB)."""


class Microphone(MediaStreamTrack):
    """Silence, and what `say` is given, one frame every 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._unsaid = np.zeros(0, np.int16)
        self._said = asyncio.Event()
        self._started: float | None = None
        self._samples = 0

    async def say(self, pcm: Pcm) -> None:
        """Say `pcm` (48 kHz); returns when its last sample has gone out."""
        self._unsaid = np.concatenate([self._unsaid, pcm])
        self._said.clear()
        await self._said.wait()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._started is None:
            self._started = now
        await asyncio.sleep(max(0.0, self._started + self._samples / MICROPHONE_RATE - now))
        spoken, self._unsaid = self._unsaid[:FRAME_SAMPLES], self._unsaid[FRAME_SAMPLES:]
        if self._unsaid.size == 0:
            self._said.set()
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(np.pad(spoken, (0, FRAME_SAMPLES - spoken.size)).tobytes())
        frame.pts, frame.sample_rate = self._samples, MICROPHONE_RATE
        frame.time_base = fractions.Fraction(1, MICROPHONE_RATE)
        self._samples += FRAME_SAMPLES
        return frame


class Loudspeaker:
    """Keeps all that comes on a remote track, mono at 16 kHz, and knows when there was a voice in it.

    Its time is the track's own, in seconds: a busy machine hears late, and must not take that for silence. It is read
    from the packets' timestamps, since a silent peer may send few of them (RFC 7587, 3.1.3). Whoever waits gets a
    TimeoutError after `within` seconds by the wall's clock.
    """

    def __init__(self) -> None:
        self._heard: list[tuple[float, Pcm]] = []
        self._voiced: list[float] = []
        self._playing: asyncio.Task[None] | None = None
        self._timestamp: int | None = None
        self.now = 0.0

    def play(self, track: MediaStreamTrack) -> None:
        self._playing = asyncio.create_task(self._play(track))

    def since(self, time: float) -> Pcm:
        """Return what was heard from `time` on."""
        return np.concatenate([np.zeros(0, np.int16), *(pcm for at, pcm in self._heard if at >= time)])

    async def voice(self, after: float, within: float) -> float:
        """Wait for a voice after `after`; return when it began."""
        return await _come(lambda: next((at for at in self._voiced if at > after), None), within)

    async def pause(self, seconds: float, after: float, within: float) -> float:
        """Wait until no voice was heard for `seconds` after `after`; return when that pause began."""
        return await _come(lambda: self._pause(seconds, after), within)

    async def until(self, time: float, within: float) -> None:
        await _come(lambda: self.now if self.now >= time else None, within)

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    def _pause(self, seconds: float, after: float) -> float | None:
        times = [after, *(at for at in self._voiced if at > after), self.now]
        return next((at for at, later in itertools.pairwise(times) if later - at >= seconds), None)

    async def _play(self, track: MediaStreamTrack) -> None:
        mono = AudioResampler(format="s16", layout="mono", rate=HEARD_RATE)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            self._advance(frame)
            for part in mono.resample(frame):
                pcm = part.to_ndarray().reshape(-1).astype(np.int16)
                self._heard.append((self.now, pcm))
                if int(np.abs(pcm.astype(np.int32)).max(initial=0)) > VOICE:
                    self._voiced.append(self.now)

    def _advance(self, frame: AudioFrame) -> None:
        assert frame.pts is not None
        passed = frame.pts - self._timestamp if self._timestamp is not None else 0
        self._timestamp = frame.pts
        # RTP's timestamps have 32 bits, and begin anywhere (RFC 3550, 5.1).
        self.now += passed % 2**32 / frame.sample_rate


async def _come(seen: Callable[[], float | None], within: float) -> float:
    async with asyncio.timeout(within):
        while (time := seen()) is None:
            await asyncio.sleep(0.01)
    return time
