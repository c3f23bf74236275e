"""An offer that asks for a test tone: 440 Hz in the waveform from the first packet on for 3 s, then a call like any."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests import agent_file
from tests.calls.doors import QUESTION, ask
from tests.clients import plain_http
from tests.clients.webrtc import OPUS_RATE, RefusedError, WebRtcClient
from tests.server import ParleyServer
from tests.speech import Pcm

pytestmark = pytest.mark.calls

TONE_SECS = 3.0
PIECE = OPUS_RATE // 10
ENCODERS_DELAY = 312
"""Samples of near-silence that Opus puts before what it was given (6.5 ms)."""


def loudest_hertz(pcm: Pcm) -> float:
    """The pitch of the strongest partial; bins of 1 Hz."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size), OPUS_RATE))
    return float(np.argmax(spectrum))


def share_near(pcm: Pcm, hertz: float) -> float:
    """The share of the power that lies within 30 Hz of `hertz`."""
    power = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size), OPUS_RATE)) ** 2
    near = slice(round(hertz) - 30, round(hertz) + 31)
    return float(power[near].sum() / power.sum())


def test_440_hertz_from_the_first_packet_for_3_seconds_and_then_an_answer(reception: ParleyServer) -> None:
    async def call() -> tuple[WebRtcClient, float]:
        async with WebRtcClient(reception.url, test_tone=True) as client:
            first = await client.heard.first_audible(0.0)
            tone_ended = await client.heard.quiet(0.5)
            ended = await ask(client, reception, QUESTION).ended()
            await client.heard.first_audible(ended, within=15.0)
            await client.heard.quiet(1.0)
            assert client.heard.arrivals[0] is first, "silence came first"
            return client, tone_ended

    client, tone_ended = asyncio.run(call())
    assert client.heard.lost(0.0, tone_ended) == 0
    pcm = client.heard.pcm(0.0, tone_ended)[ENCODERS_DELAY:]
    assert pcm.size >= TONE_SECS * OPUS_RATE
    pieces = [pcm[at : at + PIECE] for at in range(0, round(TONE_SECS * OPUS_RATE), PIECE)]
    assert [hertz for piece in pieces if abs((hertz := loudest_hertz(piece)) - 440) > 3] == []
    assert min(share_near(piece, 440) for piece in pieces) > 0.95
    levels = [20 * np.log10(np.abs(piece.astype(float)).max() / 32768) for piece in pieces]
    assert max(levels) - min(levels) < 1.5, "the tone is even"

    replies = client.events.of("reply", 0.0)
    assert replies[0]["text"] == "Test tone."
    assert agent_file.greeting() not in [reply["text"] for reply in replies]
    answer = " ".join(str(reply["text"]) for reply in replies if reply["turn"] == 1)
    assert answer in agent_file.answers_to(QUESTION)


def test_stop_tts_ends_the_tone(bench: ParleyServer) -> None:
    async def call() -> None:
        async with WebRtcClient(bench.url, test_tone=True) as client:
            await client.heard.first_audible(0.0)
            body = {"session_id": client.session_id}
            stopped = await plain_http.request("POST", f"{bench.url}/api/voice/stop-tts", body)
            assert stopped.json() == {"session_id": client.session_id, "stopped": True}
            await client.heard.quiet(0.5)
            assert client.heard.seconds() < 2.0

    asyncio.run(call())


def test_a_test_tone_that_is_neither_true_nor_false_is_refused_in_a_sentence(bench: ParleyServer) -> None:
    async def call() -> None:
        client = WebRtcClient(bench.url)
        client._asked = {"test_tone": "please"}
        async with client:
            pass

    with pytest.raises(RefusedError, match=r"test_tone.*: write true or false") as refused:
        asyncio.run(call())
    assert refused.value.status == 400
