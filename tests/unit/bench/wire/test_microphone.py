"""What a call sends: its first and last speech packet are those of the voice, and cutting tapes together is silent."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests.bench.wire.microphone import Microphone, Packet, Sentence, encoded, level, room, sentence
from tests.bench.wire.opus import FRAME, Decoder
from tests.speech import Pcm


def voice(samples: int) -> Pcm:
    """A square wave: every sample of it is loud."""
    return np.where(np.arange(samples) // 80 % 2, 8_000, -8_000).astype(np.int16)


@pytest.mark.parametrize(
    ("samples", "offset", "last"),
    [(960, 0, 0), (961, 0, 1), (960, 1, 1), (9_600, 0, 9), (9_600, 959, 10)],
)
def test_the_last_speech_packet_is_made_from_the_last_voiced_sample(
    samples: int, offset: int, last: int
) -> None:
    padded = np.concatenate([np.zeros(5_000, np.int16), voice(samples), np.zeros(30_000, np.int16)])
    made = sentence(padded, offset=offset)
    assert made.first == 0
    assert made.last == last


def test_the_packets_around_the_voice_hold_only_the_room() -> None:
    made = sentence(voice(FRAME * 20))
    levels = [packet.level for packet in made.packets]
    assert max(levels[made.first : made.last]) < 15
    assert min(levels[made.last + 1 :]) > 55


def test_no_cut_between_room_and_sentence_can_be_heard() -> None:
    noise, made = room(), sentence(voice(FRAME * 20))
    decoder = Decoder()
    stream = [*noise, *made.packets, *noise[100:150], *made.packets, *noise[7:57]]
    powers = [decoder.power(packet.payload) for packet in stream]
    start = len(noise)
    quiet = powers[10:start] + powers[start + made.last + 3 : start + len(made.packets) + 50]
    assert 10 * np.log10(max(quiet)) < -50


def test_a_microphone_says_when_the_speech_packets_left() -> None:
    packet = Packet(20, b"x")
    tape = Sentence([packet] * 5, first=1, last=3)

    async def scenario() -> tuple[float, float]:
        microphone = Microphone([Packet(60, b"room")])
        saying = microphone.say(tape)
        for number in range(7):
            assert microphone.next().payload == (b"x" if number < 5 else b"room")
            microphone.sent(float(number))
        return await saying.begun, await saying.ended

    assert asyncio.run(scenario()) == (1.0, 3.0)


def test_two_sentences_follow_each_other() -> None:
    tapes = [Sentence([Packet(20, name)] * 2, 0, 1) for name in (b"a", b"b")]

    async def scenario() -> list[bytes]:
        microphone = Microphone([Packet(60, b"room")])
        for tape in tapes:
            microphone.say(tape)
        said = []
        for number in range(5):
            said.append(microphone.next().payload)
            microphone.sent(float(number))
        return said

    assert asyncio.run(scenario()) == [b"a", b"a", b"b", b"b", b"room"]


def test_a_call_may_begin_anywhere_in_the_room() -> None:
    noise = [Packet(60, bytes([n])) for n in range(4)]
    assert Microphone(noise, start=6).next().payload == b"\3"


@pytest.mark.parametrize(("amplitude", "expected"), [(32_767, 0), (3_277, 20), (0, 127)])
def test_a_level_is_decibels_below_full_scale(amplitude: int, expected: int) -> None:
    assert level(np.full(FRAME, amplitude, np.int16)) == expected


def test_what_does_not_fill_a_packet_is_left_out() -> None:
    assert len(encoded(voice(FRAME * 2 + 1))) == 2


def test_a_server_that_plays_16_khz_is_sent_wideband_alone() -> None:
    packet = sentence(voice(FRAME * 20)).packets[5]
    assert packet.payload[0] >> 3 in (13, 15)  # hybrid, up to 12 or 20 kHz (RFC 6716, 3.1)
    assert packet.wideband[0] >> 3 == 9  # SILK, up to 8 kHz
