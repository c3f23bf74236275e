"""A client of /ws that sends its caller's voice and no silence is answered as soon as one that sends all. (D16)"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque

import pytest
from websockets.exceptions import ConnectionClosed

from tests import agent_file
from tests.calls.doors import QUESTION, ask, history, in_callers_voice
from tests.clients.sockets import DuplexClient
from tests.server import ParleyServer
from tests.speech import Pcm

pytestmark = pytest.mark.calls

PRE_ROLL = 24
"""Packets of 20 ms before a voice that are sent with it."""

LATER = 0.15
"""Seconds by which the answer may come later on a busy machine."""

APART = 4.0
"""Seconds between the two callers: each asks while the other is being answered, and neither's recognition waits."""


class GatedClient(DuplexClient):
    """Sends what is said and 480 ms before it, and stops with the last sample."""

    packets = 0

    async def _speak(self) -> None:
        held: deque[Pcm] = deque(maxlen=PRE_ROLL)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.pace.tick()
                speaking = self.microphone.is_speaking
                held.append(self.microphone.frame())
                if speaking:
                    while held:
                        await self.socket.send(held.popleft().tobytes())
                        self.packets += 1
                self.microphone.sent(time.monotonic())


async def two_questions(client: DuplexClient, server: ParleyServer, start: float = 0.0) -> list[float]:
    """Seconds from the last voiced sample to the first of each answer, which are checked."""
    took = []
    await asyncio.sleep(start)
    async with client:
        for _ in range(2):
            await asyncio.sleep(1.2)
            spoken = ask(client, server, QUESTION)
            ended = await spoken.ended()
            took.append((await client.heard.first_audible(ended)).at - ended)
            await client.heard.quiet(1.0)
        said = [
            message["text"] for message in await history(client, server) if message["role"] == "assistant"
        ]
        assert len(said) == 2
        assert set(said) <= set(agent_file.answers_to(QUESTION))
    return took


def test_a_client_that_sends_no_silence_is_answered_as_soon(reception: ParleyServer) -> None:
    """Bug: the second question was answered after 2 s. Cause: the time in which nothing was sent, since nobody spoke,
    counted as a gap that this peer leaves between two messages; one as long was then no silence that ends a turn.
    """
    gated = GatedClient(reception.url)
    in_callers_voice(
        QUESTION, gated.rate
    )  # before, for whoever computes during a call delays its clients' clocks

    async def both() -> list[list[float]]:
        return await asyncio.gather(
            two_questions(DuplexClient(reception.url), reception), two_questions(gated, reception, APART)
        )

    all_of_it, voice_alone = asyncio.run(both())
    print(f"answered after {all_of_it} s with all sent, {voice_alone} s with the voice alone")
    assert max(voice_alone) < max(all_of_it) + LATER
    assert gated.packets < 2 * (PRE_ROLL + 150), "two questions of less than 3 s"
