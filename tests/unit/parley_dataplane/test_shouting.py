"""Who shouts without a pause is answered again and again."""

from __future__ import annotations

from tests.one_call import ANSWER, Call, history


def test_who_shouts_for_a_minute_hears_the_beginning_of_an_answer_after_each_cut() -> None:
    async def script(call: Call) -> None:
        for _ in range(300):
            await call.speak(0.16, 0.04)  # syllables
        await call.quiet(5.0)

    call = Call(texts=["help"] * 4, turnTaking={"longestUtteranceMs": 15_000}).run(script)
    assert len(call.llm.asked) == 4
    turns = {chunk.turn for _, chunk in call.peer.audio}
    for turn in turns:
        secs = sum(len(chunk.pcm) for _, chunk in call.peer.audio if chunk.turn == turn) / 24_000
        assert secs >= 1.5, turn
    assert len(turns) == 4
    assert history(call)[-1] == ("assistant", ANSWER, "")
