"""Owns the calls that are measured: ask, hear some of the answer, interrupt it with the next question, and so on.

So each utterance but the first gives two samples: how long the interrupted answer still sounded, and how soon the next
one came. The seed decides who says what when; nothing else is random.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests import speech
from tests.bench.figures import (
    ANSWER,
    CONNECT,
    INTERRUPTION,
    Sample,
    answer_ms,
    connect_ms,
    interruption_ms,
)
from tests.clients.sockets import DuplexClient
from tests.clients.webrtc import WebRtcClient

Client = WebRtcClient | DuplexClient
DOORS: dict[str, Callable[[str], Client]] = {"WebRTC": WebRtcClient, "/ws": DuplexClient}
VARIANTS = ("", "f2", "f3", "m2", "m3")
LISTEN_SECS = (0.8, 1.5)
NEVER_STOPPED_SECS = 0.1
"""Audible so close to the end of what interrupts it, an answer was not interrupted by it."""


@dataclass(frozen=True)
class Engines:
    """An agent file with what the measurement has to know of it; `silence` in seconds, as the file sets it.

    The sentences have no inner pause as long as that: a caller who pauses so long has ended a turn.
    """

    name: str
    file: str
    silence: float
    sentences: tuple[str, ...]


INSTANT = Engines("instant", "examples/bench.yaml", 0.2, ("How long is a tone?", "Give me another one now."))
EMBEDDED = Engines(
    "embedded",
    "examples/reception.yaml",
    0.3,
    (
        "What are your opening hours?",
        "Where can I park my car?",
        "What is your address?",
        "What should I bring?",
        "Tell me a story about the sea.",
    ),
)


class NotInterruptedError(Exception):
    """The agent talked on while the caller said a whole sentence."""


async def conversations(
    url: str, engines: Engines, door: str, calls: int, rounds: int, seed: int
) -> tuple[list[Sample], int]:
    """Hold `calls` at once with `rounds` interruptions each; return the samples, and how many interruptions came
    while the answer paused between two clauses (there is nothing to measure then)."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_conversation(url, engines, door, i, rounds, seed)) for i in range(calls)]
    results = [task.result() for task in tasks]
    return [sample for samples, _ in results for sample in samples], sum(paused for _, paused in results)


async def _conversation(
    url: str, engines: Engines, door: str, call: int, rounds: int, seed: int
) -> tuple[list[Sample], int]:
    chance = random.Random(f"{seed} {engines.name} {door} {call}")
    samples: list[Sample] = []
    paused = 0

    def sample(figure: str, number: int, milliseconds: float) -> None:
        samples.append(Sample(figure, engines.name, door, call, number, milliseconds))

    client = DOORS[door](url)
    # Made before any call begins: whoever computes while calls go on is late at the wire.
    sentences = [_sentence(engines, client.rate, chance) for _ in range(rounds + 1)]
    await asyncio.sleep(chance.uniform(0.0, 1.0))
    async with client:
        await _after_greeting(engines, client)
        for number, sentence in enumerate(sentences):
            utterance = client.say(sentence)
            begun, ended = await utterance.begun(), await utterance.ended()
            # On /ws a filler comes first: what is measured is the answer.
            leaves = await client.answer_leaves(ended) if isinstance(client, DuplexClient) else ended
            first = await client.heard.first_audible(leaves, within=20.0)
            sample(ANSWER, number, answer_ms(ended, first.at, engines.silence))
            if number:
                before = client.heard.audible(0.0, ended)[-1].at
                if before > ended - NEVER_STOPPED_SECS:
                    raise NotInterruptedError(f"{engines.name}, {door}, call {call}, round {number}")
                if before < begun:
                    paused += 1
                else:
                    sample(INTERRUPTION, number, interruption_ms(begun, before, first.at))
            await asyncio.sleep(chance.uniform(*LISTEN_SECS))
    return samples, paused


def _sentence(engines: Engines, rate: int, chance: random.Random) -> speech.Pcm:
    """Return a sentence with a voice, pitch and speed of its own, over a room's noise."""
    return speech.say(
        chance.choice(engines.sentences),
        rate,
        variant=chance.choice(VARIANTS),
        pitch=chance.choice((40, 50, 60)),
        words_per_minute=chance.choice((140, 155)),
        noise_db=-60.0,
    )


async def _after_greeting(engines: Engines, client: Client) -> None:
    if engines is EMBEDDED and isinstance(client, WebRtcClient):
        await client.heard.first_audible(0.0)
        await client.heard.quiet(1.0)


async def connections(url: str, engines: Engines, count: int) -> list[Sample]:
    """Connect and hang up, one after the other."""
    samples = []
    for number in range(count):
        async with WebRtcClient(url) as client:
            milliseconds = connect_ms(client.offered_at, client.answered_at, client.connected_at)
            samples.append(Sample(CONNECT, engines.name, "WebRTC", 0, number, milliseconds))
    return samples
