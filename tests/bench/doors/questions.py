"""Owns what the callers ask: each of ten voices one question, made once, as Opus packets and as Int16 at 16 kHz."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests import speech
from tests.bench.voices import LONGEST_PAUSE_SECS, PauseError, longest_pause, spoken
from tests.bench.wire.microphone import ROOM_DB, Sentence, sentence
from tests.bench.wire.opus import FRAME, RATE
from tests.speech import Pcm
from tests.tapes import VOICES, Voice

UP_RATE = 16_000

UNDERSTOOD = (
    "What are your opening hours?",
    "Where can I park my car?",
    "Can you tell me a story about pirates?",
)
"""Of the reception's questions those that PocketSphinx understands each time from CALLER (tests/calls/doors.py)."""

CALLER = Voice(speech.CALLER_VOICE, speech.CALLER_VARIANT, 150, 50)


@dataclass(frozen=True)
class Question:
    """`text` as it leaves over WebRTC and over a WebSocket: the same voice over a room's noise."""

    text: str
    packets: Sentence
    pcm: Pcm


def asked(texts: Sequence[str], seed: int) -> list[Question]:
    """Return one of `texts` by each of the ten voices; none of them pauses long enough to be taken for its end.

    Raises PauseError where a voice can say none of them so.
    """
    chance = random.Random(f"{seed} questions")
    return [_asked(voice, chance.sample(texts, len(texts)), chance) for voice in VOICES]


def understood(seed: int) -> list[Question]:
    """Return UNDERSTOOD by CALLER."""
    chance = random.Random(f"{seed} understood")
    return [_question(text, spoken(CALLER, text), chance) for text in UNDERSTOOD]


def _asked(voice: Voice, texts: Sequence[str], chance: random.Random) -> Question:
    for text in texts:
        pcm = spoken(voice, text)
        if longest_pause(pcm) <= LONGEST_PAUSE_SECS:
            return _question(text, pcm, chance)
    raise PauseError(f"{voice} pauses for over {LONGEST_PAUSE_SECS * 1000:.0f} ms in each of {texts}")


def _question(text: str, pcm: Pcm, chance: random.Random) -> Question:
    seed = chance.randrange(2**31)
    packets = sentence(pcm, offset=chance.randrange(FRAME), seed=seed, name=text)
    raw = speech.resampled(pcm, RATE, UP_RATE)
    noisy = raw + speech.pink_noise(raw.size, ROOM_DB, seed)
    return Question(text, packets, np.clip(np.rint(noisy), -32768, 32767).astype(np.int16))
