"""A measured caller against a server that is a script: what it did becomes samples, and what went wrong is told."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.bench import conversation
from tests.bench.conversation import Caller
from tests.bench.figures import ANSWER, DECISION, INTERRUPTION, SLOTS
from tests.bench.wire.heard import Heard
from tests.bench.wire.microphone import Sentence


class ScriptedCall:
    """Sentence n lasts 1 s and is answered by `answers[n]`: audible (from, to) in seconds from its first packet on."""

    def __init__(
        self, answers: list[list[tuple[float, float]]], said: list[tuple[float, str]] | None = None
    ) -> None:
        self.microphone = self
        self.heard = Heard()
        self.lost = asyncio.Event()
        self.data = type("Data", (), {"messages": []})()
        self._answers = iter(answers)
        self._said = said or []
        self.now = 1_000.0

    def say(self, _sentence: Any) -> Any:
        begun = self.now
        ended = begun + 1.0
        for start, end in next(self._answers, []):
            for number in range(round((end - start) / 0.02)):
                self.heard.add(begun + start + number * 0.02, 0, number * 960, True)
        self.data.messages += [(begun + after, {"state": state}) for after, state in self._said]
        self.now = ended
        loop = asyncio.get_running_loop()
        saying = type("Saying", (), {"begun": loop.create_future(), "ended": loop.create_future()})()
        saying.begun.set_result(begun)
        saying.ended.set_result(ended)
        return saying


def held(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[list[tuple[float, float]]],
    *,
    interrupt: bool = False,
    said: list[tuple[float, str]] | None = None,
    kind: type[ScriptedCall] = ScriptedCall,
) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = []

    async def scenario() -> None:
        call = kind(answers, said)

        async def sleep(seconds: float) -> None:
            call.now += seconds
            await real_sleep(0)

        real_sleep = asyncio.sleep
        monkeypatch.setattr(conversation, "now", lambda: call.now)
        monkeypatch.setattr(conversation, "ANSWER_WITHIN", 0.01)
        monkeypatch.setattr(conversation.asyncio, "sleep", sleep)
        caller = Caller(
            number=0,
            call=call,  # type: ignore[arg-type]
            sentences=[Sentence([], 0, 0)],
            chance=random.Random(1),
            silence=0.2,
            keep=samples.append,
            began=1_000.0,
            measured_from=1_000.0,
            until=1_000.0 + 6.0 * len(answers) if not interrupt else 1_000.0 + 2.5 * len(answers),
        )
        await (caller.interrupt() if interrupt else caller.take_turns())

    asyncio.run(scenario())
    return samples


def test_an_answer_is_timed_from_the_last_speech_packet_less_the_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples = held(monkeypatch, [[(1.25, 4.25)]])
    assert [s["figure"] for s in samples[:2]] == [ANSWER, SLOTS]
    assert samples[0]["milliseconds"] == pytest.approx(50.0)
    assert (samples[1]["slots"], samples[1]["missed"]) == (150, 0)


def test_an_answer_before_the_end_of_the_sentence_is_told_as_early(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = held(monkeypatch, [[(0.5, 0.7), (1.25, 4.25)]])
    assert samples[0]["early"]
    assert "milliseconds" not in samples[0]


def test_no_answer_counts_as_the_time_that_was_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = held(monkeypatch, [[]])
    assert samples[0]["unanswered"]
    assert samples[0]["milliseconds"] == pytest.approx(10.0)


def test_an_interruption_gives_the_pause_and_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first answer sounds until 60 ms after the second sentence begins, wherever in 1 to 2 s that is.
    class Interrupted(ScriptedCall):
        def say(self, sentence: Any) -> Any:
            last = self.heard.last_audible
            begun = self.now
            at = last + 0.02
            while last and at <= begun + 0.06:
                self.heard.add(at, 0, 0, True)
                at += 0.02
            return super().say(sentence)

    samples = held(
        monkeypatch,
        [[(1.25, 1.3)], [(1.24, 1.3)]],
        interrupt=True,
        said=[(0.08, "listening"), (1.2, "speaking")],
        kind=Interrupted,
    )
    found = {s["figure"]: s for s in samples if s["round"] == 2}
    assert 40.0 < found[INTERRUPTION]["milliseconds"] <= 60.1
    assert found[DECISION]["milliseconds"] == pytest.approx(80.0)
    assert found[ANSWER]["milliseconds"] == pytest.approx(40.0)


def test_an_answer_that_goes_on_under_the_whole_sentence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = held(monkeypatch, [[(1.25, 9.0)], [(1.0, 1.5)]], interrupt=True)
    assert [s.get("talked_on") for s in samples if s["round"] == 2] == [True]
