"""The turn, the answers and the history of one call, with fake engines on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from parley_dataplane.doors import DUPLEX, FASTRTC, DoorKind
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.events import AgentHeard, AgentText, Problem, TurnCost, TurnTiming, UserTranscript
from parley_dataplane.media import FRAME_SECS, SPEAKING_RATE
from parley_dataplane.records import ErrorSeen
from parley_dataplane.session_metrics import answer_ms
from tests.one_call import ANSWER, SORRY, Call, ask_and_hear_all, history


def test_a_spoken_question_is_answered_and_becomes_history() -> None:
    call = Call(texts=["when do you open"]).run(ask_and_hear_all)
    assert call.peer.states == ["listening", "processing", "speaking", "idle"]
    assert call.peer.secs == 2.0
    assert history(call) == [("user", "when do you open", ""), ("assistant", ANSWER, "")]
    assert call.peer.of(UserTranscript) == [
        UserTranscript(0, "whe", False),
        UserTranscript(0, "when do you open", True, 16),
    ]
    assert call.peer.of(AgentText) == [AgentText(0, ANSWER)]
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]


def test_the_stages_of_a_turn_add_up_to_the_silence_between_the_voices() -> None:
    call = Call(texts=["when"]).run(ask_and_hear_all)
    (timing,) = call.peer.of(TurnTiming)
    assert timing.endpointing_ms == pytest.approx(300, abs=25)
    assert timing.stt_ms == pytest.approx(50, abs=5)
    assert timing.llm_ms == pytest.approx(20, abs=5)
    assert timing.tts_ms == pytest.approx(20, abs=5)
    assert 0 <= timing.send_ms <= 20
    first_audio = call.peer.audio[0][0]
    assert timing.total_ms == pytest.approx(1000 * (first_audio - 1001.0), abs=25), "spoke until 1001.0"


def test_what_a_turn_has_cost_is_told_when_it_sounds_and_when_it_is_over() -> None:
    call = Call(texts=["when do you open"]).run(ask_and_hear_all)
    at_first, at_last = call.peer.of(TurnCost)
    kinds = [type(event) for event in call.peer.events]
    assert kinds.index(TurnCost) == kinds.index(TurnTiming) + 1
    metrics = call.session.metrics
    assert metrics.llm_words == 4 + len(ANSWER.split())
    assert metrics.tts_characters == len(ANSWER)
    assert at_first.llm_usd == at_last.llm_usd == pytest.approx(metrics.llm_words * 1.3 * 0.6e-6)
    assert at_last.tts_usd == pytest.approx(len(ANSWER) * 15e-6)
    assert 0 < at_first.stt_usd < at_last.stt_usd <= metrics.bytes_heard / 32_000 / 60 * 0.0043
    assert (
        at_last.call_usd
        == at_last.turn_usd
        == pytest.approx(at_last.stt_usd + at_last.llm_usd + at_last.tts_usd)
    )


def test_a_greeting_is_no_thought_of_the_llm() -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)

    call = Call(conversation={"instructions": "Be kind.", "greeting": "Good day."}).run(script)
    (cost,) = call.peer.of(TurnCost)
    assert (cost.llm_usd, cost.tts_usd) == (0.0, pytest.approx(len("Good day.") * 15e-6))


def test_a_session_counts_what_its_answers_took_and_an_answer_under_way_has_its_clauses_counted() -> None:
    """Clauses were counted at the end of an answer: a client that asked after `response` read that there were none."""
    counted = []

    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        assert call.session.state == "speaking"
        counted.append(call.session.metrics.tts_calls)
        await call.quiet(2.0)
        await call.speak(1.0, 4.0)

    call = Call(texts=["when", "where"]).run(script)
    metrics = call.session.metrics
    assert counted == [1]
    assert (metrics.stt_calls, metrics.llm_calls, metrics.tts_calls, metrics.latencies) == (2, 2, 2, 2)
    timings = call.peer.of(TurnTiming)
    assert metrics.total_answer_ms == sum(answer_ms(t.stt_ms, t.llm_ms, t.tts_ms) for t in timings)
    assert metrics.total_answer_ms == pytest.approx(2 * (50 + 20 + 20), abs=20)


def test_interruption_keeps_only_what_was_heard() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 0.3)
        await call.quiet(1.2)  # some 1.1 s of the answer: two words of half a second each
        await call.speak(0.5, 4.0)

    call = Call(texts=["tell me", "stop"]).run(script)
    assert history(call)[:2] == [("user", "tell me", ""), ("assistant", "Alpha beta", "gamma delta.")]
    heard = call.peer.of(AgentHeard)[0]
    assert heard.interrupted
    assert heard.seconds == pytest.approx(1.15, abs=0.15)
    first = sum(len(chunk.pcm) for _, chunk in call.peer.audio if chunk.turn == 0) / SPEAKING_RATE
    assert first == pytest.approx(heard.seconds, abs=0.021), "what left is what was heard"


@pytest.mark.parametrize(("kind", "ahead"), [(DUPLEX, 0.3), (FASTRTC, 2.0)], ids=["duplex", "fastrtc"])
def test_a_websocket_door_has_no_more_than_its_lead_when_interrupted(kind: DoorKind, ahead: float) -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 0.3)
        await call.quiet(1.2)
        call.session.interrupt()
        await call.quiet(2.0)

    call = Call(kind, texts=["tell me"]).run(script)
    heard = call.peer.of(AgentHeard)[0]
    assert (heard.heard, heard.unheard) == ("Alpha beta", "gamma delta.")
    assert heard.seconds <= call.peer.secs <= heard.seconds + ahead


def test_the_button_stops_the_answer_at_once_and_asks_nothing_again() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        assert call.session.interrupt()
        before = call.peer.secs
        await call.quiet(3.0)
        assert call.peer.secs == before
        assert not call.session.interrupt(), "there is nothing more to stop"

    call = Call(texts=["tell me"]).run(script)
    assert len(call.llm.asked) == 1
    assert call.peer.states[-1] == "idle"


def test_what_the_llm_remembers_comes_back_with_the_next_turn() -> None:
    async def script(call: Call) -> None:
        for _ in range(3):
            await call.speak(1.0, 4.0)

    call = Call(texts=["a", "b", "c"]).run(script)
    assert [memory for _, _, memory in call.llm.asked] == [{}, {"turns": 1}, {"turns": 2}]
    assert [len(messages) for _, messages, _ in call.llm.asked] == [0, 2, 4]


def test_an_answer_that_nobody_heard_is_not_remembered() -> None:
    async def script(call: Call) -> None:
        call.tts.secs = 1.0
        await call.speak(1.0, 0.6)
        await call.speak(1.0, 6.0)

    call = Call(texts=["a", "b"]).run(script)
    assert [memory for _, _, memory in call.llm.asked] == [{}, {}]


def test_typing_interrupts_and_is_answered() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        call.session.type_text("  what\nelse ")
        await call.quiet(4.0)

    call = Call(texts=["tell me"]).run(script)
    assert call.peer.of(UserTranscript)[-1] == UserTranscript(1, "what else", True, 9)
    assert call.llm.asked[-1][0] == "what else"


@pytest.mark.parametrize("role", ["stt", "llm", "tts"])
def test_an_engine_that_fails_costs_one_turn_and_not_the_call(role: str) -> None:
    async def script(call: Call) -> None:
        broken = EngineCrashed("the engine is gone")
        if role != "stt":
            getattr(call, role).fails = broken
        await call.speak(1.0, 3.0)
        call.llm.fails = call.tts.fails = None
        await call.speak(1.0, 4.0)

    first = EngineCrashed("the engine is gone") if role == "stt" else "a"
    call = Call(texts=[first, "b"]).run(script)
    told = 2 if role == "tts" else 1  # of the apology as well
    assert call.peer.of(Problem) == [Problem("engine-crashed", "the engine is gone")] * told
    assert ErrorSeen("engine-crashed", call.session.id, "offer") in call.records
    assert history(call)[-1] == ("assistant", ANSWER, "")
    assert call.peer.states[-1] == "idle"


@pytest.mark.parametrize("role", ["stt", "llm"])
def test_a_caller_is_told_aloud_that_an_engine_has_failed(role: str) -> None:
    """Bug: a caller without a screen heard nothing at all and waited for ever. Cause: a failure was an event and no
    more. Without the apology the history of the call ends with silence.
    """

    async def script(call: Call) -> None:
        if role == "llm":
            call.llm.fails = EngineCrashed("the engine is gone")
        await call.speak(1.0, 8.0)

    call = Call(texts=[EngineCrashed("the engine is gone") if role == "stt" else "a"]).run(script)
    assert history(call)[-1] == ("assistant", SORRY, "")
    assert call.peer.states[-2:] == ["speaking", "idle"]


def test_an_apology_that_fails_is_not_apologised_for() -> None:
    """Else TTS that is gone for good would keep the call busy for ever."""

    async def script(call: Call) -> None:
        call.tts.fails = EngineCrashed("the voice is gone")
        await call.speak(1.0, 12.0)

    call = Call(texts=["a"]).run(script)
    assert [message.role for message in call.session.history] == ["user", "assistant", "assistant"]
    assert call.peer.states[-1] == "idle"


def test_an_apology_gives_way_to_the_next_question() -> None:
    async def script(call: Call) -> None:
        await call.speak(1.0, 1.0)
        assert call.session.state == "speaking"
        await call.speak(1.0, 4.0)

    call = Call(texts=[EngineCrashed("gone"), "b"]).run(script)
    assert [asked[0] for asked in call.llm.asked] == ["b"]
    assert history(call)[-1] == ("assistant", ANSWER, "")


@pytest.mark.parametrize("role", ["stt", "llm", "tts"])
def test_an_engine_with_a_fault_of_its_own_costs_one_turn_and_is_logged(role: str) -> None:
    """Bug: an STT engine that raised a KeyError left the call in "processing" for ever; one of the LLM was passed over
    in silence. Cause: only EngineErrors were thought of. Without the fix the call is not idle at the end, and no
    Problem was told.
    """

    async def script(call: Call) -> None:
        logged: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: logged.append(context))
        if role != "stt":
            getattr(call, role).fails = KeyError("text")
        await call.speak(1.0, 8.0)
        assert logged
        assert ErrorSeen("internal", call.session.id, "offer") in call.records

    call = Call(texts=[KeyError("text") if role == "stt" else "a"]).run(script)
    assert {problem.code for problem in call.peer.of(Problem)} == {"engine-error"}
    assert call.peer.states[-1] == "idle"


def test_an_interruption_in_the_first_word_is_one() -> None:
    """Bug: it was told to the peer and counted nowhere. Cause: what left no word in the history was no turn."""

    async def script(call: Call) -> None:
        await call.speak(1.0, 0.3)
        await call.quiet(0.3)
        assert call.session.interrupt()

    call = Call(texts=["tell me"]).run(script)
    (heard,) = call.peer.of(AgentHeard)
    assert (heard.heard, heard.interrupted) == ("", True)
    assert (call.session.metrics.interruptions, call.session.metrics.turns) == (1, 1)
    assert history(call) == [("user", "tell me", "")]


@pytest.mark.parametrize(
    ("after_tick", "waits"), [(0.002, 0.0), (0.007, 0.0), (0.009, 0.011), (0.019, 0.001)]
)
def test_audio_that_is_made_soon_after_a_tick_does_not_wait_for_the_next(
    after_tick: float, waits: float
) -> None:
    async def script(call: Call) -> None:
        call.llm.secs = call.tts.secs = 0.0
        await asyncio.sleep(0.1 + after_tick)
        call.session.type_text("tell me")
        made = asyncio.get_running_loop().time()
        await call.quiet(0.6)
        times = [at - made for at, _ in call.peer.audio]
        assert times[:2] == pytest.approx([waits, FRAME_SECS - after_tick + (FRAME_SECS if waits else 0.0)])
        await call.quiet(2.0)

    call = Call().run(script)
    assert call.peer.secs == 2.0


def test_each_slot_holds_one_frame_or_one_silence() -> None:
    """A WebRTC door counts its RTP time by them."""

    async def script(call: Call) -> None:
        call.llm.secs = call.tts.secs = 0.0
        for offset in (0.003, 0.013):
            await asyncio.sleep(0.1 + offset)
            call.session.type_text("tell me")
            await asyncio.sleep(3.0 - offset)

    call = Call().run(script)
    slots = round(6.2 / FRAME_SECS)
    assert len(call.peer.audio) == 200
    assert call.peer.silences + len(call.peer.audio) == pytest.approx(slots, abs=2)
