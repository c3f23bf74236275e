"""The agent's fillers ("Hmm...") as sound: made once, before the first call, and shared by all calls.

Rules: a filler is in the agent's own voice and language, as all of its set sentences are; so it needs no engine when it
is due, and its first frame leaves at once. They follow one another as the file has them.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
import structlog

from parley_api.conversation import Fillers as FillersSpec
from parley_dataplane.engines.base import SpeechRequest, TtsEngine
from parley_dataplane.errors import EngineError
from parley_dataplane.media import SPEAKING_FRAME, SPEAKING_RATE, Pcm
from parley_dataplane.patience import TTS_DEADLINE_SECS, Patience

PAUSE_SECS = 0.15
"""Silence after a filler: that of a comma. The pause of a sentence's end would only keep the answer waiting."""


@dataclass(frozen=True, slots=True)
class Filler:
    """`pcm` is at SPEAKING_RATE, in whole frames, its pause included; all calls share it, and none writes into it."""

    text: str
    pcm: Pcm


class Fillers:
    """None until start()."""

    def __init__(self, spec: FillersSpec, tts: TtsEngine, language: str) -> None:
        self._phrases = () if spec.when == "never" else spec.phrases
        self._tts = tts
        self._language = language
        self._made: list[Filler] = []

    async def start(self) -> None:
        """Say each phrase once; one without a sound is left out, be it of punctuation alone, or that TTS fails: an
        agent can do without.
        """
        for number, phrase in enumerate(self._phrases):
            try:
                pcm = await self._say(phrase)
            except EngineError as error:
                structlog.get_logger().warning("filler-left-out", number=number, code=error.code)
                continue
            if len(pcm):
                self._made.append(Filler(phrase, pcm))

    def number(self, count: int) -> Filler | None:
        """The one to say after `count` others in a call."""
        return self._made[count % len(self._made)] if self._made else None

    async def _say(self, phrase: str) -> Pcm:
        pieces: list[Pcm] = []
        request = SpeechRequest(phrase, language=self._language)
        async with (
            aclosing(self._tts.synthesize(request)) as stream,
            Patience(stream, TTS_DEADLINE_SECS, "TTS") as patient,
        ):
            while (speech := await patient.next()) is not None:
                if not speech.is_pause:
                    pieces.append(speech.pcm)
        samples = sum(map(len, pieces))
        if not samples:
            return np.zeros(0, np.int16)
        pause = round(PAUSE_SECS * SPEAKING_RATE)
        pause += -(samples + pause) % SPEAKING_FRAME
        pcm = np.concatenate([*pieces, np.zeros(pause, np.int16)])
        pcm.flags.writeable = False
        return pcm
