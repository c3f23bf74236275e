"""Owns the soak of odd callers: each sends one of SOUNDS through a door for five seconds, and hangs up or vanishes.

The agent is the reception, with the embedded engines. What is shown: what the agent made of each sound, and tasks,
descriptors, processes and memory before, after the first 100 calls and after all.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import product
from typing import Any

from websockets.exceptions import ConnectionClosed

from parley_api import load
from parley_dataplane.engines.scripted.builtin import ASK_AGAIN, DEAF, SLOT_MISSED
from tests.bench import machine
from tests.bench.figures import FAILED, LEFT
from tests.bench.stages import Server, Stage, left
from tests.bench.sturdy.sounds import SECONDS, SOUNDS, Sound
from tests.bench.summary import lines
from tests.clients.containers import wav
from tests.clients.events import Events
from tests.clients.sockets import DuplexClient, FastRtcClient
from tests.clients.webrtc import SignalingClient, WebRtcClient
from tests.server import ROOT

Sample = dict[str, Any]
Way = Callable[[str, Sound, int], Awaitable[Events]]
"""From the server's URL, a sound and its seed; returns what was told."""

AGENT = "examples/reception.yaml"
CONVERSATION = load(ROOT / AGENT).spec.conversation
ODD = "odd call"
WARM_CALLS = 100
"""What is loaded or grows once has by then."""
AT_ONCE = 6
"""Four of them send speech: a core hears ten."""
VANISHED_SECS = 40.0
"""A WebRTC peer that vanished is given up 30 s after its last answer (RFC 7675, 5.1)."""
GROWTH = 1.05


async def webrtc(url: str, sound: Sound, seed: int) -> Events:
    async with WebRtcClient(url) as call:
        await _heard_out(call, sound, seed)
        return call.events


async def webrtc_that_vanishes(url: str, sound: Sound, seed: int) -> Events:
    """No bye, no DTLS alert: the sockets are closed under the connection."""
    call = WebRtcClient(url)
    await call.connect(within=30.0)
    await _heard_out(call, sound, seed)
    await call._transceiver.sender.transport.transport._connection.close()
    await call.hang_up()
    return call.events


async def signaling(url: str, sound: Sound, seed: int) -> Events:
    async with SignalingClient(url) as call:
        await _heard_out(call, sound, seed)
        return call.events


async def fastrtc(url: str, sound: Sound, seed: int) -> Events:
    """One recording, in one message."""
    async with FastRtcClient(url) as call:
        await call.send_bytes(wav(sound(call.rate, seed), call.rate))
        await asyncio.sleep(SECONDS)
        await call.send({"type": "end_session"})
        return call.events


async def fastrtc_that_vanishes(url: str, sound: Sound, seed: int) -> Events:
    async with FastRtcClient(url, streaming=True) as call:
        await _heard_out(call, sound, seed)
        call.socket.transport.abort()
        return call.events


async def duplex(url: str, sound: Sound, seed: int) -> Events:
    async with DuplexClient(url) as call:
        await _heard_out(call, sound, seed)
        return call.events


async def duplex_that_vanishes(url: str, sound: Sound, seed: int) -> Events:
    async with DuplexClient(url) as call:
        await _heard_out(call, sound, seed)
        call.socket.transport.abort()
        return call.events


WAYS: tuple[Way, ...] = (
    webrtc,
    webrtc_that_vanishes,
    signaling,
    fastrtc,
    fastrtc_that_vanishes,
    duplex,
    duplex_that_vanishes,
)


async def _heard_out(call: WebRtcClient | DuplexClient | FastRtcClient, sound: Sound, seed: int) -> None:
    pcm = sound(call.rate, seed)
    if pcm.any():  # what a microphone sends where nothing is said is silence
        call.say(pcm)
    await asyncio.sleep(SECONDS)


def stages(calls: int) -> list[Stage]:
    async def soak(server: Server, chance: random.Random) -> list[Sample]:
        return await _soak(server, calls, chance)

    return [Stage("soak", soak, AGENT, table=table)]


async def _soak(server: Server, calls: int, chance: random.Random) -> list[Sample]:
    made = list(_calls(calls, chance))
    warm = min(WARM_CALLS, calls // 3)
    samples: list[Sample] = []
    # One call first: what is loaded once, with the first call, is not what calls leave.
    await webrtc(server.target.url, SOUNDS["words that are none"], 0)
    samples.append(await _settled(server, "before"))
    await _make(server.target.url, made[:warm], samples)
    samples.append(await _settled(server, f"after {warm} of"))
    await _make(server.target.url, made[warm:], samples)
    return [*samples, await _settled(server, f"after all {calls} of")]


def _calls(count: int, chance: random.Random) -> Iterator[tuple[Way, str, int]]:
    """Each way with each sound in turn, shuffled."""
    pairs = list(product(WAYS, SOUNDS))
    wanted = [pairs[number % len(pairs)] for number in range(count)]
    chance.shuffle(wanted)
    return ((way, sound, chance.randrange(2**31)) for way, sound in wanted)


async def _make(url: str, calls: Sequence[tuple[Way, str, int]], samples: list[Sample]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(way: Way, sound: str, seed: int) -> None:
        async with places:
            call = {"way": way.__name__, "sound": sound}
            try:
                told = await way(url, SOUNDS[sound], seed)
            except (OSError, TimeoutError, ConnectionClosed, AssertionError) as error:
                why = f"{way.__name__}, {sound}: {type(error).__name__}: {error}"
                samples.append({"figure": FAILED, "why": why[:200]})
            else:
                samples.append({"figure": ODD, **call, **_became(told)})

    async with asyncio.TaskGroup() as group:
        for way, sound, seed in calls:
            group.create_task(one(way, sound, seed))


def _became(told: Events) -> Sample:
    """What the agent made of it: whether it understood words, what it answered, errors."""
    bodies = [event.body for event in told.all]
    understood = any(
        body["text"] for body in bodies if body["type"] == "transcript" and body.get("final", True)
    )
    errors = sorted({body["code"] for body in bodies if body["type"] in ("problem", "error")})
    return {"understood": understood, "said": " ".join(_answers(bodies)), "errors": errors}


def _answers(bodies: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The words of answers, as each door tells them; the greeting is none."""
    for body in bodies:
        match body:
            case {"type": "reply", "turn": int(turn), "text": str(text)} if turn > 0:
                yield text
            case {"type": "response", "text": str(text)}:
                yield text
            case {"type": "text", "text": str(text)} if not body.get("filler"):
                yield text


async def _settled(server: Server, when: str) -> Sample:
    """What the server holds once it has noticed who vanished."""
    await asyncio.sleep(VANISHED_SECS)
    return {**await left(server, when), "own_mib": machine.resident_bytes([server.pid]) / 2**20}


def table(samples: Sequence[Sample]) -> list[str]:
    """Return a line for each sound, what is left, and whether that is as much as it may be."""
    calls = [sample for sample in samples if sample["figure"] == ODD]
    said = [_line(sound, [call for call in calls if call["sound"] == sound]) for sound in SOUNDS]
    left_over = [sample for sample in samples if sample["figure"] in (LEFT, FAILED)]
    return [*said, *lines(left_over), *_held(samples)]


def _line(sound: str, calls: Sequence[Sample]) -> str:
    judged = Counter(_judged(call["said"]) for call in calls)
    errors = Counter(error for call in calls for error in call["errors"])
    told = [f"{count} {what}" for what, count in [*sorted(judged.items()), *sorted(errors.items())]]
    return f"- {sound}, {len(calls)} calls: words in {sum(call['understood'] for call in calls)}; {', '.join(told)}"


def _judged(said: str) -> str:
    if not said:
        return "without a word in the five seconds"
    if said.startswith((*ASK_AGAIN, *DEAF, SLOT_MISSED)):
        return "asked again"
    return "told that it does not know" if said.startswith(CONVERSATION.fallback) else "answered"


def _held(samples: Sequence[Sample]) -> list[str]:
    held = [sample for sample in samples if sample["figure"] == LEFT]
    if len(held) != 3:
        return []
    before, warm, after = held
    same = all(before[name] == after[name] for name in ("tasks", "descriptors", "processes"))
    # The engines' processes apart: recognition keeps a decoder for each of the most that ever spoke at once.
    growth = after["own_mib"] / warm["own_mib"]
    return [
        f"{'held' if same and growth <= GROWTH else 'NOT HELD'}: tasks, descriptors and processes are"
        f" {'' if same else 'not '}as at the start, the server's own memory {100 * (growth - 1):+.1f} %"
        " since the first calls"
    ]
