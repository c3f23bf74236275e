"""Barge-in in two steps, with an ear that says what the test wants: pause at a sign, decide, go on or stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from parley_dataplane.conversation import LONGEST_PAUSE_SECS
from parley_dataplane.doors import DUPLEX, FASTRTC, WEBRTC_OFFER, DoorKind
from parley_dataplane.events import AgentFiller, AgentHeard
from parley_dataplane.hearing import EarEvent, FirstSign, SignRevoked, SpeechEnded, SpeechStarted
from parley_dataplane.media import FRAME_SECS, HEARING_FRAME, SPEAKING_RATE, Pcm
from parley_dataplane.records import ErrorSeen, ReplyPaused
from tests.one_call import ANSWER, Call, history

VOICE = np.ones(HEARING_FRAME, np.int16)


@dataclass
class ScriptedEar:
    """Tells in its next tick what it was given; keeps what the agent said."""

    script: list[EarEvent] = field(default_factory=list)
    echo: list[Pcm | None] = field(default_factory=list)
    hears_a_sign: bool = False
    has_work: bool = False

    def tick(self, now: float) -> list[EarEvent]:
        events, self.script = self.script, []
        for event in events:
            self.hears_a_sign = isinstance(event, FirstSign)
        return events

    def push(self, pcm: Pcm, now: float) -> list[EarEvent]:
        return self.tick(now)

    sense = hear = push

    def said(self, frame: Pcm | None) -> None:
        self.echo.append(frame)

    def end_of_audio(self, now: float) -> list[EarEvent]:
        return []

    def mute(self) -> None:
        """Nothing is under way."""

    def configure(self, *settings: Any) -> None:
        """Nothing is judged."""


class PausedCall(Call):
    """A call whose ear follows the test."""

    def __init__(self, kind: DoorKind = WEBRTC_OFFER, **spec: Any) -> None:
        super().__init__(kind, texts=["tell me", "stop", "again"], **spec)
        self.ear = ScriptedEar()
        self.sessions.open_ear = lambda agent, settings: self.ear  # type: ignore[assignment,return-value]

    async def tell(self, *events: EarEvent) -> None:
        """The ear's next words, and the tick in which it says them."""
        self.ear.script += events
        await asyncio.sleep(FRAME_SECS)

    async def story(self, seconds: float) -> None:
        """Ask, and hear `seconds` of the answer."""
        self.session.type_text("tell me")
        while not self.peer.audio:
            await asyncio.sleep(FRAME_SECS)
        await asyncio.sleep(seconds)

    @property
    def pauses(self) -> list[tuple[str, float]]:
        return [(r.outcome, round(r.seconds, 2)) for r in self.records if isinstance(r, ReplyPaused)]

    def gaps(self) -> list[float]:
        """Seconds between two frames beyond the 20 ms that each lasts."""
        times = [at for at, _ in self.peer.audio]
        steps = [later - at - FRAME_SECS for at, later in pairwise(times)]
        return [round(step, 3) for step in steps if step > FRAME_SECS / 2]


def run(script: Callable[[PausedCall], Awaitable[None]], call: PausedCall | None = None) -> PausedCall:
    async def between_ticks(call: Call) -> None:
        assert isinstance(call, PausedCall)
        await asyncio.sleep(FRAME_SECS / 2)
        await script(call)

    call = call or PausedCall()
    call.run(between_ticks)
    return call


@pytest.mark.parametrize("kind", [WEBRTC_OFFER, DUPLEX, FASTRTC], ids=lambda kind: kind.name)
def test_a_sign_that_was_none_costs_one_gap_and_no_sample(kind: DoorKind) -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.5)
        await call.tell(FirstSign())
        await asyncio.sleep(0.2)
        await call.tell(SignRevoked())
        await asyncio.sleep(4.0)

    call = run(script, PausedCall(kind))
    assert call.peer.secs == 2.0, "every sample left once"
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]
    assert call.peer.states == ["processing", "speaking", "idle"], "nobody is told of the pause"
    assert call.pauses == [("revoked", 0.22)]
    if kind.lead_secs == 0:
        assert call.gaps() == [0.22]


def test_the_same_samples_leave_with_and_without_a_pause() -> None:
    def said_with(*events: EarEvent) -> Pcm:
        async def script(call: PausedCall) -> None:
            await call.story(0.5)
            for event in events:
                await call.tell(event)
                await asyncio.sleep(0.2)
            await asyncio.sleep(4.0)

        return np.concatenate([chunk.pcm for _, chunk in run(script).peer.audio])

    assert np.array_equal(said_with(FirstSign(), SignRevoked()), said_with())


def test_nothing_leaves_from_the_sign_on() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.5)
        await call.tell(FirstSign())
        left = len(call.peer.audio)
        await asyncio.sleep(0.3)
        assert len(call.peer.audio) == left
        assert call.session.state == "speaking"
        assert call.ear.echo[-10:] == [None] * 10, "and so nothing can echo"

    run(script)


@pytest.mark.parametrize(
    ("kind", "sounded"), [(WEBRTC_OFFER, 0.0), (DUPLEX, 0.2)], ids=["webrtc", "websocket"]
)
def test_speech_after_its_sign_leaves_in_the_history_what_was_heard_by_the_pause(
    kind: DoorKind, sounded: float
) -> None:
    """A client with a lead plays on while the ear decides: that is heard too."""
    at_pause = 0.0

    async def script(call: PausedCall) -> None:
        nonlocal at_pause
        await call.story(1.2)
        at_pause = call.session.info()["history"][1]["seconds"]
        await call.tell(FirstSign())
        await asyncio.sleep(0.2 - FRAME_SECS)
        await call.tell(SpeechStarted(VOICE, 0.0))
        assert call.session.state == "listening"
        await asyncio.sleep(1.0)
        await call.tell(SpeechEnded(0.0, 1.0))
        await asyncio.sleep(5.0)

    call = run(script, PausedCall(kind))
    heard = call.peer.of(AgentHeard)[0]
    assert heard.interrupted
    assert heard.seconds == pytest.approx(at_pause + sounded, abs=FRAME_SECS + 0.001)
    assert history(call)[:2] == [("user", "tell me", ""), ("assistant", "Alpha beta", "gamma delta.")]
    assert call.pauses == [("confirmed", pytest.approx(0.2, abs=0.01))]
    assert history(call)[-1] == ("assistant", ANSWER, "")


def test_an_ear_that_never_decides_holds_the_answer_up_for_no_longer_than_the_bound() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.5)
        await call.tell(FirstSign())
        await asyncio.sleep(1.0)
        await call.tell(SignRevoked())  # too late to matter
        await asyncio.sleep(4.0)

    call = run(script)
    assert call.pauses == [("overdue", pytest.approx(LONGEST_PAUSE_SECS, abs=FRAME_SECS))]
    assert call.gaps() == [pytest.approx(LONGEST_PAUSE_SECS, abs=FRAME_SECS + 0.001)]
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]
    assert not [record for record in call.records if isinstance(record, ErrorSeen)]


def test_speech_interrupts_also_after_the_bound() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.5)
        await call.tell(FirstSign())
        await asyncio.sleep(0.6)
        await call.tell(SpeechStarted(VOICE, 0.0))
        assert call.session.state == "listening"

    assert run(script).peer.of(AgentHeard)[0].interrupted


def test_an_answer_that_had_left_whole_ends_in_the_pause() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(2.0 - 3 * FRAME_SECS)
        while call.peer.secs < 2.0:
            await asyncio.sleep(FRAME_SECS)
        await call.tell(FirstSign())
        await asyncio.sleep(0.3)
        assert call.session.state == "idle"
        await call.tell(SignRevoked())

    call = run(script)
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]
    assert [outcome for outcome, _ in call.pauses] in ([], ["overtaken"])


@pytest.mark.parametrize("what", ["button", "text", "goodbye"])
def test_what_else_ends_an_answer_does_not_wait_for_the_ear(what: str) -> None:
    async def script(call: PausedCall) -> None:
        await call.story(1.2)
        await call.tell(FirstSign())
        if what == "button":
            assert call.session.interrupt()
        elif what == "text":
            call.session.type_text("stop")
        else:
            call.session.leave("idle")
        await call.tell(SignRevoked())
        await asyncio.sleep(5.0)

    call = run(script)
    first = call.peer.of(AgentHeard)[0]
    assert (first.heard, first.unheard, first.interrupted) == ("Alpha beta", "gamma delta.", True)
    assert [outcome for outcome, _ in call.pauses] == ["overtaken"]
    if what == "text":
        assert history(call)[-1] == ("assistant", ANSWER, ""), "the next answer is heard whole"
    if what == "goodbye":
        assert history(call)[-1] == ("assistant", call.spec.conversation.goodbye, "")


def test_signs_while_nobody_speaks_change_nothing() -> None:
    async def script(call: PausedCall) -> None:
        await call.tell(FirstSign())
        await call.tell(SignRevoked())
        assert call.session.state == "idle"
        call.llm.secs = 0.5
        call.session.type_text("tell me")
        await call.tell(FirstSign())
        assert call.session.state == "processing"
        await asyncio.sleep(1.0)
        assert call.session.state == "speaking", "a sign does not hold up what has not begun"
        await call.tell(SignRevoked())
        await asyncio.sleep(4.0)

    call = run(script)
    assert call.pauses == []
    assert call.gaps() == []
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]
    assert not [record for record in call.records if isinstance(record, ErrorSeen)]


def test_an_agent_that_may_not_be_interrupted_is_not_paused() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.5)
        await call.tell(FirstSign())
        await asyncio.sleep(4.0)

    call = run(script, PausedCall(turnTaking={"bargeIn": False}))
    assert (call.pauses, call.gaps()) == ([], [])


def test_two_coughs_are_two_pauses() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(0.3)
        for _ in range(2):
            await call.tell(FirstSign())
            await asyncio.sleep(0.1)
            await call.tell(SignRevoked())
            await asyncio.sleep(0.3)
        await asyncio.sleep(4.0)

    call = run(script)
    assert call.gaps() == [0.12, 0.12]
    assert [outcome for outcome, _ in call.pauses] == ["revoked", "revoked"]
    assert call.peer.secs == 2.0


@pytest.mark.parametrize("becomes", ["a cough", "speech"])
def test_a_filler_is_not_begun_while_a_sound_may_be_the_persons_voice(becomes: str) -> None:
    async def script(call: PausedCall) -> None:
        await call.agent.fillers.start()
        call.llm.secs = 2.0
        await call.tell(FirstSign())
        call.session.type_text("tell me")
        await asyncio.sleep(0.2)
        assert (call.peer.of(AgentFiller), call.peer.audio) == ([], [])
        await call.tell(SignRevoked() if becomes == "a cough" else SpeechStarted(VOICE, 0.0))
        await asyncio.sleep(0.2)
        assert bool(call.peer.audio) == (becomes == "a cough")
        assert len(call.peer.of(AgentFiller)) == (becomes == "a cough")

    run(script, PausedCall(DUPLEX))


@pytest.mark.parametrize("kind", [WEBRTC_OFFER, DUPLEX, FASTRTC], ids=lambda kind: kind.name)
def test_the_ear_is_told_each_tick_what_the_agent_says_then(kind: DoorKind) -> None:
    async def script(call: PausedCall) -> None:
        await call.story(4.0)

    call = run(script, PausedCall(kind))
    frames = [frame for frame in call.ear.echo if frame is not None]
    assert len(frames) * FRAME_SECS == pytest.approx(2.0)
    assert sum(map(len, frames)) == 2 * SPEAKING_RATE
    first = next(number for number, frame in enumerate(call.ear.echo) if frame is not None)
    assert all(frame is not None for frame in call.ear.echo[first : first + len(frames)]), "without a gap"


def test_without_the_echo_check_the_ear_is_not_told_what_the_agent_says() -> None:
    async def script(call: PausedCall) -> None:
        await call.story(4.0)

    assert run(script, PausedCall(turnTaking={"echoCheck": False})).ear.echo == []
