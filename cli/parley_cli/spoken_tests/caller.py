"""Asks: each question in a call of its own, spoken at the pace of speech over `/ws`, to a server of this process.

Rules: voices are eSpeak NG's, in a process of their own, whatever the agent speaks with. A caller sits in a room:
before and after the question there is its noise, so that the detector has a floor to learn, and no word is cut off.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parley.client import CallError, Heard, Text, Transcript, connect
from parley_api import VoiceAgent
from parley_cli.spoken_tests.questions import Question
from parley_cli.spoken_tests.verdict import Asked, verdict
from parley_dataplane.engines.base import SpeechRequest
from parley_dataplane.engines.espeak import Espeak
from parley_dataplane.errors import ParleyError
from parley_dataplane.media import HEARING_RATE, SPEAKING_RATE, Pcm
from parley_dataplane.media.resample import Resampler
from parley_dataplane.process import Parley
from parley_dataplane.server import serve
from parley_dataplane.settings import Settings

if TYPE_CHECKING:
    from parley_cli.spoken_tests import Rehearsal

BEFORE_SECS, AFTER_SECS = 0.6, 1.5
QUIET_ROOM_DB = -60.0
"""RMS of a quiet room's noise, dB of full scale."""
VOICE_PEAK = 0.5
WHOLE_SECS = 1.5
"""After which no more of an answer's text is waited for, though it still sounds."""
ANSWER_SECS = 20.0
"""From the end of the question until nothing more of an answer is waited for."""

_HOST = "127.0.0.1"

Samples = npt.NDArray[np.float64]


async def ask_all(
    agent: VoiceAgent,
    base_dir: Path,
    questions: Sequence[Question],
    rehearsal: Rehearsal,
    settings: Settings,
) -> list[Asked]:
    """In the order of the questions. Raises ParleyError where an engine can't be loaded."""
    port = _free_port()
    ready = asyncio.Event()
    asked: list[Asked] = []

    async def beside(_: Parley) -> None:
        await ready.wait()
        async with asyncio.TaskGroup() as group:
            turns = asyncio.Semaphore(min(rehearsal.at_once, agent.spec.sessions.limit))
            tasks = [
                group.create_task(_ask_in_turn(turns, voices, port, agent, question, voice, snr_db))
                for question in questions
                for voice in rehearsal.voices
                for snr_db in _rooms(rehearsal)
            ]
        asked.extend(task.result() for task in tasks)

    voices = Espeak()
    await voices.start()
    try:
        await serve(agent, base_dir, _HOST, (port,), on_ready=ready.set, beside=beside, settings=settings)
    except* ParleyError as errors:
        raise errors.exceptions[0] from None
    finally:
        await voices.close()
    return asked


def _rooms(rehearsal: Rehearsal) -> tuple[float | None, ...]:
    return (None,) if rehearsal.snr_db is None else (None, rehearsal.snr_db)


async def _ask_in_turn(
    turns: asyncio.Semaphore,
    voices: Espeak,
    port: int,
    agent: VoiceAgent,
    question: Question,
    voice: str,
    snr_db: float | None,
) -> Asked:
    async with turns:
        spoken = in_room(await _spoken(voices, question.say, voice), snr_db)
        heard, said = await _ask(f"http://{_HOST}:{port}", spoken)
    judged = verdict(question, said, agent.spec.conversation)
    return Asked(question, voice, snr_db is not None, heard, said, judged)


async def _spoken(voices: Espeak, text: str, voice: str) -> Pcm:
    resampler = Resampler(SPEAKING_RATE)
    parts = [resampler.push(speech.pcm) async for speech in voices.synthesize(SpeechRequest(text, voice))]
    return np.concatenate(parts) if parts else np.empty(0, np.int16)


def in_room(voice: Pcm, snr_db: float | None, seed: int = 0) -> Pcm:
    """`voice` at 16 kHz with its peak at half of full scale, in pink noise: so far under the voice's RMS, or a quiet
    room's.
    """
    clean = voice.astype(np.float64)
    clean *= VOICE_PEAK * 32_767 / max(1.0, float(np.abs(clean).max(initial=0.0)))
    before, after = (np.zeros(round(secs * HEARING_RATE)) for secs in (BEFORE_SECS, AFTER_SECS))
    whole = np.concatenate((before, clean, after))
    quiet = 32_768 * 10 ** (QUIET_ROOM_DB / 20)
    level = quiet if snr_db is None else float(np.sqrt(np.mean(clean**2))) * 10 ** (-snr_db / 20)
    return np.clip(np.rint(whole + level * _pink(len(whole), seed)), -32_768, 32_767).astype(np.int16)


def _pink(samples: int, seed: int) -> Samples:
    """Noise of 1/f power, whose RMS is 1."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    white[0] = 0.0
    white[1:] /= np.sqrt(np.arange(1, len(white)))
    noise = np.fft.irfft(white, samples)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


async def _ask(url: str, spoken: Pcm) -> tuple[str, str]:
    """What was understood, and the text of what came back: a clause's comes ahead of its sound."""
    heard, said = "", ""
    loop = asyncio.get_running_loop()
    last = math.inf
    try:
        async with connect(url, transport="websocket", reconnect_secs=0) as call:
            call.send_audio(spoken.astype("<i2").tobytes())
            async with asyncio.timeout(len(spoken) / HEARING_RATE + ANSWER_SECS):
                async for event in call:
                    match event:
                        case Transcript(text, final=True):
                            heard = text or heard
                        case Text(text, filler=False):
                            said, last = f"{said} {text}".lstrip(), loop.time()
                        case Heard():
                            break
                    if loop.time() - last > WHOLE_SECS:
                        break
    except (TimeoutError, CallError):
        pass  # what came by then counts
    return heard, said


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        port: int = found.getsockname()[1]
    return port
