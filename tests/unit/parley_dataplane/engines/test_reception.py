"""examples/reception.yaml, the agent that people copy: it answers what it says it can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parley_api.knowledge import knowledge_texts
from parley_api.load import load
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import Filling, State

EXAMPLES = Path(__file__).parents[4] / "examples"
AGENT = load(EXAMPLES / "reception.yaml")
CONVERSATION = AGENT.spec.conversation
TALK = Dialogue(CONVERSATION, knowledge_texts(AGENT, EXAMPLES))
BOOKED = State(records={"appointment": {"day": "tuesday", "time": "10:30"}})

WORDS_PER_SECOND = AGENT.spec.engines.tts.espeak.words_per_minute / 60  # type: ignore[union-attr]
VALUES = {"{day}": "Tuesday", "{time}": "half past ten", "{anything}": "elephants"}


def said(phrase: str) -> str:
    for slot, value in VALUES.items():
        phrase = phrase.replace(slot, value)
    return phrase


PHRASES = [(intent.name, said(phrase)) for intent in CONVERSATION.intents for phrase in intent.phrases]


@pytest.mark.parametrize(
    ("name", "phrase"), PHRASES, ids=[f"'{phrase}' is {name}" for name, phrase in PHRASES]
)
def test_phrase_is_answered_by_its_intent(name: str, phrase: str) -> None:
    intent = next(intent for intent in CONVERSATION.intents if intent.name == name)
    answer, _ = TALK.answer(BOOKED, UserTurn(phrase))
    asks = [slot.ask for slot in intent.slots]
    starts = [text.split("{")[0] for text in intent.every_answer]
    assert any(answer.startswith(text) for text in asks + starts)


@pytest.mark.parametrize(
    "said",
    [
        "a story",
        "a story about pirates and the sea",
        "tell me about the history of your town",
        "tell me about love",
    ],
)
def test_a_story_about_anything_is_long_enough_to_interrupt(said: str) -> None:
    state, told = State(), []
    for _ in range(4):
        answer, state = TALK.answer(state, UserTurn(said))
        told.append(answer)
    assert len(set(told)) == 4
    assert all(len(answer.split()) / WORDS_PER_SECOND >= 20 for answer in told)


@pytest.mark.parametrize(
    ("said", "part"),
    [
        # As a recogniser with this agent's vocabulary writes them, not as they were said.
        ("went are you open", "Monday to Friday"),
        ("what are you're opening our", "Monday to Friday"),
        ("wear can i park my car", "behind the building"),
        ("is their parking", "behind the building"),
        ("i wood like to book an appointment", "Which day"),
        ("what do i need to bring width me", "insurance card"),
        ("do you take my in sure ants insurance", "insurance plans"),
        ("good mourning", "Good morning"),
        ("tell me us story about the dragon", "story"),
    ],
)
def test_a_garbled_question_is_understood(said: str, part: str) -> None:
    assert part in TALK.answer(State(), UserTurn(said))[0]


@pytest.mark.parametrize(
    "said",
    ["what is the capital of France", "turn on the lights", "who won the game last night", "play a song"],
)
def test_a_question_about_something_else_is_not_answered(said: str) -> None:
    assert TALK.answer(State(), UserTurn(said))[0] == CONVERSATION.fallback


def test_an_appointment_is_booked_moved_and_canceled() -> None:
    state, answers = State(), []
    for text in (
        "I need an appointment",
        "Tuesday",
        "no, Wednesday",
        "half past ten",
        "which doctor is it",
        "can I move my appointment to Friday",
        "no, at three",
        "when is my appointment",
        "please cancel the appointment",
        "when is my appointment",
    ):
        answer, state = TALK.answer(state, UserTurn(text))
        answers.append(answer)
    assert answers == [
        "Which day would suit you?",
        "And at what time?",
        "And at what time?",
        "You have an appointment for Wednesday at half past ten. Please come ten minutes early.",
        "You will see Doctor Baker.",
        "Done. Your appointment is now Friday at half past ten.",
        "Done. Your appointment is now Friday at three.",
        "Your appointment is Friday at three.",
        "Your appointment for Friday at three is canceled. Get well soon!",
        "You have no appointment yet. Shall I book one? Just say, I need an appointment.",
    ]


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("how much does it cost to see a doctor", "eighty dollars"),
        ("how much is a visit", "eighty dollars"),
        ("how much will the checkup be", "eighty dollars"),
        ("how much does it cost to park", "behind the building"),
        ("what is your name", "name yet"),
        ("who are you", "name yet"),
        ("what is the doctor's name", "three doctors"),
        ("which bus stops near you", "River Street"),
        ("which bus stops", "River Street"),
        ("stop", "All right."),
        ("what time is it", CONVERSATION.fallback),
        ("can I come at four instead", "Tuesday at four"),
    ],
)
def test_what_a_new_user_asked_is_answered(said: str, part: str) -> None:
    booked = replace(BOOKED, stored=Filling("book-appointment", BOOKED.records["appointment"]))
    assert part in TALK.answer(booked, UserTurn(said, typed=True))[0]


def test_yes_books_the_appointment_that_was_offered() -> None:
    for asked in ("when is my appointment", "can I move my appointment to Friday"):
        answer, state = TALK.answer(State(), UserTurn(asked))
        assert "Shall I book one?" in answer
        assert TALK.answer(state, UserTurn("yes please"))[0] == "Which day would suit you?"


def test_an_appointment_is_corrected_after_a_question_in_between() -> None:
    state = State()
    for text in (
        "book an appointment for Tuesday at half past ten",
        "is there parking",
        "no, make it Friday at eleven",
        "when is my appointment",
    ):
        answer, state = TALK.answer(state, UserTurn(text))
    assert answer == "Your appointment is Friday at eleven."


def test_texts_answer_what_no_intent_does() -> None:
    answer, _ = TALK.answer(State(), UserTurn("do I have to wear a mask"))
    assert answer.startswith("Please wear a mask")
