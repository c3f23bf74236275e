"""The examples that people copy: each answers what its phrases ask, and carries a booking through."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_api.conversation import Conversation
from parley_api.knowledge import knowledge_texts
from parley_api.load import load
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.builtin import ASK_AGAIN
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import State

EXAMPLES = Path(__file__).parents[4] / "examples"
VALUES = {"{people}": "four", "{day}": "Tuesday", "{time}": "half past seven", "{part}": "ships"}
RECORDS = {
    "booking": {"people": "4", "day": "tuesday", "time": "19:30"},
    "tour": {"people": "4", "day": "tuesday", "part": "ships"},
}


def talk(name: str) -> tuple[Conversation, Dialogue]:
    agent = load(EXAMPLES / f"{name}.yaml")
    return agent.spec.conversation, Dialogue(agent.spec.conversation, knowledge_texts(agent, EXAMPLES))


TALKS = {name: talk(name) for name in ("restaurant", "museum")}


def spoken(phrase: str) -> str:
    for slot, value in VALUES.items():
        phrase = phrase.replace(slot, value)
    return phrase


PHRASES = [
    (name, intent.name, spoken(phrase))
    for name, (conversation, _) in TALKS.items()
    for intent in conversation.intents
    for phrase in intent.phrases
]


def ask(name: str, *turns: str, state: State | None = None) -> list[str]:
    answers, state = [], state or State()
    for turn in turns:
        answer, state = TALKS[name][1].answer(state, UserTurn(turn))
        answers.append(answer)
    return answers


@pytest.mark.parametrize(
    ("name", "intent", "phrase"), PHRASES, ids=[f"{n}: '{p}' is {i}" for n, i, p in PHRASES]
)
def test_phrase_is_answered_by_its_intent(name: str, intent: str, phrase: str) -> None:
    meant = next(one for one in TALKS[name][0].intents if one.name == intent)
    starts = [slot.ask for slot in meant.slots] + [text.split("{")[0] for text in meant.every_answer]
    assert ask(name, phrase, state=State(records=RECORDS))[0].startswith(tuple(starts))


@pytest.mark.parametrize("name", TALKS)
def test_an_example_has_a_dozen_intents_and_more(name: str) -> None:
    assert len(TALKS[name][0].intents) >= 12


def test_a_table_is_booked_corrected_and_canceled() -> None:
    assert ask(
        "restaurant",
        "I would like to book a table",
        "for six people",
        "on Friday",
        "no, Saturday",
        "half past seven",
        "is it on the terrace",
        "there will be eight of us after all",
        "when is my table",
        "cancel the reservation please",
        "when is my reservation",
        "yes please",
    ) == [
        "For how many people?",
        "Which day would you like to come?",
        "And at what time?",
        "And at what time?",
        "A table for 6 on Saturday at half past seven. It is booked, and we look forward to you.",
        "If the weather is dry, I put you on the terrace. Otherwise you have a seat by the window.",
        "Done. It is now a table for 8 on Saturday at half past seven.",
        "You have a table for 8 on Saturday at half past seven.",
        "Your table on Saturday at half past seven is canceled. We hope to see you another time.",
        "You have no table yet. Shall I book one?",
        "For how many people?",
    ]


def test_a_tour_is_booked_in_one_sentence_or_step_by_step() -> None:
    assert ask("museum", "a tour for three on Thursday", "the animals, please", "how long does it take") == [
        "Which tour do you want, ships, animals or stars?",
        "A tour of the animals for 3 on Thursday. It begins at two in the afternoon under the whale.",
        "A tour takes an hour.",
    ]


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("how long is the whale", "nineteen meters"),
        ("how much did the whale weigh", "forty tons"),
        ("what does a fin whale eat", "small shrimp"),
        ("who was the last keeper of the lighthouse", "Martha Olsen"),
        ("who invented the lens", "Fresnel"),
        ("how heavy is the diving suit", "eighty kilograms"),
        ("how did the diver speak to the ship", "pulling on a rope"),
        ("how many sailors worked on the Aurora", "Twenty eight"),
        ("when did the Aurora sink", "1921"),
        ("what is a sextant", "measures the angle"),
        ("what is the name of the octopus", "Rosalind"),
        ("how many steps does the tower have", "one hundred and twelve"),
        ("when was the museum founded", "1932"),
    ],
)
def test_the_museum_knows_what_its_folder_says(question: str, part: str) -> None:
    assert part in ask("museum", question)[0]


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("is there live music", "pianist"),
        ("is there a dress code", "no dress code"),
        ("do you give cooking classes", "first Monday"),
        ("is there gluten in the risotto", "free of gluten"),
        ("are there nuts in the cake", "almonds in the cake"),
    ],
)
def test_the_restaurant_knows_what_people_ask_before_they_come(question: str, part: str) -> None:
    assert part in ask("restaurant", question)[0]


@pytest.mark.parametrize("name", TALKS)
@pytest.mark.parametrize(
    "question",
    ["what is the capital of France", "turn on the lights", "who won the game last night", "play a song"],
)
def test_a_question_about_something_else_is_not_answered(name: str, question: str) -> None:
    answer = ask(name, question)[0]
    assert answer in (TALKS[name][0].fallback, ASK_AGAIN[0]) or answer.endswith("is that right?")
