"""What a caller said, from the ear to a question: coughs, pauses, STT that fails."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.base import UserTurn
from parley_dataplane.errors import EngineCrashed, EngineUnavailable
from parley_dataplane.events import Problem, UserTranscript
from tests.one_call import ANSWER, SORRY, Call, Mumbled, history


def test_a_person_who_only_paused_is_answered_once_with_all_that_was_said() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 0.5  # the first reply is still being thought of when the person goes on
        await call.speak(1.0, 0.5)
        await call.speak(1.0, 5.0)

    call = Call(texts=["book a table", "for two"]).run(script)
    assert [asked[0] for asked in call.llm.asked] == ["book a table", "book a table for two"]
    assert history(call) == [("user", "book a table for two", ""), ("assistant", ANSWER, "")]


def test_a_cough_in_the_silence_before_an_answer_loses_no_question() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 0.5
        await call.speak(1.0, 0.5)
        await call.speak(0.2, 5.0)

    call = Call(texts=["when do you open", ""]).run(script)
    assert history(call)[0] == ("user", "when do you open", "")
    assert len(history(call)) == 2


def test_who_spoke_and_was_not_understood_at_all_is_not_left_without_a_word() -> None:
    """Bug: silence. Cause: an utterance without words was taken for a cough, however long it was; and the answer that
    it had interrupted was gone as well.
    """

    async def script(call: Call) -> None:
        await call.speak(2.0, 4.0)
        await call.speak(0.4, 4.0)

    call = Call(texts=["", ""]).run(script)
    assert [asked[0] for asked in call.llm.asked] == [""], "of the long one alone"
    assert history(call) == [("assistant", ANSWER, "")]


def test_words_that_come_after_what_was_not_understood_are_answered_with_it() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 0.5
        await call.speak(2.0, 0.5)
        await call.speak(1.0, 5.0)

    call = Call(texts=["", "when do you open"]).run(script)
    assert [asked[0] for asked in call.llm.asked] == ["", "when do you open"]
    assert history(call)[0] == ("user", "when do you open", "")


def test_an_llm_that_thinks_ahead_is_told_at_a_pause_what_it_may_be_asked() -> None:
    expected: list[UserTurn] = []

    async def script(call: Call) -> None:
        call.llm.expect = expected.append  # type: ignore[attr-defined]
        call.llm.secs = 0.5
        await call.speak(1.0, 0.5)
        await call.speak(1.0, 5.0)

    call = Call(texts=["book a table", Mumbled("when are you open")]).run(script)
    assert expected == [UserTurn("book a table when are you")], "with all that waits for an answer"
    assert "when are you" not in [told.text for told in call.peer.of(UserTranscript)], "nobody is shown it"
    assert call.llm.asked[-1][0] == "book a table when are you open"


def test_two_utterances_on_their_way_through_stt_are_answered_together_and_in_order() -> None:
    async def script(call: Call) -> None:
        call.stt.secs = 1.5
        await call.speak(1.0, 0.4)
        await call.speak(1.0, 6.0)

    call = Call(texts=["first", "second"]).run(script)
    assert [asked[0] for asked in call.llm.asked] == ["first second"]


def test_stt_that_never_answers_is_given_up() -> None:
    async def script(call: Call) -> None:
        call.stt.secs = 1e6
        await call.speak(1.0, 15.0)

    call = Call(texts=["a"]).run(script)
    assert [problem.code for problem in call.peer.of(Problem)] == ["engine-timeout"]
    assert call.peer.states[-1] == "idle"


def test_the_silence_that_ends_a_turn_can_be_changed_in_the_call() -> None:
    async def script(call: Call) -> None:
        call.session.configure(silence_ms=1_000)
        await call.speak(1.0, 0.8)
        assert call.session.state == "listening"
        await call.quiet(0.3)
        assert call.session.state == "speaking"

    Call(texts=["a"]).run(script)


@pytest.mark.parametrize(
    "final", ["", EngineCrashed("gone"), "typed over"], ids=["cough", "crash", "typed over"]
)
def test_a_partial_text_never_stays_as_if_it_were_still_growing(final: str | Exception) -> None:
    """Bug: after a cough, or when STT died, the page went on showing "when are" in grey. Cause: only an utterance that
    was understood had a last transcript. Without the empty one the last is not final.
    """

    async def script(call: Call) -> None:
        await call.speak(1.0)
        if final == "typed over":
            call.session.type_text("hello")
        await call.quiet(9.0)

    call = Call(texts=[Mumbled(final)]).run(script)
    shown = [event for event in call.peer.of(UserTranscript) if event.turn == 0]
    assert shown == [UserTranscript(0, "when are", False), UserTranscript(0, "", True)]


def test_an_stt_that_takes_no_utterance_costs_one_turn_and_not_the_call() -> None:
    """Bug: with a language that STT does not have, the call stayed "listening" for ever. Cause: open() raised in the
    middle of the turn's effects, so that there was no utterance to end. Without the fix hear() raises.
    """

    async def script(call: Call) -> None:
        call.stt.refuses = EngineUnavailable("language de: use en")
        await call.speak(1.0, 6.0)
        call.stt.refuses = None
        await call.speak(1.0, 4.0)

    call = Call(texts=["b"]).run(script)
    assert call.peer.of(Problem) == [Problem("engine-unavailable", "language de: use en")]
    assert history(call) == [("assistant", SORRY, ""), ("user", "b", ""), ("assistant", ANSWER, "")]
