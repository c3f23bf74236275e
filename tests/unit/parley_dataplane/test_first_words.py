"""How soon somebody reads what they say."""

from __future__ import annotations

from parley_dataplane.first_words import FirstWords
from parley_dataplane.records import Transcribed
from tests.one_call import Call, Mumbled


def words(*told: tuple[str, float]) -> tuple[float, float]:
    first = FirstWords(10.0)
    for text, now in told:
        first.told(text, now)
    return first.first_ms, first.stable_ms


def test_a_first_word_that_stays_is_stable_from_the_start() -> None:
    assert words(("when", 10.25), ("when are", 10.5), ("When are you open?", 12.0)) == (250, 250)


def test_a_first_word_that_changes_is_stable_from_the_last_change() -> None:
    assert words(("then", 10.25), ("when are", 10.5), ("when are you open", 12.0)) == (250, 500)


def test_what_only_the_end_has_told_came_then() -> None:
    assert words(("", 10.25), ("when are you open", 12.0)) == (2_000, 2_000)


def told(call: Call) -> list[Transcribed]:
    return [record for record in call.records if isinstance(record, Transcribed)]


def test_an_utterance_tells_its_first_words_from_its_first_voice_on() -> None:
    """It begins 0.3 s after the call does; the detector needs 60 ms of it, and the least speech is 100 ms."""

    async def script(call: Call) -> None:
        await call.quiet(0.3)
        await call.speak(1.0, 4.0)

    (record,) = told(Call(texts=[Mumbled("when are you open")]).run(script))
    assert 60 <= record.first_partial_ms <= 160
    assert record.first_stable_ms == record.first_partial_ms


def test_a_cough_tells_none() -> None:
    async def script(call: Call) -> None:
        await call.speak(0.3, 3.0)

    assert told(Call(texts=[Mumbled("")]).run(script)) == []
