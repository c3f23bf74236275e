"""Tapes for detectors: what else reaches a microphone besides the caller's words, made from a seed.

All audio is mono float64 at 16 kHz, full scale 1.0. Levels are in dB against the RMS of a caller's speech, taken over
the active part of each sound, so that a sparse tape of clicks is no louder than its clicks. The same seed gives the
same samples.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.speech import QUIET, say

Audio = npt.NDArray[np.float64]
Pcm = npt.NDArray[np.int16]

RATE = 16_000
SPEECH_RMS = 0.05
"""Of full scale: -26 dBFS, the level to which ITU-T P.56 has speech set for tests."""


@dataclass(frozen=True)
class Voice:
    """One of the ten callers: an eSpeak voice with its own pitch and pace."""

    voice: str
    variant: str
    words_per_minute: int
    pitch: int


VOICES = (
    Voice("gmw/en-GB-x-rp", "", 150, 50),
    Voice("gmw/en-GB-x-rp", "f3", 165, 60),
    Voice("gmw/en-US", "m3", 140, 35),
    Voice("gmw/en-US", "f2", 175, 70),
    Voice("gmw/en-GB-scotland", "m7", 155, 45),
    Voice("gmw/en", "f5", 185, 55),
    Voice("gmw/en", "m1", 130, 25),
    Voice("gmw/en-029", "f4", 160, 65),
    Voice("gmw/en-GB-x-gbclan", "m5", 200, 50),
    Voice("gmw/en-US", "f1", 120, 80),
)

SENTENCES = (
    "Where can I park my car?",
    "I would like to book a table for two.",
    "Stop that and tell me something else.",
    "When do you open on Sunday?",
    "Please cancel the appointment on Friday.",
    "How much is a room for three nights?",
    "Can you say that again?",
    "Five of us will come at half past seven.",
    "Thank you very much for your help today.",
    "No I have another question for you.",
)


def rms(audio: Audio) -> float:
    return float(np.sqrt(np.mean(audio**2))) if len(audio) else 0.0


def trimmed(audio: Audio, quiet: float = QUIET) -> Audio:
    """Without what is under `quiet` of the peak at both ends: the first and the last sample are voiced."""
    loud = np.flatnonzero(np.abs(audio) > quiet * np.abs(audio).max())
    return audio[loud[0] : loud[-1] + 1]


@functools.lru_cache(maxsize=512)
def _sentence(voice: Voice, text: str) -> Audio:
    pcm = say(
        text,
        RATE,
        voice=voice.voice,
        variant=voice.variant,
        words_per_minute=voice.words_per_minute,
        pitch=voice.pitch,
    )
    return trimmed(pcm / 32768.0)


def sentence(voice: Voice, text: str, level_db: float = 0.0) -> Audio:
    """`text` from its first to its last audible sample, its RMS `level_db` from SPEECH_RMS."""
    audio = _sentence(voice, text)
    return audio * (SPEECH_RMS * 10 ** (level_db / 20) / rms(audio))


def with_inner_pause(voice: Voice, text: str, pause_secs: float, level_db: float = 0.0) -> Audio:
    """`text` with silence of exactly `pause_secs` between two of its words."""
    words = text.split()
    middle = max(1, len(words) // 2)
    first, second = sentence(voice, " ".join(words[:middle])), sentence(voice, " ".join(words[middle:]))
    spoken = np.concatenate((first, np.zeros(round(pause_secs * RATE)), second))
    return spoken * 10 ** (level_db / 20)


def level(audio: Audio, level_db: float) -> Audio:
    """`audio` with the RMS of its active part (within 30 dB of its loudest 10 ms) at `level_db` from SPEECH_RMS."""
    frames = audio[: len(audio) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    active = power[power > power.max() * 1e-3].mean()
    return np.asarray(audio * (SPEECH_RMS * 10 ** (level_db / 20) / np.sqrt(active)))


def cough(seed: int, level_db: float = 0.0) -> Audio:
    """A burst, a gap of breath and a voiced end: noise through three formants under a decay, 250 to 400 ms."""
    dice = np.random.default_rng(seed)
    size = int(dice.uniform(0.25, 0.40) * RATE)
    time = np.arange(size) / RATE
    noise = _formants(
        dice.normal(size=size), [dice.uniform(450, 750), dice.uniform(1100, 1700), dice.uniform(2400, 3400)]
    )
    burst = np.exp(-time / 0.045) * np.minimum(1, time / 0.004)
    tail_at = dice.uniform(0.10, 0.16)
    after = np.clip(time - tail_at, 0, None)
    pitch = np.cumsum(2 * np.pi * dice.uniform(110, 190) * (1 - 0.3 * time / time[-1]) / RATE)
    buzz = _formants(np.sign(np.sin(pitch)) * 0.5 + 0.3 * dice.normal(size=size), [500, 1400, 2500])
    tail = np.where(after > 0, np.exp(-after / 0.06) * np.minimum(1, after / 0.02), 0.0)
    made = noise / rms(noise) * burst + 0.35 * buzz / rms(buzz) * tail + 0.02 * dice.normal(size=size)
    made *= np.minimum(1, (size - np.arange(size)) / (0.02 * RATE))
    return level(made, level_db)


def keystroke(seed: int, level_db: float = 0.0) -> Audio:
    """Two clicks, down and up, 5 to 15 ms each and 60 to 120 ms apart."""
    dice = np.random.default_rng(seed)
    made = np.zeros(int(0.15 * RATE))
    for start, gain in ((0.0, 1.0), (dice.uniform(0.06, 0.12), dice.uniform(0.3, 0.7))):
        size = int(dice.uniform(0.005, 0.015) * RATE)
        time = np.arange(size) / RATE
        click = dice.normal(size=size) * np.exp(-time / (size / RATE / 3))
        click += 0.6 * np.sin(2 * np.pi * dice.uniform(250, 900) * time) * np.exp(-time / (size / RATE / 2.5))
        at = int(start * RATE)
        made[at : at + size] += gain * click
    return level(made, level_db)


@functools.lru_cache(maxsize=8)
def _crowd(seconds: int, speakers: int, seed: int) -> Audio:
    dice = np.random.default_rng(seed)
    total = np.zeros(seconds * RATE)
    for number in range(speakers):
        at = -int(dice.uniform(0, 2) * RATE)
        while at < len(total):
            voice = VOICES[(number + int(dice.integers(3))) % len(VOICES)]
            said = sentence(voice, SENTENCES[int(dice.integers(len(SENTENCES)))])
            start, skipped = max(at, 0), max(-at, 0)
            piece = said[skipped : skipped + len(total) - start]
            total[start : start + len(piece)] += piece
            at += len(said) + int(dice.uniform(0.05, 0.5) * RATE)
    return total


def babble(seconds: int, level_db: float, seed: int = 0, speakers: int = 6) -> Audio:
    """Several people who talk at once, `level_db` as one RMS."""
    crowd = _crowd(seconds, speakers, seed)
    return crowd * (SPEECH_RMS * 10 ** (level_db / 20) / rms(crowd))


def echo(said: Audio, delay_secs: float, gain_db: float, seed: int = 0, room_secs: float = 0.05) -> Audio:
    """What a loudspeaker and a room make of `said` (at 16 kHz): a direct path and a decaying, coloured rest."""
    dice = np.random.default_rng(seed)
    size = int(room_secs * RATE)
    room = dice.normal(size=size) * np.exp(-np.arange(size) / (size / 5)) * 0.12
    room[0] = 1.0
    room[1:4] += (0.4, -0.25, 0.12)
    length = len(said) + size - 1
    heard = np.fft.irfft(np.fft.rfft(said, length) * np.fft.rfft(room, length), length)[: len(said)]
    heard = np.concatenate((np.zeros(round(delay_secs * RATE)), heard))[: len(said)]
    return heard * 10 ** (gain_db / 20)


def tape(minutes: float, level_db: float, seed: int = 0, *, coughs: int = 2, presses: int = 120) -> Audio:
    """Coughs, key presses and babble a minute, all `level_db` from a caller's speech; see cough_starts."""
    total = babble(int(minutes * 60), level_db, seed)
    for at in cough_starts(minutes, seed, coughs):
        _add(total, cough(int(at * 1000), level_db), at)
    for at in press_starts(minutes, seed, presses):
        _add(total, keystroke(int(at * 1000), level_db), at)
    return total


def cough_starts(minutes: float, seed: int = 0, a_minute: int = 2) -> list[float]:
    """Seconds at which the coughs of `tape` begin."""
    dice = np.random.default_rng([seed, 1])
    step = 60.0 / a_minute
    return [(k + dice.uniform(0.1, 0.9)) * step for k in range(int(minutes * a_minute))]


def press_starts(minutes: float, seed: int = 0, a_minute: int = 120) -> list[float]:
    """Seconds at which the key presses of `tape` begin."""
    dice = np.random.default_rng([seed, 2])
    step = 60.0 / a_minute
    return [(k + dice.uniform(0, 0.6)) * step for k in range(int(minutes * a_minute))]


def pcm16(audio: Audio) -> Pcm:
    """As 16 bits, clipped."""
    return np.clip(np.rint(audio * 32768), -32768, 32767).astype(np.int16)


def _add(total: Audio, sound: Audio, at: float) -> None:
    start = int(at * RATE)
    piece = sound[: len(total) - start]
    total[start : start + len(piece)] += piece


def _formants(excitation: Audio, centres: list[float]) -> Audio:
    """Three resonances, 12 dB apart or less, over a little of the source itself."""
    hertz = np.fft.rfftfreq(len(excitation), 1 / RATE)
    gain = 0.05 + sum(1 / (1 + ((hertz - f) / (0.12 * f + 60)) ** 2) for f in centres)
    return np.fft.irfft(np.fft.rfft(excitation) * gain, len(excitation))
