""" "Are you still there?": when a call is asked, how often, and when never."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from parley_api.turntaking import TurnTaking
from parley_dataplane.doors import DUPLEX, FASTRTC, FASTRTC_FULL, WEBRTC_OFFER, WEBRTC_SIGNALING, DoorKind
from parley_dataplane.events import AgentHeard
from parley_dataplane.hearing import FirstSign, SignRevoked
from parley_dataplane.silence import MOST, Silence
from tests.one_call import ANSWER, Call, history
from tests.unit.parley_dataplane.test_pause import PausedCall

QUESTION = "Are you still there?"
QUESTION_SECS = 2.0
"""What the fake voice needs: half a second a word."""

SECS = 3
"""Of silence before a question, here: a call of a minute takes as long as all of these."""

SOON = {"turnTaking": {"askAfterSilenceSeconds": SECS}}


def asked(call: Call) -> int:
    return sum(event.heard == QUESTION for event in call.peer.of(AgentHeard))


def quiet_call(kind: DoorKind = WEBRTC_OFFER, secs: float = 14.0, **spec: Any) -> Call:
    async def script(call: Call) -> None:
        await asyncio.sleep(secs)

    return Call(kind, **{**SOON, **spec}).run(script)


@pytest.mark.parametrize("kind", [WEBRTC_OFFER, WEBRTC_SIGNALING], ids=lambda kind: kind.name)
def test_a_caller_who_says_nothing_is_asked_twice_and_then_left_alone(kind: DoorKind) -> None:
    call = quiet_call(kind, 18.0)
    assert history(call) == [("assistant", QUESTION, "")] * 2
    first, second = (next(at for at, chunk in call.peer.audio if chunk.turn == turn) for turn in (0, 1))
    assert first - 1000.0 == pytest.approx(SECS, abs=0.1)
    assert second - first == pytest.approx(QUESTION_SECS + SECS, abs=0.1), "counted from the question's end"
    assert call.session.ended == "test-over", "nobody hung up"


def test_fifteen_seconds_unless_the_agent_says_otherwise() -> None:
    assert TurnTaking().ask_after_silence_seconds == 15


@pytest.mark.parametrize("kind", [DUPLEX, FASTRTC, FASTRTC_FULL], ids=["duplex", "fastrtc", "recordings"])
def test_the_other_doors_never_ask(kind: DoorKind) -> None:
    assert history(quiet_call(kind, 5.0)) == []


def test_an_agent_may_never_ask() -> None:
    assert history(quiet_call(secs=20.0, turnTaking={"askAfterSilenceSeconds": 0})) == []


def test_an_agent_asks_in_its_own_words() -> None:
    call = quiet_call(secs=5.0, conversation={"instructions": "Be kind.", "stillThere": "Hello?"})
    assert history(call) == [("assistant", "Hello?", "")]


def test_the_silence_counts_from_the_end_of_what_was_said() -> None:
    async def script(call: Call) -> None:
        await asyncio.sleep(2.5)
        await call.speak(1.0, 0.5)  # an answer of 2 s follows
        await asyncio.sleep(4.5)
        assert (history(call)[-1][1], call.session.state) == (ANSWER, "idle")
        await asyncio.sleep(0.7)
        assert call.session.state == "speaking"

    Call(texts=["when"], **SOON).run(script)


def test_nobody_is_asked_while_they_speak_or_are_spoken_to() -> None:
    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: "word " * 10
        await asyncio.sleep(2.5)
        await call.speak(5.0, 0.5)
        await asyncio.sleep(7.5)

    call = Call(texts=["a long question"], **SOON).run(script)
    assert asked(call) == 0
    assert history(call)[-1][1] == " ".join(["word"] * 10)


def test_nobody_is_asked_while_a_sound_may_be_their_voice() -> None:
    async def script(call: Call) -> None:
        assert isinstance(call, PausedCall)
        await asyncio.sleep(2.5)
        await call.tell(FirstSign())
        await asyncio.sleep(2.0)
        await call.tell(SignRevoked())
        await asyncio.sleep(2.5)
        assert call.session.state == "idle"
        await asyncio.sleep(1.0)
        assert call.session.state == "speaking"

    PausedCall(**SOON).run(script)


def test_who_speaks_into_the_question_is_heard() -> None:
    async def script(call: Call) -> None:
        await asyncio.sleep(SECS + 0.7)
        await call.speak(1.0, 3.0)

    call = Call(texts=["yes I am here"], **SOON).run(script)
    assert history(call)[0] == ("assistant", "Are", "you still there?")
    assert history(call)[-1] == ("assistant", ANSWER, "")


@pytest.mark.parametrize(("understood", "more"), [("here", MOST), ("", 0)], ids=["an answer", "a cough"])
def test_an_answer_makes_them_present_and_a_cough_does_not(understood: str, more: int) -> None:
    async def script(call: Call) -> None:
        await asyncio.sleep(11.0)
        await call.speak(1.0, 0.5)
        await asyncio.sleep(14.0)

    assert asked(Call(texts=[understood], **SOON).run(script)) == MOST + more


def test_what_was_typed_is_an_answer_too() -> None:
    async def script(call: Call) -> None:
        await asyncio.sleep(11.0)
        call.session.type_text("here")
        await asyncio.sleep(14.0)

    assert asked(Call(**SOON).run(script)) == 2 * MOST


def test_being_asked_keeps_no_call_from_its_idle_timeout() -> None:
    call = quiet_call(secs=20.0, sessions={"idleTimeoutSeconds": 12})
    assert call.session.ended == "idle"
    assert asked(call) == MOST
    goodbye = next(at for at, chunk in call.peer.audio if chunk.turn == MOST)
    assert goodbye - 1000.0 == pytest.approx(12.0, abs=0.2)


def test_nothing_counts_before_the_media_is_connected() -> None:
    silence = Silence(15)
    silence.broken(0.0, by_an_answer=False)
    assert not silence.is_question_due(1_000.0)
    silence.began(1_000.0)
    assert not silence.is_question_due(1_014.9)
    assert silence.is_question_due(1_015.0)
    assert not silence.is_question_due(1_015.0), "it was put"
