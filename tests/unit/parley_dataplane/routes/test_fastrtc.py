"""FastRTC's door: what a connection may say in which order, and what of it reaches the session."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest

from parley_dataplane.errors import TooManySessions
from parley_dataplane.events import AgentHeard, AgentText, StateChanged, TurnTiming, UserTranscript
from parley_dataplane.media import wav
from parley_dataplane.media.speaker import Chunk

PATH = "/api/v1/rtc/stream"
START = {"type": "start_session", "user_id": "u"}
RAMP = np.arange(3_200).astype(np.int16)
FILE = wav.render(RAMP, 16_000)


def test_a_session_starts_with_the_seeds_own_settings(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            started = await peer.hear()
            assert started["type"] == "session_started"
            assert len(started["session_id"]) == len("rtc_abc123def456")
            assert started["session_id"].startswith("rtc_")
            assert started["config"] == {
                "vad_threshold": 0.3,
                "silence_timeout_ms": 1500,
                "max_audio_duration_ms": 30000,
                "language": "en",
            }
            assert server.session.settings.silence_ms == 1_500
            assert server.session.calls == ["start"]
        assert server.session.ended == "peer-left"

    asyncio.run(scenario())


@pytest.mark.parametrize("message", [b"\0" * 640, {"type": "end_session"}, {"type": "interrupt"}])
def test_before_start_session_there_is_an_error_and_then_a_session(server: Any, message: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(message)
            assert (await peer.hear())["code"] == "bad-message"
            peer.say(START)
            assert (await peer.hear())["type"] == "session_started"
            assert server.parley.errors == ["bad-message"]

    asyncio.run(scenario())


@pytest.mark.parametrize("as_base64", [False, True])
def test_a_whole_file_is_heard_and_then_is_a_turn(server: Any, as_base64: bool) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            text = {"type": "audio_base64", "data": base64.b64encode(FILE).decode()}
            peer.say(text if as_base64 else FILE)
            await peer.settled()
            assert server.session.calls == ["start", "hear", "end_of_audio"]
            assert np.array_equal(server.session.pcm()[: len(RAMP)], RAMP)

    asyncio.run(scenario())


def test_an_open_microphone_is_heard_slice_by_slice_and_never_complete(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            for start in range(0, RAMP.nbytes, 641):
                peer.say(RAMP.tobytes()[start : start + 641])
            await peer.settled()
            assert server.session.calls == ["start", "hear"]
            assert np.array_equal(server.session.pcm(), RAMP)

    asyncio.run(scenario())


def test_broken_audio_is_an_error_and_the_next_file_is_heard(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            peer.say(b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\xff\xff")
            assert (await peer.hear())["code"] == "bad-audio"
            peer.say(FILE)
            await peer.settled()
            assert server.session.calls[-1] == "end_of_audio"
            assert server.parley.errors == ["bad-audio"]

    asyncio.run(scenario())


def test_a_config_message_changes_the_session_and_is_answered(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            peer.say({"type": "config", "silence_timeout_ms": 700, "voice_id": "f3"})
            answer = await peer.hear()
            assert answer["type"] == "config_updated"
            assert answer["config"]["silence_timeout_ms"] == 700
            assert answer["config"]["voice_id"] == "f3"
            assert (server.session.settings.silence_ms, server.session.settings.voice) == (700, "f3")

    asyncio.run(scenario())


def test_after_end_session_the_connection_takes_another_one(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            first = (await peer.hear())["session_id"]
            peer.say(START)
            assert "end_session first" in (await peer.hear())["message"]
            peer.say({"type": "end_session"})
            assert await peer.hear() == {
                "type": "session_ended", "session_id": first, "reason": "end-session"
            }  # fmt: skip
            peer.say(START)
            assert (await peer.hear())["session_id"] != first

    asyncio.run(scenario())


def test_a_recording_that_ends_in_half_a_sample_is_told_at_end_session(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            peer.say(bytes(321))
            peer.say({"type": "end_session"})
            assert (await peer.hear())["type"] == "session_ended"
            assert (await peer.hear())["code"] == "bad-audio"

    asyncio.run(scenario())


@pytest.mark.parametrize(("reason", "code"), [("idle", 1000), ("server-stopping", 1001)])
def test_a_session_that_ends_by_itself_ends_the_connection(server: Any, reason: str, code: int) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            server.session.end(reason)
            assert (await peer.hear())["reason"] == reason
            assert await peer.hear() == ("close", code)

    asyncio.run(scenario())


def test_a_full_server_says_so_and_closes_with_try_again_later(server: Any) -> None:
    async def scenario() -> None:
        server.parley.sessions.refuse = TooManySessions("full")
        async with server.socket(PATH) as peer:
            peer.say(START)
            assert (await peer.hear())["code"] == "too-many-sessions"
            assert await peer.hear() == ("close", 1013)
        assert server.parley.errors == ["too-many-sessions"]

    asyncio.run(scenario())


def test_a_long_text_that_is_no_audio_closes_with_1009(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(json.dumps({"type": "start_session", "user_id": "x" * 70_000}))
            assert (await peer.hear())["code"] == "too-big"
            assert await peer.hear() == ("close", 1009)

    asyncio.run(scenario())


def test_a_turn_is_told_once_and_spoken_as_files(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            door = server.session.door
            door.send_event(StateChanged("processing"))
            door.send_event(UserTranscript(0, "hi", True))
            door.send_event(AgentText(0, "Hello."))
            door.send_event(TurnTiming(0, 1500, 1, 2, 3, 4, 1510, 1510))
            door.send_audio(Chunk(RAMP, 0, 0, True))
            kinds = [(await peer.hear())["type"] for _ in range(3)]
            assert kinds == ["state_change", "transcript", "response"]
            assert await peer.hear() == wav.render(RAMP, 24_000)
            door.send_audio(Chunk(RAMP, 0, 1, True))
            door.send_event(AgentHeard(0, "Hel", "lo.", True, 0.1))
            await peer.settled()
            assert peer.silent(), "audio that an interruption made stale has left"

    asyncio.run(scenario())


def test_a_connection_without_a_session_is_closed_after_a_while(server: Any) -> None:
    async def scenario() -> None:
        server.parley.agent.spec = server.parley.agent.spec.model_copy(
            update={
                "sessions": server.parley.agent.spec.sessions.model_copy(update={"idle_timeout_seconds": 0})
            }
        )
        async with server.socket(PATH) as peer:
            assert await peer.hear() == ("close", 1008)

    asyncio.run(scenario())
