"""Owns who calls and what is said: ten voices, sentences without an inner pause, encoded once for a run."""

from __future__ import annotations

import random

import numpy as np

from tests import speech
from tests.bench.wire.microphone import Sentence, sentence
from tests.bench.wire.opus import FRAME, RATE
from tests.speech import Pcm
from tests.tapes import VOICES, Voice

SENTENCES = (
    "How long is a tone?",
    "Give me another one now.",
    "Where can I park my car?",
    "What should I bring along?",
    "When do you open on Sunday?",
    "How much is a room for three nights?",
)
LONGEST_PAUSE_SECS = 0.140
"""Well below any configured silence: whoever pauses as long as that has ended a turn."""


class PauseError(ValueError):
    """A sentence pauses so long that its end can't be told from its middle."""


def sentences(seed: int) -> list[Sentence]:
    """Return one sentence of each voice, and each sentence at least once; the seed chooses the rest."""
    chance = random.Random(f"{seed} voices")
    made = []
    for number, voice in enumerate(VOICES):
        text = SENTENCES[number] if number < len(SENTENCES) else chance.choice(SENTENCES)
        pcm = spoken(voice, text)
        pause = longest_pause(pcm)
        if pause > LONGEST_PAUSE_SECS:
            raise PauseError(f"{text!r} by {voice} pauses for {pause * 1000:.0f} ms: use another sentence")
        offset = chance.randrange(FRAME)
        name = f"{voice.voice}+{voice.variant} {voice.words_per_minute} {voice.pitch}: {text}"
        made.append(sentence(pcm, offset=offset, seed=chance.randrange(2**31), name=name))
    return made


def spoken(voice: Voice, text: str) -> Pcm:
    """Return `text` at 48 kHz, with nothing before the first voiced sample and nothing after the last."""
    pcm = speech.say(
        text,
        RATE,
        voice=voice.voice,
        variant=voice.variant,
        words_per_minute=voice.words_per_minute,
        pitch=voice.pitch,
    )
    return speech.trimmed(pcm)


def longest_pause(pcm: Pcm, rate: int = RATE) -> float:
    """Return the seconds of the longest stretch without a voiced sample."""
    level = np.abs(pcm.astype(np.int32))
    voiced = np.flatnonzero(level > level.max(initial=0) * speech.QUIET)
    return float(np.diff(voiced).max(initial=0)) / rate
