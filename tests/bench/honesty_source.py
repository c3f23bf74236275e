"""Owns the microphone of a caller in a room with sounds: a tape, the caller's own sentences, and the agent's echo.

Rules: 48 kHz, mixed and encoded packet by packet, since an echo is only known while it is heard. The tape runs while
`is_running`, so that its sounds fall into answers; `begun` keeps when each of its packets left.
"""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

from tests import speech
from tests.bench.wire.microphone import ROOM_DB, Packet, level
from tests.bench.wire.opus import FRAME, RATE, Decoder, Encoder

Audio = npt.NDArray[np.float32]

_REFLECTIONS = ((0, 1.0), (190, 0.4), (430, -0.3), (770, 0.25), (1130, -0.18), (1590, 0.12), (2100, 0.08))
"""Samples later, and gain: a loudspeaker and the walls of a small room, 44 ms."""

_LONGEST = RATE


class Echo:
    """What a loudspeaker gives back of the payloads that came: `delay` seconds later, by `gain_db`."""

    def __init__(self, delay: float, gain_db: float) -> None:
        self._decoder = Decoder(RATE)
        self._gain = 10 ** (gain_db / 20)
        self._waiting = np.zeros(_LONGEST, np.float32)
        self._filled = round(delay * RATE)

    def payload(self, _at: float, payload: bytes) -> None:
        """A packet came: it is played after what waits."""
        pcm = self._decoder.decode(payload)
        end = min(self._filled + len(pcm), _LONGEST - _REFLECTIONS[-1][0])
        for later, gain in _REFLECTIONS:
            self._waiting[self._filled + later : end + later] += pcm[: end - self._filled] * (
                gain * self._gain
            )
        self._filled = end

    def next(self, delay: float) -> Audio:
        """20 ms of the microphone. A stream that pauses is heard `delay` after it goes on."""
        frame = self._waiting[:FRAME].copy()
        self._waiting[:-FRAME] = self._waiting[FRAME:]
        self._waiting[-FRAME:] = 0
        self._filled = max(self._filled - FRAME, round(delay * RATE))
        return frame


class Room:
    """The microphone: `tape` at 48 kHz, -1 to 1; `echo_delay` in seconds, `echo_db` None for a headset."""

    def __init__(self, tape: Audio, seed: int, echo_delay: float = 0.2, echo_db: float | None = None) -> None:
        chance = random.Random(f"{seed} room")
        self.is_running = False
        self.begun: list[float] = []
        """When each packet of the tape left; the tape's sound at second t lies in packet 50 t."""

        self.echo = Echo(echo_delay, echo_db) if echo_db is not None else None
        self._delay = echo_delay
        self._tape = tape[: len(tape) // FRAME * FRAME].reshape(-1, FRAME)
        self._noise = (speech.pink_noise(5 * RATE, ROOM_DB, chance.randrange(2**31)) / 32768).reshape(
            -1, FRAME
        )
        self._number = 0
        self._said: list[Audio] = []
        self._encoder, self._wideband = Encoder(), Encoder(wideband=True)
        self._ended = 0.0
        self._is_tape = False

    @property
    def is_over(self) -> bool:
        """Whether all of the tape has left."""
        return len(self.begun) >= len(self._tape)

    def say(self, audio: Audio) -> None:
        """Speak, beginning with the next packet."""
        padded = np.concatenate((audio, np.zeros(-len(audio) % FRAME, np.float32)))
        self._said = list(padded.reshape(-1, FRAME))

    def next(self) -> Packet:
        self._number += 1
        sound = self._noise[self._number % len(self._noise)].astype(np.float32)
        if self.echo is not None:
            sound += self.echo.next(self._delay)
        if self._said:
            sound += self._said.pop(0)
        self._is_tape = self.is_running and not self.is_over
        if self._is_tape:
            sound += self._tape[len(self.begun)]
        frame = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
        return Packet(level(frame), self._encoder.encode(frame), self._wideband.encode(frame))

    def sent(self, at: float) -> None:
        if self._is_tape:
            self.begun.append(at)
