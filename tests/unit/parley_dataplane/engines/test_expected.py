"""What people are expected to say: complete sentences, every kind of value in them."""

from __future__ import annotations

from pathlib import Path

from parley_api.load import load
from parley_dataplane.engines.expected import expected
from parley_dataplane.engines.scripted.slots.vocabulary import WEEKDAYS

RECEPTION = load(Path(__file__).parents[4] / "examples" / "reception.yaml").spec.conversation
SENTENCES = expected(RECEPTION)


def test_no_slot_is_left_open() -> None:
    assert not [sentence for sentence in SENTENCES if "{" in sentence]


def test_phrases_follow_ups_and_built_in_words_are_all_there() -> None:
    said = set(SENTENCES)
    assert {"is there parking", "do you close for lunch", "never mind", "say that again"} <= said


def test_every_weekday_can_be_answered_corrected_and_asked_for() -> None:
    for day in WEEKDAYS:
        assert day.title() in SENTENCES
        assert sum(day.title() in sentence for sentence in SENTENCES) >= 3


def test_every_half_hour_of_the_day_can_be_answered() -> None:
    assert {"half past ten", "quarter to nine", "noon", "three"} <= set(SENTENCES)


def test_nothing_is_said_twice() -> None:
    assert len(SENTENCES) == len(set(SENTENCES))
