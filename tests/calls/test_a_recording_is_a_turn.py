"""FastRTC takes a recording as its bytes say what it is: WAV, WebM or Ogg with Opus, raw PCM; whole, sliced, base64."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests import agent_file, speech
from tests.calls.doors import QUESTION, history, in_callers_voice
from tests.clients.containers import opus, wav
from tests.clients.listening import SAME, resemblance
from tests.clients.sockets import UP_RATE, FastRtcClient
from tests.server import ParleyServer
from tests.speech import Pcm

pytestmark = pytest.mark.calls

KINDS: dict[str, Callable[[Pcm], bytes]] = {
    "WAV at 16 kHz": lambda pcm: wav(pcm, UP_RATE),
    "WAV at 44.1 kHz": lambda pcm: wav(speech.resampled(pcm, UP_RATE, 44_100), 44_100),
    "WebM": lambda pcm: opus(pcm, UP_RATE, "webm"),
    "Ogg": lambda pcm: opus(pcm, UP_RATE, "ogg"),
}


WAYS = ("whole", "sliced", "base64")
RAW = ("raw PCM", "sliced")
"""Raw PCM has no end of its own: it is the silence that ends the turn."""

CASES = [*itertools.product(KINDS, WAYS), RAW]


@dataclass(frozen=True)
class Answered:
    client: FastRtcClient
    response: dict[str, Any]
    messages: list[dict[str, Any]]


Results = dict[tuple[str, str], Answered | BaseException]


@pytest.fixture(scope="module")
def results(reception: ParleyServer) -> Results:
    """All recordings at once: each is answered at the pace of speech."""
    return asyncio.run(_send_all(reception))


async def _send_all(server: ParleyServer) -> Results:
    recordings = {case: _messages(*case) for case in CASES}
    # So many as speak at once, and not all thirteen: one process hears them all, one after the other.
    few = asyncio.Semaphore(4)

    async def send(case: tuple[str, str]) -> Answered:
        async with few:
            return await _send(recordings[case], case[1] == "base64", server)

    sent = await asyncio.gather(*map(send, CASES), return_exceptions=True)
    return dict(zip(CASES, sent, strict=True))


def _messages(kind: str, way: str) -> list[bytes]:
    question = in_callers_voice(QUESTION, UP_RATE)
    if kind == RAW[0]:
        recording = np.concatenate([question, speech.silence(1.7)]).tobytes()
    else:
        recording = KINDS[kind](question)
    if way == "sliced":
        return [recording[i : i + 4096] for i in range(0, len(recording), 4096)]
    return [recording]


async def _send(messages: list[bytes], base64: bool, server: ParleyServer) -> Answered:
    server.private(QUESTION)
    async with FastRtcClient(server.url) as client:
        for data in messages:
            await (client.send_base64(data) if base64 else client.send_bytes(data))
        response = await client.events.wait("response")
        await client.heard.first_audible(0.0)
        await client.heard.quiet(1.0)
        return Answered(client, response, await history(client, server))


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_a_recording_is_understood_and_answered(case: tuple[str, str], results: Results) -> None:
    answered = results[case]
    if isinstance(answered, BaseException):
        raise answered
    client, response = answered.client, answered.response
    question, answer = answered.messages
    assert answer["text"] in agent_file.answers_to(QUESTION)
    assert response["text"] == answer["text"]
    assert set(response["timing"]) >= {"stt_ms", "llm_ms", "tts_ms", "total_ms"}
    assert [message["text"] for message in client.events.of("transcript")] == [question["text"]]
    assert resemblance(client.heard.pcm(), client.heard.rate, answer["text"]) >= SAME
