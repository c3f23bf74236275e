"""What people are expected to say to an agent: the sentences from which a recogniser makes its language
model.

Phrases of the intents and follow-ups with examples in the place of their slots, answers to the questions for
slots, and what every agent understands (builtin.py). Rules: pure, deterministic, bounded by the bounds of the
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parley_api.conversation import Conversation, Intent, Slot
from parley_dataplane.engines.scripted.builtin import PHRASES as BUILT_IN
from parley_dataplane.engines.scripted.slots.speaking import speak
from parley_dataplane.engines.scripted.slots.vocabulary import MONTHS, ORDINALS, WEEKDAYS

VARIANTS = 5
"""Sentences made of a phrase with slots: enough to hear its values, too few to drown the other phrases."""

_DAYS = tuple(day.title() for day in WEEKDAYS)
_TIMES = tuple(speak("time", f"{hour:02}:{minute:02}") for minute in (30, 0, 15, 45) for hour in range(8, 19))
_CLOCKS = tuple(
    f"{hour} {tail}" for hour in ("eight", "nine", "ten", "eleven") for tail in ("o'clock", "thirty")
)
_DATES = (*_DAYS, "tomorrow", "next Monday", "next Friday", "the day after tomorrow", "today")
_CALENDAR = tuple(f"the {day} of {month.title()}" for day, month in zip(ORDINALS[1:13], MONTHS, strict=True))
_NUMBERS = ("two", "four", "three", "five", "six", "one", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NAMES = ("Anna Miller", "John Smith", "Mary Jones", "Peter Brown", "Susan Clark", "David Lee")
_TOPICS = (
    "a dragon", "the ocean", "dogs", "a princess", "the moon", "your city", "a cat", "the weather", "music",
    "history", "a ship", "horses", "the stars", "a king", "winter", "a doctor", "birds", "food", "a robot",
    "the mountains", "your family", "trains", "a ghost", "summer", "pirates", "an elephant", "space", "the forest",
    "love", "football",
)  # fmt: skip

EXAMPLES = {
    "weekday": _DAYS,
    "date": _DATES,
    "time": _TIMES,
    "number": _NUMBERS,
    "name": _NAMES,
    "text": _TOPICS,
}

ANSWERS: dict[str, tuple[str, ...]] = {
    "weekday": ("{}", "on {}", "{} please", "no {}", "no I meant {}", "make it {}"),
    "date": ("{}", "on {}", "{} please", "no {}", "no I meant {}", "make it {}"),
    "time": ("{}", "at {}", "at {} please", "no at {}"),
    "number": ("{}", "{} please", "for {}", "no {}"),
    "name": ("my name is {}", "{}"),
    "choice": ("{}", "{} please", "no {}"),
    "text": ("{}",),
}
"""What is said to the question for a slot."""

_SLOT = re.compile(r"\{(\w+)\}")


def expected(conversation: Conversation) -> list[str]:
    """All sentences, without repetitions."""
    return list(dict.fromkeys(_all(conversation)))


def _all(conversation: Conversation) -> Iterator[str]:
    for intent in conversation.intents:
        for at, phrase in enumerate(intent.phrases):
            yield from filled(phrase, at, intent)
        for follow_up in intent.follow_ups:
            for at, phrase in enumerate(follow_up.phrases):
                yield from filled(phrase, at, intent)
        for slot in intent.slots:
            yield from _answers(slot)
    for phrases in BUILT_IN.values():
        yield from phrases


def examples(intent: Intent) -> list[str]:
    """Each of its phrases once, with one example in the place of each slot."""
    return [next(filled(phrase, at, intent)) for at, phrase in enumerate(intent.phrases)]


def filled(phrase: str, place: int, intent: Intent) -> Iterator[str]:
    """A phrase with examples in its slots; the slots of one phrase move on at their own pace."""
    examples = {slot.name: _examples(slot) for slot in intent.slots}
    for variant in range(VARIANTS if _SLOT.search(phrase) else 1):

        def example(match: re.Match[str], at: int = place * VARIANTS + variant) -> str:
            values = examples.get(match.group(1)) or _TOPICS
            return values[at % len(values)]

        yield _SLOT.sub(example, phrase)


def _answers(slot: Slot) -> Iterator[str]:
    examples = _examples(slot)
    more = {"time": _CLOCKS, "date": _CALENDAR}.get(slot.kind, ())
    for at, example in enumerate((*examples, *more)):
        yield example
        shapes = ANSWERS[slot.kind]
        yield shapes[at % len(shapes)].format(example)


def _examples(slot: Slot) -> tuple[str, ...]:
    return tuple(slot.choices) if slot.kind == "choice" else EXAMPLES[slot.kind]
