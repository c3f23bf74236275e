"""RTP and RTCP of the load generator, read back by aiortc's."""

from __future__ import annotations

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtcpPacket, RtcpSrPacket, RtpPacket

from tests.bench.wire import rtp


def test_a_packet_with_an_audio_level_is_read_by_aiortc() -> None:
    packet = rtp.header(111, 65_535, 0xFFFFFFFF, 7, extended=True) + rtp.level_extension(1, 60) + b"opus"
    read = RtpPacket.parse(packet, HeaderExtensionsMap())
    assert (read.payload_type, read.sequence_number, read.timestamp, read.ssrc) == (
        111,
        65_535,
        0xFFFFFFFF,
        7,
    )
    assert read.payload == b"opus"


@pytest.mark.parametrize(("level", "byte"), [(60, 60), (20, 0x80 | 20)])
def test_the_audio_level_says_whether_there_is_a_voice(level: int, byte: int) -> None:
    assert rtp.level_extension(3, level) == bytes([0xBE, 0xDE, 0, 1, 3 << 4, byte, 0, 0])


def test_extension_sources_and_padding_are_left_out_of_a_payload() -> None:
    packet = (
        bytes([0xB1, 0x80 | 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(4) + bytes.fromhex("bede000110000000")
    )
    assert rtp.read(packet + b"opus" + b"\0\0\3") == (111, 1, 2, 3, b"opus")


@pytest.mark.parametrize(
    "broken", [b"\x80" * 11, b"\x8f" + bytes(11), b"\x90" + bytes(11), b"\xa0" + bytes(11) + b"\xff"]
)
def test_a_broken_packet_is_a_value_error(broken: bytes) -> None:
    with pytest.raises(ValueError, match="RTP"):
        rtp.read(broken)


@pytest.mark.parametrize("first", [0, 1, 32_767, 32_768, 65_534, 65_535])
def test_what_is_missing_is_counted_across_the_wrap(first: int) -> None:
    reception = rtp.Reception()
    for step in (0, 1, 4, 3, 5):
        reception.add(9, (first + step) & 0xFFFF, step * rtp.TICKS, 100.0 + step * 0.02)
    assert reception.lost == 1
    assert reception.highest == first + 5


def test_a_report_is_read_by_aiortc_with_its_block() -> None:
    reception = rtp.Reception()
    for step in range(3):
        reception.add(9, step, step * rtp.TICKS, 100.0 + step * 0.02)
    report, name = RtcpPacket.parse(rtp.report(5, 10, 800, 960, 1_000.5, reception))
    assert isinstance(report, RtcpSrPacket)
    assert (report.ssrc, report.sender_info.packet_count, report.sender_info.octet_count) == (5, 10, 800)
    assert (report.reports[0].ssrc, report.reports[0].highest_sequence) == (9, 2)
    assert report.reports[0].jitter == 0
    assert name.chunks[0].ssrc == 5


def test_a_report_before_anything_was_heard_has_no_block() -> None:
    report, _ = RtcpPacket.parse(rtp.report(5, 10, 800, 960, 1_000.5, rtp.Reception()))
    assert report.reports == []
