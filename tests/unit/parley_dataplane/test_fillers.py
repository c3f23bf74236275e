"""Fillers: when they are said and when not, how the answer follows, and that they are no part of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from parley_api.conversation import Fillers as FillersSpec
from parley_dataplane.doors import (
    DUPLEX,
    FASTRTC,
    FASTRTC_FILE,
    FASTRTC_FULL,
    WEBRTC_OFFER,
    WEBRTC_SIGNALING,
    DoorKind,
)
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.events import AgentClause, AgentFiller, AgentHeard, AgentText, TurnTiming
from parley_dataplane.fillers import PAUSE_SECS, Fillers
from parley_dataplane.media import FRAME_SECS, SPEAKING_FRAME, SPEAKING_RATE
from parley_dataplane.media.speaker import LEAD_IN, Chunk
from tests.one_call import ANSWER, SORRY, Call, FakeTts, history
from tests.virtual_time import run

HMM, THINK = "Hmm...", "Let me think..."
SILENCE_SECS, AFTER_SECS = 0.3, 0.45
"""What ends a turn, and what is waited for then."""


class FilledCall(Call):
    """A call of an agent whose fillers are made."""

    def __init__(
        self, kind: DoorKind = DUPLEX, when: str | None = None, *, barge_in: bool = True, **fillers: Any
    ) -> None:
        said = {"instructions": "Be kind.", "greeting": "Good morning.", "goodbye": "Goodbye now."}
        fillers |= {} if when is None else {"when": when}
        super().__init__(
            kind,
            texts=["tell me", "and then", "again"],
            conversation={**said, "fillers": fillers},
            turnTaking={"bargeIn": barge_in},
        )
        run(self.agent.fillers.start())
        self.tts.said.clear()

    def said_of_fillers(self) -> list[str]:
        return [event.text for event in self.peer.of(AgentFiller)]

    def chunks(self, *, lead_in: bool) -> list[tuple[float, Chunk]]:
        return [(at, chunk) for at, chunk in self.peer.audio if (chunk.clause == LEAD_IN) is lead_in]


def seconds(chunks: list[tuple[float, Chunk]]) -> float:
    return sum(len(chunk.pcm) for _, chunk in chunks) / SPEAKING_RATE


async def ask(call: Call) -> None:
    await call.speak(1.0, 6.0)


async def ask_three_times(call: Call) -> None:
    for _ in range(3):
        await ask(call)


def test_on_the_full_duplex_door_each_turn_begins_with_the_next_filler_and_the_answer_follows() -> None:
    call = FilledCall()
    call.run(ask_three_times)
    assert call.said_of_fillers() == [HMM, THINK, HMM]
    texts = [e for e in call.peer.events if isinstance(e, AgentFiller | AgentClause)]
    assert [type(e) for e in texts] == [AgentFiller, AgentClause] * 3
    for turn in range(3):
        clauses = [chunk.clause for _, chunk in call.peer.audio if chunk.turn == turn]
        assert set(clauses) == {LEAD_IN, 0}
        assert clauses == sorted(clauses), "first the filler, then the answer"
    assert call.peer.states[:4] == ["listening", "processing", "speaking", "idle"]
    assert [request.text for request in call.tts.said] == [ANSWER] * 3, "a filler is made once"


def test_a_filler_is_neither_in_the_history_nor_in_the_answer() -> None:
    call = FilledCall()
    call.run(ask)
    assert history(call) == [("user", "tell me", ""), ("assistant", ANSWER, "")]
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]
    assert call.peer.of(AgentText) == [AgentText(0, ANSWER)]
    assert call.session.metrics.tts_calls == 1


def test_the_stages_are_the_answers_and_beside_them_it_is_told_when_something_was_heard() -> None:
    call = FilledCall()
    call.run(ask)
    (timing,) = call.peer.of(TurnTiming)
    filler = seconds(call.chunks(lead_in=True))
    assert timing.perceived_ms == pytest.approx(300 + 50, abs=25), "as soon as the words are understood"
    assert (timing.llm_ms, timing.tts_ms) == (pytest.approx(20, abs=5), pytest.approx(20, abs=5))
    # The answer leaves behind the filler, as far ahead of its time as the door's audio may.
    assert timing.total_ms - timing.perceived_ms == pytest.approx(1000 * (filler - DUPLEX.lead_secs), abs=25)
    assert filler == pytest.approx(0.5 + PAUSE_SECS, abs=FRAME_SECS)
    assert call.session.metrics.total_answer_ms == pytest.approx(50 + 20 + 20, abs=10)


def test_a_filler_leaves_in_the_tick_in_which_the_question_is_known() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 3.0
        await asyncio.sleep(0.1 + FRAME_SECS / 2)
        call.session.type_text("tell me")
        asked = asyncio.get_running_loop().time()
        await call.quiet(6.0)
        assert call.peer.audio[0][0] - asked <= FRAME_SECS

    call = FilledCall()
    call.run(script)
    assert call.said_of_fillers() == [HMM]


@pytest.mark.parametrize(
    "kind", [WEBRTC_OFFER, WEBRTC_SIGNALING, FASTRTC, FASTRTC_FULL], ids=lambda k: k.name
)
def test_on_the_other_doors_a_quick_answer_has_none(kind: DoorKind) -> None:
    async def script(call: Call) -> None:
        call.session.type_text("tell me")
        await call.quiet(4.0)

    call = FilledCall(kind)
    call.run(script)
    assert call.said_of_fillers() == []
    assert seconds(call.peer.audio) >= 2.0


def test_a_slow_llm_is_filled_in_for_and_the_answer_follows_without_overlap() -> None:
    begun = 0.0

    async def script(call: Call) -> None:
        nonlocal begun
        await call.quiet(3.0)  # the greeting
        call.llm.secs = 2.0
        begun = asyncio.get_running_loop().time()
        await ask(call)

    call = FilledCall(WEBRTC_OFFER)
    call.run(script)
    assert call.said_of_fillers() == [HMM]
    filler = call.chunks(lead_in=True)
    answer = [(at, chunk) for at, chunk in call.chunks(lead_in=False) if chunk.turn == 1]
    due = begun + 1.0 + SILENCE_SECS + AFTER_SECS
    assert filler[0][0] == pytest.approx(due, abs=2 * FRAME_SECS)
    assert seconds(answer) == 2.0
    assert answer[0][0] > filler[-1][0]
    (timing,) = call.peer.of(TurnTiming)
    assert timing.total_ms == pytest.approx(1000 * (answer[0][0] - begun - 1.0), abs=25)
    assert timing.perceived_ms == pytest.approx(1000 * (filler[0][0] - begun - 1.0), abs=25)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise([*filler, *answer])]
    assert min(gaps) == pytest.approx(FRAME_SECS), "one frame in each slot"


@pytest.mark.parametrize("role", ["stt", "tts"])
def test_slow_hearing_and_a_slow_voice_are_filled_in_for_too(role: str) -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)
        getattr(call, role).secs = 0.6
        call.llm.secs = 0.3
        await ask(call)

    call = FilledCall(WEBRTC_OFFER)
    call.run(script)
    assert call.said_of_fillers() == [HMM]
    assert history(call)[-1] == ("assistant", ANSWER, "")


def test_what_was_slow_to_be_understood_and_is_answered_at_once_has_none() -> None:
    """A filler would hold up an answer that is there in a moment."""

    async def script(call: Call) -> None:
        await call.quiet(3.0)
        call.stt.secs = 0.6
        await ask(call)

    call = FilledCall(WEBRTC_OFFER)
    call.run(script)
    assert call.said_of_fillers() == []
    assert history(call)[-1] == ("assistant", ANSWER, "")


def test_what_was_not_understood_is_not_filled_in_for() -> None:
    async def script(call: Call) -> None:
        call.stt.texts[:] = [""]
        await ask(call)

    call = FilledCall()
    call.run(script)
    assert (call.said_of_fillers(), call.peer.audio) == ([], [])


@pytest.mark.parametrize(
    ("kind", "when", "said"),
    [
        (DUPLEX, "never", []),
        (DUPLEX, "onlyWhenSlow", []),
        (WEBRTC_OFFER, "always", [HMM]),
        (FASTRTC, "always", [HMM]),
        (FASTRTC_FILE, "always", []),
    ],
    ids=lambda value: value.name + value.unit if isinstance(value, DoorKind) else str(value),
)
def test_the_agents_file_has_the_last_word_but_for_an_answer_that_is_one_file(
    kind: DoorKind, when: str, said: list[str]
) -> None:
    async def script(call: Call) -> None:
        call.session.type_text("tell me")
        await call.quiet(6.0)

    call = FilledCall(kind, when)
    call.run(script)
    assert call.said_of_fillers() == said
    assert bool(call.chunks(lead_in=True)) == bool(said)
    assert history(call)[-1] == ("assistant", ANSWER, "")


def test_phrases_and_patience_are_the_agents_files() -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)
        call.llm.secs = 0.3
        await ask(call)

    call = FilledCall(WEBRTC_OFFER, phrases=["Well."], afterMs=100)
    call.run(script)
    assert call.said_of_fillers() == ["Well."]


def test_fastrtcs_filler_is_a_file_of_its_own_and_changes_nothing_of_the_answers() -> None:
    call = FilledCall(FASTRTC, "always")
    call.run(ask)
    files = [(chunk.clause, chunk.last_of_clause) for _, chunk in call.peer.audio]
    assert files == [(LEAD_IN, True), (0, True)]
    assert call.peer.of(AgentHeard) == [AgentHeard(0, ANSWER, "", False, 2.0)]


def test_speech_in_a_filler_ends_it_and_is_answered_together_with_the_question() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 1.0
        await call.speak(1.0, 0.3)
        await call.quiet(0.3)
        assert call.session.state == "speaking"
        await call.speak(1.0, 10.0)

    call = FilledCall(phrases=["Let me think about that for a while..."])
    call.run(script)
    cut, whole = call.peer.of(AgentHeard)
    assert (cut.heard, cut.interrupted, cut.seconds) == ("", True, 0.0)
    assert seconds([(at, c) for at, c in call.peer.audio if c.turn == 0]) < 1.5, "some of its 4 s"
    assert whole.heard == ANSWER
    assert call.llm.asked[-1][0] == "tell me and then"
    assert call.session.metrics.interruptions == 1


def test_who_has_only_paused_is_heard_beneath_a_filler_of_an_agent_that_may_not_be_interrupted() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 2.0
        await call.speak(1.0, 0.5)
        assert call.session.state == "speaking", "the filler"
        await call.speak(1.0, 8.0)

    call = FilledCall(phrases=["Let me think about that for a while..."], barge_in=False)
    call.run(script)
    assert call.llm.asked[-1][0] == "tell me and then"


def test_a_phrase_that_the_voice_fails_is_left_out_and_the_agent_begins_all_the_same() -> None:
    tts = FakeTts(dies_at={1})
    fillers = Fillers(FillersSpec(), tts, "en")
    run(fillers.start())
    assert [filler.text for number in range(2) if (filler := fillers.number(number))] == [THINK] * 2


def test_the_button_in_a_filler_ends_the_turn() -> None:
    async def script(call: Call) -> None:
        call.llm.secs = 2.0
        call.session.type_text("tell me")
        await call.quiet(0.2)
        assert call.session.interrupt()
        before = call.peer.secs
        await call.quiet(4.0)
        assert call.peer.secs == before

    call = FilledCall()
    call.run(script)
    assert history(call) == [("user", "tell me", "")]
    assert call.peer.states == ["processing", "speaking", "idle"]


def test_a_question_asked_on_before_the_filler_is_due_has_none_yet() -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)
        call.llm.secs = 3.0
        await call.speak(1.0, SILENCE_SECS + 0.2)
        await call.speak(2.0)
        assert call.peer.of(AgentFiller) == []

    FilledCall(WEBRTC_OFFER).run(script)


def test_what_the_agent_says_by_itself_has_no_filler() -> None:
    async def script(call: Call) -> None:
        await call.quiet(3.0)
        call.llm.fails = EngineCrashed("gone")
        await ask(call)
        call.session.leave("idle")
        await call.quiet(3.0)

    call = FilledCall(WEBRTC_OFFER, "always")
    call.run(script)
    assert [said for _, said, _ in history(call)] == ["Good morning.", "tell me", SORRY, "Goodbye now."]
    assert call.said_of_fillers() == [HMM], "that of the answer which failed"


def test_a_filler_is_whole_frames_in_the_agents_own_voice_and_one_without_a_sound_is_left_out() -> None:
    voice = FakeTts()
    fillers = Fillers(FillersSpec(phrases=[" ", "Hmm..."]), voice, "en-GB")
    assert fillers.number(0) is None, "nothing is made yet"
    run(fillers.start())
    filler = fillers.number(0)
    assert filler is not None
    assert filler is fillers.number(1), "the only one"
    assert (filler.text, len(filler.pcm) % SPEAKING_FRAME) == (HMM, 0)
    assert not filler.pcm[-round(PAUSE_SECS * SPEAKING_RATE) :].any()
    assert [(request.voice, request.language) for request in voice.said] == [(None, "en-GB")] * 2


def test_an_agent_without_fillers_makes_none() -> None:
    voice = FakeTts()
    run(Fillers(FillersSpec(when="never"), voice, "en-US").start())
    assert voice.said == []
