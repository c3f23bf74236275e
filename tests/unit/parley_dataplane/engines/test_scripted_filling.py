"""A slot takes one whole value that is possible, from what was heard; for anything else it is asked for again."""

from __future__ import annotations

import pytest

from parley_api.conversation import Conversation
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import Filling, State
from tests.unit.parley_dataplane.engines.barber import ASKED_DAY, ASKED_TIME, FRESH, TALK


def test_a_corrected_value_replaces_the_one_before() -> None:
    _, state = TALK.answer(ASKED_TIME, UserTurn("no, Tuesday"))
    assert state.filling[-1].values == {"day": "tuesday"}


def test_a_value_in_another_reading_fills_the_slot() -> None:
    said = UserTurn("chews day", alternatives=("choose day", "tuesday"))
    assert TALK.answer(ASKED_DAY, said)[1].filling[-1].values == {"day": "tuesday"}


def test_a_slot_that_nobody_asked_for_is_filled_from_the_best_reading_alone() -> None:
    """Bug: "order shampoo", with another reading that held "eight", ordered eight. Cause: the first reading with any
    value was believed. Without the fix the number is 8 before anybody asked for it.
    """
    said = UserTurn("can i order lemon shampoo", alternatives=("can i order eight lemon shampoo",))
    answer, state = TALK.answer(FRESH, said)
    assert state.filling[-1].values == {"kind": "lemon"}
    assert answer == "How many bottles?"
    said = UserTurn("i want to order shampoo", alternatives=("i want to order eight mint shampoo",))
    assert TALK.answer(FRESH, said)[1].filling[-1].values == {}


def test_another_reading_fills_nothing_but_the_slot_asked_for() -> None:
    said = UserTurn("chews day", alternatives=("tuesday at ten",))
    assert TALK.answer(ASKED_DAY, said)[1].filling[-1].values == {"day": "tuesday"}


def test_who_is_still_there_is_asked_again_for_what_was_missing() -> None:
    assert TALK.answer(ASKED_TIME, UserTurn("yes I am still here"))[0] == f"{builtin.HERE} What time?"


DELI = Dialogue(
    Conversation.model_validate(
        {
            "instructions": "You sell sandwiches.",
            "intents": [
                {
                    "name": "order",
                    "phrases": ["I want a sandwich", "order {count} {filling} sandwiches"],
                    "slots": [
                        {
                            "name": "filling",
                            "kind": "choice",
                            "choices": ["tuna", "salami", "cheese", "egg", "ham", "tofu", "turkey"],
                            "ask": "What is to be on it?",
                        },
                        {"name": "count", "kind": "number", "ask": "How many?"},
                    ],
                    "answer": "{count} with {filling}.",
                }
            ],
        }
    )
)
ASKED_FILLING = State(filling=(Filling("order", {}, "filling"),))
ASKED_COUNT = State(filling=(Filling("order", {"filling": "tuna"}, "count"),))
LISTED = "There is tuna, salami, cheese, egg, ham, tofu and more. What is to be on it?"


@pytest.mark.parametrize(
    ("state", "said", "answer"),
    [
        (ASKED_FILLING, "what have you got", LISTED),
        (ASKED_FILLING, "what do you have", LISTED),
        (ASKED_FILLING, "what are my options", LISTED),
        (ASKED_FILLING, "bicycles", f"{builtin.SLOT_MISSED} {LISTED}"),
        (ASKED_FILLING, "tuna or salami", "Sorry, I can only take one of them. What is to be on it?"),
        (ASKED_FILLING, "tuna not salami", "How many?"),
        (ASKED_FILLING, "1,000 salami", "1000 with salami."),
        (ASKED_COUNT, "minus three", "Sorry, that number is not possible. How many?"),
        (ASKED_COUNT, "one hundred million", "Sorry, that number is not possible. How many?"),
        (ASKED_COUNT, "two or three", "Sorry, I can only take one of them. How many?"),
        (ASKED_COUNT, "0.5", "Sorry, I need one whole number. How many?"),
        (ASKED_COUNT, "twelve hundred", "1200 with tuna."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_is_taken_whole_or_asked_for_again(state: State, said: str, answer: str) -> None:
    assert DELI.answer(state, UserTurn(said))[0] == answer


def test_choices_that_the_question_names_are_not_told_twice() -> None:
    asked = State(filling=(Filling("shampoo", {}, "kind"),))
    assert TALK.answer(asked, UserTurn("what have you got"))[0] == "Lemon or mint?"
