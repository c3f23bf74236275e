"""FastRTC takes a recording as its bytes say what it is: WAV, WebM or Ogg with Opus, raw PCM; whole, sliced, base64."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tests import speech
from tests.calls import agent_file
from tests.calls.doors import CALLER, DOORS, QUESTION, history
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


@pytest.mark.parametrize("way", ["whole", "sliced", "base64"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_understood_and_answered(kind: str, way: str, reception: ParleyServer) -> None:
    recording = KINDS[kind](_question())
    slices = (
        [recording[i : i + 4096] for i in range(0, len(recording), 4096)] if way == "sliced" else [recording]
    )
    asyncio.run(_recording(slices, way == "base64", reception))


def test_raw_pcm_is_understood_and_answered(reception: ParleyServer) -> None:
    """Raw PCM has no end of its own: it is the silence that ends the turn."""
    pcm = np.concatenate([_question(), speech.silence(1.7)])
    asyncio.run(_recording([pcm[i : i + 2048].tobytes() for i in range(0, pcm.size, 2048)], False, reception))


def _question() -> Pcm:
    return speech.say(QUESTION, UP_RATE, variant=CALLER, noise_db=-50.0)


async def _recording(slices: list[bytes], base64: bool, server: ParleyServer) -> None:
    server.private(QUESTION)
    expected, door = agent_file.answers_to(QUESTION), DOORS[2]
    async with FastRtcClient(server.url) as client:
        for data in slices:
            await (client.send_base64(data) if base64 else client.send_bytes(data))
        response = await client.events.wait("response")
        await client.heard.quiet(1.0)
        question, answer = await history(client, server)
        assert answer["text"] in expected
        assert response["text"] == answer["text"]
        assert set(response["timing"]) >= {"stt_ms", "llm_ms", "tts_ms", "total_ms"}
        assert door.transcripts(client, 0.0) == [question["text"]]
        assert resemblance(client.heard.pcm(), client.heard.rate, answer["text"]) >= SAME
