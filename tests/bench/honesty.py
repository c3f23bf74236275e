"""Owns what shows that no figure is bought by cheating: sentences with an inner pause, and answers under a tape.

`inner-pauses`: 100 sentences of ten voices, each with silence of the configured silence less 40 ms between two of its
words: none may be answered before its end. `tape`: ten minutes of answers (five callers, two minutes each) while
coughs, key presses and babble reach the microphone, 15 dB under the caller's speech, and the agent's own voice comes
back: a cough may stop the tone once, a key press and the echo never, and each answer is heard to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests import speech, tapes
from tests.bench.honesty_source import Audio, Room
from tests.bench.stages import Server, Stage
from tests.bench.voices import LONGEST_PAUSE_SECS, longest_pause, spoken
from tests.bench.wire.call import WireCall
from tests.bench.wire.microphone import Microphone, Sentence, room, sentence
from tests.bench.wire.opus import FRAME, RATE
from tests.bench.wire.switchboard import Switchboard, now
from tests.tapes import VOICES, Voice

Sample = dict[str, Any]

SHORTER_SECS = 0.040
"""By so much the inner pause is shorter than the silence that ends a turn."""

ANSWER_WITHIN = 10.0
GAP_SECS = 0.045
"""A tone that is not audible for so long has paused: packets are 20 ms apart."""

OVER_SECS = 1.2
"""Longer than any pause: the answer is over."""

TAPE_DB = -15.0
TONE_SECS = 30.0
LOST_SECS = 1.0
"""An answer that is heard for so much less than it lasts has lost its end."""

CALLERS, TAPE_MINUTES = 5, 2.2
KNOWN_SECS = 3.0
"""The room is heard for so long before the first question."""

ECHOES = ((0.06, -8.0), (0.12, -14.0), (0.2, -10.0), (0.3, -20.0), (0.42, -16.0))
"""Delay in seconds and gain of each caller's loudspeaker."""

COUGH_SECS, PRESS_SECS = 0.75, 0.30
"""After its beginning, so long a sound may be what stops the tone: it lasts, and the server takes a while."""


def stages() -> list[Stage]:
    """Return the stages for `make bench-media`."""
    return [
        Stage("inner-pauses", inner_pauses, table=inner_pauses_table),
        Stage("tape", tape, environment={"BENCH_TONE_SECS": str(int(TONE_SECS))}, table=tape_table),
    ]


# Sentences with an inner pause


def broken(voice: Voice, text: str, pause: float, seed: int) -> Sentence:
    """`text` with silence of exactly `pause` seconds between two of its words, encoded; no other pause is as long.

    Raises ValueError where the voice pauses by itself.
    """
    words = text.split()
    middle = len(words) // 2
    parts = [spoken(voice, " ".join(part)) for part in (words[:middle], words[middle:])]
    if max(map(longest_pause, parts)) > min(pause, LONGEST_PAUSE_SECS):
        raise ValueError(f"{text!r} by {voice}: it pauses by itself")
    gap = np.zeros(round(pause * RATE), np.int16)
    pcm = np.concatenate((parts[0], gap, parts[1]))
    return sentence(pcm, offset=seed % FRAME, seed=seed, name=f"{voice.voice}+{voice.variant}: {text}")


async def inner_pauses(server: Server, chance: random.Random) -> list[Sample]:
    """Each voice is one caller, who says every sentence and hears each answer out."""
    pause = server.target.silence - SHORTER_SECS
    said = {
        voice: [broken(voice, text, pause, chance.randrange(2**31)) for text in tapes.SENTENCES]
        for voice in VOICES
    }
    noise, samples = room(chance.randrange(2**31)), list[Sample]()
    board = Switchboard()

    async def one(number: int, voice: Voice) -> None:
        await asyncio.sleep(number * 0.3)
        async with WireCall(board, server.target, Microphone(noise, start=number * 37)) as call:
            for item in said[voice]:
                await asyncio.sleep(random.Random(item.name).uniform(0.8, 1.5))
                saying = call.microphone.say(item)
                begun, ended = await saying.begun, await saying.ended
                sample: Sample = {"figure": "inner pause", "call": number, "sentence": item.name}
                try:
                    first = await call.heard.first_audible(ended, ANSWER_WITHIN)
                    sample["milliseconds"] = (first - ended - server.target.silence) * 1000
                except TimeoutError:
                    sample["unanswered"] = True
                sample["early"] = len(call.heard.audible_between(begun, ended)) > 0
                samples.append(sample)
                await _silent(call)

    try:
        await asyncio.gather(*(one(number, voice) for number, voice in enumerate(VOICES)))
    finally:
        board.close()
    return samples


def inner_pauses_table(samples: Sequence[Sample]) -> list[str]:
    early = [sample["sentence"] for sample in samples if sample["early"]]
    silent = sum(1 for sample in samples if sample.get("unanswered"))
    lines = [
        f"{len(samples)} sentences with an inner pause: {len(early)} answered early, {silent} not answered"
    ]
    return lines + [f"answered early: {name}" for name in early]


# Answers under a tape


@dataclass(frozen=True)
class Sounds:
    """When the sounds of a tape began, at the wire."""

    coughs: Sequence[float]
    presses: Sequence[float]


@dataclass(frozen=True)
class Pause:
    """The tone was not audible from `begun` for `seconds`; `cause`: "cough", its number, "press", "other", or "late"
    where no sample was held back (RTP timestamps go on): a machine that stalled, no decision of the server's.
    """

    begun: float
    seconds: float
    cause: str
    number: int = -1


def pauses(audible: Sequence[tuple[float, int]], sounds: Sounds) -> list[Pause]:
    """The gaps in one answer, of which each audible packet came at (when, RTP timestamp). What both a cough and a key
    press may have caused, the cough has.
    """
    found = []
    for (before, timestamp), (after, next_timestamp) in itertools.pairwise(audible):
        if after - before < GAP_SECS:
            continue
        if (next_timestamp - timestamp) & 0xFFFFFFFF <= FRAME:
            found.append(Pause(before, after - before, "late"))
            continue
        cough, press = _latest(sounds.coughs, before), _latest(sounds.presses, before)
        if cough >= 0 and before - sounds.coughs[cough] <= COUGH_SECS:
            found.append(Pause(before, after - before, "cough", cough))
        elif press >= 0 and before - sounds.presses[press] <= PRESS_SECS:
            found.append(Pause(before, after - before, "press", press))
        else:
            found.append(Pause(before, after - before, "other"))
    return found


async def tape(server: Server, chance: random.Random) -> list[Sample]:
    """Each caller asks, hears the whole answer under the tape, and asks again until the tape is over."""
    seeds = [chance.randrange(2**31) for _ in range(CALLERS)]
    # Made before any call begins: whoever computes while calls go on is late at the wire.
    made = [_tape(seed) for seed in seeds]
    samples: list[Sample] = []
    board = Switchboard()

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.5)
        delay, gain = ECHOES[number]
        microphone = Room(made[number], seeds[number], delay, gain)
        async with WireCall(board, server.target, microphone) as call:
            if microphone.echo is not None:
                call.on_payload = microphone.echo.payload
            answers = []
            microphone.is_running = True
            await asyncio.sleep(KNOWN_SECS)
            while not microphone.is_over:
                await asyncio.sleep(1.0)
                answers.append(await _answer(call, microphone, VOICES[number]))
            samples.extend(_judged(number, call, microphone, answers, seeds[number]))

    try:
        await asyncio.gather(*(one(number) for number in range(CALLERS)))
    finally:
        board.close()
    return samples


def tape_table(samples: Sequence[Sample]) -> list[str]:
    answers = [sample for sample in samples if sample["figure"] == "answer under a tape"]
    stops = [sample for sample in samples if sample["figure"] == "pause under a tape"]
    heard = next(sample for sample in samples if sample["figure"] == "tape")
    by_cough = Counter((s["call"], s["number"]) for s in stops if s["cause"] == "cough")
    causes = Counter(sample["cause"] for sample in stops)
    seconds = sum(sample["seconds"] for sample in answers)
    return [
        f"{seconds / 60:.1f} minutes of answers under {heard['coughs']} coughs, {heard['presses']} key presses and"
        f" babble, {-TAPE_DB:.0f} dB under the caller's speech, and the agent's echo",
        f"coughs that stopped the tone: {len(by_cough)}, at most {max(by_cough.values(), default=0)} times each",
        f"stopped by key presses: {causes['press']}, by nothing but babble or the echo: {causes['other']}",
        f"packets that came {GAP_SECS * 1000:.0f} ms or more after the one before, nothing held back: {causes['late']}",
        f"answers lost: {sum(1 for sample in answers if sample['lost'])} of {len(answers)}",
    ]


def _tape(seed: int) -> Audio:
    at_16_khz = tapes.tape(TAPE_MINUTES, TAPE_DB, seed)
    # 48 kHz by the spectrum, in one piece: a tape is nothing that is waited for.
    return (speech.resampled(tapes.pcm16(at_16_khz), tapes.RATE, RATE) / 32768).astype(np.float32)


def _question(voice: Voice) -> Audio:
    spoken_at_16_khz = tapes.sentence(voice, tapes.SENTENCES[0])
    return (speech.resampled(tapes.pcm16(spoken_at_16_khz), tapes.RATE, RATE) / 32768).astype(np.float32)


async def _answer(call: WireCall[Room], microphone: Room, voice: Voice) -> tuple[float, float]:
    """Ask, with no sound but the question, and run the tape while the answer lasts; return when its first and its last
    packet came, 0 for none.
    """
    question = _question(voice)
    microphone.is_running = False
    microphone.say(question)
    asked = now()
    try:
        first = await call.heard.first_audible(asked + len(question) / RATE, ANSWER_WITHIN)
    except TimeoutError:
        return 0.0, 0.0
    finally:
        microphone.is_running = True
    await _silent(call)
    microphone.is_running = False
    return first, call.heard.last_audible


async def _silent(call: WireCall[Any]) -> None:
    """Wait until what is being said is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TONE_SECS + ANSWER_WITHIN):
            while now() - call.heard.last_audible < OVER_SECS:
                await asyncio.sleep(0.05)


def _judged(
    number: int, call: WireCall[Room], microphone: Room, answers: Sequence[tuple[float, float]], seed: int
) -> list[Sample]:
    sounds = Sounds(*(_sent(microphone.begun, starts(TAPE_MINUTES, seed)) for starts in _STARTS))
    samples: list[Sample] = []
    if number == 0:
        counts = {"coughs": len(sounds.coughs) * CALLERS, "presses": len(sounds.presses) * CALLERS}
        samples.append({"figure": "tape", **counts})
    for first, last in answers:
        audible = call.heard.audible_packets(first, last + 0.001)
        stops = pauses(audible, sounds)
        sounded = last - first - sum(stop.seconds for stop in stops)
        lost = sounded < TONE_SECS - LOST_SECS
        samples.append(
            {"figure": "answer under a tape", "call": number, "seconds": last - first, "lost": lost}
        )
        samples += [
            {
                "figure": "pause under a tape",
                "call": number,
                "at": stop.begun - first,
                "seconds": stop.seconds,
                "cause": stop.cause,
                "number": stop.number,
            }
            for stop in stops
        ]
    return samples


_STARTS = (tapes.cough_starts, tapes.press_starts)


def _sent(begun: Sequence[float], starts: Sequence[float]) -> list[float]:
    """When each sound left that begins at second `start` of the tape, as far as the tape ran."""
    return [begun[int(start * 50)] for start in starts if int(start * 50) < len(begun)]


def _latest(starts: Sequence[float], at: float) -> int:
    return bisect_left(starts, at) - 1
