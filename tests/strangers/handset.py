"""Microphone and loudspeaker of a WebRTC client: what a person says goes out in real time, what comes is kept."""

from __future__ import annotations

import asyncio
import fractions
import time

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
    """Hears the whole of a remote track, mono at 16 kHz, and knows when a voice was last in it."""

    def __init__(self) -> None:
        self._heard: list[Pcm] = []
        self._playing: asyncio.Task[None] | None = None
        self.last_voice = -float("inf")
        """On the clock of `time.monotonic`."""

    def play(self, track: MediaStreamTrack) -> None:
        self._playing = asyncio.create_task(self._play(track))

    def take(self) -> Pcm:
        """Return what was heard since the last `take`."""
        heard, self._heard = self._heard, []
        return np.concatenate([np.zeros(0, np.int16), *heard])

    async def voice(self, within: float) -> float:
        """Wait until a voice is heard from now on, and return when; raises TimeoutError after `within` seconds."""
        begun = time.monotonic()
        async with asyncio.timeout(within):
            while self.last_voice < begun:
                await asyncio.sleep(0.01)
        return self.last_voice

    async def silence(self, seconds: float, within: float) -> float:
        """Wait until no voice was heard for `seconds`; return when the last one was. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while time.monotonic() - self.last_voice < seconds:
                await asyncio.sleep(0.01)
        return self.last_voice

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    async def _play(self, track: MediaStreamTrack) -> None:
        mono = AudioResampler(format="s16", layout="mono", rate=HEARD_RATE)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            for part in mono.resample(frame):
                pcm = part.to_ndarray().reshape(-1).astype(np.int16)
                self._heard.append(pcm)
                if int(np.abs(pcm.astype(np.int32)).max(initial=0)) > VOICE:
                    self.last_voice = time.monotonic()
