"""Owns the barber of the scripted dialogue's tests: his file, states of a talk with him, how a whole talk is held."""

from __future__ import annotations

import json

from parley_api.conversation import Conversation
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import Filling, State

BARBER = Conversation.model_validate(
    {
        "instructions": "You are a barber.",
        "greeting": "Hello, this is the barber.",
        "fallback": "I don't know that.",
        "intents": [
            {
                "name": "opening-hours",
                "phrases": ["when are you open", "what are your opening hours", "are you open on Saturday"],
                "answer": "From nine to five.",
                "followUps": [
                    {"phrases": ["and on holidays", "what about holidays"], "answer": "Closed on holidays."}
                ],
            },
            {
                "name": "parking",
                "phrases": ["where can I park", "is there a parking lot", "I am coming by car"],
                "answer": "Behind the house.",
            },
            {
                "name": "price",
                "phrases": ["what does a haircut cost", "how much is a haircut", "tell me the price"],
                "answer": "Twenty dollars.",
            },
            {
                "name": "book",
                "phrases": [
                    "book an appointment",
                    "I need an appointment on {day} at {time}",
                    "cut my hair on {day}",
                ],
                "slots": [
                    {"name": "day", "kind": "weekday", "ask": "Which day?"},
                    {"name": "time", "kind": "time", "ask": "What time?"},
                ],
                "answer": "Booked for {day} at {time}.",
                "stores": "appointment",
            },
            {
                "name": "move",
                "phrases": ["move my appointment to {day}", "reschedule it", "change the appointment"],
                "requires": "appointment",
                "otherwise": "There is nothing to move. Shall I book?",
                "slots": [
                    {"name": "day", "kind": "weekday", "ask": "To which day?"},
                    {"name": "time", "kind": "time", "ask": "At what time on {day}?"},
                ],
                "answer": "Moved to {day} at {time}.",
                "followUps": [
                    {"phrases": ["yes", "yes on {day}"], "after": "otherwise", "intent": "book"},
                    {"phrases": ["why", "why not"], "after": "otherwise", "answer": "You have not booked."},
                    {"phrases": ["is that final"], "answer": "Until you move it again."},
                ],
                "stores": "appointment",
            },
            {
                "name": "cancel",
                "phrases": ["cancel my appointment", "delete the appointment", "I can not come"],
                "requires": "appointment",
                "otherwise": "There is nothing to cancel.",
                "answer": "{appointment.day} at {appointment.time} is canceled.",
                "removes": "appointment",
            },
            {
                "name": "shampoo",
                "phrases": ["order shampoo", "I want to buy shampoo", "sell me {count} bottles of shampoo"],
                "slots": [
                    {"name": "kind", "kind": "choice", "choices": ["lemon", "mint"], "ask": "Lemon or mint?"},
                    {"name": "count", "kind": "number", "ask": "How many bottles?"},
                    {"name": "who", "kind": "name", "ask": "What is your name?"},
                ],
                "answer": "{count} bottles of {kind} for {who}.",
            },
            {
                "name": "story",
                "phrases": ["tell me a story", "a story about {anything}", "tell me about {anything}"],
                "slots": [{"name": "anything", "kind": "text", "ask": "About what?"}],
                "answers": ["First story.", "Second story."],
            },
            {
                "name": "note",
                "phrases": ["leave a message", "take a note for the barber"],
                "slots": [{"name": "words", "kind": "text", "ask": "What is the message?"}],
                "answer": "I noted: {words}.",
            },
        ],
    }
)
TALK = Dialogue(
    BARBER, [KnowledgeText("Razors", "Our razors come from Sheffield. They are sharpened every night.")]
)

FRESH = State()
BOOKED = State(records={"appointment": {"day": "monday", "time": "09:00"}})
ASKED_DAY = State(filling=(Filling("book", {}, "day"),))
ASKED_TIME = State(filling=(Filling("book", {"day": "monday"}, "time"),))
ASKED_NAME = State(filling=(Filling("shampoo", {"kind": "mint", "count": "2"}, "who"),))
ASKED_MESSAGE = State(filling=(Filling("note", {}, "words"),))
TOLD_HOURS = State(open="opening-hours", said="From nine to five.")
JUST_BOOKED = State(
    records={"appointment": {"day": "monday", "time": "09:00"}},
    done=Filling("book", {"day": "monday", "time": "09:00"}),
)


def converse(talk: Dialogue, *said: str) -> tuple[list[str], State]:
    """The answers, and the state at the end; the memory goes through JSON after every turn, as a store's does."""
    state, answers = FRESH, []
    for text in said:
        answer, state = talk.answer(state, UserTurn(text))
        state = State.from_memory(json.loads(json.dumps(state.to_memory())))
        answers.append(answer)
    return answers, state
