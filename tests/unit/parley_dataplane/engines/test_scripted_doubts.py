"""What is only near is asked about, "is that right?", and twice at most; who wants a person is told where one is."""

from __future__ import annotations

import pytest

from parley_api.conversation import Conversation
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import Filling, State
from tests.unit.parley_dataplane.engines.barber import BARBER, FRESH, TALK, converse

SHOP = Dialogue(
    Conversation.model_validate(
        {
            "instructions": "You sell flowers.",
            "fallback": "I only know about flowers.",
            "handOver": "The florist is here from nine.",
            "intents": [
                {
                    "name": "order",
                    "wish": "to order flowers",
                    "phrases": ["I want to order flowers", "bring me a bunch of flowers on {day}"],
                    "slots": [{"name": "day", "kind": "weekday", "ask": "For which day?"}],
                    "answer": "You get them on {day}.",
                },
                {
                    "name": "care",
                    "wish": "to know how to care for flowers",
                    "phrases": ["how do I care for my flowers", "how often do I water the flowers"],
                    "answer": "Change the water every day.",
                },
                {"name": "price", "phrases": ["what do roses cost"], "answer": "Two dollars each."},
            ],
        }
    )
)
DOUBTED = State(
    doubted=(Filling("order", {"day": "friday"}), Filling("care")),
    misses=1,
    said="You want to order flowers?",
)
DOUBTED_LAST = State(doubted=(Filling("care"),), misses=2)
ASKS_ABOUT_CARE = "Then you want to know how to care for flowers, is that right?"


@pytest.mark.parametrize(
    ("state", "said", "answer"),
    [
        (DOUBTED, "yes", "You get them on Friday."),
        (DOUBTED, "yes that is right", "You get them on Friday."),
        (DOUBTED, "yes, but on Monday", "You get them on Monday."),
        (DOUBTED, "I want to order flowers", "You get them on Friday."),
        (DOUBTED, "no", ASKS_ABOUT_CARE),
        (DOUBTED, "no that is wrong", ASKS_ABOUT_CARE),
        (DOUBTED, "no, what do roses cost", "Two dollars each."),
        (DOUBTED, "what do roses cost", "Two dollars each."),
        (DOUBTED, "say that again", "You want to order flowers?"),
        (DOUBTED, "hang on", builtin.QUIETED),
        (DOUBTED_LAST, "yes", "Change the water every day."),
        (DOUBTED_LAST, "no", builtin.DENIED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_is_that_right_takes_yes_no_and_anything_else(state: State, said: str, answer: str) -> None:
    assert SHOP.answer(state, UserTurn(said))[0] == answer


@pytest.mark.parametrize("typed", [False, True], ids=["spoken", "typed"])
def test_what_is_only_near_is_asked_about_with_the_intents_own_words(typed: bool) -> None:
    answer, state = SHOP.answer(FRESH, UserTurn("my flowers on Friday", typed=typed))
    assert answer.startswith("You want to ")
    assert answer.endswith(", is that right?")
    assert state.misses == 1
    assert SHOP.answer(state, UserTurn("say that again"))[1].doubted == state.doubted


def test_two_denials_and_one_more_near_miss_are_enough() -> None:
    answers, state = converse(SHOP, "my flowers", "no", "no", "my flowers", "yes")
    assert [answer.endswith("is that right?") for answer in answers] == [True, True, False, False, False]
    assert answers[2:] == [builtin.DENIED, "I only know about flowers.", builtin.YES]
    assert state.doubted == ()


def test_a_yes_counts_for_nothing_once_something_else_was_said() -> None:
    answers, _ = converse(SHOP, "my flowers", "what do roses cost", "yes")
    assert answers[-1] == builtin.YES


def test_who_wants_to_talk_to_a_person_is_told_what_the_file_says() -> None:
    for said in ("can I talk to a human", "I want to speak to a real person", "transfer me to an operator"):
        assert SHOP.answer(FRESH, UserTurn(said))[0] == "The florist is here from nine."
    answer, _ = TALK.answer(FRESH, UserTurn("let me talk to a person"))
    assert answer == BARBER.hand_over
