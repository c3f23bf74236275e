"""One call as its door sees it: what it takes, when it ends, and what it then no longer does."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from parley_dataplane.doors import DUPLEX, WEBRTC_OFFER
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.errors import BadMessage, EndedSession, UnknownSession
from parley_dataplane.events import CallEnded, TurnTiming
from parley_dataplane.media import FRAME_SECS, HEARING_FRAME
from parley_dataplane.session import GOODBYE_SECS
from parley_dataplane.session_settings import MAX_TYPED_CHARS
from tests.one_call import ANSWER, LOUD, Call, history


def test_the_greeting_is_spoken_on_webrtc_doors_alone() -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)

    conversation = {"instructions": "Be kind.", "greeting": "Good morning."}
    greeted = Call(WEBRTC_OFFER, conversation=conversation).run(script)
    assert history(greeted) == [("assistant", "Good morning.", "")]
    assert greeted.peer.of(TurnTiming) == [], "nobody waited for it"
    silent = Call(DUPLEX, conversation=conversation).run(script)
    assert history(silent) == []
    assert silent.peer.audio == []


def test_an_engine_is_told_what_was_typed_and_not_said() -> None:
    turns: list[UserTurn] = []

    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: turns.append(turn) or ANSWER  # type: ignore[func-returns-value]
        call.session.type_text("what else")
        await call.quiet(4.0)
        await call.speak(1.0, 4.0)

    Call(texts=["tell me"]).run(script)
    assert turns == [UserTurn("what else", typed=True), UserTurn("tell me")]


def test_audio_that_is_whole_is_heard_at_once_as_what_is_sensed_and_heard_apart() -> None:
    async def talk(call: Call, *takes: Any) -> None:
        for value, steps in ((LOUD, 50), (0, 150)):
            for _ in range(steps):
                pcm = np.resize(np.array([value, value, -value, -value], np.int16), HEARING_FRAME)
                for take in takes:
                    take(pcm)
                await asyncio.sleep(FRAME_SECS)

    async def whole(call: Call) -> None:
        await talk(call, call.session.hear_whole)

    async def apart(call: Call) -> None:
        await talk(call, call.session.sense, call.session.hear_ordered)

    one, other = (Call(texts=["tell me"]).run(script) for script in (whole, apart))
    assert history(one) == history(other) == [("user", "tell me", ""), ("assistant", ANSWER, "")]
    assert one.session.metrics.bytes_heard == other.session.metrics.bytes_heard == 200 * 2 * HEARING_FRAME


@pytest.mark.parametrize("text", ["", "  ", "x" * (MAX_TYPED_CHARS + 1)])
def test_typed_text_is_bounded(text: str) -> None:
    async def script(call: Call) -> None:
        with pytest.raises(BadMessage, match=f"use 1 to {MAX_TYPED_CHARS}"):
            call.session.type_text(text)

    assert history(Call().run(script)) == []


def test_without_barge_in_the_answer_is_heard_to_its_end() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        await call.speak(0.5, 3.0)

    call = Call(texts=["tell me"], turnTaking={"bargeIn": False}).run(script)
    assert call.peer.secs == 2.0
    assert history(call)[-1] == ("assistant", ANSWER, "")


def test_an_idle_session_ends_and_one_in_use_does_not() -> None:
    async def script(call: Call) -> None:
        for _ in range(4):
            await call.speak(1.0, 8.0)
        assert call.peer.closed is None
        await call.quiet(12.0)
        assert call.peer.closed == "idle"

    call = Call(texts=["a"] * 4, sessions={"idleTimeoutSeconds": 10}).run(script)
    assert call.peer.events[-1] == CallEnded("idle")


def test_on_a_websocket_audio_keeps_a_session_in_use() -> None:
    async def script(call: Call) -> None:
        await call.quiet(30.0)
        assert call.peer.closed is None
        await asyncio.sleep(11.0 + GOODBYE_SECS)
        assert call.peer.closed == "idle"

    Call(DUPLEX, sessions={"idleTimeoutSeconds": 10}).run(script)


def test_the_longest_call_ends_even_while_somebody_speaks() -> None:
    async def script(call: Call) -> None:
        await call.speak(21.0 + GOODBYE_SECS)
        assert call.peer.closed == "longest-call"

    call = Call(texts=["a"], sessions={"longestCallSeconds": 20}).run(script)
    assert history(call) == [("assistant", call.spec.conversation.goodbye, "")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vad_threshold": 1.5}, "vad_threshold 1.5: use a number from 0 to 1"),
        ({"vad_threshold": True}, "vad_threshold True: use a number from 0 to 1"),
        ({"silence_ms": "300"}, "silence_ms '300': use a number from 50 to 10000"),
        ({"max_utterance_ms": float("nan")}, "max_utterance_ms nan: use a number from 1000 to 120000"),
        ({"voice": ""}, "voice: use a text of 1 to 64 characters"),
    ],
)
def test_a_setting_out_of_range_changes_nothing(changes: dict[str, Any], sentence: str) -> None:
    async def script(call: Call) -> None:
        before = call.session.settings
        with pytest.raises(BadMessage) as seen:
            call.session.configure(**{"silence_ms": 900, **changes})
        assert seen.value.detail == sentence
        assert call.session.settings == before

    Call().run(script)


def test_an_ended_session_is_gone_and_says_so() -> None:
    async def script(call: Call) -> None:
        await call.session.close("hung-up")
        with pytest.raises(EndedSession):
            call.sessions.get(call.session.id)
        with pytest.raises(UnknownSession):
            call.sessions.get("never-was")
        call.session.hear(np.ones(HEARING_FRAME, np.int16))
        await call.session.close("again")

    call = Call().run(script)
    assert call.peer.of(CallEnded) == [CallEnded("hung-up")]


def test_who_asks_in_the_middle_of_an_answer_reads_the_question_and_what_was_heard_so_far() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 0.3)
        await call.quiet(1.2)
        question, answer = call.session.info()["history"]
        assert question["text"] == "tell me"
        assert (answer["text"], answer["unheard"]) == ("Alpha beta", "gamma delta.")
        assert answer["seconds"] == pytest.approx(call.peer.secs, abs=0.021)
        await call.quiet(2.0)
        assert call.session.info()["history"][1]["text"] == ANSWER

    Call(texts=["tell me"]).run(script)


def test_the_last_words_of_a_call_are_the_goodbye() -> None:
    """Bug: `goodbye` of an agent's file was never said. Cause: sessions were ended at once. Without leave() nothing
    is heard after the server was told to stop.
    """

    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        leaving = asyncio.create_task(call.sessions.leave("server-stopping"))
        await call.speak(1.0, 4.0)  # whatever the person says now: the goodbye is said to its end
        await leaving
        assert call.peer.closed == "server-stopping"

    call = Call(texts=["tell me", "wait"]).run(script)
    assert [role for role, _, _ in history(call)] == ["user", "assistant", "assistant"]
    assert history(call)[-1] == ("assistant", call.spec.conversation.goodbye, "")


def test_a_goodbye_that_can_not_be_said_holds_nobody_up() -> None:
    async def script(call: Call) -> None:
        call.tts.secs = 1e6
        await call.speak(1.0, 1.0)
        async with asyncio.timeout(GOODBYE_SECS + 0.1):
            await call.sessions.leave("server-stopping")

    assert Call(texts=["tell me"]).run(script).peer.closed == "server-stopping"


def test_nothing_happens_in_a_call_that_has_ended() -> None:
    """Bug: a text that arrived while the connection was closing began an answer that nobody heard and that waited for
    ever. Cause: only audio was refused after the end. Without the fix run() finds a task too many.
    """

    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: " ".join(f"Word{number}." for number in range(100))
        call.session.end("hung-up")
        call.session.type_text("hello?")
        call.session.end_of_audio()
        assert not call.session.interrupt()
        call.session.start()
        await call.quiet(60.0)

    call = Call(conversation={"instructions": "Be kind.", "greeting": "Good morning."})
    call.run(script)
    assert call.peer.events[-1] == CallEnded("hung-up")
    assert call.llm.asked == []


def test_a_caller_who_listens_to_a_long_answer_is_not_idle() -> None:
    """Bug: a call ended as "idle" in the same moment as its story. Cause: the time was counted from the caller's last
    word. Without the fix the call is over a second after the answer.
    """

    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: " ".join(f"Word{number}." for number in range(30))
        await call.speak(1.0, 17.0)
        assert call.session.state == "idle"
        assert call.peer.closed is None

    Call(texts=["tell me"], sessions={"idleTimeoutSeconds": 10}).run(script)
