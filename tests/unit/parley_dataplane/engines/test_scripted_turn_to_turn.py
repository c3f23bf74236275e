"""From one turn to the next: what is booked is kept, what was offered is taken up, what was interrupted goes on."""

from __future__ import annotations

from parley_api.conversation import Conversation
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.dialogue import Dialogue
from tests.unit.parley_dataplane.engines.barber import TALK, converse


def test_an_appointment_is_booked_corrected_moved_and_canceled_in_one_conversation() -> None:
    answers, state = converse(
        TALK,
        "I'd like to book an appointment",
        "on Monday",
        "no, Tuesday",
        "where can I park",
        "at half past ten",
        "actually at eleven",
        "move my appointment to Friday",
        "no, at three",
        "cancel my appointment",
        "cancel my appointment",
    )
    assert answers == [
        "Which day?",
        "What time?",
        "What time?",
        "Behind the house. What time?",
        "Booked for Tuesday at half past ten.",
        "Booked for Tuesday at eleven.",
        "Moved to Friday at eleven.",
        "Moved to Friday at three.",
        "Friday at three is canceled.",
        "There is nothing to cancel.",
    ]
    assert state.records == {}


def test_what_was_booked_is_corrected_after_another_question() -> None:
    answers, state = converse(
        TALK,
        "book an appointment on Monday at nine",
        "where can I park",
        "tell me a story about the sea",
        "no, make it Friday at eleven",
        "cancel my appointment",
        "no, make it Friday at eleven",
    )
    assert answers[3:5] == ["Booked for Friday at eleven.", "Friday at eleven is canceled."]
    assert answers[5] not in answers[:5]
    assert state.records == {}


def test_the_record_holds_plain_values() -> None:
    _, state = converse(TALK, "I need an appointment on Tuesday at half past ten")
    assert state.records == {"appointment": {"day": "tuesday", "time": "10:30"}}


def test_an_intent_that_changes_a_record_leaves_what_it_has_no_slot_for() -> None:
    people = {"name": "people", "kind": "number", "ask": "How many?"}
    inn = Conversation.model_validate(
        {
            "instructions": "You book tables.",
            "intents": [
                {
                    "name": "book",
                    "phrases": ["book a table for {people} on {day}"],
                    "slots": [people, {"name": "day", "kind": "weekday", "ask": "Which day?"}],
                    "answer": "Booked for {people} on {day}.",
                    "stores": "table",
                },
                {
                    "name": "grow",
                    "phrases": ["more chairs please", "we need more chairs"],
                    "slots": [people],
                    "requires": "table",
                    "otherwise": "There is no table.",
                    "answer": "Now {people} on {table.day}.",
                    "stores": "table",
                },
            ],
        }
    )
    answers, state = converse(
        Dialogue(inn), "more chairs please", "book a table for four on Friday", "we need more chairs", "six"
    )
    assert answers == ["There is no table.", "Booked for 4 on Friday.", "How many?", "Now 6 on Friday."]
    assert state.records == {"table": {"people": "6", "day": "friday"}}


def test_yes_takes_up_what_was_offered() -> None:
    """Bug: "Shall I book one?", "yes", "Good. What can I do for you?". Cause: a follow-up could only say something."""
    answers, _ = converse(TALK, "move my appointment", "yes", "Tuesday", "at ten", "yes")
    assert answers[1:] == ["Which day?", "What time?", "Booked for Tuesday at ten.", builtin.YES]
    answers, _ = converse(TALK, "move my appointment", "yes on Tuesday at ten")
    assert answers[1] == "Booked for Tuesday at ten."


def test_an_offer_stands_for_one_turn() -> None:
    for between in ("no thanks", "thank you", "where can I park", "what is the capital of France"):
        answers, _ = converse(TALK, "move my appointment", between, "yes")
        assert answers[-1] == builtin.YES
    answers, _ = converse(TALK, "move my appointment", "hang on", "say that again", "yes")
    assert answers[1:] == [builtin.QUIETED, answers[0], "Which day?"]


def test_an_offer_in_the_middle_of_something_else_begins_nothing() -> None:
    answers, state = converse(TALK, "book an appointment", "move my appointment", "yes")
    assert answers[-1] == f"{builtin.SLOT_MISSED} Which day?"
    assert len(state.filling) == 1


def test_a_follow_up_comes_after_the_sentence_that_it_is_for() -> None:
    answers, _ = converse(TALK, "move my appointment", "why not", "is that final")
    assert answers[1] == "You have not booked."
    assert answers[2] != "Until you move it again."
    answers, _ = converse(
        TALK,
        "book an appointment on Monday at nine",
        "move my appointment to Friday at ten",
        "is that final",
        "yes",
    )
    assert answers[2:] == ["Until you move it again.", builtin.YES]


def test_a_slot_dialogue_waits_for_another_and_goes_on() -> None:
    answers, state = converse(
        TALK, "book an appointment", "Monday", "I want to buy shampoo", "mint", "two", "Anna"
    )
    assert answers[-1] == f"2 bottles of mint for Anna. {builtin.RESUME} What time?"
    assert [filling.intent for filling in state.filling] == ["book"]


def test_leaving_the_inner_slot_dialogue_goes_back_to_the_outer() -> None:
    answers, _ = converse(TALK, "book an appointment", "Monday", "I want to buy shampoo", "never mind")
    assert answers[-1] == f"{builtin.CANCELLED} {builtin.RESUME} What time?"


def test_a_question_that_is_asked_again_says_the_values_as_well() -> None:
    answers, _ = converse(
        TALK,
        "book it on Monday at nine, an appointment",
        "move my appointment to another time on Friday",
        "potato",
    )
    assert answers[1:] == ["At what time on Friday?", f"{builtin.SLOT_MISSED} At what time on Friday?"]


def test_slot_dialogues_do_not_pile_up() -> None:
    _, state = converse(
        TALK, *["book an appointment", "I want to buy shampoo", "leave a message please"] * 10
    )
    assert len(state.filling) <= 3


def test_more_is_told_only_after_a_text() -> None:
    answers, _ = converse(TALK, "where do your razors come from", "tell me more", "tell me a story", "go on")
    assert answers[1] == builtin.ALL_TOLD
    assert answers[3] != builtin.ALL_TOLD
