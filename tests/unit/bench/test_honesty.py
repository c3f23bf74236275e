"""The honest stages count what they claim to: pauses by their cause, and sentences with exactly one long pause."""

import numpy as np
import pytest

from tests import tapes
from tests.bench.honesty import (
    Sounds,
    broken,
    inner_pauses_table,
    pauses,
    stages,
    tape_table,
)
from tests.bench.honesty_source import Echo, Room
from tests.bench.wire.opus import FRAME, RATE, Decoder, Encoder
from tests.tapes import VOICES


def tone(*gaps: tuple[float, float]) -> list[tuple[float, int]]:
    """Packets of 10 s, without those in the gaps; timestamps go on in a gap."""
    at = [(number * 0.02, number * FRAME) for number in range(500)]
    return [packet for packet in at if not any(begin < packet[0] < end for begin, end in gaps)]


def test_a_tone_without_a_gap_has_no_pause_and_a_late_packet_is_none() -> None:
    sounds = Sounds([1.0], [2.0])
    assert pauses(tone(), sounds) == []
    assert pauses([(0.0, 0), (0.02, FRAME), (0.06, 2 * FRAME), (0.08, 3 * FRAME)], sounds) == []


def test_a_gap_in_which_no_sample_was_held_back_is_a_late_packet_whatever_was_heard_before_it() -> None:
    sounds = Sounds([0.9], [0.95])
    packets = [
        (at + (0.08 if at > 1.0 else 0.0), (timestamp - FRAME) & 0xFFFFFFFF) for at, timestamp in tone()
    ]
    (late,) = pauses(packets, sounds)
    assert late.cause == "late"
    assert late.seconds == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize(
    ("begun", "cause", "number"),
    [(3.1, "cough", 0), (3.6, "cough", 0), (6.1, "press", 1), (6.6, "other", -1), (8.1, "cough", 1)],
)
def test_a_pause_is_told_by_what_came_just_before(begun: float, cause: str, number: int) -> None:
    sounds = Sounds([3.0, 8.0], [1.0, 6.0, 8.05])
    (pause,) = pauses(tone((begun, begun + 0.3)), sounds)
    assert (pause.cause, pause.number) == (cause, number)
    assert pause.seconds == pytest.approx(0.3, abs=0.021)


def test_a_sentence_pauses_once_for_as_long_as_told() -> None:
    made = broken(VOICES[0], "Where can I park my car?", 0.16, 7)
    decoder = Decoder(16_000)
    pcm = np.concatenate([decoder.decode(packet.payload).copy() for packet in made.packets])
    loud = np.flatnonzero(np.abs(pcm) > 0.02 * np.abs(pcm).max())
    assert np.diff(loud).max() / 16_000 == pytest.approx(0.16, abs=0.02)


def test_every_voice_can_say_every_sentence_with_but_the_one_pause() -> None:
    for voice in VOICES[::3]:
        for text in tapes.SENTENCES:
            broken(voice, text, 0.16, 1)


def test_an_echo_comes_back_late_and_softer() -> None:
    echo, encoder, decoder = Echo(0.1, -20.0), Encoder(), Decoder(RATE)
    time = np.arange(FRAME * 20) / RATE
    said = (8_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16).reshape(-1, FRAME)
    heard = []
    for frame in said:
        echo.payload(0.0, encoder.encode(frame))
        heard.append(echo.next(0.1))
    whole = np.concatenate(heard)
    assert decoder is not None
    first = np.flatnonzero(np.abs(whole) > 0.002)[0] / RATE
    assert first == pytest.approx(0.1, abs=0.012)
    assert np.abs(whole[-FRAME:]).max() == pytest.approx(0.1 * 8_000 / 32_768, rel=0.8)


def test_the_tape_runs_only_when_told_and_its_packets_are_dated() -> None:
    room = Room(np.full(10 * FRAME, 0.1, np.float32), seed=1)
    for number in range(8):
        room.is_running = number >= 5
        assert (room.next().level < 30) == room.is_running
        room.sent(float(number))
    assert room.begun == [5.0, 6.0, 7.0]
    assert not room.is_over


def test_the_tables_count() -> None:
    early = {"sentence": "a", "early": True}
    assert inner_pauses_table([early, {"sentence": "b", "early": False}])[0].startswith(
        "2 sentences with an inner pause: 1 answered early, 0"
    )
    lines = tape_table(
        [
            {"figure": "tape", "coughs": 4, "presses": 240},
            {"figure": "answer under a tape", "call": 0, "seconds": 30.0, "lost": False},
            {"figure": "pause under a tape", "call": 0, "cause": "cough", "number": 0},
            {"figure": "pause under a tape", "call": 0, "cause": "cough", "number": 0},
            {"figure": "pause under a tape", "call": 0, "cause": "press", "number": 3},
            {"figure": "pause under a tape", "call": 0, "cause": "late", "number": -1},
        ]
    )
    assert "coughs that stopped the tone: 1, at most 2 times each" in lines
    assert "stopped by key presses: 1, by nothing but babble or the echo: 0" in lines
    assert "packets that came 45 ms or more after the one before, nothing held back: 1" in lines
    assert "answers lost: 0 of 1" in lines


def test_there_are_two_stages() -> None:
    assert [stage.name for stage in stages()] == ["inner-pauses", "tape"]
