"""FastRTC's door for whole recordings: each message with audio is one utterance, and everything else as on a stream."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parley_dataplane.media import HEARING_RATE, SPEAKING_RATE, wav
from tests.clients.containers import opus, read_wav
from tests.one_call import ANSWER, LOUD, Call

PATH = "/api/v1/rtc/stream/full"
START = {"type": "start_session", "user_id": "u"}
RAMP = np.arange(3_200).astype(np.int16)
FILE = wav.render(RAMP, HEARING_RATE)

VOICE = np.resize(np.array([LOUD, LOUD, -LOUD, -LOUD], np.int16), HEARING_RATE)
QUESTION = wav.render(np.concatenate((VOICE, np.zeros(4 * HEARING_RATE, np.int16), VOICE)), HEARING_RATE)
"""Two seconds of voice, with four between them."""


def test_it_speaks_the_same_messages(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(FILE)
            assert "start_session first" in (await peer.hear())["message"]
            peer.say(START)
            started = await peer.hear()
            assert started["type"] == "session_started"
            assert started["config"]["silence_timeout_ms"] == 1_500
            peer.say({"type": "config", "vad_threshold": 0.5})
            assert (await peer.hear())["type"] == "config_updated"
            peer.say({"type": "end_session"})
            assert (await peer.hear())["type"] == "session_ended"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "message",
    [
        FILE,
        RAMP.tobytes(),
        opus(RAMP, HEARING_RATE, "webm"),
        FILE[:3_000],
        {"type": "audio_base64", "data": base64.b64encode(FILE).decode()},
    ],
    ids=["WAV", "raw samples", "WebM", "a WAV that is cut", "base64"],
)
def test_each_message_is_a_recording_and_a_turn(server: Any, message: Any) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            for _ in range(2):
                peer.say(message)
            await peer.settled()
            assert server.session.calls == ["start", "hear", "end_of_audio", "hear", "end_of_audio"]
            assert server.parley.errors == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("message", "calls"),
    [(b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\xff\xff", []), (RAMP.tobytes() + b"\0", ["hear", "end_of_audio"])],
    ids=["nothing of it was heard", "some of it was heard"],
)
def test_a_broken_recording_is_an_error_and_ends_nevertheless(
    server: Any, message: bytes, calls: list[str]
) -> None:
    """No silence ends a turn on this door: a voice in a recording that breaks would be listened to for ever."""

    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            peer.say(message)
            assert (await peer.hear())["code"] == "bad-audio"
            assert server.session.calls == ["start", *calls]
            peer.say(FILE)
            await peer.settled()
            assert server.session.calls[-2:] == ["hear", "end_of_audio"]

    asyncio.run(scenario())


def test_one_recording_after_the_other_is_heard_in_whole_and_answered(over: Callable[[Call], Any]) -> None:
    call = Call(texts=["a table for two", "and a chair"])

    async def main(call: Call) -> None:
        async with over(call).socket(PATH) as peer:
            peer.say(START)
            await peer.hear()
            for text in ("a table for two", "and a chair"):
                peer.say(QUESTION)
                told, audio = await until_idle(peer)
                assert [m["text"] for m in told if m["type"] == "transcript"] == [text]
                assert [m["text"] for m in told if m["type"] == "response"] == [ANSWER]
                states = [m["state"] for m in told if m["type"] == "state_change"]
                assert states == ["listening", "processing", "speaking", "idle"]
                assert [(len(pcm), rate) for pcm, rate in map(read_wav, audio)] == [
                    (2 * SPEAKING_RATE, SPEAKING_RATE)
                ]
            peer.say(wav.render(np.zeros(HEARING_RATE, np.int16), HEARING_RATE))
            assert (await peer.hear())["code"] == "no-speech"

    call.run(main)
    assert [asked[0] for asked in call.llm.asked] == ["a table for two", "and a chair"]


async def until_idle(peer: Any) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Texts and sounds, until the answer has been heard."""
    told: list[dict[str, Any]] = []
    audio: list[bytes] = []
    while not told or told[-1].get("state") != "idle":
        message = await asyncio.wait_for(peer.hear(), 10.0)
        (audio if isinstance(message, bytes) else told).append(message)
    return told, audio
