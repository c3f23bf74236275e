"""The full-duplex agent's messages and the data channel's: one dialect each, the same events."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from parley_dataplane.errors import BadMessage, TooBig
from parley_dataplane.events import (
    AgentClause,
    AgentFiller,
    AgentHeard,
    AgentText,
    CallEnded,
    Event,
    Problem,
    StateChanged,
    TurnCost,
    TurnTiming,
    UserTranscript,
)
from parley_dataplane.protocols import duplex, talk

TIMING = TurnTiming(3, 300.0, 10.0, 20.0, 30.0, 4.0, 364.0, 340.0)
STAGES = {"endpointing_ms": 300.0, "stt_ms": 10.0, "llm_ms": 20.0, "tts_ms": 30.0, "send_ms": 4.0}
COST = TurnCost(3, 0.1, 0.2, 0.3, 0.6, 1.0)
DOLLARS = {"stt_usd": 0.1, "llm_usd": 0.2, "tts_usd": 0.3, "turn_usd": 0.6, "call_usd": 1.0}
CUT = AgentHeard(3, "On", "ce.", True, 0.2)
HEARD = AgentHeard(3, "Once.", "", False, 1.0)

EVENTS: dict[str, tuple[Event, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "state": (
        StateChanged("idle"),
        [{"type": "state", "state": "idle"}],
        [{"type": "state", "state": "idle"}],
    ),
    "transcript": (
        UserTranscript(3, "hi", False, 1),
        [{"type": "partial", "turn": 3, "text": "hi", "final": False, "stable": 1}],
        [{"type": "transcript", "turn": 3, "text": "hi", "final": False, "stable": 1}],
    ),
    "final transcript": (
        UserTranscript(3, "hi there", True, 8),
        [{"type": "transcript", "turn": 3, "text": "hi there", "final": True, "stable": 8}],
        [{"type": "transcript", "turn": 3, "text": "hi there", "final": True, "stable": 8}],
    ),
    "nothing was said after all": (
        UserTranscript(3, "", True),
        [{"type": "partial", "turn": 3, "text": "", "final": True, "stable": 0}],
        [{"type": "transcript", "turn": 3, "text": "", "final": True, "stable": 0}],
    ),
    "filler": (
        AgentFiller(3, "Hmm..."),
        [{"type": "text", "turn": 3, "text": "Hmm... ", "filler": True}],
        [{"type": "filler", "turn": 3, "text": "Hmm..."}],
    ),
    "clause": (
        AgentClause(3, 1, "Once."),
        [{"type": "text", "turn": 3, "index": 1, "text": "Once. "}],
        [{"type": "reply", "turn": 3, "index": 1, "text": "Once."}],
    ),
    "the whole answer, which its clauses have said": (AgentText(3, "Once."), [], []),
    "interrupted": (
        CUT,
        [{"type": "interrupted"}, {"type": "heard", **asdict(CUT)}],
        [{"type": "heard", "turn": 3, "heard": "On", "unheard": "ce.", "interrupted": True, "seconds": 0.2}],
    ),
    "heard to its end": (
        HEARD,
        [{"type": "heard", **asdict(HEARD)}],
        [{"type": "heard", "turn": 3, "heard": "Once.", "unheard": "", "interrupted": False, "seconds": 1.0}],
    ),
    "timing": (
        TIMING,
        [{"type": "metrics", "turn": 3, **STAGES, "total_ms": 364.0, "perceived_ms": 340.0}],
        [{"type": "timing", "turn": 3, **STAGES, "total_ms": 364.0, "perceived_ms": 340.0}],
    ),
    "cost": (
        COST,
        [{"type": "cost", "turn": 3, **DOLLARS}],
        [{"type": "cost", "turn": 3, **DOLLARS}],
    ),
    "problem": (
        Problem("engine-timeout", "tts"),
        [{"type": "error", "code": "engine-timeout", "message": "tts"}],
        [{"type": "problem", "code": "engine-timeout", "detail": "tts"}],
    ),
    "end": (
        CallEnded("idle"),
        [{"type": "ended", "reason": "idle"}],
        [{"type": "ended", "reason": "idle"}],
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_told_in_both_dialects(name: str) -> None:
    event, in_duplex, in_talk = EVENTS[name]
    assert [json.loads(text) for text in duplex.render(event)] == in_duplex
    assert [json.loads(text) for text in talk.render(event)] == in_talk


def test_every_event_has_its_rows() -> None:
    assert {type(event) for event, _, _ in EVENTS.values()} == set(Event.__args__)


@pytest.mark.parametrize("protocol", [duplex, talk], ids=["duplex", "talk"])
def test_interrupt_and_text_are_read(protocol: Any) -> None:
    assert protocol.parse('{"type": "interrupt"}') == talk.Interrupt()
    assert protocol.parse('{"type": "text", "text": "Hello"}') == talk.Text("Hello")


def test_bye_is_the_data_channels_own() -> None:
    assert talk.parse('{"type": "bye"}') == talk.Bye()
    with pytest.raises(BadMessage, match="one of interrupt, text"):
        duplex.parse('{"type": "bye"}')


def test_binary_is_audio_on_the_full_duplex_door() -> None:
    assert duplex.parse(b"\0\1\2") == duplex.Audio(b"\0\1\2")


WRONG = {
    "nothing": ("", "not JSON"),
    "no type": ("{}", "no type"),
    "no text": ('{"type": "text"}', '"text" is missing'),
    "a number": ('{"type": "text", "text": 5}', '"text" is a number'),
    "too long": (json.dumps({"type": "text", "text": "x" * 2_001}), "at most 2000"),
    "NUL": ('{"type": "text", "text": "a\\u0000"}', "NUL"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("protocol", [duplex, talk], ids=["duplex", "talk"])
def test_a_wrong_message_is_a_bad_message(protocol: Any, name: str) -> None:
    raw, words = WRONG[name]
    with pytest.raises(BadMessage, match=words):
        protocol.parse(raw)


@pytest.mark.parametrize("protocol", [duplex, talk], ids=["duplex", "talk"])
def test_a_message_over_64_kib_is_too_big(protocol: Any) -> None:
    with pytest.raises(TooBig):
        protocol.parse(json.dumps({"type": "text", "text": "x" * 70_000}))


def test_audio_down_is_int16_little_endian() -> None:
    assert duplex.render_audio(np.array([1, -2], np.int16)) == b"\1\0\xfe\xff"


def test_the_first_messages_name_the_session() -> None:
    assert json.loads(duplex.render_session("s")) == {"type": "session", "session_id": "s"}
    assert json.loads(talk.render_session("s", "reception", True)) == {
        "type": "session",
        "session_id": "s",
        "agent": "reception",
        "greeting": True,
    }
