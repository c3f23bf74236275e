"""One answer on its way from the LLM through the voice."""

from __future__ import annotations

from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.events import AgentClause, AgentHeard, Problem
from tests.one_call import Call, history


def test_what_the_llm_made_and_the_voice_had_not_begun_is_unheard_too() -> None:
    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: " ".join(f"Word number {number}." for number in range(12))
        await call.speak(1.0, 0.3)
        await call.quiet(1.0)
        call.session.interrupt()
        await call.quiet(0.5)

    call = Call(texts=["tell me all"]).run(script)
    heard = call.peer.of(AgentHeard)[0]
    told = " ".join(event.text for event in call.peer.of(AgentClause))
    assert f"{heard.heard} {heard.unheard}" == told


def test_a_long_answer_is_not_made_far_ahead_of_what_is_heard() -> None:
    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: " ".join(f"Word{number}." for number in range(100))
        await call.speak(1.0, 3.0)
        assert 4 < len(call.tts.said) < 40

    Call(texts=["tell me all"]).run(script)


def test_a_voice_that_dies_between_two_clauses_says_the_second_all_the_same() -> None:
    """Bug: of a story of 25 s the second half was lost when eSpeak's process died, though 10 s of it were still to
    sound and the next process was there within one. Cause: a clause was asked for once. Without the second try the
    history ends with what was made before.
    """

    async def script(call: Call) -> None:
        call.llm.answer = lambda turn: "Alpha beta. Gamma delta."
        call.tts.dies_at = {2}
        await call.speak(1.0, 6.0)

    call = Call(texts=["a"]).run(script)
    assert history(call)[-1] == ("assistant", "Alpha beta. Gamma delta.", "")
    assert call.peer.of(Problem) == []


def test_an_apology_is_in_the_agents_own_voice_and_language() -> None:
    """Bug: with a voice that does not exist, nothing was heard, the apology no more than the answer; with a language
    that STT lacks, an English sentence came in a German voice. Cause: the caller's settings were taken for everything.
    """

    async def script(call: Call) -> None:
        call.session.configure(voice="nosuchvoice", language="de")
        await call.speak(1.0, 6.0)

    call = Call(texts=[EngineUnavailable("language de: use en")]).run(script)
    assert [(said.voice, said.language) for said in call.tts.said] == [(None, "en-US")] * 2
