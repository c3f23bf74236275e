"""The scripted dialogue, turn by turn: (state, said) -> answer."""

from __future__ import annotations

import pytest

from parley_api.conversation import Conversation
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import Filling, State
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
)

ASKED_TIME_TWICE = State(filling=(Filling("book", {"day": "monday"}, "time", misses=2),))
BOOKED_BEFORE = State(records=JUST_BOOKED.records, stored=JUST_BOOKED.done)
ASKED_AGAIN = State(misses=1)
ASKED_AGAIN_TWICE = State(misses=2)

TURNS = [
    # what it shows, state, said, answer
    ("a phrase of the file is answered", FRESH, "when are you open", "From nine to five."),
    ("a paraphrase is answered", FRESH, "could you tell me your opening hours please", "From nine to five."),
    ("one distinctive word is enough", FRESH, "parking", "Behind the house."),
    ("a misspelled word is understood", FRESH, "whats the prise of a haircutt", "Twenty dollars."),
    ("a word heard in two is understood", FRESH, "how much is a hair cut", "Twenty dollars."),
    ("words in the wrong order are understood", FRESH, "park can I where", "Behind the house."),
    ("shouting is understood", FRESH, "WHERE CAN I PARK?!?!", "Behind the house."),
    ("fillers do not matter", FRESH, "uh where um can I uh park", "Behind the house."),
    ("a foreign question gets the fallback", FRESH, "what is the capital of France", "I don't know that."),
    ("words that are none get the fallback", FRESH, "xyzzy plugh qwerty", "I don't know that."),
    ("function words alone are asked for again", FRESH, "of the and", builtin.ASK_AGAIN[0]),
    ("something near is asked for again", FRESH, "my appointment", builtin.ASK_AGAIN[0]),
    ("a second time it is asked differently", ASKED_AGAIN, "my appointment", builtin.ASK_AGAIN[1]),
    ("after two times the fallback is honest", ASKED_AGAIN_TWICE, "my appointment", "I don't know that."),
    ("silence is asked for again", FRESH, "", builtin.DEAF[0]),
    ("a smile is no word", FRESH, "\N{SLIGHTLY SMILING FACE}", builtin.DEAF[0]),
    (
        "a text answers what no intent does",
        FRESH,
        "where do your razors come from",
        "Our razors come from Sheffield. They are sharpened every night.",
    ),
    ("a slot of the phrase is filled at once", FRESH, "I need an appointment on Tuesday", "What time?"),
    (
        "all slots at once need no question",
        FRESH,
        "I need an appointment on Tuesday at half past ten",
        "Booked for Tuesday at half past ten.",
    ),
    ("the first missing slot is asked for", FRESH, "book an appointment", "Which day?"),
    ("a value alone fills the slot asked for", ASKED_DAY, "Tuesday", "What time?"),
    ("both values may come at once", ASKED_DAY, "Tuesday at ten", "Booked for Tuesday at ten."),
    ("a bare number is a time where one was asked for", ASKED_TIME, "ten", "Booked for Monday at ten."),
    ("half past ten", ASKED_TIME, "half past ten would be good", "Booked for Monday at half past ten."),
    ("three in the afternoon", ASKED_TIME, "3 pm", "Booked for Monday at three."),
    ("a value is corrected with no", ASKED_TIME, "no, Tuesday", "What time?"),
    ("a correction may answer as well", ASKED_TIME, "no, Tuesday at ten", "Booked for Tuesday at ten."),
    (
        "of two values the last is meant",
        ASKED_DAY,
        "not Monday, Tuesday at nine",
        "Booked for Tuesday at nine.",
    ),
    ("what is no value is asked for again", ASKED_TIME, "potato", f"{builtin.SLOT_MISSED} What time?"),
    ("stop and nothing else quiets the agent", FRESH, "stop", builtin.QUIETED),
    ("so does a politer way", FRESH, "okay please be quiet now", builtin.QUIETED),
    ("shut up", FRESH, "Shut up!", builtin.QUIETED),
    ("that's enough", FRESH, "that's enough, thank you", builtin.QUIETED),
    ("wait in a slot dialogue keeps what was asked", ASKED_TIME, "hang on, wait a minute", builtin.QUIETED),
    ("wait is no name", ASKED_NAME, "just a second", builtin.QUIETED),
    ("stop in a slot dialogue leaves it", ASKED_TIME, "stop", builtin.CANCELLED),
    ("wait, and a value, is a correction", ASKED_TIME, "wait, Tuesday at ten", "Booked for Tuesday at ten."),
    ("the time of day is not known", FRESH, "what time is it now", "I don't know that."),
    ("nor while a time is asked for", ASKED_TIME, "what time is it", "I don't know that. What time?"),
    ("three misses are enough", ASKED_TIME_TWICE, "potato", builtin.SLOT_GIVEN_UP),
    ("never mind leaves", ASKED_TIME, "never mind", builtin.CANCELLED),
    ("cancel leaves", ASKED_TIME, "cancel", builtin.CANCELLED),
    ("forget about it leaves", ASKED_TIME, "oh forget about it", builtin.CANCELLED),
    (
        "another question is answered, then it goes on",
        ASKED_TIME,
        "where can I park",
        "Behind the house. What time?",
    ),
    ("a story in between goes on as well", ASKED_TIME, "tell me a story", "First story. What time?"),
    ("another slot dialogue in between comes first", ASKED_TIME, "I want to buy shampoo", "Lemon or mint?"),
    ("silence in a slot dialogue", ASKED_TIME, "", builtin.DEAF[0]),
    ("yes is no name", ASKED_NAME, "yes", f"{builtin.SLOT_MISSED} What is your name?"),
    ("one is no name", ASKED_NAME, "one", f"{builtin.SLOT_MISSED} What is your name?"),
    ("there is no name", ASKED_NAME, "there", f"{builtin.SLOT_MISSED} What is your name?"),
    ("a month may be a name", ASKED_NAME, "April May Young", "2 bottles of mint for April May Young."),
    ("a name is what was said", ASKED_NAME, "Anna Miller", "2 bottles of mint for Anna Miller."),
    ("a name follows it is", ASKED_NAME, "it's Anna Miller", "2 bottles of mint for Anna Miller."),
    ("a question is no name", ASKED_NAME, "where can I park", "Behind the house. What is your name?"),
    ("a text is all that was said", ASKED_MESSAGE, "the red bike is mine", "I noted: the red bike is mine."),
    ("a text that no answer says is not asked for", FRESH, "tell me a story", "First story."),
    ("a story about anything", FRESH, "a story about purple elephants in Peru", "First story."),
    ("tell me about anything", FRESH, "tell me about the moon", "First story."),
    ("tell me about something known", FRESH, "tell me about your parking lot", "Behind the house."),
    ("several answers are told in turn", State(told={"story": 1}), "tell me a story", "Second story."),
    ("and begin anew", State(told={"story": 2}), "tell me a story", "First story."),
    ("a follow-up is understood after its answer", TOLD_HOURS, "and on holidays", "Closed on holidays."),
    ("another question is preferred where it fits", TOLD_HOURS, "where can I park", "Behind the house."),
    ("no record, nothing to move", FRESH, "move my appointment", "There is nothing to move. Shall I book?"),
    ("no record, nothing to cancel", FRESH, "cancel my appointment", "There is nothing to cancel."),
    ("a record is moved", BOOKED, "move my appointment to Friday at noon", "Moved to Friday at noon."),
    ("a record is read in the answer", BOOKED, "cancel my appointment", "Monday at nine is canceled."),
    ("what was just booked is corrected", JUST_BOOKED, "no, Tuesday", "Booked for Tuesday at nine."),
    ("also its time", JUST_BOOKED, "sorry, I meant at eleven", "Booked for Monday at eleven."),
    (
        "what was stored before is corrected with clear words",
        BOOKED_BEFORE,
        "no, make it Tuesday",
        "Booked for Tuesday at nine.",
    ),
    (
        "instead swaps one value and keeps the rest",
        BOOKED_BEFORE,
        "could we do it at four instead",
        "Booked for Monday at four.",
    ),
    (
        "where one parks instead swaps nothing",
        BOOKED_BEFORE,
        "where can I park on Friday instead",
        "Behind the house.",
    ),
    ("and not with a mere no", BOOKED_BEFORE, "no, Tuesday", builtin.ASK_AGAIN[0]),
    ("another question corrects nothing", JUST_BOOKED, "no, where can I park", "Behind the house."),
    ("say that again repeats", TOLD_HOURS, "can you say that again", "From nine to five."),
    ("nothing was said yet", FRESH, "say that again", "Hello, this is the barber."),
    ("thanks", FRESH, "thank you very much", builtin.THANKS),
    ("goodbye", FRESH, "bye bye", builtin.GOODBYE),
    ("yes to nothing", FRESH, "yes", builtin.YES),
    ("no to anything else", FRESH, "no thanks", builtin.NO),
]


@pytest.mark.parametrize(("state", "said", "answer"), [turn[1:] for turn in TURNS], ids=[t[0] for t in TURNS])
def test_what_is_said_in_a_state_gets_its_answer(state: State, said: str, answer: str) -> None:
    assert TALK.answer(state, UserTurn(said))[0] == answer


def test_help_names_what_can_be_asked() -> None:
    answer, _ = TALK.answer(FRESH, UserTurn("what can you do"))
    assert "opening hours, parking, price" in answer


def test_another_reading_helps_when_the_first_is_garbled() -> None:
    garbled = "their canning eye dark"
    assert TALK.answer(FRESH, UserTurn(garbled))[0] != "Behind the house."
    assert TALK.answer(FRESH, UserTurn(garbled, alternatives=("where can i park",)))[0] == "Behind the house."


def test_being_quiet_changes_nothing_else() -> None:
    _, after = TALK.answer(ASKED_TIME, UserTurn("hang on"))
    assert after == ASKED_TIME
    _, after = TALK.answer(TOLD_HOURS, UserTurn("stop", alternatives=("top", "stopped")))
    assert after == TOLD_HOURS


def test_an_intent_of_the_file_that_says_stop_is_preferred() -> None:
    intents = [{"name": "halt", "phrases": ["stop"], "answer": "The machine stands still."}]
    talk = Dialogue(Conversation.model_validate({"instructions": "x", "intents": intents}))
    assert talk.answer(FRESH, UserTurn("stop"))[0] == "The machine stands still."
    assert talk.answer(FRESH, UserTurn("hold on"))[0] == builtin.QUIETED


@pytest.mark.parametrize("text", ["my appointment", "of the and", "\N{SLIGHTLY SMILING FACE}"])
def test_what_was_typed_was_not_misheard(text: str) -> None:
    for state in (FRESH, ASKED_AGAIN):
        assert TALK.answer(state, UserTurn(text, typed=True))[0] == "I don't know that."


def test_who_takes_leave_is_asked_nothing_more() -> None:
    answer, state = TALK.answer(ASKED_TIME, UserTurn("bye bye"))
    assert (answer, state.filling) == (builtin.GOODBYE, ())
