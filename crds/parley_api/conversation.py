"""What the agent knows and says: instructions, set sentences, intents with slots, knowledge.

A phrase may hold {slot}: what the person says there fills the slot. Slots still empty are asked for one at a
time; when all are filled, the answer is said. An answer may hold {slot}, of its own intent, and
{record.slot}, of a record that its intent requires or stores. What refers to what is checked in
references.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from parley_api.metadata import DnsLabel
from parley_api.model import Identifier, Model, Rule, cel_rules

Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=1_000)]
Answer = Annotated[str, Field(min_length=1, max_length=4_000)]

CHOICES = Rule(
    "(self.kind == 'choice') == (has(self.choices) && self.choices.size() > 0)",
    "write choices for kind choice, and for no other kind",
)
BOUNDS = Rule(
    "(!(has(self.weekdays) && self.weekdays.size() > 0) || self.kind in ['weekday', 'date']) &&"
    " (!(has(self.earliest) || has(self.latest)) || self.kind == 'time') &&"
    " (!(has(self.least) || has(self.most)) || self.kind == 'number')",
    "write weekdays for the kinds weekday and date, earliest and latest for kind time, least and most for kind number,"
    " and for no other kind",
)
IMPOSSIBLE = Rule(
    "has(self.otherwise) == (has(self.earliest) || has(self.latest) || has(self.least) || has(self.most) ||"
    " (has(self.weekdays) && self.weekdays.size() > 0))",
    "write otherwise beside weekdays, earliest, latest, least or most, and only there: what is said to a value that is"
    " not possible",
)
CLOCKS = Rule(
    "!has(self.earliest) || !has(self.latest) || self.earliest <= self.latest",
    "write earliest not after latest: no time would be possible",
    ".earliest",
)
NUMBERS = Rule(
    "!has(self.least) || !has(self.most) || self.least <= self.most",
    "write least not over most: no number would be possible",
    ".least",
)
ANSWER = Rule(
    "has(self.answer) || (has(self.answers) && self.answers.size() > 0)",
    "write answer, or several under answers",
)
OTHERWISE = Rule(
    "has(self.requires) == has(self.otherwise)",
    "write requires and otherwise together: what is said when the record is not there",
)
FOLLOW_UP = Rule(
    "has(self.answer) != has(self.intent)",
    "write either answer, or intent: the name of the intent that begins",
)
AFTER = Rule(
    "has(self.otherwise) || !has(self.followUps) || self.followUps.all(one, one.after != 'otherwise')",
    "write after: answer, or give the intent an otherwise that a follow-up can come after",
    ".followUps",
)
STORED = Rule(
    "!has(self.intents) || self.intents.all(one,"
    " (!has(one.requires) || self.intents.exists(other, has(other.stores) && other.stores == one.requires)) &&"
    " (!has(one.removes) || self.intents.exists(other, has(other.stores) && other.stores == one.removes)))",
    "write the name of a record that an intent stores, in requires and in removes",
    ".intents",
)
TESTED = Rule(
    "!has(self.tests) || self.tests.all(test, !has(test.intent) ||"
    " (has(self.conversation.intents) && self.conversation.intents.exists(one, one.name == test.intent)))",
    "write the name of an intent that is there, in a test",
    ".tests",
)
"""Of the spec."""

KNOWLEDGE = Rule(
    "has(self.configMap) ? !has(self.title) && !has(self.text) : has(self.title) && has(self.text)",
    "write title and text, or configMap alone",
)

SlotKind = Literal["weekday", "date", "time", "number", "name", "choice", "text"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[
    str,
    Field(
        max_length=5,
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        json_schema_extra={"x-advice": 'hours and minutes of 24, as in "08:30"'},
    ),
]


class Slot(Model):
    """Something that the person has to say before the answer can be given."""

    model_config = ConfigDict(json_schema_extra=cel_rules(CHOICES, BOUNDS, IMPOSSIBLE, CLOCKS, NUMBERS))

    name: Identifier = Field(description="Name of the slot, as in {name}.")
    kind: SlotKind = Field(description="What fills it; text takes anything, choice one of the choices.")
    choices: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=list,
        max_length=50,
        description="What may be said, for kind choice alone.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    weekdays: list[Weekday] = Field(
        default_factory=list,
        max_length=7,
        description="The days that are possible, for the kinds weekday and date; unless set, all. Of a date without its"
        " weekday, such as tomorrow, nobody knows here.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    earliest: Clock | None = Field(
        default=None, description="The first time that is possible, for kind time."
    )
    latest: Clock | None = Field(default=None, description="The last time that is possible, for kind time.")
    least: int | None = Field(
        default=None,
        ge=0,
        le=999_999,
        description="The smallest number that is possible, for kind number; unless set, 0.",
    )
    most: int | None = Field(
        default=None,
        ge=0,
        le=999_999,
        description="The largest number that is possible, for kind number; unless set, 999999.",
    )
    otherwise: Sentence | None = Field(
        default=None,
        description="What is said to a value that is not possible, before it is asked for again.",
    )
    ask: Sentence = Field(description="The question that is asked while the slot is empty.")


IntentName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        json_schema_extra={"x-advice": "a letter, then letters, digits, '-' and '_', at most 63"},
    ),
]


class FollowUp(Model):
    """What may be said right after the intent's answer, and only then. One with `intent` takes up an offer
    ("Shall I book one?"), so it has to be the very next thing that is said.
    """

    model_config = ConfigDict(json_schema_extra=cel_rules(FOLLOW_UP))

    phrases: list[Phrase] = Field(min_length=1, max_length=50, description="What people say.")
    after: Literal["answer", "otherwise"] = Field(
        default="answer", description="What it is said right after: the intent's answer, or its `otherwise`."
    )
    answer: Answer | None = Field(default=None, description="What the agent says.")
    intent: IntentName | None = Field(
        default=None, description="Name of the intent that begins, as if it had been asked for."
    )


class Intent(Model):
    """One thing that people want, and what is said to it."""

    model_config = ConfigDict(json_schema_extra=cel_rules(ANSWER, OTHERWISE, AFTER))

    name: IntentName = Field(description="Name of the intent, unique in the file.")
    phrases: list[Phrase] = Field(
        min_length=1, max_length=50, description="What people say, in a few wordings; may hold {slot}."
    )
    wish: Phrase | None = Field(
        default=None,
        description='What the person wants by it, to complete "You want ...": "to know when we are open". An agent that'
        " is not sure asks whether that is right; without it, it asks to hear it once more.",
    )
    answer: Answer | None = Field(
        default=None, description="What the agent says; may hold {slot} and {record.slot}."
    )
    answers: list[Answer] = Field(
        default_factory=list,
        max_length=20,
        description="Several answers, told in turn, instead of one or after it.",
    )
    slots: list[Slot] = Field(
        default_factory=list,
        max_length=10,
        description="What has to be known before the answer, in the order in which it is asked.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    follow_ups: list[FollowUp] = Field(
        default_factory=list, max_length=20, description="What may be asked right after the answer."
    )
    stores: Identifier | None = Field(
        default=None,
        description="Name of the record that keeps this intent's slots for the rest of the call. An intent that also"
        " requires it changes it: what is not said anew stays.",
    )
    requires: Identifier | None = Field(
        default=None, description="Name of a record that has to be there; if it is not, `otherwise` is said."
    )
    otherwise: Sentence | None = Field(
        default=None, description="What is said when the required record is not there."
    )
    removes: Identifier | None = Field(
        default=None, description="Name of the record that is forgotten after the answer."
    )

    @property
    def every_answer(self) -> list[str]:
        """All answers in the order in which they are told."""
        return [*([self.answer] if self.answer is not None else []), *self.answers]


class ConfigMapSource(Model):
    """Markdown files: on a cluster a ConfigMap, on a laptop the folder of that name beside the file."""

    name: DnsLabel = Field(description="Name of the ConfigMap, and of the folder; its *.md are read.")


class Knowledge(Model):
    """A text to find answers in: title and text here, or the Markdown files of a ConfigMap."""

    model_config = ConfigDict(json_schema_extra=cel_rules(KNOWLEDGE))

    title: str | None = Field(
        default=None, min_length=1, max_length=200, description="What the text is about."
    )
    text: str | None = Field(
        default=None, min_length=1, max_length=20_000, description="The text in which answers are looked for."
    )
    config_map: ConfigMapSource | None = Field(
        default=None, description="The ConfigMap (on a laptop: folder) that holds the texts as *.md."
    )


FillersWhen = Literal["always", "onlyWhenSlow", "never"]


class Fillers(Model):
    """What the agent says first while its answer is on its way. It is no part of the answer."""

    phrases: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        default=["Hmm...", "Let me think..."],
        min_length=1,
        max_length=20,
        description="What is said, in turn.",
    )
    when: FillersWhen | None = Field(
        default=None,
        description="always: first in every turn; onlyWhenSlow: where nothing of the answer is heard within afterMs;"
        " never. Unless set, it is always on /ws and onlyWhenSlow on the other doors.",
    )
    after_ms: int = Field(
        # After the usual 300 ms that end a turn, something is heard within 800 ms of the last word, over a network of
        # up to 30 ms: that is still a natural silence.
        default=450,
        ge=0,
        le=10_000,
        description="Milliseconds since the end of the turn for which onlyWhenSlow waits for the answer.",
    )


class Conversation(Model):
    """What the agent knows and says."""

    model_config = ConfigDict(json_schema_extra=cel_rules(STORED))

    instructions: str = Field(
        min_length=1, max_length=16_384, description="Who the agent is and how it behaves, in plain words."
    )
    greeting: Sentence | None = Field(
        default=None, description="What is said first in a WebRTC call; without it, the caller speaks first."
    )
    fallback: Sentence = Field(
        default="I'm sorry, I don't know that.", description="What is said when there is no answer."
    )
    apology: Sentence = Field(
        default="I'm sorry, something went wrong. Please say that again.",
        description="What is said when hearing, thinking or speaking has failed.",
    )
    goodbye: Sentence = Field(
        default="I have to go now. Goodbye.", description="What is said when the service ends a call."
    )
    hand_over: Sentence = Field(
        default="I'm a computer, and I can't put you through to anybody. I'm happy to help as well as I can.",
        description="What is said to somebody who wants to talk to a person: how to reach one, if that is possible.",
    )
    still_there: Sentence = Field(
        default="Are you still there?",
        description="What is asked after turnTaking.askAfterSilenceSeconds in which nobody said anything.",
    )
    fillers: Fillers = Field(default=Fillers(), description="What is said while the answer is on its way.")
    intents: list[Intent] = Field(
        default_factory=list,
        max_length=100,
        description="What people want, and what is said to it.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    knowledge: list[Knowledge] = Field(
        default_factory=list, max_length=100, description="Texts in which answers are looked for."
    )
