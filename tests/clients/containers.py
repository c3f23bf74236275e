"""Owns the containers that a caller may send and an answer comes in: WAV by the standard library, WebM and
Ogg by PyAV.
"""

from __future__ import annotations

import io
import wave

import av
import numpy as np

from tests.speech import Pcm, resampled


def wav(pcm: Pcm, rate: int) -> bytes:
    """Return a RIFF file of 16-bit mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm.tobytes())
    return file.getvalue()


def read_wav(data: bytes) -> tuple[Pcm, int]:
    """Return samples and rate of 16-bit mono; raises wave.Error or ValueError for anything else."""
    with wave.open(io.BytesIO(data)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError(f"{file.getnchannels()} channels of {file.getsampwidth()} bytes")
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        if pcm.size != file.getnframes():
            raise ValueError(f"the header promises {file.getnframes()} samples, there are {pcm.size}")
        return pcm, file.getframerate()


def opus(pcm: Pcm, rate: int, container: str) -> bytes:
    """Return Opus in "webm" or "ogg", as a browser's MediaRecorder writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        samples = resampled(pcm, rate, 48_000)
        for start in range(0, samples.size, 960):
            part = np.pad(samples[start : start + 960], (0, max(0, start + 960 - samples.size)))
            frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
