"""What the agent's stream looks like on the wire, and what its reports tell."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSrPacket,
    RtpPacket,
)

from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import OpusSettings
from parley_dataplane.transports.webrtc.sdp import AUDIO_LEVEL, MID, SEND_TIME
from parley_dataplane.transports.webrtc.sender import AudioSender

WALL = 1_800_000_000.0
EXTENSIONS = {MID: 4, AUDIO_LEVEL: 1, SEND_TIME: 2}


def sender(sequence: int = 7, timestamp: int = 1_000, settings: OpusSettings | None = None) -> AudioSender:
    return AudioSender(
        ssrc=42,
        cname="someone",
        payload_type=111,
        sequence=sequence,
        timestamp=timestamp,
        extensions=EXTENSIONS,
        mid="0",
        settings=settings or OpusSettings(),
    )


def extensions_map() -> HeaderExtensionsMap:
    found = HeaderExtensionsMap()
    headers = [RTCRtpHeaderExtensionParameters(id=number, uri=uri) for uri, number in EXTENSIONS.items()]
    found.configure(RTCRtpParameters(headerExtensions=headers))
    return found


def loud(frames: int = 1) -> list[Pcm]:
    samples = 16_383 * np.sign(np.sin(2 * np.pi * 300 * np.arange(frames * SPEAKING_FRAME) / 24_000) + 1e-9)
    return list(samples.astype(np.int16).reshape(frames, SPEAKING_FRAME))


@pytest.mark.parametrize("sequence", [0, 1, 32_767, 32_768, 65_534, 65_535])
def test_every_call_makes_the_next_packet_960_ticks_on(sequence: int) -> None:
    voice = sender(sequence, timestamp=0xFFFFFFFF - 960)
    packets = [RtpPacket.parse(voice.packet(frame, WALL) or b"") for frame in (None, *loud(3), None)]
    assert [packet.sequence_number for packet in packets] == [(sequence + n) & 0xFFFF for n in range(5)]
    assert [packet.timestamp for packet in packets] == [
        (0xFFFFFFFF - 960 + 960 * n) & 0xFFFFFFFF for n in range(5)
    ]


def test_the_marker_stands_where_speech_starts() -> None:
    voice = sender()
    frames = [None, loud()[0], loud()[0], None, None, loud()[0]]
    markers = [RtpPacket.parse(voice.packet(frame, WALL) or b"").marker for frame in frames]
    assert markers == [0, 1, 0, 0, 0, 1]


def test_a_packet_carries_mid_level_and_send_time() -> None:
    voice = sender()
    packet = RtpPacket.parse(voice.packet(loud()[0], WALL + 0.5) or b"", extensions_map())
    assert packet.extensions.mid == "0"
    assert packet.extensions.audio_level == (False, 6)  # half of full scale is -6 dBov
    assert packet.extensions.abs_send_time == (int(WALL * (1 << 18)) + (1 << 17)) & 0xFFFFFF
    silent = RtpPacket.parse(voice.packet(None, WALL) or b"", extensions_map())
    assert silent.extensions.audio_level == (False, 127)


def test_with_dtx_silence_leaves_packets_out_but_not_time() -> None:
    voice = sender(settings=OpusSettings(dtx=True))
    packets = [voice.packet(None, WALL) for _ in range(60)]
    sent = [RtpPacket.parse(packet) for packet in packets if packet is not None]
    assert len(sent) < 40
    assert [packet.sequence_number for packet in sent] == list(range(7, 7 + len(sent)))
    assert sent[-1].timestamp - sent[0].timestamp > 960 * len(sent)


def test_the_sender_report_counts_what_was_sent_and_tells_the_time_of_now() -> None:
    voice = sender()
    assert voice.report(WALL) == b""
    payloads = [RtpPacket.parse(voice.packet(frame, WALL) or b"").payload for frame in loud(3)]
    report, description = RtcpPacket.parse(voice.report(WALL + 1.0))
    assert isinstance(report, RtcpSrPacket)
    assert isinstance(description, RtcpSdesPacket)
    assert report.sender_info.packet_count == 3
    assert report.sender_info.octet_count == sum(map(len, payloads))
    assert report.sender_info.rtp_timestamp == 1_000 + 2 * 960 + 48_000
    assert report.sender_info.ntp_timestamp >> 32 == int(WALL) + 1 + 2_208_988_800


def test_the_peers_report_tells_round_trip_and_loss() -> None:
    voice = sender()
    voice.packet(None, WALL)
    sent = RtcpPacket.parse(voice.report(WALL))[0]
    assert isinstance(sent, RtcpSrPacket)
    lsr = (sent.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF
    info = RtcpReceiverInfo(
        ssrc=42, fraction_lost=64, packets_lost=5, highest_sequence=9, jitter=0, lsr=lsr, dlsr=32_768
    )
    voice.reported(info, WALL + 0.580)
    assert voice.round_trip == pytest.approx(0.080, abs=0.001)
    assert voice.peer_lost == 0.25
