"""Any text in any state gets an answer, soon, and always the same one; so it does with any memory and any file."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from typing import Any

from parley_api.conversation import Conversation
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import State
from tests.unit.parley_dataplane.engines.barber import (
    ASKED_DAY,
    ASKED_MESSAGE,
    ASKED_NAME,
    ASKED_TIME,
    BOOKED,
    FRESH,
    JUST_BOOKED,
    TALK,
    TOLD_HOURS,
    converse,
)


def test_a_memory_of_another_file_is_an_empty_one() -> None:
    memories: list[dict[str, Any]] = [
        {"filling": [{"intent": "gone", "values": {}, "asked": "x", "misses": 0}], "open": "gone"},
        {"filling": [{"intent": "book", "values": {}, "asked": "gone", "misses": 0}]},
        {"records": {"gone": {"x": "y"}}, "done": {"intent": "gone", "values": {}, "asked": "", "misses": 0}},
        {"filling": 7},
        {"records": [1]},
        {"told": {"book": "often"}},
        {"done": {"nothing": 1}},
        {"gone": True},
    ]
    for memory in memories:
        assert TALK.answer(State.from_memory(memory), UserTurn("where can I park"))[0] == "Behind the house."


def odd_texts(count: int) -> Sequence[str]:
    """Texts of every kind, the same in every run."""
    dice = random.Random(3)
    alphabets = [
        "abc ",
        "aeiou",
        "0123456789: ",
        "\u0000\u200b\ufeff\n\t ",
        "äßçñ ",
        "你好世界 ",
        "🙂👍🏽 ",
        "{}%s\\'\" ",
    ]
    vocabulary = "no not Tuesday ten half past book cancel story about park {day} {appointment.day} a".split()
    texts = [
        "",
        " ",
        "a" * 2_000,
        "{" * 2_000,
        "ten " * 500,
        "not Monday " * 180,
        "x1y2" * 500,
        "half " * 400,
    ]
    for _ in range(count):
        letters = dice.choice(alphabets)
        texts.append("".join(dice.choice(letters) for _ in range(dice.randrange(2_000))))
        texts.append(" ".join(dice.choice(vocabulary) for _ in range(dice.randrange(30))))
        texts.append("".join(chr(dice.randrange(1, 0xD800)) for _ in range(dice.randrange(300))))
    return texts


def test_any_text_in_any_state_gets_an_answer_in_bounded_time() -> None:
    states = [FRESH, BOOKED, ASKED_DAY, ASKED_TIME, ASKED_NAME, ASKED_MESSAGE, JUST_BOOKED, TOLD_HOURS]
    state = FRESH
    for at, text in enumerate(odd_texts(60)):
        begin = time.perf_counter()
        answer, after = TALK.answer(states[at % len(states)], UserTurn(text, alternatives=(text[::-1],) * 20))
        _, state = TALK.answer(state, UserTurn(text))
        assert time.perf_counter() - begin < 1.0  # generous: it is a few milliseconds
        assert answer.strip()
        assert "{" not in answer
        assert State.from_memory(json.loads(json.dumps(after.to_memory()))) == after


def test_the_same_turn_in_the_same_state_gets_the_same_answer() -> None:
    for text in odd_texts(10):
        assert TALK.answer(BOOKED, UserTurn(text)) == TALK.answer(BOOKED, UserTurn(text))


def test_an_agent_without_intents_answers_all_the_same() -> None:
    empty = Dialogue(Conversation(instructions="Say something."))
    answers, _ = converse(empty, "hello", "what can you do", "where is Paris", "", "bye")
    assert all(answers)
