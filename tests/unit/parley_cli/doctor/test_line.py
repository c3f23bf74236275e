"""What is said of a line, from packets made here: tone, loss, jitter and gaps, wherever RTP's numbers begin."""

from __future__ import annotations

import numpy as np
import pytest

from parley_cli.doctor.line import Packet, tone

SECONDS = 4.0
FRAME = 320  # samples of 20 ms at 16 kHz


def sent(hertz: float = 440.0, first_sequence: int = 0, first_ticks: int = 0) -> list[Packet]:
    """A tone of 4 s at -12 dBFS, each packet on time."""
    samples = np.arange(round(SECONDS * 16_000))
    wave = np.rint(32767 * 10 ** (-12 / 20) * np.sin(2 * np.pi * hertz * samples / 16_000)).astype(np.int16)
    return [
        Packet(
            100 + 0.02 * index,
            (first_sequence + index) & 0xFFFF,
            (first_ticks + 960 * index) & 0xFFFFFFFF,
            frame,
        )
        for index, frame in enumerate(wave.reshape(-1, FRAME))
    ]


def silent(at: float, sequence: int, ticks: int) -> Packet:
    return Packet(at, sequence & 0xFFFF, ticks & 0xFFFFFFFF, np.zeros(FRAME, np.int16))


@pytest.mark.parametrize("sequence", [0, 1, 32767, 32768, 65534, 65535])
@pytest.mark.parametrize("ticks", [0, 0xFFFFFFFF - 1000])
def test_a_good_line_is_measured_as_good(sequence: int, ticks: int) -> None:
    heard = tone(sent(first_sequence=sequence, first_ticks=ticks))
    assert heard is not None
    assert (heard.expected, heard.lost, heard.pure) == (200, 0, 1.0)
    assert heard.seconds == pytest.approx(SECONDS)
    assert heard.level_db == pytest.approx(-15.05, abs=0.1), "RMS of a sine that peaks at -12"
    assert heard.jitter_ms == pytest.approx(0, abs=0.001)
    assert heard.longest_gap_ms == pytest.approx(20)


def test_silence_around_the_tone_does_not_count() -> None:
    """It is sent seldom: a gap of 400 ms there is as it should be."""
    packets = sent(first_sequence=10, first_ticks=96_000)
    before, after = silent(98.0, 9, 0), silent(105.0, 210, 96_000 + 200 * 960 + 19_200)
    assert tone([before, *packets, after]) == tone(packets)


def test_what_is_lost_is_counted_and_is_a_gap() -> None:
    packets = sent()
    heard = tone(packets[:50] + packets[54:])
    assert heard is not None
    assert (heard.expected, heard.lost) == (200, 4)
    assert heard.longest_gap_ms == pytest.approx(100)


def test_what_is_only_out_of_order_or_twice_is_not_lost() -> None:
    packets = sent(first_sequence=65_500)
    packets[40], packets[41] = packets[41], packets[40]
    packets.insert(61, packets[60])
    heard = tone(packets)
    assert heard is not None
    assert (heard.expected, heard.lost, heard.pure) == (200, 0, 1.0)


def test_jitter_is_that_of_rfc_3550() -> None:
    """Each second packet 8 ms late: each transit differs from the one before by 8 ms."""
    packets = [
        Packet(packet.at + 0.008 * (index % 2), packet.sequence, packet.ticks, packet.pcm)
        for index, packet in enumerate(sent())
    ]
    heard = tone(packets)
    assert heard is not None
    assert heard.jitter_ms == pytest.approx(8, abs=0.01)
    assert heard.longest_gap_ms == pytest.approx(28)


def test_another_sound_is_not_the_tone() -> None:
    heard = tone(sent(hertz=660.0))
    assert heard is not None
    assert heard.pure == 0


def test_where_nothing_is_heard_there_is_no_tone() -> None:
    assert tone([]) is None
    assert tone([silent(1.0, 1, 960), silent(1.4, 2, 1920)]) is None
