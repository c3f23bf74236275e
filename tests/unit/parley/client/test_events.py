"""Messages of both doors as one set of events; what is not known, or not as it should be, is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.client.events import (
    Audio,
    Ended,
    Error,
    Heard,
    Interrupted,
    Metrics,
    Session,
    State,
    Text,
    Transcript,
    read,
)

TIMES = {"stt_ms": 1, "llm_ms": 2.5, "tts_ms": 3, "total_ms": 307}

KNOWN: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "a session of /ws": ({"type": "session", "session_id": "s"}, [Session("s")]),
    "a session of the data channel": (
        {"type": "session", "session_id": "s", "agent": "Front Desk", "greeting": True},
        [Session("s", "Front Desk")],
    ),
    "a state": ({"type": "state", "state": "speaking"}, [State("speaking")]),
    "what may still change, of /ws": (
        {"type": "partial", "text": "hi", "final": False},
        [Transcript("hi", False)],
    ),
    "a transcript of /ws": ({"type": "transcript", "text": "hi", "final": True}, [Transcript("hi", True)]),
    "a transcript of the channel": (
        {"type": "transcript", "turn": 0, "text": "", "final": True},
        [Transcript("", True)],
    ),
    "a clause of /ws": ({"type": "text", "text": "We are open, "}, [Text("We are open,")]),
    "a filler of /ws": ({"type": "text", "text": "Hmm... ", "filler": True}, [Text("Hmm...", True)]),
    "a filler of the channel": ({"type": "filler", "turn": 1, "text": "Hmm..."}, [Text("Hmm...", True)]),
    "a clause of the channel": ({"type": "reply", "turn": 1, "index": 0, "text": "Yes."}, [Text("Yes.")]),
    "an answer that was heard": (
        {"type": "heard", "turn": 1, "heard": "Yes.", "unheard": "", "interrupted": False, "seconds": 0.5},
        [Heard(1, "Yes.", "", False)],
    ),
    "an answer that was interrupted": (
        {"type": "heard", "turn": 1, "heard": "We", "unheard": "are", "interrupted": True, "seconds": 0.5},
        [Interrupted(), Heard(1, "We", "are", True)],
    ),
    "an interruption of /ws, which its answer tells too": ({"type": "interrupted"}, []),
    "metrics of /ws": ({"type": "metrics", **TIMES}, [Metrics(1, 2.5, 3, 307)]),
    "times of the channel": (
        {"type": "timing", "turn": 1, "endpointing_ms": 300, "send_ms": 1, **TIMES},
        [Metrics(1, 2.5, 3, 307)],
    ),
    "an error of /ws": (
        {"type": "error", "code": "bad-audio", "message": "no"},
        [Error("bad-audio", "no")],
    ),
    "a problem of the channel": (
        {"type": "problem", "code": "engine-error", "detail": "no"},
        [Error("engine-error", "no")],
    ),
    "the end": ({"type": "ended", "reason": "idle"}, [Ended("idle")]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_message_is_its_event_whatever_the_door_calls_it(name: str) -> None:
    message, events = KNOWN[name]
    assert read(json.dumps(message)) == events
    assert read(json.dumps({**message, "of_tomorrow": [1]})) == events


UNKNOWN: dict[str, str] = {
    "no JSON": "{nonsense",
    "nested without end": "[" * 100_000,
    "no object": "[1]",
    "no type": '{"text": "hi"}',
    "a type of tomorrow": '{"type": "weather", "text": "rain"}',
    "a text that is a number": '{"type": "text", "text": 5}',
    "a field that is missing": '{"type": "transcript", "text": "hi"}',
    "a time that is a text": json.dumps({"type": "metrics", **TIMES, "stt_ms": "1"}),
    "a time beyond all bounds": json.dumps({"type": "metrics", **TIMES, "stt_ms": 10**400}),
    "a time that is no number": '{"type": "metrics", "stt_ms": 1, "llm_ms": NaN, "tts_ms": 1, "total_ms": 1}',
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_left_out(name: str) -> None:
    assert read(UNKNOWN[name]) == []


def test_audio_knows_its_length_and_does_not_print_its_samples() -> None:
    audio = Audio(bytes(960))
    assert audio.seconds == 0.02
    assert len(repr(audio)) < 20
