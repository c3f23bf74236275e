"""Whole conversations with the three examples, as people hold them: they correct themselves, change one thing, ask
something in between, deny, repeat, take leave. Each turn is "what is said -> what the answer holds".
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley_api.knowledge import knowledge_texts
from parley_api.load import load
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import State

EXAMPLES = Path(__file__).parents[4] / "examples"

RECEPTION = {
    "a booking is corrected with no, a day": """
        I need an appointment -> Which day
        Monday -> what time
        no, Tuesday -> what time
        at ten -> Tuesday at ten""",
    "a time is corrected with I said": """
        book an appointment for Monday -> what time
        at nine -> Monday at nine
        no, I said at five -> Monday at five
        when is my appointment -> Monday at five""",
    "a value is corrected within one sentence": """
        an appointment on Monday please, no, on Wednesday -> what time
        ten thirty -> Wednesday at half past ten""",
    "not this but that": """
        I would like to book an appointment -> Which day
        Thursday not Friday -> what time
        at four -> Thursday at four""",
    "both values are corrected at once": """
        make me an appointment for Monday -> what time
        nine -> Monday at nine
        sorry, I meant Tuesday at eleven -> Tuesday at eleven""",
    "the day alone is moved, the time stays": """
        book an appointment for Tuesday at half past ten -> Tuesday at half past ten
        can I move my appointment to Friday -> now Friday at half past ten
        when is my appointment -> Friday at half past ten""",
    "the time alone is moved, the day stays": """
        book an appointment for Tuesday at half past ten -> Tuesday
        can I come at four instead -> Tuesday at four""",
    "who names what is to change is asked for nothing else": """
        book an appointment for Tuesday at half past ten -> Tuesday
        I need a different time for my appointment -> what time
        at three -> Tuesday at three""",
    "another day, the same time": """
        book an appointment for Tuesday at half past ten -> Tuesday
        can I come on another day -> Which day
        Thursday -> Thursday at half past ten""",
    "who names nothing is asked for all of it": """
        book an appointment for Tuesday at half past ten -> Tuesday
        reschedule my appointment -> Which day
        Thursday -> what time
        the same time please -> Thursday at half past ten""",
    "it is moved from one day to another": """
        book an appointment for Tuesday at nine -> Tuesday
        move my appointment from Tuesday to Friday -> Friday at nine""",
    "a move is corrected": """
        book an appointment for Tuesday at nine -> Tuesday
        move it to Friday -> Friday at nine
        no, Thursday -> Thursday at nine
        cancel my appointment -> Thursday at nine is canceled""",
    "there is nothing to move, and the offer is taken": """
        can I move my appointment to Friday -> Shall I book one
        yes please -> Which day
        Friday -> what time
        noon -> Friday at noon""",
    "the offer is turned down": """
        when is my appointment -> Shall I book one
        no thanks -> here if you need anything
        when are you open -> Monday to Friday""",
    "a question in the middle of a booking": """
        I need an appointment -> Which day
        are you open on Saturday -> Saturday from nine to noon
        Saturday -> what time
        at ten in the morning -> Saturday at ten""",
    "a booking is left": """
        I need an appointment -> Which day
        oh never mind -> never mind
        where are you -> River Street""",
    "goodbye in the middle of a booking": """
        I need an appointment -> Which day
        goodbye -> stay healthy
        when are you open -> Monday to Friday""",
    "what was asked is said again": """
        I need an appointment -> Which day
        can you repeat that -> Which day
        tomorrow -> what time""",
    "help in the middle of a booking": """
        I need an appointment -> Which day
        what can I say -> opening hours""",
    "a person is wanted": """
        I want to speak to a real person -> human colleagues
        thank you -> welcome
        goodbye -> stay healthy""",
    "still there in the middle of a booking": """
        I need an appointment -> Which day
        yes I am still here -> Which day would suit you
        Monday -> what time""",
    "a near question is asked about, and confirmed": """
        the appointment papers -> You want to know what to bring, is that right
        yes that's right -> insurance card""",
    "what was not meant is denied": """
        the appointment papers -> You want to know what to bring, is that right
        no -> Then you want to book an appointment, is that right
        no -> another way""",
    "another question is an answer to is that right": """
        the appointment papers -> is that right
        where can I park -> behind the building""",
    "an appointment is canceled and booked anew": """
        book me an appointment for Monday at nine -> Monday at nine
        I have to cancel -> canceled
        when is my appointment -> no appointment yet
        I need an appointment on Tuesday at ten -> Tuesday at ten
        when do I have to come -> Tuesday at ten""",
    "who does not know yet has time": """
        I need an appointment -> Which day
        hmm I do not know -> Take your time. Which day
        Tuesday -> what time""",
    "and at three": """
        book me for tomorrow at noon -> an appointment for tomorrow at noon
        make it Thursday -> Thursday at noon
        and at three -> Thursday at three""",
    "change the time to two": """
        I need an appointment -> Which day
        on Monday, and make the time two -> Monday at two
        change the time to four -> Monday at four""",
    "thanks after an answer changes nothing": """
        book an appointment for Monday at nine -> Monday at nine
        thank you very much -> welcome
        no, make it ten o'clock -> Monday at ten""",
    "what can't be is refused": """
        book an appointment for Sunday -> On Sunday we are closed. Which day
        next Sunday then -> On Sunday we are closed
        Monday -> what time
        eleven at night -> from eight to six. And at what time
        at eleven -> Monday at eleven
        no, on Sunday -> On Sunday we are closed. Which day
        Tuesday -> Tuesday at eleven""",
    "a move to what can't be is refused, and the record stays": """
        book an appointment for Monday at nine -> Monday at nine
        can I move my appointment to Sunday -> On Sunday we are closed. Which day
        never mind -> never mind
        when is my appointment -> Monday at nine""",
    "more of a text": """
        do I have to wear a mask -> mask
        tell me more -> call us before you come
        go on -> all I know""",
}
RESTAURANT = {
    "a table in one sentence": """
        a table for four on Friday at eight -> A table for 4 on Friday at eight""",
    "a table step by step with a correction of the number": """
        I want to make a reservation -> how many
        four -> Which day
        no, five -> Which day
        Saturday -> what time
        half past seven -> A table for 5 on Saturday at half past seven""",
    "I said four": """
        book a table for five on Friday -> what time
        no, I said four -> what time
        at eight in the evening -> A table for 4 on Friday at eight""",
    "six instead": """
        a table for four on Friday at eight -> booked
        we will be six instead -> able for 6 on Friday at eight
        when is my table -> for 6 on Friday at eight""",
    "what was said last is corrected by itself": """
        a table for two on Friday -> what time
        seven -> at seven
        no, I said eleven -> A table for 2 on Friday at eleven
        no, eight -> A table for 2 on Friday at eight
        no thanks -> here if you need anything
        when is my table -> for 2 on Friday at eight""",
    "five people after eight o'clock": """
        a table for four on Friday at eight -> booked
        no wait five people -> A table for 5 on Friday at eight
        is there live music -> pianist
        actually we are six -> able for 6 on Friday at eight""",
    "tonight is on no day": """
        table for two tonight at nine -> A table for 2 today at nine
        no, tomorrow -> A table for 2 tomorrow at nine""",
    "more of us, without a number": """
        a table for four on Friday at eight -> booked
        there will be more of us -> How many
        seven -> a table for 7 on Friday at eight""",
    "another day, the people and the time stay": """
        a table for two on Friday at eight -> booked
        can we come on Saturday instead -> Saturday at eight
        what have I booked -> for 2 on Saturday at eight""",
    "later, the day stays": """
        a table for two on Friday at seven -> booked
        can we come at eight instead -> Friday at eight""",
    "the day and the people, one after the other": """
        a table for two on Friday at seven -> booked
        make it a table for three -> a table for 3 on Friday at seven
        move the table to Saturday at eight -> for 3 is now on Saturday at eight
        cancel my booking -> Saturday at eight""",
    "nothing to change": """
        I want to change my booking -> Shall I book one
        yes -> how many
        two -> Which day
        tonight -> what time
        eight -> A table for 2 today at eight""",
    "a question about the menu in between": """
        I would like to book a table -> how many
        what do you recommend -> risotto
        four please -> Which day
        do you have vegan food -> vegetarian
        Sunday -> what time
        at noon -> A table for 4 on Sunday at noon""",
    "a follow-up after the booking": """
        a table for two on Friday at seven -> booked
        can we sit outside -> terrace
        how long can we stay -> two hours""",
    "allergens one after the other": """
        I have a nut allergy -> almonds
        and is there gluten in the pizza -> wheat
        is there cheese in the risotto -> butter and cheese""",
    "never mind, then begun anew": """
        I would like to book a table -> how many
        never mind -> never mind
        a table for two on Friday at seven -> booked""",
    "a dish, its price": """
        what is on the menu -> sea bass
        how much is that -> dollars""",
    "a person is wanted": """
        let me talk to the manager -> human colleagues""",
    "stop, and on": """
        what is on the menu -> risotto
        stop -> All right
        do you have red wine -> thirty wines""",
    "what nobody here knows": """
        who won the football game -> I don't know that
        are dogs allowed -> terrace""",
    "again, please": """
        where are you -> Harbor Street
        say that again -> Harbor Street""",
    "a text of its own": """
        is there live music -> pianist
        what is for dessert -> tiramisu""",
}
BOOKED = "a table for four on Friday at eight -> A table for 4 on Friday at eight"
NUMBERS = {
    said: f"""
        {BOOKED}
        {said} -> {told}
        never mind -> never mind
        when is my table -> for 4 on Friday at eight"""
    for said, told in {
        "make it 1,000 people": "one to twelve people. How many",
        "make it 3.5 people": "one whole number. How many",
        "make it three and a half people": "one whole number. How many",
        "make it one hundred million people": "one to twelve people. How many",
        "make it zero people": "one to twelve people. How many",
        "make it minus three people": "one to twelve people. How many",
        "make it two or three people": "only take one of them. How many",
        "no, two or three": "only take one of them. For how many",
        "make it Friday or Saturday": "only take one of them. Which day",
        "make it the 30th of February": "no such day. Which day",
        "make it yesterday": "day is over. Which day",
    }.items()
} | {
    "a table for two thousand people is none for two": """
        a table for two thousand people tomorrow at eight -> one to twelve people. For how many
        six -> A table for 6 tomorrow at eight""",
    "half a number leaves the next slot alone": """
        I would like to book a table -> how many
        3.5 -> one whole number. For how many
        three -> Which day
        0.5 -> Which day
        on Friday -> what time
        0.5 -> what time
        eight -> A table for 3 on Friday at eight""",
    "one of two numbers is asked for until there is one": """
        I would like to book a table -> how many
        two or three -> only take one of them. For how many
        three or four -> only take one of them. For how many
        two or three, no, four -> Which day""",
    "the answer is no wish to change what is not there": """
        book a table tomorrow at eight -> how many
        six people -> A table for 6 tomorrow at eight
        book a table for Friday at nine -> how many
        thirteen people -> one to twelve people. For how many
        three people -> A table for 3 on Friday at nine""",
    "the hour is no number of people": """
        a table for no people on Friday at eight -> For how many
        two -> A table for 2 on Friday at eight""",
    "a sum is asked for, and is no part of it": """
        book a table tomorrow at eight -> how many
        two adults and three children -> one whole number. For how many
        five -> A table for 5 tomorrow at eight""",
    "a day that is not there is no number of people": """
        book a table for two -> Which day
        Friday the 30th of February at eight -> no such day. Which day
        the 32nd of May -> no such day. Which day
        Friday -> A table for 2 on Friday at eight""",
    "one of two days and one of two times": """
        a table for four on Friday or Saturday -> only take one of them. Which day
        Friday -> what time
        at seven or eight -> only take one of them. And at what time
        at eight -> A table for 4 on Friday at eight""",
}
MUSEUM = {
    "a tour step by step": """
        I would like to book a tour -> How many
        three -> which day
        Saturday -> Which tour
        the ships -> A tour of the ships for 3 on Saturday""",
    "the part is corrected": """
        a tour for three on Thursday -> Which tour
        animals -> animals for 3 on Thursday
        no, the stars -> stars for 3 on Thursday""",
    "another day, all else stays": """
        a tour for three on Thursday -> Which tour
        stars -> stars for 3 on Thursday
        can we take the tour on Friday instead -> stars for 3 on Friday""",
    "another part, all else stays": """
        a tour for three on Thursday -> Which tour
        stars -> stars for 3 on Thursday
        can I change my tour to ships -> ships for 3 on Thursday
        when is my tour -> ships is on Thursday""",
    "five of us now": """
        a tour for three on Thursday -> Which tour
        ships -> ships
        there will be five of us on the tour -> ships for 5 on Thursday""",
    "nothing named is asked for": """
        a tour for three on Thursday -> Which tour
        ships -> ships
        I want to change the tour -> How many
        keep it -> which day
        Friday -> Ships, animals or stars
        the same -> ships for 3 on Friday""",
    "more about the whale": """
        how much did the whale weigh -> forty tons
        tell me more -> shrimp""",
    "more, until there is no more": """
        what is the name of the octopus -> Rosalind
        tell me more -> fed at three
        more please -> lobster
        go on -> jellyfish
        continue -> sea horses
        please go on -> all I know""",
    "more of it after say that again": """
        what is the name of the octopus -> Rosalind
        say that again -> Rosalind
        tell me more -> fed at three""",
    "a word of a title is a question": """
        tell me about the whale -> fin whale
        can I take photos of it -> without flash""",
    "more of nothing": """
        hello -> Welcome
        what is there to see -> whale""",
    "a ticket and its follow-up": """
        how much is a ticket -> twelve dollars
        can I come back later -> whole day""",
    "tickets in the middle of a tour": """
        I would like to book a tour -> How many
        how much is a ticket -> How many
        for two -> which day
        Sunday -> Which tour
        ships -> ships for 2 on Sunday""",
    "a tour is canceled": """
        a tour for two on Sunday -> Which tour
        animals -> animals
        cancel the tour -> Sunday is canceled
        when is my tour -> Shall I book one
        sure -> How many""",
    "thanks and goodbye": """
        where are the restrooms -> entrance
        thanks -> welcome
        bye -> enjoy the museum""",
    "a foreign question, then one of its own": """
        what is the capital of France -> I don't know that
        can I take photos -> without flash""",
    "two choices are none": """
        a tour for two on Sunday -> Which tour
        ships or stars -> only take one of them. Which tour
        ships and stars -> only take one of them. Which tour
        stars -> stars for 2 on Sunday""",
    "a number said again": """
        book a guided tour for four -> which day
        no, five -> which day
        on Sunday -> Which tour
        stars -> stars for 5 on Sunday""",
}
TALKS = {"reception": RECEPTION, "restaurant": RESTAURANT | NUMBERS, "museum": MUSEUM}
CASES = [(agent, name, script) for agent, scripts in TALKS.items() for name, script in scripts.items()]


def dialogue(name: str) -> Dialogue:
    agent = load(EXAMPLES / f"{name}.yaml")
    return Dialogue(agent.spec.conversation, knowledge_texts(agent, EXAMPLES))


DIALOGUES = {name: dialogue(name) for name in TALKS}


@pytest.mark.parametrize(
    ("agent", "script"), [(a, s) for a, _, s in CASES], ids=[f"{a}: {n}" for a, n, _ in CASES]
)
def test_a_conversation_goes_as_people_expect(agent: str, script: str) -> None:
    state = State()
    for line in script.strip().splitlines():
        said, _, part = line.strip().partition(" -> ")
        answer, state = DIALOGUES[agent].answer(state, UserTurn(said))
        assert part in answer, f"{said!r} was answered {answer!r}"
        state = State.from_memory(json.loads(json.dumps(state.to_memory())))
