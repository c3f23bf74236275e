"""Owns the containers that a caller may send and an answer comes in: WAV by the standard library, WebM and
Ogg by PyAV.
"""

from __future__ import annotations

import io
import itertools
import math
import wave
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet

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
    """Return a whole file of Opus in "webm" or "ogg": it says how long it is."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        for packets in _encoded(out, pcm, rate):
            out.mux(packets)
    return file.getvalue()


def slices(pcm: Pcm, rate: int, seconds: float) -> list[bytes]:
    """Return WebM/Opus as a MediaRecorder hands it out whose time slice lasts so many seconds: the header is in the
    first, and nothing says how long it will be.
    """
    file = io.BytesIO()
    options = {"live": "1", "cluster_time_limit": str(round(1000 * seconds)), "flush_packets": "1"}
    ends = []
    with av.open(file, "w", format="webm", options=options) as out:
        for packets in _encoded(out, pcm, rate):
            out.mux(packets)
            ends.append(file.tell())
    count = math.ceil(pcm.size / rate / seconds)
    edges = [0, *(ends[round(50 * seconds * number) - 1] for number in range(1, count)), len(file.getvalue())]
    return [file.getvalue()[start:end] for start, end in itertools.pairwise(edges)]


def _encoded(out: OutputContainer, pcm: Pcm, rate: int) -> Iterator[list[Packet[Any]]]:
    """Yield what the encoder makes of each 20 ms, and what it held back at last."""
    stream = out.add_stream("libopus", rate=48_000, layout="mono")
    samples = resampled(pcm, rate, 48_000)
    for start in range(0, samples.size, 960):
        part = np.pad(samples[start : start + 960], (0, max(0, start + 960 - samples.size)))
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, start
        yield stream.encode(frame)
    yield stream.encode(None)
