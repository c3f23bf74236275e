"""Owns what the tests have to know of each door: how to call, how it names the same things, how far it runs ahead.

for door in DOORS:
    async with door.call(url) as client: ...
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests import speech
from tests.clients import plain_http
from tests.clients.microphone import Spoken
from tests.clients.sockets import DuplexClient, FastRtcClient, SocketClient
from tests.clients.webrtc import SignalingClient, WebRtcClient
from tests.server import ParleyServer
from tests.speech import Pcm

Client = WebRtcClient | FastRtcClient | DuplexClient

QUESTION, OTHER_QUESTION = "What are your opening hours?", "Where can I park my car?"
STORY = "Can you tell me a story about pirates?"
"""PocketSphinx understood these in this voice each time (10 of 10, over start and noise); not so all of the file's."""


@dataclass(frozen=True)
class Door:
    """A route of the server.

    `greets`: the agent speaks first. `silence`: seconds of silence that end a turn, None: as the agent file says.
    `ahead`: seconds by which audio may be here before it is heard. `clauses`: a message is a whole clause.
    """

    route: str
    call: Callable[[str], Client]
    greets: bool
    ahead: float
    silence: float | None = None
    clauses: bool = False

    def transcripts(self, client: Client, start: float) -> list[str]:
        """Return the final transcripts since `start`."""
        fields = {} if self.clauses else {"final": True}
        return [str(message["text"]) for message in client.events.of("transcript", start, **fields)]

    def answer(self, client: Client, start: float) -> str:
        """Return the text of the answer that the door has shown since `start`, without a filler."""
        kind = "response" if self.clauses else "text" if isinstance(client, DuplexClient) else "reply"
        told = [str(m["text"]) for m in client.events.of(kind, start) if "filler" not in m]
        return " ".join(" ".join(told).split())


DOORS = [
    Door("/api/webrtc/offer", WebRtcClient, greets=True, ahead=0.0),
    Door("/ws/v2", SignalingClient, greets=True, ahead=0.0),
    Door(
        "/api/v1/rtc/stream",
        lambda url: FastRtcClient(url, streaming=True),
        greets=False,
        ahead=0.3,
        silence=1.5,
        clauses=True,
    ),
    Door("/ws", DuplexClient, greets=False, ahead=0.3),
]


@functools.cache
def in_callers_voice(text: str, rate: int) -> Pcm:
    """Return `text` as the caller says it, over a room's noise."""
    return speech.say(text, rate, variant=speech.CALLER_VARIANT, noise_db=-50.0)


def ask(client: Client, server: ParleyServer, text: str) -> Spoken:
    """Say `text` in the caller's voice; the server's log must not hold it."""
    server.private(text)
    return client.say(in_callers_voice(text, client.rate))


@dataclass(frozen=True)
class Held:
    """A call that is over, to be judged: `begin` is when the answer or story began to arrive, `asked` its question."""

    door: Door
    client: Client
    messages: list[dict[str, Any]]
    asked: float
    begin: float
    interrupted: float = 0.0
    interruption_ended: float = 0.0


Calls = dict[str, Held | BaseException]


def at_every_door(
    call: Callable[[Door, ParleyServer], Coroutine[Any, Any, Held]], server: ParleyServer
) -> Calls:
    """Hold `call` at all doors at once; return by route what came of it.

    Speech is made before and judged afterwards: whoever computes while calls go on delays their clients' clocks.
    """
    for text, rate in itertools.product(
        (QUESTION, OTHER_QUESTION, STORY), (SocketClient.rate, WebRtcClient.rate)
    ):
        in_callers_voice(text, rate)

    async def all_of_them() -> list[Held | BaseException]:
        return await asyncio.gather(*(call(door, server) for door in DOORS), return_exceptions=True)

    return {door.route: held for door, held in zip(DOORS, asyncio.run(all_of_them()), strict=True)}


def held_at(door: Door, calls: Calls) -> Held:
    """Return the call at this door, or raise what went wrong in it."""
    held = calls[door.route]
    if isinstance(held, BaseException):
        raise held
    return held


async def answer_begins(client: Client, since: float) -> float:
    """Wait for the first audible audio of the answer since `since`; return when it arrived. A filler is none."""
    if isinstance(client, DuplexClient):
        since = await client.answer_leaves(since)
    return (await client.heard.first_audible(since, within=15.0)).at


async def session(client: Client) -> dict[str, Any]:
    """Return what the server tells of the client's session."""
    response = await plain_http.request("GET", f"{client.url}/v1/sessions/{client.session_id}")
    assert response.status == 200, response.body
    return dict(response.json())


async def history(client: Client, server: ParleyServer) -> list[dict[str, Any]]:
    """Return the session's history; the server's log must not hold any of it."""
    messages = list((await session(client))["history"])
    for message in messages:
        server.private(f"{message['text']} {message['unheard']}")
    return messages
