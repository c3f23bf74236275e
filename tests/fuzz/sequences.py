"""Sequences of messages to the doors that speak by messages: made from their types, bent, and sent to a real server.

protocols/*.py: Message types -> made: values of their fields -> FORMS: as a client writes them -> bent
    -> a sequence, in any order -> one connection -> what it is told, and how it ends -> judge
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, get_args, get_type_hints

import hypothesis
from hypothesis import HealthCheck, Phase, strategies
from hypothesis.strategies import SearchStrategy
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from parley_api.turntaking import SILENCE_MS, UTTERANCE_MS, VAD_THRESHOLD
from parley_dataplane.errors import Busy, ParleyError, PeerError
from parley_dataplane.protocols import alice, duplex, fastrtc, signaling, talk
from tests import speech
from tests.clients.containers import opus, wav
from tests.clients.webrtc import WebRtcClient
from tests.fuzz.port import CANDIDATES
from tests.fuzz.siege import Siege
from tests.fuzz.words import sdp_seeds
from tests.server import ROOT

LONGEST = 10
"""Messages of a sequence: far fewer than the mistakes of one connection that are taken."""
ANSWER_SECS = 15.0
LAST_WORD = "are-you-there"
"""The type of the last message of a sequence: the error that names it says that all before it were worked through."""

NORMAL_CLOSES = frozenset({1000, 1008})
"""The session has ended; nobody has begun one."""


# What a door is told


def _kinds(error: type[ParleyError]) -> list[type[ParleyError]]:
    return [error, *(kind for child in error.__subclasses__() for kind in _kinds(child))]


CLOSES = {error.code: error.close_code for error in (*_kinds(PeerError), *_kinds(Busy))}
"""What a stranger may be told that it did wrong, and what a connection is closed with where that is worth it."""

QUESTION = "How long is a tone?"
_SPOKEN = speech.say(QUESTION)
_WAV, _WEBM, _OGG = wav(_SPOKEN, 16_000), opus(_SPOKEN, 16_000, "webm"), opus(_SPOKEN, 16_000, "ogg")
RECORDINGS = [
    _SPOKEN.tobytes(),
    _SPOKEN.tobytes()[:640],
    bytes(32_000),
    bytes(321),
    b"",
    *(whole for whole in (_WAV, _WEBM, _OGG)),
    *(whole[: len(whole) // 2] for whole in (_WAV, _WEBM, _OGG)),
    *(whole[len(whole) // 2 :] for whole in (_WAV, _WEBM, _OGG)),
    b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\xff\xff",
    b"\x1aE\xdf\xa3" + bytes(64),
    b"OggS" + bytes(64),
]

TAKEN: dict[str, SearchStrategy[Any]] = {
    "sdp": strategies.sampled_from([seed.decode() for seed in sdp_seeds()]),
    "text": strategies.just(QUESTION),
    "data": strategies.sampled_from(RECORDINGS),
    "candidate": strategies.sampled_from([f"candidate:{line}" for line in CANDIDATES]),
    "sdp_mid": strategies.just("0"),
    "sdp_m_line_index": strategies.integers(0, 255),
    "vad_threshold": strategies.floats(*VAD_THRESHOLD),
    "silence_timeout_ms": strategies.integers(*SILENCE_MS),
    "max_audio_duration_ms": strategies.integers(*UTTERANCE_MS),
    "language": strategies.sampled_from(["en", "en-US"]),
    "voice_id": strategies.just("default"),
    "session_id": strategies.none(),
}
"""By the name of a field: values that a door takes, which its type alone would hardly ever hit."""


def made(kind: Any, name: str = "") -> SearchStrategy[Any]:
    """Values of a type: half of them such as are taken, the others whatever the type allows."""
    if is_dataclass(kind):
        fields = {field: made(hint, field) for field, hint in get_type_hints(kind).items()}
        return strategies.builds(kind, **fields)
    anything = strategies.from_type(kind)
    return strategies.one_of(TAKEN[name], anything) if name in TAKEN else anything


def _named(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda message: {"type": kind, **asdict(message)}


def _beside_the_type(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda message: {"type": kind, **(message.as_dict() or {"candidate": None})}


def _within(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda message: {"type": kind, "candidate": message.as_dict()}


FORMS: dict[type, tuple[Callable[[Any], dict[str, Any] | bytes], ...]] = {
    fastrtc.StartSession: (_named("start_session"),),
    fastrtc.EndSession: (_named("end_session"),),
    fastrtc.Config: (_named("config"),),
    fastrtc.Audio: (
        lambda message: message.data,
        lambda message: {"type": "audio_base64", "data": base64.b64encode(message.data).decode()},
    ),
    duplex.Audio: (lambda message: message.data,),
    talk.Interrupt: (_named("interrupt"),),
    talk.Text: (_named("text"),),
    talk.Bye: (_named("bye"),),
    alice.Offer: (_named("offer"),),
    signaling.Candidate: (
        *map(_within, ("candidate", "ice-candidate", "ice_candidate")),
        _beside_the_type("candidate"),
    ),
    signaling.Ping: (_named("ping"),),
}
"""How a client writes each message type. A type that lacks here is an error: it would never be sent."""


@dataclass(frozen=True)
class Door:
    """`message` is the union of its message types; `told_at` the section of docs/doors.md that says what it tells;
    `begins`: what a session on it begins with.
    """

    path: str
    message: Any
    told_at: str
    begins: dict[str, Any] | None = None

    @property
    def tells(self) -> set[str]:
        """The types of its messages, by the page."""
        page = (ROOT / "docs/doors.md").read_text()
        section = page.partition(f"\n## {self.told_at}\n")[2].partition("\n## ")[0]
        table = section.partition("| from the server |")[2].partition("\n\n")[0]
        types = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
        assert types, f"docs/doors.md says nothing of what {self.path} tells"
        return types


SOCKETS = (
    Door("/ws", duplex.Message, "/ws"),
    *(
        Door(path, fastrtc.Message, "/api/v1/rtc/stream", {"type": "start_session", "user_id": "me"})
        for path in ("/api/v1/rtc/stream", "/api/v1/rtc/stream/full")
    ),
    Door("/ws/v2/{session_id}", signaling.Message, "/ws/v2/{session_id}"),
)
CHANNEL = Door("a data channel", talk.Message, "POST /api/webrtc/offer")


# What is wrong about a message


class Long(str):
    """Is shown short."""

    def __repr__(self) -> str:
        return f"Long({self[:1]!r} * {len(self)})"


_NAMES = strategies.text(max_size=12)
_JSON: SearchStrategy[Any] = strategies.recursive(
    strategies.one_of(
        strategies.none(),
        strategies.booleans(),
        strategies.integers(),
        strategies.floats(),
        strategies.text(max_size=20),
        strategies.sampled_from(
            [-1, 0, 2**63, 1e308, "", "\ud800", "\0", Long("x" * 3_000), Long("x" * 70_000)]
        ),
    ),
    lambda inner: strategies.one_of(
        strategies.lists(inner, max_size=3), strategies.dictionaries(_NAMES, inner, max_size=3)
    ),
    max_leaves=5,
)

Raw = str | bytes


@strategies.composite
def bent(draw: Any, message: dict[str, Any] | bytes) -> Raw:
    """A message with one thing wrong about it."""
    if isinstance(message, bytes):
        return draw(
            strategies.sampled_from([message.decode("latin-1"), message[:-1], message * 2, message[::-1]])
        )
    name = draw(strategies.sampled_from(sorted(message)))
    text = json.dumps(message)
    cut = draw(strategies.integers(0, len(text)))
    return draw(
        strategies.one_of(
            _JSON.map(lambda kind: json.dumps({**message, "type": kind})),
            strategies.just(json.dumps({key: value for key, value in message.items() if key != name})),
            strategies.builds(lambda key, value: json.dumps({key: value, **message}), _NAMES, _JSON),
            _JSON.map(lambda value: json.dumps({**message, name: value})),
            _JSON.map(json.dumps),
            strategies.sampled_from(
                [
                    text[:cut],
                    text.encode(),
                    text.encode("utf-16"),
                    text + text,
                    Long("[" * 2_000),
                    text[:-1] + ', "x": 1e999}',
                    text[:-1] + ', "x": ' + "9" * 5_000 + "}",
                ]
            ),
        )
    )


def _written(message: dict[str, Any] | bytes) -> Raw:
    return message if isinstance(message, bytes) else json.dumps(message)


@strategies.composite
def sequence(draw: Any, door: Door) -> list[Raw]:
    """Half of them begin as they should, and in any order whatever follows; every third message or so is bent."""
    kinds = get_args(door.message)
    messages: list[Raw] = []
    if door.begins is not None and draw(strategies.booleans()):
        messages.append(json.dumps(door.begins))
    for _ in range(draw(strategies.integers(1, LONGEST))):
        kind = draw(strategies.sampled_from(kinds))
        message = draw(strategies.sampled_from(FORMS[kind]))(draw(made(kind)))
        is_bent = draw(strategies.integers(0, 2)) == 0
        messages.append(draw(bent(message)) if is_bent else _written(message))
    return messages


# What comes of it


@dataclass
class Heard:
    """`close_code` None where the connection was open to the last word."""

    told: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None


def judge(door: Door, heard: Heard) -> None:
    """Everything is told in the door's own style, and a connection ends only for what is worth it."""
    errors = [told for told in heard.told if told["type"] in ("error", "problem")]
    assert {told["type"] for told in heard.told} <= door.tells
    for error in errors:
        assert error["code"] in CLOSES, error
        assert error.get("message") or error.get("detail"), error
    if heard.close_code is not None:
        assert heard.close_code in NORMAL_CLOSES | {CLOSES[error["code"]] for error in errors}


async def over_a_socket(url: str, path: str, messages: list[Raw]) -> Heard:
    heard = Heard()
    address = f"ws{url.removeprefix('http')}{path}"
    # What nobody reads any more after the last word must not keep the close frame back.
    async with connect(address, max_size=None, max_queue=None, compression=None) as socket:

        async def read() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for raw in socket:
                    if isinstance(raw, str):
                        heard.told.append(json.loads(raw))
                        if LAST_WORD in heard.told[-1].get("message", ""):
                            return
            heard.close_code = socket.close_code

        reading = asyncio.create_task(read())
        with contextlib.suppress(ConnectionClosed):
            for raw in [*messages, json.dumps({"type": LAST_WORD})]:
                await socket.send(raw)
        await asyncio.wait_for(reading, ANSWER_SECS)
    return heard


async def over_a_channel(url: str, messages: list[Raw]) -> Heard:
    """An end is the call's: the last message says so, and no code."""
    async with WebRtcClient(url) as call:
        await call.events.wait("session")
        assert call.channel is not None
        # A stranger sends more at a time than we say that we take.
        call.channel.transport._remote_max_message_size = 0
        for raw in [*messages, json.dumps({"type": LAST_WORD})]:
            if call.channel.readyState == "open":
                call.channel.send(raw)
        async with asyncio.timeout(ANSWER_SECS):
            while not (call.events.of("ended") or any(map(_is_last, call.events.of("problem")))):
                await asyncio.sleep(0.02)
        return Heard([event.body for event in call.events.all])


def _is_last(problem: dict[str, Any]) -> bool:
    return LAST_WORD in problem["detail"]


# The search

SEQUENCES = 40
"""Of a round, to each door."""
CALLS = 8
"""Of a round over a data channel: each is a call that connects first."""


def search(siege: Siege, seconds: float, seed: int) -> None:
    """Rounds until `seconds` have passed, at least one; raises what has been found. A seed sends the same again."""
    until = time.monotonic() + seconds
    for number in itertools.count(seed):
        print(f"sequences of seed {number}", flush=True)
        with siege.round():
            siege.sent += one_round(siege.url, number)
        if time.monotonic() >= until:
            return


def one_round(url: str, seed: int) -> int:
    """Return how many messages were sent."""
    sent = 0
    with asyncio.Runner() as runner:
        ids = itertools.count()

        def run(work: Coroutine[Any, Any, Heard], door: Door) -> None:
            judge(door, runner.run(work))

        for door in SOCKETS:

            def to_the_door(messages: list[Raw], door: Door = door) -> None:
                # Every id comes twice: the second time its session may have a call already.
                path = door.path.format(session_id=f"stranger-{seed}-{next(ids) // 2}")
                run(over_a_socket(url, path, messages), door)

            sent += _each(sequence(door), to_the_door, seed, SEQUENCES)

        def over_the_channel(messages: list[Raw]) -> None:
            run(over_a_channel(url, messages), CHANNEL)

        return sent + _each(sequence(CHANNEL), over_the_channel, seed, CALLS)


def _each(
    sequences: SearchStrategy[list[Raw]], send: Callable[[list[Raw]], None], seed: int, number: int
) -> int:
    """Hypothesis shrinks what fails, and shows it. Return how many messages were sent."""
    sent = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(sequences)
    def holds(messages: list[Raw]) -> None:
        nonlocal sent
        sent += len(messages)
        send(messages)

    holds()
    return sent
