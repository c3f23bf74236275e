"""Owns the older systems' own figures: what each is measured from and to, at its own door, and the limit of its p95.

    offer      Alice: POST answered, a session made in it       answer    Alice: first partial, first audio
    session    FastRTC, Backend v2: POST answered               barge-in  Alice: the answer falls silent
    perceived  full-duplex agent: end of speech, first sound    whole     FastRTC: text and audio are there

The agent is the reception, with the embedded engines. `calls` at once, each with its share of `samples`. What can't be
a sample is one that says why, without milliseconds: see UNFIT.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.calls import EMBEDDED
from tests.bench.doors.kinds import KINDS, READ_WITHIN, SETTLE_SECS, Kind, Place, Talker
from tests.bench.doors.questions import UP_RATE, Question, asked
from tests.bench.doors.words import read
from tests.bench.figures import FAILED, in_order, interruption_ms, percentile
from tests.bench.stages import Server, Stage
from tests.bench.wire.call import WireCall
from tests.bench.wire.microphone import Microphone, room
from tests.bench.wire.switchboard import Switchboard
from tests.clients import plain_http
from tests.clients.containers import wav
from tests.clients.sockets import FastRtcClient

Sample = dict[str, Any]

OFFER = "offer posted -> answered"
SESSION = "session posted -> answered"
PARTIAL = "first voiced packet -> first partial transcript"
STABLE = "first voiced packet -> the first word, as it stayed"
AUDIO = "last voiced packet -> first audio of the answer"
BARGE_IN = "first voiced packet -> last audible packet of the interrupted answer"
PERCEIVED = "last voiced packet -> first sound of the agent"
WHOLE = "end of speech -> the answer's text and first audio"
RECORDING = "recording sent -> the answer's text and first audio"
PROCESSED = "recording posted -> the whole answer, with all its audio"
LATE = "the client's own clock was late at worst"

LIMITS_MS = {
    OFFER: 100.0,
    SESSION: 50.0,
    PARTIAL: 300.0,
    AUDIO: 600.0,
    BARGE_IN: 120.0,
    PERCEIVED: 800.0,
    WHOLE: 2000.0,
    RECORDING: 2000.0,
    PROCESSED: 2000.0,
}
"""Of p95. The first word as it stayed has none."""

UNFIT = {
    "early": "answered before the question was over",
    "unclear": "nothing was understood",
    "talked_on": "the answer went on under the whole question",
    "paused": "the answer paused by itself just then",
}

AGENT = "examples/reception.yaml"
SESSION_DOORS = ("/api/v1/rtc/session", "/v2/sessions")
STORY = "Tell me a story."
"""Typed, so that there is a long answer to be interrupted each time, whatever was understood."""

WAIT_SECS = (0.8, 1.5)
BETWEEN_SECS = (0.05, 0.25)
LISTEN_SECS = (1.0, 2.0)
ANSWER_WITHIN = 15.0
TALKED_ON_SECS = 0.1
"""Audible so close to the end of what interrupts it, an answer was not interrupted by it."""

TRIES = 2
"""Questions for each sample, at most: some are no sample."""


@dataclass(frozen=True)
class Turn:
    """One question of one caller; `keep` takes figure and milliseconds, or a reason of UNFIT."""

    talker: Talker
    question: Question
    chance: random.Random
    keep: Callable[[str, float | str], None]


def stages(calls: int, samples: int) -> list[Stage]:
    """Return them in the order in which they run. `samples` of each figure, by `calls` at once."""

    def talks(
        kind: str, turn: Callable[[Turn], Awaitable[None]]
    ) -> Callable[[Server, random.Random], Awaitable[list[Sample]]]:
        async def run(server: Server, chance: random.Random) -> list[Sample]:
            return await _conversations(server.target.url, KINDS[kind], turn, calls, samples, chance)

        return run

    async def offer(server: Server, chance: random.Random) -> list[Sample]:
        return await _offers(server, samples, chance)

    async def session(server: Server, chance: random.Random) -> list[Sample]:
        return await _sessions(server.target.url, samples, chance)

    async def recordings(server: Server, chance: random.Random) -> list[Sample]:
        return await _recordings(server.target.url, samples, chance)

    return [
        Stage("offer", offer, AGENT, table=table),
        Stage("session", session, AGENT, table=table),
        Stage("answer", talks("offer", _asks(AUDIO)), AGENT, table=table),
        Stage("barge-in", talks("offer", _barge_in), AGENT, table=table),
        Stage("perceived", talks("duplex", _asks(PERCEIVED)), AGENT, table=table),
        Stage("whole", talks("fastrtc", _whole), AGENT, table=table),
        Stage("recordings", recordings, AGENT, table=table),
    ]


# One request, one answer


async def _offers(server: Server, samples: int, chance: random.Random) -> list[Sample]:
    board, noise = Switchboard(), room(chance.randrange(2**31))
    made = []
    try:
        for number in range(samples):
            async with WireCall(board, server.target, Microphone(noise)) as call:
                in_order(("offer posted", call.offered_at), ("offer answered", call.answered_at))
                took = call.answered_at - call.offered_at
            made.append(_sample(OFFER, KINDS["offer"].door, 0, number, took * 1000))
            await asyncio.sleep(chance.uniform(*BETWEEN_SECS))
    finally:
        board.close()
    return made


async def _sessions(url: str, samples: int, chance: random.Random) -> list[Sample]:
    made = []
    for number in range(samples):
        for door in SESSION_DOORS:
            posted = time.monotonic()
            response = await plain_http.request("POST", url + door)
            took = time.monotonic() - posted
            assert response.status == 200, response.body
            made.append(_sample(SESSION, door, 0, number, took * 1000))
            # Only so many may wait for their peer at once.
            await plain_http.request("DELETE", f"{url}/api/v1/rtc/session/{response.json()['session_id']}")
            await asyncio.sleep(chance.uniform(*BETWEEN_SECS))
    return made


async def _recordings(url: str, samples: int, chance: random.Random) -> list[Sample]:
    """A WAV on the stream, as FastRTC's printed client sends it, and the same in one request."""
    files = [wav(question.pcm, UP_RATE) for question in asked(EMBEDDED.sentences, chance.randrange(2**31))]
    door, made = KINDS["fastrtc"].door, []
    async with FastRtcClient(url) as client:
        for number in range(samples):
            file = chance.choice(files)
            sent = time.monotonic()
            await client.send_bytes(file)
            try:
                await client.events.wait("response", sent, ANSWER_WITHIN)
            except TimeoutError:
                if not client.events.of("error", sent):
                    raise
                made.append(_sample(RECORDING, door, 0, number, "unclear"))  # a voice that was not understood
                continue
            audio = (await client.heard.first_audible(sent, ANSWER_WITHIN)).at
            text = next(e.at for e in client.events.all if e.at >= sent and e.body["type"] == "response")
            made.append(_sample(RECORDING, door, 0, number, (max(text, audio) - sent) * 1000))
            await client.send({"type": "interrupt"})
            await asyncio.sleep(SETTLE_SECS + chance.uniform(*BETWEEN_SECS))
    for number in range(samples):
        posted = time.monotonic()
        response = await plain_http.request("POST", f"{url}/api/v1/rtc/process", chance.choice(files), _WAV)
        took = time.monotonic() - posted
        fits = response.status == 200 and response.json()["audio"]
        made.append(_sample(PROCESSED, "/api/v1/rtc/process", 0, number, took * 1000 if fits else "unclear"))
        await asyncio.sleep(chance.uniform(*BETWEEN_SECS))
    return made


_WAV = {"Content-Type": "audio/wav"}


# Conversations


async def _conversations(
    url: str,
    kind: Kind,
    turn: Callable[[Turn], Awaitable[None]],
    calls: int,
    samples: int,
    chance: random.Random,
) -> list[Sample]:
    # Made before any call begins: whoever computes while calls go on is late at the wire.
    questions = asked(EMBEDDED.sentences, chance.randrange(2**31))
    place = Place(url, Switchboard(), room(chance.randrange(2**31)))
    made: list[Sample] = []

    async def one(number: int) -> None:
        own = random.Random(chance.randrange(2**31) + number)
        wanted = samples // calls + (number < samples % calls)
        async with kind.call(place, number) as talker:
            talker.late()
            for tried in range(wanted * TRIES):
                await asyncio.sleep(own.uniform(*WAIT_SECS))
                fits = await _turn(turn, talker, own, questions, made, (kind.door, number, tried))
                wanted -= fits
                if wanted <= 0:
                    break
            made.append({"figure": LATE, "milliseconds": talker.late() * 1000})

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(calls):
                group.create_task(one(number))
    finally:
        place.board.close()
    return made


async def _turn(
    turn: Callable[[Turn], Awaitable[None]],
    talker: Talker,
    chance: random.Random,
    questions: Sequence[Question],
    made: list[Sample],
    where: tuple[str, int, int],
) -> bool:
    """Hold one turn and silence the agent; return whether it gave samples."""
    kept: list[Sample] = []

    def keep(figure: str, value: float | str) -> None:
        kept.append(_sample(figure, *where, value))

    try:
        await turn(Turn(talker, chance.choice(questions), chance, keep))
    except TimeoutError as error:
        kept.append({"figure": FAILED, "door": where[0], "why": f"{type(error).__name__}: {error}"[:200]})
    await talker.silence()
    made += kept
    return all("milliseconds" in sample for sample in kept)


def _asks(audio: str) -> Callable[[Turn], Awaitable[None]]:
    """Ask while the agent is silent: when words can be read, and when the answer is heard, which is `audio`."""

    async def ask(turn: Turn) -> None:
        begun, ended, first = await _asked(turn)
        _keep_audio(turn, audio, begun, ended, first)
        seen = read(await _transcripts(turn.talker, begun), ended)
        if seen is None or not seen.partial:
            turn.keep(PARTIAL, "unclear")
            return
        in_order(("first voiced packet", begun), ("first partial", seen.first), ("as it stayed", seen.stable))
        turn.keep(PARTIAL, (seen.first - begun) * 1000)
        turn.keep(STABLE, (seen.stable - begun) * 1000)

    return ask


async def _whole(turn: Turn) -> None:
    """With a microphone that stays open: this system's silence of 1.5 s ends the question."""
    begun, ended, first = await _asked(turn)
    text = await turn.talker.told("response", ended, ANSWER_WITHIN)
    _keep_audio(turn, WHOLE, begun, ended, max(first, text))


async def _barge_in(turn: Turn) -> None:
    """Interrupt a long answer in its middle."""
    talker = turn.talker
    asked_at = talker.clock()
    await talker.type(STORY)
    answered = await talker.first_audible(asked_at, ANSWER_WITHIN)
    await asyncio.sleep(turn.chance.uniform(*LISTEN_SECS))
    begun, ended = await talker.say(turn.question)
    last = talker.audible_between(answered, ended)[-1]
    if last > ended - TALKED_ON_SECS:
        turn.keep(BARGE_IN, "talked_on")
    elif last < begun:
        turn.keep(BARGE_IN, "paused")
    else:
        following = await talker.first_audible(ended, ANSWER_WITHIN)
        turn.keep(BARGE_IN, interruption_ms(begun, last, following))


async def _asked(turn: Turn) -> tuple[float, float, float]:
    """Return when the question began and ended at the wire, and when the first sound after it came."""
    begun, ended = await turn.talker.say(turn.question)
    return begun, ended, await turn.talker.first_audible(ended, ANSWER_WITHIN)


def _keep_audio(turn: Turn, figure: str, begun: float, ended: float, there: float) -> None:
    if len(turn.talker.audible_between(begun, ended)):
        turn.keep(figure, "early")
    else:
        in_order(("last voiced packet", ended), ("the answer", there))
        turn.keep(figure, (there - ended) * 1000)


async def _transcripts(talker: Talker, begun: float) -> list[tuple[float, str]]:
    """Return (when, text) of what was told of the utterance, once it is final."""
    until = await talker.told("transcript", begun, READ_WITHIN, final=True)
    kinds = ("transcript", "partial")  # by the latter name /ws tells what may still change
    told = [(at, m) for at, m in talker.messages(begun) if m["type"] in kinds and at <= until]
    return [(at, str(message["text"])) for at, message in told]


# What is printed


def _sample(figure: str, door: str, call: int, number: int, value: float | str) -> Sample:
    sample: Sample = {"figure": figure, "door": door, "call": call, "round": number}
    return sample | ({value: True} if isinstance(value, str) else {"milliseconds": value})


def table(samples: Sequence[Sample]) -> list[str]:
    """Return a row for each figure and door beside its limit, and a sentence for each thing that is no sample."""
    rows = [
        "| figure | door | n | p50 ms | p95 ms | p99 ms | limit of p95 | |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    notes = []
    for figure, door in dict.fromkeys((s["figure"], s.get("door", "")) for s in samples):
        found = [s for s in samples if (s["figure"], s.get("door", "")) == (figure, door)]
        values = [s["milliseconds"] for s in found if "milliseconds" in s]
        if figure == LATE:
            notes.append(f"{LATE}: {max(values):.1f} ms")
            continue
        if figure == FAILED:
            notes.append(f"{len(found)} questions failed, {door}; the first: {found[0]['why']}")
            continue
        if values:
            rows.append(_row(figure, door, values))
        for reason, said in UNFIT.items():
            if count := sum(reason in s for s in found):
                notes.append(f"no sample of {figure!r}, {door}: {count} times {said}")
    return rows + notes


def _row(figure: str, door: str, values: Sequence[float]) -> str:
    p50, p95, p99 = (percentile(values, p) for p in (50, 95, 99))
    limit = LIMITS_MS.get(figure)
    judged = ("", "") if limit is None else (f"{limit:.0f}", "holds" if p95 < limit else "DOES NOT HOLD")
    return f"| {figure} | {door} | {len(values)} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {judged[0]} | {judged[1]} |"
