"""Owns what a page recorded: the caller's microphone and the agent's voice, side by side on one clock.

Times are seconds from the start of the tape. "Audible" is a 10 ms frame whose RMS is above a threshold; what
is shorter than a word's inner silence does not end a stretch.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import av
import numpy as np

from tests.speech import Pcm

RATE = 48_000
FRAME = RATE // 100
CALLER_DB, AGENT_DB = -35.0, -50.0
"""The caller's microphone has a room's noise at -45 dBFS under it; the agent's line is silent."""


@dataclass(frozen=True)
class Stretch:
    """Someone speaks from `start` to `end`."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Caption:
    """`who` is "you" or "agent"; `text` and, struck through, `unheard` as they stood at the end; `at` when it came onto
    the page.
    """

    who: str
    text: str
    unheard: str
    at: float


@dataclass(frozen=True)
class Tape:
    """`caller` and `agent` at 48 kHz, equally long; `marks` are the keys and clicks with their times."""

    caller: Pcm
    agent: Pcm
    marks: tuple[tuple[str, float], ...]
    captions: tuple[Caption, ...] = ()

    @classmethod
    def decode(
        cls, webm: str, marks: list[tuple[str, float]], captions: list[tuple[str, str, str, float]]
    ) -> Tape:
        """Read the page's recording: base64 of WebM with two channels of PCM."""
        with av.open(io.BytesIO(base64.b64decode(webm)), mode="r") as container:
            to_pcm = av.AudioResampler(format="s16p", layout="stereo", rate=RATE)
            frames = [made for frame in container.decode(audio=0) for made in to_pcm.resample(frame)]
        both = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        read = tuple(
            Caption(who, " ".join(text.split()), " ".join(unheard.split()), float(at))
            for who, text, unheard, at in captions
        )
        return cls(both[0], both[1], tuple((str(name), float(at)) for name, at in marks), read)

    def caller_stretches(self, gap: float = 0.6) -> list[Stretch]:
        return stretches(self.caller, CALLER_DB, gap)

    def agent_stretches(self, gap: float = 1.0) -> list[Stretch]:
        return stretches(self.agent, AGENT_DB, gap)

    def agent_between(self, start: float, end: float) -> Pcm:
        return self.agent[max(0, round(start * RATE)) : round(end * RATE)]

    def agent_stops_after(self, moment: float) -> float:
        """Return when the stretch of the agent's voice that holds `moment` ends."""
        for stretch in self.agent_stretches(gap=0.5):
            if stretch.start <= moment <= stretch.end:
                return stretch.end
        raise AssertionError(f"the agent is silent at {moment:.2f} s: {self.agent_stretches(gap=0.5)}")


def stretches(pcm: Pcm, above_db: float, gap: float) -> list[Stretch]:
    """Return where `pcm` is audible; silences shorter than `gap` seconds belong to the stretch."""
    frames = pcm[: pcm.size // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    audible = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 32768 * 10 ** (above_db / 20))
    if audible.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(audible) > gap * 100)
    firsts, lasts = np.append(audible[0], audible[breaks + 1]), np.append(audible[breaks], audible[-1])
    found = [Stretch(first / 100, (last + 1) / 100) for first, last in zip(firsts, lasts, strict=True)]
    return [stretch for stretch in found if stretch.seconds > 0.1]
