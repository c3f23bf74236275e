"""Owns what a measured caller does: wait, speak, hear the answer to its end; or wait, speak, interrupt the answer.

Each round gives samples, dicts with at least `figure`, `call`, `round`, `at` (seconds since the run began) and
`milliseconds`. What can't be a sample is one that says why: `unanswered` (counted as ANSWER_WITHIN), `early` (answered
before the sentence was over) or `talked_on` (the answer went on under the whole sentence), the latter two without
milliseconds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.figures import ANSWER, DECISION, INTERRUPTION, SLOTS, answer_ms, interruption_ms
from tests.bench.slots import judged
from tests.bench.wire.call import WireCall
from tests.bench.wire.microphone import Microphone, Sentence
from tests.bench.wire.switchboard import now

WAIT_SECS = (0.8, 1.5)
LISTEN_SECS = 3.0
INTERRUPT_SECS = (1.0, 2.0)
"""After an answer's first packet."""

ANSWER_WITHIN = 10.0
QUIET_SECS = 0.2
TALKED_ON_SECS = 0.1
"""Audible so close to the end of what interrupts it, an answer was not interrupted by it."""

Sample = dict[str, Any]


@dataclass
class Caller:
    """One call's conversation. `began` is the run's, `measured_from` when samples count (both wall clock)."""

    number: int
    call: WireCall[Microphone]
    sentences: Sequence[Sentence]
    chance: random.Random
    silence: float
    keep: Callable[[Sample], None]
    began: float
    measured_from: float
    until: float
    round: int = 0

    async def take_turns(self) -> None:
        """Speak and hear out the answer, until the time is over."""
        while await self._wait(*WAIT_SECS):
            begun, ended = await self._speak()
            first = await self._answered(begun, ended)
            if first is None:
                continue
            early = self.call.heard.audible_between(begun, ended)
            if early:
                self._sample(ANSWER, begun, early=True)
            else:
                self._sample(ANSWER, begun, milliseconds=answer_ms(ended, first, self.silence))
            await self._hear_out(first)
            if not early:
                self._judge_slots(first, begun)

    async def interrupt(self) -> None:
        """Speak, and then interrupt each answer with the next sentence, until the time is over."""
        is_answered = False
        while await self._wait(*(INTERRUPT_SECS if is_answered else WAIT_SECS)):
            begun, ended = await self._speak()
            was_answered, first = is_answered, await self._answered(begun, ended)
            is_answered = first is not None
            if first is None:
                continue
            if not was_answered:
                self._sample(ANSWER, begun, milliseconds=answer_ms(ended, first, self.silence))
                continue
            before = self.call.heard.audible_between(0.0, ended)[-1]
            if before > ended - TALKED_ON_SECS:
                self._sample(INTERRUPTION, begun, talked_on=True)
                continue
            # Where the answer's last packet had come before the caller's first one left, nothing was to be stopped.
            if before >= begun:
                self._sample(INTERRUPTION, begun, milliseconds=interruption_ms(begun, before, first))
            self._sample(ANSWER, begun, milliseconds=answer_ms(ended, first, self.silence))
            decided = self._decided(begun, first)
            if decided is not None:
                self._sample(DECISION, begun, milliseconds=(decided - begun) * 1000)

    async def _wait(self, least: float, most: float) -> bool:
        """Wait as long as people do; return whether there is time for another round."""
        await asyncio.sleep(self.chance.uniform(least, most))
        self.round += 1
        return now() < self.until and not self.call.lost.is_set()

    async def _speak(self) -> tuple[float, float]:
        saying = self.call.microphone.say(self.chance.choice(self.sentences))
        return await saying.begun, await saying.ended

    async def _answered(self, begun: float, ended: float) -> float | None:
        try:
            return await self.call.heard.first_audible(ended, ANSWER_WITHIN)
        except TimeoutError:
            self._sample(ANSWER, begun, milliseconds=ANSWER_WITHIN * 1000, unanswered=True)
            return None

    async def _hear_out(self, first: float) -> None:
        await asyncio.sleep(max(0.0, first + LISTEN_SECS - now()))
        give_up = now() + ANSWER_WITHIN
        while now() - self.call.heard.last_audible < QUIET_SECS and now() < give_up:
            await asyncio.sleep(0.02)

    def _judge_slots(self, first: float, begun: float) -> None:
        slots = judged(self.call.heard.audible_packets(first))
        self._sample(SLOTS, begun, slots=slots.slots, missed=slots.missed, worst_ms=slots.worst_ms)

    def _decided(self, begun: float, before: float) -> float | None:
        """When the server told that it listens now: it has cancelled its answer then."""
        messages = self.call.data.messages if self.call.data is not None else []
        return next(
            (at for at, m in messages if begun <= at < before and m.get("state") == "listening"), None
        )

    def _sample(self, figure: str, begun: float, **values: Any) -> None:
        if begun >= self.measured_from:
            at = round(begun - self.began, 3)
            self.keep({"figure": figure, "call": self.number, "round": self.round, "at": at, **values})
