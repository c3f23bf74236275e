"""How soft a voice may be and still be heard: `python -m tests.bench.loudness`, some two minutes.

A microphone is turned down, voice and room alike, and a caller who has said nothing before asks; the answers are
counted. A level is the mean of a voice as pages measure it (web/loudness.js): its 20 ms that are well over the room.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections import defaultdict

import numpy as np

from tests import agent_file, speech
from tests.bench.machine import facts
from tests.clients.microphone import PACKET_SECS, Pace
from tests.clients.sockets import UP_RATE, DuplexClient
from tests.server import ParleyServer
from tests.speech import Pcm

QUESTIONS = (
    "what are your opening hours",
    "where can I park my car",
    "I would like to book an appointment",
    "do you accept private insurance",
    "can I get a flu shot",
    "how much is a visit",
)
LEVELS = range(-36, -65, -4)
ROOM_UNDER_VOICE = 30.0
"""dB: a quiet room, and a mouth near the microphone."""

OVER_ROOM = 12.0
BEFORE_SECS, AFTER_SECS = 1.5, 4.0
AT_ONCE = 3


def level(voice: Pcm, room_db: float) -> float:
    """Return the mean of the voiced frames, dB of full scale."""
    size = round(PACKET_SECS * UP_RATE)
    frames = voice[: voice.size // size * size].astype(np.float64).reshape(-1, size) / 32768
    levels = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return float(levels[levels > room_db + OVER_ROOM].mean())


def turned_to(text: str, db: float) -> Pcm:
    """Return `text` in a room, so loud that `level` says `db`."""
    voice = speech.trimmed(speech.say(text, UP_RATE, variant=speech.CALLER_VARIANT)).astype(np.float64)
    loud = level(voice.astype(np.int16), -ROOM_UNDER_VOICE)
    gain = 10 ** ((db - loud) / 20)
    before, after = (np.zeros(round(secs * UP_RATE)) for secs in (BEFORE_SECS, AFTER_SECS))
    sound = np.concatenate([before, voice * gain, after])
    sound += speech.pink_noise(sound.size, db - ROOM_UNDER_VOICE)
    return np.rint(sound).astype(np.int16)


async def ask(url: str, text: str, db: float, turn: asyncio.Semaphore) -> tuple[float, str]:
    """Return (db, "right" | "otherwise" | "unheard")."""
    async with turn, DuplexClient(url, streaming=False) as client:
        pace, size = Pace(), round(PACKET_SECS * UP_RATE)
        sound = turned_to(text, db)
        for at in range(0, sound.size - size + 1, size):
            await pace.tick()
            await client.send_bytes(sound[at : at + size].tobytes())
        heard = [event for event in client.events.of("transcript") if event["text"]]
        said = " ".join(event["text"] for event in client.events.of("text") if not event.get("filler"))
        if not heard:
            return db, "unheard"
        right = any(agent_file.plain(said).startswith(answer[:40]) for answer in expected(text))
        return db, "right" if right else "otherwise"


def expected(text: str) -> list[str]:
    """Return what may come: an intent with slots asks first."""
    intents = agent_file.spec()["conversation"]["intents"]
    asks = [
        slot["ask"] for intent in intents if text in intent["phrases"] for slot in intent.get("slots", [])
    ]
    return asks[:1] or agent_file.answers_to(text)


async def measure(url: str) -> dict[float, list[str]]:
    turn = asyncio.Semaphore(AT_ONCE)
    asked = [ask(url, text, float(db), turn) for db, text in itertools.product(LEVELS, QUESTIONS)]
    outcomes: dict[float, list[str]] = defaultdict(list)
    for db, outcome in await asyncio.gather(*asked):
        outcomes[db].append(outcome)
    return outcomes


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, fact in facts().items():
        print(f"{name}: {fact}")
    with ParleyServer("examples/reception.yaml") as server:
        outcomes = asyncio.run(measure(server.url))
    print(f"\n{'level':>8} {'right':>6} {'otherwise':>10} {'unheard':>8}")
    for db, found in outcomes.items():
        right, otherwise, unheard = (found.count(kind) for kind in ("right", "otherwise", "unheard"))
        print(f"{db:>5.0f} dB {right:>6} {otherwise:>10} {unheard:>8}")


if __name__ == "__main__":
    main()
