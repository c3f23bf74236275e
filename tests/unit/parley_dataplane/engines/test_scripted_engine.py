"""The scripted LLM as an engine: sentence by sentence, and then what to remember."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from parley_dataplane.engines.base import Remember, TextDelta, UserTurn
from parley_dataplane.engines.scripted.engine import Scripted, sentences
from tests.unit.parley_dataplane.engines.barber import ASKED_TIME, BARBER


def told(memory: Mapping[str, Any], said: str) -> list[TextDelta | Remember]:
    async def listen() -> list[TextDelta | Remember]:
        llm = Scripted(BARBER)
        await llm.start()
        async with aclosing(llm.reply(UserTurn(said), [], memory)) as events:  # type: ignore[type-var]
            return [event async for event in events]

    return asyncio.run(listen())


def test_an_answer_comes_sentence_by_sentence_and_then_what_to_remember() -> None:
    *deltas, last = told(ASKED_TIME.to_memory(), "where can I park")
    assert deltas == [TextDelta("Behind the house. "), TextDelta("What time?")]
    assert isinstance(last, Remember)
    assert json.loads(json.dumps(last.memory)) == last.memory


def test_what_was_remembered_is_known_at_the_next_turn() -> None:
    first = told({}, "book an appointment on Monday")[-1]
    assert isinstance(first, Remember)
    assert told(first.memory, "ten")[0] == TextDelta("Booked for Monday at ten.")


def test_sentences_put_together_are_the_answer() -> None:
    answer = "One. Two?\n\nThree! Call 3.14 now,\nDr. Baker; or wait…"
    assert "".join(sentences(answer)) == answer
