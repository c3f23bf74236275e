"""docs/clients.md against the code: every event with its fields, every error, and the limits that hold."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest

from parley import client
from parley.client import call, errors, events, inbox, link, sound, voice, webrtc

PAGE = (Path(__file__).parents[3] / "docs/clients.md").read_text()
WORDS = " ".join(PAGE.split())
EVENTS = {
    name: set(re.findall(r"`(\w+)`", fields))
    for names, fields in re.findall(r"^\| ((?:`[A-Z]\w+`(?:, )?)+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", names)
}


def test_every_event_is_on_the_page_and_no_other_is() -> None:
    assert set(EVENTS) == {event.__name__ for event in get_args(events.Event)}


@pytest.mark.parametrize("event", get_args(events.Event), ids=lambda event: event.__name__)
def test_every_field_of_an_event_is_on_the_page(event: type) -> None:
    assert {field.name for field in dataclasses.fields(event)} <= EVENTS[event.__name__]


def test_every_error_is_on_the_page_and_can_be_imported() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)} - {errors.Passing}
    assert [kind.__name__ for kind in kinds if f"`{kind.__name__}`" not in PAGE] == []
    assert {kind.__name__ for kind in kinds} <= set(client.__all__)


def test_every_method_and_property_of_a_call_is_on_the_page() -> None:
    public = {name for name in vars(call.Call) if not name.startswith("_")} - {"open"}
    assert [name for name in public if not re.search(rf"`(?:await )?call\.{name}\b", PAGE)] == []


@pytest.mark.parametrize(
    "said",
    [
        f"reconnect_secs={call.RECONNECT_SECS:.0f})`",
        f"events that wait to be read (Python) | {inbox.MOST:,}, {inbox.MOST * voice.FRAME_SECS:.0f} s of audio",
        f"audio that waits to be sent (Python) | {voice.LONGEST_SECS} s; of a microphone {sound.MOST_UNSENT_SECS} s",
        f"texts that wait for a connection (Python) | {call.MOST_UNSAID}",
        f"{link.OPEN_SECS:.0f} s each (Python)",
    ],
)
def test_every_limit_on_the_page_is_the_one_that_holds(said: str) -> None:
    assert said in WORDS


def test_a_loss_is_noticed_within_what_the_page_says() -> None:
    assert "notices a loss within 10 s" in WORDS
    assert webrtc.SILENT_SECS + webrtc.LOOK_SECS < 10
