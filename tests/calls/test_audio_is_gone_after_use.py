"""What a caller said is nowhere once the session has ended: in no file, and in no process of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests import speech
from tests.calls.doors import QUESTION
from tests.clients.sockets import UP_RATE, DuplexClient
from tests.remnants import Remnants
from tests.server import ParleyServer, descendants

pytestmark = pytest.mark.calls

RESIDUE_SECS = 0.1
"""What may lie in memory that is free again and that nobody has written to since: no word is as short."""


def test_audio_is_gone_after_use(tmp_path: Path) -> None:
    pcm = speech.say(QUESTION, UP_RATE, variant=speech.CALLER_VARIANT, noise_db=-45.0, seed=7)
    remnants = Remnants(pcm, UP_RATE)
    with ParleyServer("examples/reception.yaml", {"TMPDIR": str(tmp_path)}) as server:
        family = [server.pid, *descendants(server.pid)]

        async def ask() -> dict[str, float]:
            """What is there of it in the middle of the question.

            The search runs beside the call: a client that it holds up sends what waited in one burst, and the block
            that the server reads a burst into is free afterwards and may lie there unwritten for long.
            """
            async with DuplexClient(server.url) as call:
                asked = call.say(pcm)
                await asyncio.sleep(len(pcm) / UP_RATE / 2)
                midway = await asyncio.to_thread(remnants.in_memory, family)
                await asked.ended()
                await call.events.wait("metrics", within=60.0)
                return midway

        midway = asyncio.run(ask())
        afterwards = remnants.in_memory(family)
        assert sum(midway.values()) > RESIDUE_SECS, "or the search finds nothing, whatever is there"
        assert sum(afterwards.values()) <= RESIDUE_SECS, afterwards
        assert remnants.in_files(tmp_path) == {}
