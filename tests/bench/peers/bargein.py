"""Owns when an interrupted answer ends and the next one begins, also where the next follows without a gap.

FastRTC stops an answer only when the next one begins, so silence between them can't tell. Every server answers with 440
and 660 Hz in turn: which of the two a packet holds says whose it is.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.conversation import ANSWER_WITHIN, INTERRUPT_SECS, WAIT_SECS, Sample
from tests.bench.figures import FAILED, INTERRUPTION, interruption_ms
from tests.bench.measure import CYCLE_SECS
from tests.bench.voices import sentences
from tests.bench.wire.call import LostError, RefusedError, Target, WireCall
from tests.bench.wire.heard import AUDIBLE
from tests.bench.wire.microphone import Microphone, Sentence, room
from tests.bench.wire.opus import Decoder
from tests.bench.wire.switchboard import Switchboard, now

RATE = 8_000
PITCHES = (440, 660)
GAP_SECS = 0.2
"""So long without a sound, an answer is over; the next one may bear the same pitch."""

Packet = tuple[float, int]
"""When an audible packet came, and the pitch in it."""


class Listener:
    """Audible packets with their pitch, in order of arrival."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._decoder = Decoder(RATE)

    def hear(self, at: float, payload: bytes) -> None:
        pcm = self._decoder.decode(payload)
        if pcm.size and float(np.dot(pcm, pcm)) / pcm.size > AUDIBLE:
            self.packets.append((at, pitch(pcm)))


def pitch(pcm: npt.NDArray[np.float32]) -> int:
    """Return which of PITCHES samples at RATE Hz hold more of."""
    steps = np.arange(pcm.size) * (2j * np.pi / RATE)
    return max(PITCHES, key=lambda hertz: abs(np.dot(pcm, np.exp(steps * hertz))))


def change(packets: Sequence[Packet], begun: float) -> tuple[float, float] | None:
    """Return when the last packet of the answer under way at `begun` came and the first one of the next; None so far.

    Raises ValueError where no answer was under way: nothing could be interrupted.
    """
    before = [packet for packet in packets if packet[0] < begun]
    if not before or before[-1][0] < begun - GAP_SECS:
        raise ValueError("no answer was under way")
    last, old = before[-1]
    for at, hertz in packets[len(before) :]:
        if hertz != old or at - last > GAP_SECS:
            return last, at
        last = at
    return None


@dataclass
class Interrupter:
    """One caller, who interrupts every answer with the next sentence."""

    number: int
    call: WireCall[Microphone]
    sentences: Sequence[Sentence]
    chance: random.Random
    keep: Callable[[Sample], None]
    measured_from: float
    until: float

    async def talk(self) -> None:
        listener = Listener()
        self.call.on_payload = listener.hear
        await asyncio.sleep(self.chance.uniform(0.0, CYCLE_SECS))
        while not await self._first_answer(listener):
            if now() > self.until:
                return
        while now() < self.until and not self.call.lost.is_set():
            await asyncio.sleep(self.chance.uniform(*INTERRUPT_SECS))
            saying = self.call.microphone.say(self.chance.choice(self.sentences))
            begun, ended = await saying.begun, await saying.ended
            try:
                changed = await self._changed(listener, begun, ended + ANSWER_WITHIN)
            except ValueError:
                await self._first_answer(listener)
                continue
            if begun >= self.measured_from:
                sample: Sample = {"figure": INTERRUPTION, "call": self.number}
                if changed is None:
                    sample["talked_on"] = True
                else:
                    sample["milliseconds"] = interruption_ms(begun, max(begun, changed[0]), changed[1])
                    sample["answer_ms"] = (changed[1] - ended) * 1000
                self.keep(sample)

    async def _first_answer(self, listener: Listener) -> bool:
        await asyncio.sleep(self.chance.uniform(*WAIT_SECS))
        heard = len(listener.packets)
        ended = await self.call.microphone.say(self.chance.choice(self.sentences)).ended
        while len(listener.packets) == heard and now() < ended + ANSWER_WITHIN:
            await asyncio.sleep(0.02)
        return len(listener.packets) > heard

    async def _changed(self, listener: Listener, begun: float, until: float) -> tuple[float, float] | None:
        while (changed := change(listener.packets, begun)) is None and now() < until:
            await asyncio.sleep(0.02)
        return changed


async def interruptions(target: Target, calls: int, seconds: float, seed: int) -> list[Sample]:
    """Hold `calls` at once, each interrupting every answer for `seconds`, and return a sample per interruption."""
    samples: list[Sample] = []
    tapes, noise = sentences(seed), room(seed)
    board = Switchboard()
    made: list[WireCall[Microphone]] = []
    try:
        for number in range(calls):
            call = WireCall(board, target, Microphone(noise, start=number * 37))
            made.append(call)
            try:
                await call.connect()
            except (OSError, TimeoutError, RefusedError, LostError) as error:
                samples.append({"figure": FAILED, "call": number, "why": f"{type(error).__name__}: {error}"})
        measured_from = now() + CYCLE_SECS
        callers = [
            Interrupter(
                number=number,
                call=call,
                sentences=tapes,
                chance=random.Random(f"{seed} interruptions {number}"),
                keep=samples.append,
                measured_from=measured_from,
                until=measured_from + seconds,
            ).talk()
            for number, call in enumerate(made)
            if call.connected_at
        ]
        await asyncio.gather(*callers)
    finally:
        for call in made:
            await call.hang_up()
        board.close()
    return samples
