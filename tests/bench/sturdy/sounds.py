"""Owns what callers send that is no plain question: silence, shouting, music, two at once, a cough and the like.

Everything is made here from eSpeak's speech and a seed, mono at the rate asked for, SECONDS long. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tests import speech
from tests.speech import Pcm

SECONDS = 5.0

Item = TypeVar("Item")

Sound = Callable[[int, int], Pcm]
"""From the rate in Hz and a seed."""

_TUNE = (262, 330, 392, 523, 440, 349, 294, 392)
"""Hz of the notes of a tune, C major."""
_NOTE_SECS = 0.25


def silence(rate: int, seed: int) -> Pcm:
    """A microphone that is off."""
    return speech.silence(SECONDS, rate)


def room(rate: int, seed: int) -> Pcm:
    """A quiet room in which nobody speaks."""
    return _pcm(speech.pink_noise(round(SECONDS * rate), -50.0, seed))


def shouting(rate: int, seed: int) -> Pcm:
    """Clipped, and without a pause."""
    words = ("hello", "listen to me", "I said now", "are you there", "help me")
    said = [speech.trimmed(speech.say(word, rate, words_per_minute=220, pitch=80)) for word in words]
    loud = 6.0 * np.concatenate(_turned(said, seed)).astype(np.float64)
    return _pcm(np.resize(loud, round(SECONDS * rate)))


def music(rate: int, seed: int) -> Pcm:
    """A tune of plucked notes over a bass and a drum."""
    time = np.arange(round(_NOTE_SECS * rate)) / rate
    fade = np.exp(-6.0 * time)
    drum = np.random.default_rng(seed).standard_normal(time.size) * np.exp(-60.0 * time)
    notes = []
    for hertz in _turned(_TUNE, seed):
        tones = sum(np.sin(2 * np.pi * hertz * part * time) / part for part in (1, 2, 3, 4))
        bass = np.sin(np.pi * hertz / 2 * time)
        notes.append(5_000 * fade * tones + 4_000 * bass + 3_000 * drum)
    return _pcm(np.resize(np.concatenate(notes), round(SECONDS * rate)))


def two_at_once(rate: int, seed: int) -> Pcm:
    """Two people who ask different things at the same time."""
    one = _said("When are you open on Saturday, please?", rate)
    other = _said("I would like to cancel my appointment.", rate, variant="f3", pitch=60)
    return _pcm(one.astype(np.float64) + other)


def foreign(rate: int, seed: int) -> Pcm:
    """No English."""
    return _said("Guten Tag, haben Sie am Samstag geöffnet?", rate, voice="gmw/de")


def long_sentence(rate: int, seed: int) -> Pcm:
    """The beginning of a sentence of a minute."""
    return _said("I would like to know whether and when and how and why " * 2, rate)


def cough(rate: int, seed: int) -> Pcm:
    """Three coughs: bursts of noise that fade."""
    dice = np.random.default_rng(seed)
    pcm = np.zeros(round(SECONDS * rate))
    for at in (0.8, 1.3, 3.0):
        time = np.arange(round(0.28 * rate)) / rate
        burst = dice.standard_normal(time.size) * np.minimum(time / 0.01, 1.0) * np.exp(-14.0 * time)
        pcm[round(at * rate) : round(at * rate) + burst.size] += 9_000 * burst
    return _pcm(pcm)


def no_word(rate: int, seed: int) -> Pcm:
    """Words that are none."""
    return _said("Blorfing quazzle ip trandible.", rate)


SOUNDS: dict[str, Sound] = {
    "silence": silence,
    "a quiet room": room,
    "shouting without a pause": shouting,
    "music": music,
    "two people at once": two_at_once,
    "a foreign language": foreign,
    "a sentence of a minute": long_sentence,
    "a cough": cough,
    "words that are none": no_word,
}


def _turned(items: Sequence[Item], seed: int) -> list[Item]:
    """The same, from another one on."""
    first = seed % len(items)
    return [*items[first:], *items[:first]]


def _said(
    text: str, rate: int, *, voice: str = speech.CALLER_VOICE, variant: str = "", pitch: int = 50
) -> Pcm:
    """Half a second of silence, the text, and silence; cut after SECONDS."""
    spoken = speech.say(text, rate, voice=voice, variant=variant, pitch=pitch)
    whole = np.concatenate((speech.silence(0.5, rate), spoken, speech.silence(SECONDS, rate)))
    return whole[: round(SECONDS * rate)]


def _pcm(samples: npt.NDArray[np.float64]) -> Pcm:
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)
