"""load() says what in a conversation's intents and slots does not fit together, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.parley_api.mistakes import BOOK, INTENT, SPEC, mistakes

DAY = "      slots: [{name: day, kind: weekday, ask: 'Which day?'}]\n"

WRONG = {
    "an intent without an answer": (
        BOOK,
        "8: spec.conversation.intents[0].answer: saw nothing; write answer, or several under answers",
    ),
    "a phrase without words": (
        INTENT + "      phrases: ['?', '{day}']\n      answer: Sure\n" + DAY,
        '9: spec.conversation.intents[0].phrases[0]: saw "?";'
        " write at least one word that people say, beside any {slot}",
        '9: spec.conversation.intents[0].phrases[1]: saw "{day}";'
        " write at least one word that people say, beside any {slot}",
    ),
    "a phrase with a slot that there is not": (
        INTENT + "      phrases: ['on {dya}']\n      answer: Sure\n" + DAY,
        '9: spec.conversation.intents[0].phrases[0]: saw "{dya}";'
        " there is no such slot of this intent: write one of {day}",
    ),
    "half a brace": (
        BOOK + "      answer: 'On {day'\n" + DAY,
        '10: spec.conversation.intents[0].answer: saw "On {day";'
        " write both braces around a slot's name, as in {day}",
    ),
    "an answer with a record that may not be there": (
        BOOK + "      stores: visit\n      answer: Sure\n" + DAY
        + "    - {name: ask, phrases: [when is it], answer: 'On {visit.day}'}\n",
        '13: spec.conversation.intents[1].answer: saw "{visit.day}";'
        " the record may not be there: write requires: visit and otherwise",
    ),
    "an answer with a slot that the record has not": (
        BOOK + "      stores: visit\n      answer: 'At {visit.hour}'\n" + DAY,
        '11: spec.conversation.intents[0].answer: saw "{visit.hour}";'
        " there is no such slot of this intent: write one of {day}, {visit.day}",
    ),
    "a greeting with a slot": (
        SPEC + "    greeting: 'Hi {name}'\n",
        '7: spec.conversation.greeting: saw "Hi {name}";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
    "a question with a slot that is asked for later": (
        BOOK + "      answer: Sure\n      slots:\n      - {name: day, kind: weekday, ask: 'At {time} on?'}\n"
        "      - {name: time, kind: time, ask: 'When on {day}?'}\n",
        '12: spec.conversation.intents[0].slots[0].ask: saw "{time}";'
        " there is no such slot of this intent: add it, or leave this out",
    ),
    "a required record that nobody stores": (
        BOOK + "      answer: Sure\n      requires: visit\n      otherwise: None yet\n",
        '11: spec.conversation.intents[0].requires: saw "visit";'
        " write the name of a record that an intent stores, in requires and in removes, or leave it out",
    ),
    "requires without otherwise": (
        BOOK + "      answer: Sure\n      stores: visit\n      requires: visit\n",
        "8: spec.conversation.intents[0].otherwise: saw nothing;"
        " write requires and otherwise together: what is said when the record is not there",
    ),
    "a follow-up without an answer, and one with too much": (
        BOOK + "      answer: Sure\n      followUps:\n      - phrases: ['yes']\n"
        "      - {phrases: [please], answer: Sure, intent: book}\n",
        "12: spec.conversation.intents[0].followUps[0]: saw neither;"
        " write either answer, or intent: the name of the intent that begins",
        "13: spec.conversation.intents[0].followUps[1]: saw both;"
        " write either answer, or intent: the name of the intent that begins",
    ),
    "a follow-up that begins what there is not": (
        BOOK + "      answer: Sure\n      followUps:\n      - {phrases: [please], intent: bok}\n",
        '12: spec.conversation.intents[0].followUps[0].intent: saw "bok";'
        " there is no such intent: write one of book",
    ),
    "a follow-up after what is never said": (
        BOOK + "      answer: Sure\n      followUps:\n      - {phrases: [please], intent: book, after: otherwise}\n",
        '12: spec.conversation.intents[0].followUps[0].after: saw "otherwise";'
        " write after: answer, or give the intent an otherwise that a follow-up can come after",
    ),
    "a follow-up with a record that is not there then": (
        BOOK + "      stores: visit\n      answer: Sure\n" + DAY
        + "    - name: ask\n      phrases: [when is it]\n      requires: visit\n      otherwise: None yet\n"
        "      answer: 'On {visit.day}'\n      followUps:\n"
        "      - {phrases: [really], after: otherwise, answer: 'On {visit.day}'}\n",
        '19: spec.conversation.intents[1].followUps[0].answer: saw "{visit.day}";'
        " the record may not be there: write requires: visit and otherwise",
    ),
    "two intents of one name, and of one phrase": (
        BOOK + "      answer: Sure\n    - {name: book, phrases: ['Book a visit!'], answer: Never}\n",
        '11: spec.conversation.intents[1].name: saw the name "book" a second time; keep one of the two',
        '11: spec.conversation.intents[1].phrases[0]: saw the phrase "book a visit", which intents[0] ("book") has too;'
        " keep it in one of the two, for nobody can tell which is meant",
    ),
    "an intent that has a phrase twice": (
        INTENT + "      phrases: [book a visit, 'Book: a visit.']\n      answer: Sure\n",
        '9: spec.conversation.intents[0].phrases[1]: saw the phrase "book a visit" a second time; keep one of the two',
    ),
    "two follow-ups that one word means, right after one answer": (
        BOOK + "      answer: Sure\n      requires: visit\n      otherwise: None yet\n      stores: visit\n"
        "      followUps:\n"
        "      - {phrases: [please, 'yes'], answer: Sure}\n"
        "      - {phrases: ['yes'], after: otherwise, answer: Never}\n"
        "      - {phrases: ['Yes!'], intent: book}\n",
        '17: spec.conversation.intents[0].followUps[2].phrases[0]: saw the phrase "yes", which followUps[0] has too;'
        " keep it in one of the two, for nobody can tell which is meant",
    ),
    "a kind of slot with a typing error": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: wekday"),
        '11: spec.conversation.intents[0].slots[0].kind: saw "wekday"; did you mean weekday?'
        " Write one of weekday, date, time, number, name, choice, text",
    ),
    "a choice of nothing": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: choice"),
        '11: spec.conversation.intents[0].slots[0].choices: saw nothing beside kind "choice";'
        " write choices for kind choice, and for no other kind",
    ),
    "choices of another kind": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: name, choices: [a]"),
        '11: spec.conversation.intents[0].slots[0].choices: saw a list of 1 beside kind "name";'
        " write choices for kind choice, and for no other kind",
    ),
    "bounds of a kind that has none": (
        BOOK + "      answer: Sure\n" + DAY.replace("ask:", "latest: '18:00', otherwise: Too late, ask:"),
        '11: spec.conversation.intents[0].slots[0].latest: saw latest beside kind "weekday";'
        " write weekdays for the kinds weekday and date, earliest and latest for kind time, least and most for kind"
        " number, and for no other kind",
    ),
    "a bound without what is said beyond it": (
        BOOK + "      answer: Sure\n" + DAY.replace("ask:", "weekdays: [monday], ask:"),
        "11: spec.conversation.intents[0].slots[0].otherwise: saw nothing;"
        " write otherwise beside weekdays, earliest, latest, least or most, and only there: what is said to a value"
        " that is not possible",
    ),
    "bounds between which no number is": (
        BOOK + "      answer: Sure\n"
        + DAY.replace("weekday, ask:", "number, least: 3, most: 2, otherwise: Not so many, ask:"),
        "11: spec.conversation.intents[0].slots[0].least: saw 3 over 2;"
        " write least not over most: no number would be possible",
    ),
    "an hour that no clock shows": (
        BOOK + "      answer: Sure\n"
        + DAY.replace("weekday, ask:", "time, latest: '24:00', otherwise: Too late, ask:"),
        '11: spec.conversation.intents[0].slots[0].latest: saw "24:00";'
        ' write hours and minutes of 24, as in "08:30"',
    ),
    "a wish with a slot": (
        BOOK + "      wish: 'to come on {day}'\n      answer: Sure\n" + DAY,
        '10: spec.conversation.intents[0].wish: saw "to come on {day}";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), [(text, told) for text, *told in WRONG.values()], ids=WRONG.keys())
def test_a_wrong_conversation_is_told_what_to_write_instead(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    assert mistakes(tmp_path, text) == told
