"""The list of what strangers get wrong, against every WebSocket and every request: each is told so, in its own style.

What a message may say field by field is its protocol's own test; here it is what becomes of connection and session.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley_dataplane import routes
from parley_dataplane.doors import DUPLEX
from parley_dataplane.errors import TooManySessions
from parley_dataplane.media import wav
from tests.clients.containers import opus

RAMP = np.arange(8_000).astype(np.int16)
FILE = wav.render(RAMP, 16_000)
WEBM = opus(RAMP, 16_000, "webm")
LONG = {"type": "text", "text": "x" * 70_000}
START, END = {"type": "start_session"}, {"type": "end_session"}

WRONG = (
    "an unknown type",
    "a missing field",
    "an extra field",
    "a field of a wrong type",
    "a value out of range",
    "what can't be decoded",
    "a container cut in the middle",
    "a message too big",
    "text where binary belongs",
    "a message before the start",
    "a message after the end",
)


@dataclass(frozen=True)
class Row:
    """`messages`, the last of which gets an error with this code and these words; without a code, none does. `first`:
    what goes before, and is right. `lives`: whether the connection goes on afterwards, and its session if it has one.
    """

    message: Any
    code: str = ""
    words: str = ""
    first: tuple[Any, ...] = ()
    lives: bool = True


BAD = "bad-message"
BIG = Row(LONG, "too-big", "at most 65536", lives=False)
NO_JSON = Row(base64.b64encode(FILE).decode(), BAD, "send one JSON object")

FASTRTC = {
    "an unknown type": Row({"type": "join"}, BAD, '"type" is one of start_session, end_session', (START,)),
    "a missing field": Row({"type": "audio_base64"}, BAD, '"data" is missing: write a text', (START,)),
    "an extra field": Row({"type": "interrupt", "mood": "good"}, first=(START,)),
    "a field of a wrong type": Row({"type": "config", "vad_threshold": "loud"}, BAD, "from 0 to 1", (START,)),
    "a value out of range": Row(
        {"type": "config", "silence_timeout_ms": 9**9}, BAD, "from 50 to 10000", (START,)
    ),
    "what can't be decoded": Row(b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\xff\xff", "bad-audio", "", (START,)),
    "a container cut in the middle": Row(WEBM[: len(WEBM) // 2], first=(START,)),
    "a message too big": Row({**LONG, "type": "start_session"}, "too-big", "at most 65536", lives=False),
    "text where binary belongs": Row(NO_JSON.message, BAD, NO_JSON.words, (START,)),
    "a message before the start": Row(
        {"type": "config", "vad_threshold": 0.5}, BAD, "send start_session first"
    ),
    "a message after the end": Row(FILE, BAD, "send start_session first", (START, END)),
}
SOCKETS: dict[str, dict[str, Row | str]] = {
    "/api/v1/rtc/stream": dict(FASTRTC),
    "/api/v1/rtc/stream/full": dict(FASTRTC),
    "/ws": {
        "an unknown type": Row({"type": "bye"}, BAD, '"type" is one of interrupt, text'),
        "a missing field": Row({"type": "text"}, BAD, '"text" is missing'),
        "an extra field": Row({"type": "text", "text": "Hello", "mood": "good"}),
        "a field of a wrong type": Row({"type": "text", "text": 5}, BAD, '"text" is a number'),
        "a value out of range": Row({"type": "text", "text": "x" * 2_001}, BAD, "at most 2000"),
        "what can't be decoded": Row(bytes(321), "bad-audio", "two bytes each"),
        "a container cut in the middle": "it takes samples, and no containers",
        "a message too big": BIG,
        "text where binary belongs": NO_JSON,
        "a message before the start": "connecting begins the session",
        "a message after the end": "the end closes the connection",
    },
    "/ws/v2/{session_id}": {
        "an unknown type": Row({"type": "join"}, BAD, '"type" is one of offer, candidate'),
        "a missing field": Row({"type": "offer"}, BAD, '"sdp" is missing'),
        "an extra field": Row({"type": "candidate", "candidate": None, "mood": "good"}),
        "a field of a wrong type": Row({"type": "candidate", "candidate": 5}, BAD, '"candidate" is a number'),
        "a value out of range": Row(
            {"type": "candidate", "candidate": "c", "sdpMLineIndex": 256}, BAD, "from 0 to 255"
        ),
        "what can't be decoded": Row({"type": "offer", "sdp": "v=0 nonsense"}, "bad-sdp"),
        "a container cut in the middle": "it takes no audio",
        "a message too big": BIG,
        "text where binary belongs": Row(b"\xff\xff", BAD, "send one JSON object"),  # the other way round
        "a message before the start": Row({"type": "candidate", "candidate": {"candidate": "c"}}),
        "a message after the end": "an offer under an ended id begins anew",
    },
}
"""By path and by what is wrong: a row, or why there is none."""

PROBE = {"type": "are-you-there"}


def test_every_websocket_has_its_answer_to_everything_on_the_list() -> None:
    sources = Path(routes.__file__).parent.glob("*.py")
    paths = {path for file in sources for path in re.findall(r'\.websocket\("([^"]+)"\)', file.read_text())}
    assert paths == set(SOCKETS)
    assert all(set(rows) == set(WRONG) for rows in SOCKETS.values())


@pytest.mark.parametrize(
    ("path", "wrong"),
    [(path, name) for path, rows in SOCKETS.items() for name in WRONG if isinstance(rows[name], Row)],
)
def test_what_is_wrong_is_told_and_the_session_lives_on(server: Any, path: str, wrong: str) -> None:
    row = SOCKETS[path][wrong]
    assert isinstance(row, Row)

    async def scenario() -> None:
        async with server.socket(path.replace("{session_id}", "me")) as peer:
            for message in (*row.first, row.message):
                peer.say(message)
            await peer.settled()
            sessions = server.parley.sessions.active()
            peer.say(PROBE)
            told = [await peer.hear()]
            while not _is_last(told[-1]):
                told.append(await peer.hear())
            errors = [one for one in told[:-1] if one["type"] == "error"]
            assert [error["code"] for error in errors] == [row.code] * bool(row.code)
            assert all(row.words in error["message"] for error in errors)
            assert server.parley.errors[: len(errors)] == [row.code] * bool(row.code)
            if row.lives:
                assert isinstance(told[-1], dict)
                assert server.parley.sessions.active() == sessions
            else:
                assert told[-1] == ("close", 1009)

    asyncio.run(scenario())


def _is_last(told: Any) -> bool:
    """The answer to the probe, or the end of the connection."""
    return isinstance(told, tuple) or PROBE["type"] in told.get("message", "")


def test_a_session_of_the_full_duplex_door_that_has_ended_closes_it(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            await peer.hear()
            server.session.end("idle")
            peer.say(bytes(640))
            assert await peer.hear() == {"type": "ended", "reason": "idle"}
            assert await peer.hear() == ("close", 1000)

    asyncio.run(scenario())


def test_an_id_that_can_not_be_is_told_on_its_socket(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws/v2/no id") as peer:
            peer.say({"type": "offer", "sdp": "v=0\r\n"})
            assert (await peer.hear())["code"] == BAD

    asyncio.run(scenario())


# Requests: which there are, the document says


def operations(server: Any) -> list[tuple[str, str, dict[str, Any]]]:
    paths = server.app.openapi()["paths"]
    return [
        (method.upper(), path, told) for path, methods in paths.items() for method, told in methods.items()
    ]


def test_whoever_names_a_session_is_told_that_it_never_was_or_has_ended(server: Any) -> None:
    async def scenario() -> None:
        server.parley.sessions.open(DUPLEX, None, session_id="over").end("idle")
        named = [(method, path) for method, path, _ in operations(server) if "{session_id}" in path]
        assert len(named) >= 4
        for (method, path), (session_id, status) in itertools.product(
            named, (("nobody", 404), ("over", 410), ("%00", 404), ("x" * 5_000, 404))
        ):
            answer = await server.http(method, path.replace("{session_id}", session_id))
            assert (path, answer.status) == (path, status)
            assert answer.headers["content-type"] == "application/problem+json"
        stop = json.dumps({"session_id": "over"}).encode()
        assert (await server.http("POST", "/api/voice/stop-tts", stop)).status == 410

    asyncio.run(scenario())


BODIES = {
    "no JSON": (b"{nonsense", 400),
    "text that is no UTF-8": (b'{"a": "\xff"}', 400),
    "no object": (b"[1]", 400),
    "too big": (b" " * 70_000, 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_json_body_is_refused_for_what_it_is(server: Any, name: str) -> None:
    """/process aside, which takes audio in its JSON: it has a table of its own."""
    body, status = BODIES[name]

    async def scenario() -> None:
        asked = [
            (method, path)
            for method, path, told in operations(server)
            if list(told.get("requestBody", {}).get("content", ())) == ["application/json"]
        ]
        assert len(asked) >= 3
        for method, path in asked:
            answer = await server.http(method, path, body, {"content-type": "application/json"})
            assert (path, answer.status, answer.json()["status"]) == (path, status, status)

    asyncio.run(scenario())


GOOD_BODIES = {"/api/webrtc/offer": b'{"type": "offer", "sdp": "v=0"}', "/api/v1/rtc/process": FILE}


def test_whatever_a_full_server_refuses_it_says_when_to_try_again(server: Any) -> None:
    async def scenario() -> None:
        server.parley.sessions.refuse = TooManySessions("full", retry_after=9)
        may_be_full = [
            (method, path)
            for method, path, told in operations(server)
            if method == "POST" and "503" in told["responses"]
        ]
        assert len(may_be_full) >= 4
        for method, path in may_be_full:
            answer = await server.http(method, path, GOOD_BODIES.get(path, b""))
            assert (path, answer.status, answer.headers.get("retry-after")) == (path, 503, "9")

    asyncio.run(scenario())
