"""FastRTC's messages, as its text prints them, and each of them with each field wrong."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc
import wave
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
    TurnTiming,
    UserTranscript,
)
from parley_dataplane.protocols import fastrtc
from parley_dataplane.protocols.talk import Interrupt

READ: dict[str, tuple[dict[str, Any], fastrtc.Message]] = {
    "start as printed": ({"type": "start_session", "user_id": "user_123"}, fastrtc.StartSession("user_123")),
    "start without a user": ({"type": "start_session"}, fastrtc.StartSession("")),
    "start with settings": (
        {"type": "start_session", "user_id": "u", "config": {"silence_timeout_ms": 700}},
        fastrtc.StartSession("u", fastrtc.Config(silence_timeout_ms=700)),
    ),
    "end": ({"type": "end_session"}, fastrtc.EndSession()),
    "config as printed": (
        {"type": "config", "vad_threshold": 0.3, "silence_timeout_ms": 1500},
        fastrtc.Config(0.3, 1_500),
    ),
    "config with all else": (
        {"type": "config", "max_audio_duration_ms": 9000, "language": "de", "voice_id": "default"},
        fastrtc.Config(None, None, 9_000, "de", "default"),
    ),
    "interrupt": ({"type": "interrupt"}, Interrupt()),
    "a field of tomorrow": ({"type": "end_session", "mood": "good"}, fastrtc.EndSession()),
    "base64": ({"type": "audio_base64", "data": "AQID"}, fastrtc.Audio(b"\1\2\3")),
    "base64 without padding": ({"type": "audio_base64", "data": "AQI"}, fastrtc.Audio(b"\1\2")),
    "base64 in lines": ({"type": "audio_base64", "data": "AQ\r\nID\n"}, fastrtc.Audio(b"\1\2\3")),
    "a data URL": (
        {"type": "audio_base64", "data": "data:audio/webm;codecs=opus;base64,AQID"},
        fastrtc.Audio(b"\1\2\3"),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_message_is_read(name: str) -> None:
    message, read = READ[name]
    assert fastrtc.parse(json.dumps(message)) == read


def test_a_binary_message_is_audio() -> None:
    assert fastrtc.parse(b'{"type": "end_session"}') == fastrtc.Audio(b'{"type": "end_session"}')


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({}, "no type"),
    "unknown type": ({"type": "start"}, "start_session, end_session, config, audio_base64, interrupt"),
    "type of a wrong type": ({"type": 5}, "type 5"),
    "user_id is a number": ({"type": "start_session", "user_id": 5}, '"user_id" is a number'),
    "user_id is endless": ({"type": "start_session", "user_id": "x" * 300}, "at most 256"),
    "config is a list": ({"type": "start_session", "config": [1]}, '"config" is a list'),
    "nothing to configure": ({"type": "config"}, "write one of vad_threshold"),
    "an unknown setting alone": ({"type": "config", "vad": 0.1}, "write one of vad_threshold"),
    "vad_threshold above": ({"type": "config", "vad_threshold": 1.5}, "1.5: write a number from 0 to 1"),
    "vad_threshold is a text": ({"type": "config", "vad_threshold": "0.3"}, "from 0 to 1"),
    "silence below": ({"type": "config", "silence_timeout_ms": -1}, "from 50 to 10000"),
    "silence is true": ({"type": "config", "silence_timeout_ms": True}, "from 50 to 10000"),
    "longest too long": ({"type": "config", "max_audio_duration_ms": 10**9}, "from 1000 to 120000"),
    "language is a list": ({"type": "config", "language": ["en"]}, '"language" is a list'),
    "voice_id is endless": ({"type": "config", "voice_id": "x" * 65}, "at most 64"),
    "no data": ({"type": "audio_base64"}, '"data" is missing'),
    "data is no base64": ({"type": "audio_base64", "data": "not base64!"}, "RFC 4648"),
    "data is no ASCII": ({"type": "audio_base64", "data": "äöü"}, "RFC 4648"),
    "data is a number": ({"type": "audio_base64", "data": 5}, '"data" is a number'),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_message_says_what_to_write_instead(name: str) -> None:
    message, words = WRONG[name]
    with pytest.raises(BadMessage, match=words.replace("(", r"\(")):
        fastrtc.parse(json.dumps(message))


def test_only_audio_may_be_long() -> None:
    data = base64.b64encode(bytes(200_000)).decode()
    assert fastrtc.parse(json.dumps({"type": "audio_base64", "data": data})) == fastrtc.Audio(bytes(200_000))
    with pytest.raises(TooBig, match="a start_session message"):
        fastrtc.parse(json.dumps({"type": "start_session", "user_id": "x" * 70_000}))


@pytest.mark.parametrize("values", ["[],", '"",', "{},", "0,"])
def test_a_long_message_is_one_long_text_and_not_many_values(values: str) -> None:
    """16 MiB of empty lists were read for 1.8 s, in which no call heard anything, to find that "data" is missing. Fails
    when what may be long is handed to the parser as it is.
    """
    message = '{"type": "audio_base64", "data": "AQID", "x": [' + values * 50_000 + "0]}"
    with pytest.raises(TooBig, match="only the data of audio_base64"):
        fastrtc.parse(message)


def test_base64_between_spaces_is_read_without_a_list_of_its_letters() -> None:
    """A space behind each letter made eight million texts of one letter, and 0.2 s in which no call heard anything.
    Fails when the spaces are taken out by splitting: a million letters then need 11 MB.
    """
    message = json.dumps({"type": "audio_base64", "data": "A " * 1_000_000})
    tracemalloc.start()
    try:
        assert fastrtc.parse(message) == fastrtc.Audio(bytes(750_000))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_settings_have_parleys_own_names() -> None:
    assert fastrtc.DEFAULTS.settings() == {
        "vad_threshold": 0.3,
        "silence_ms": 1_500,
        "max_utterance_ms": 30_000,
    }
    assert fastrtc.Config(voice_id="default").settings() == {"voice": None}
    assert fastrtc.Config(voice_id="f3").settings() == {"voice": "f3"}


def test_session_started_is_as_printed() -> None:
    config = fastrtc.Config(0.3, 1_500, 30_000, "en")
    assert json.loads(fastrtc.render_started("rtc_abc123def456", config)) == {
        "type": "session_started",
        "session_id": "rtc_abc123def456",
        "config": {
            "vad_threshold": 0.3,
            "silence_timeout_ms": 1500,
            "max_audio_duration_ms": 30000,
            "language": "en",
        },
    }


TIMING = TurnTiming(0, 1_500.0, 250.2, 299.9, 200.0, 3.0, 2_253.1, 2_253.1)
RESPONSE = {
    "type": "response",
    "text": "Hello.",
    "timing": {"stt_ms": 250, "llm_ms": 300, "tts_ms": 200, "total_ms": 750},
}
CUT = AgentHeard(0, "He", "llo.", True, 0.1)
HEARD = AgentHeard(0, "Hello.", "", False, 0.5)
SAID = AgentText(0, "Hello.")
UNTIMED = {
    "type": "response",
    "text": "Hello.",
    "timing": {"stt_ms": None, "llm_ms": None, "tts_ms": None, "total_ms": None},
}

RENDERED: dict[str, tuple[list[Event], list[dict[str, Any]]]] = {
    "a state": ([StateChanged("listening")], [{"type": "state_change", "state": "listening"}]),
    "a final transcript": ([UserTranscript(0, "Hi", True)], [{"type": "transcript", "text": "Hi"}]),
    "a partial is kept back": ([UserTranscript(0, "Hi", False)], []),
    "a filler is heard, and in no text": ([AgentFiller(0, "Hmm..."), SAID, TIMING], [RESPONSE]),
    "clauses are kept back": ([AgentClause(0, 0, "Hello.")], []),
    "text, then timing": ([SAID, TIMING, HEARD], [RESPONSE]),
    "timing, then text": ([TIMING, SAID, HEARD], [RESPONSE]),
    "text without audio": ([SAID, HEARD], [UNTIMED]),
    "an answer cut before its audio": ([SAID, CUT], []),
    "an answer cut before its text": ([TIMING, CUT], []),
    "timing of another answer": ([SAID, TurnTiming(1, 0, 0, 0, 0, 0, 0, 0)], []),
    "a problem": (
        [Problem("engine-crashed", "stt")],
        [{"type": "error", "code": "engine-crashed", "message": "stt"}],
    ),
    "the end": ([CallEnded("idle")], [{"type": "session_ended", "session_id": "rtc_1", "reason": "idle"}]),
}


@pytest.mark.parametrize("name", RENDERED)
def test_events_are_told_in_fastrtcs_words(name: str) -> None:
    events, messages = RENDERED[name]
    renderer = fastrtc.Renderer("rtc_1")
    assert [json.loads(text) for event in events for text in renderer.render(event)] == messages


def test_a_clause_is_one_playable_file_of_at_most_a_mebibyte() -> None:
    pcm = np.arange(30 * 24_000).astype(np.int16)
    files = fastrtc.render_audio(pcm)
    assert max(map(len, files)) <= 2**20
    parts = []
    for data in files:
        with wave.open(io.BytesIO(data)) as file:
            assert file.getframerate() == 24_000
            parts.append(np.frombuffer(file.readframes(10**9), "<i2"))
    assert np.array_equal(np.concatenate(parts), pcm)
    assert len(fastrtc.render_audio(pcm[:24_000])) == 1
