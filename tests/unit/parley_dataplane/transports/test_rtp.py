"""What the two streams of a call look like on the wire, and what survives of a damaged one."""

from __future__ import annotations

import random

import numpy as np
import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    RtpPacket,
)

from parley_dataplane.media import HEARING_FRAME, SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import OpusSettings, new_encoder
from parley_dataplane.transports.webrtc.rtp import AudioReceiver, AudioSender, parse_rtcp, parse_rtp
from parley_dataplane.transports.webrtc.sdp import AUDIO_LEVEL, MID, SEND_TIME

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


def rtp(sequence: int, timestamp: int, payload: bytes, ssrc: int = 9, payload_type: int = 111) -> bytes:
    return RtpPacket(
        payload_type=payload_type,
        sequence_number=sequence & 0xFFFF,
        timestamp=timestamp & 0xFFFFFFFF,
        ssrc=ssrc,
        payload=payload,
    ).serialize()


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


def heard(receiver: AudioReceiver, arrivals: list[tuple[int, bytes]], step: float = 0.020) -> Pcm:
    now, parts = 50.0, []
    for index, payload in arrivals:
        parts += receiver.receive(rtp(index, index * 960, payload), now)
        now += step
    parts += receiver.tick(now + 0.07)
    return np.concatenate(parts)


def payloads(count: int) -> list[bytes]:
    encoder = new_encoder(OpusSettings(expected_loss=20))
    samples = 8_000 * np.sin(2 * np.pi * 440 * np.arange(count * SPEAKING_FRAME) / 24_000)
    return [encoder.encode(frame) for frame in samples.astype(np.int16).reshape(count, SPEAKING_FRAME)]


def test_the_voice_comes_out_whole_at_16_khz() -> None:
    pcm = heard(AudioReceiver(111), list(enumerate(payloads(50))))
    assert len(pcm) == 50 * HEARING_FRAME
    assert np.argmax(np.abs(np.fft.rfft(pcm[4_000:12_000]))) * 2 == 440


def voice(count: int) -> list[bytes]:
    """Syllables of leaping pitch: a steady tone is noise to Opus' voice detector, and noise gets no FEC copy."""
    pitches = np.repeat(np.random.default_rng(7).uniform(120, 900, count // 5 + 1), 5 * SPEAKING_FRAME)
    phase = np.cumsum(2 * np.pi * pitches[: count * SPEAKING_FRAME] / 24_000)
    syllable = np.abs(np.sin(2 * np.pi * 2.5 * np.arange(count * SPEAKING_FRAME) / 24_000))
    samples = 6_000 * syllable * (np.sin(phase) + 0.5 * np.sin(2 * phase))
    encoder = new_encoder(OpusSettings(bitrate=32_000, expected_loss=20))
    return [encoder.encode(frame) for frame in samples.astype(np.int16).reshape(count, SPEAKING_FRAME)]


def test_at_a_tenth_lost_most_of_what_was_lost_is_heard_all_the_same() -> None:
    rng = random.Random(5)
    sent = list(enumerate(voice(500)))
    arrived = [item for item in sent if item[0] in (0, 499) or rng.random() > 0.10]
    whole = heard(AudioReceiver(111), sent).astype(float).reshape(-1, HEARING_FRAME)
    holes = heard(AudioReceiver(111), arrived).astype(float).reshape(-1, HEARING_FRAME)
    lost = sorted(set(range(500)) - {index for index, _ in arrived})
    assert len(lost) > 40
    assert len(holes) == 500
    error = float(np.sum((holes[lost] - whole[lost]) ** 2))
    assert error < 0.5 * float(np.sum(whole[lost] ** 2))


def test_what_overtook_is_put_back_in_order_without_a_loss() -> None:
    swapped = list(enumerate(payloads(50)))
    for at in range(10, 40, 5):
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    receiver = AudioReceiver(111)
    assert np.array_equal(heard(receiver, swapped), heard(AudioReceiver(111), list(enumerate(payloads(50)))))
    assert receiver.jitter.lost == 0


def test_a_broken_payload_is_concealed_and_counted() -> None:
    arrivals = list(enumerate(payloads(50)))
    arrivals[25] = (25, b"\xff\xff")
    receiver = AudioReceiver(111)
    pcm = heard(receiver, arrivals)
    assert receiver.broken == 1
    assert len(pcm) == 50 * HEARING_FRAME
    assert np.abs(pcm[25 * HEARING_FRAME : 26 * HEARING_FRAME]).max() > 4_000


def test_another_source_starts_afresh() -> None:
    receiver = AudioReceiver(111)
    encoded = payloads(10)
    for index, payload in enumerate(encoded):
        receiver.receive(rtp(index, index * 960, payload), 50 + index / 50)
    parts = [
        part
        for index, payload in enumerate(encoded)
        for part in receiver.receive(
            rtp(30_000 + index, 77_000 + index * 960, payload, ssrc=10), 51 + index / 50
        )
    ]
    assert sum(map(len, parts)) == 10 * HEARING_FRAME


def test_a_muted_microphone_is_heard_as_silence_at_the_pace_of_time() -> None:
    receiver = AudioReceiver(111)
    for index, payload in enumerate(payloads(10)):
        receiver.receive(rtp(index, index * 960, payload), 50 + index / 50)
    silence = [pcm for tick in range(100) for pcm in receiver.tick(50.2 + tick / 50)]
    assert sum(map(len, silence)) == pytest.approx(100 * HEARING_FRAME, abs=2 * HEARING_FRAME)
    assert not np.concatenate(silence).any()


def test_another_payload_type_is_not_played() -> None:
    receiver = AudioReceiver(111)
    assert receiver.receive(rtp(0, 0, payloads(1)[0], payload_type=110), 50.0) == []
    assert receiver.broken == 1


def test_the_receiver_report_counts_losses_and_echoes_the_senders_clock() -> None:
    receiver = AudioReceiver(111)
    assert receiver.report(42, 50.0) == b""
    for index, payload in enumerate(payloads(40)):
        if index % 4 != 3:
            receiver.receive(rtp(65_530 + index, index * 960, payload), 50 + index / 50)
    receiver.sender_reported(9, 0x1234_5678_9ABC_DEF0, 51.0)
    [report] = RtcpPacket.parse(receiver.report(42, 51.5))
    assert isinstance(report, RtcpRrPacket)
    [block] = report.reports
    assert (block.ssrc, block.packets_lost, block.highest_sequence) == (9, 9, 65_530 + 38)
    assert block.fraction_lost == pytest.approx(256 * 9 / 39, abs=1)
    assert (block.lsr, block.dlsr, block.jitter) == (0x5678_9ABC, 32_768, 0)


def test_a_packet_is_read_past_sources_extension_and_padding() -> None:
    packet = RtpPacket(payload_type=111, sequence_number=5, timestamp=6, ssrc=7, payload=b"abc")
    packet.csrc = [1, 2]
    packet.extensions.mid = "0"
    packet.padding_size = 4
    assert parse_rtp(packet.serialize(extensions_map())) == (111, 5, 6, 7, b"abc")


def test_no_bytes_make_the_receiver_raise() -> None:
    rng = random.Random(17)
    receiver = AudioReceiver(111)
    good = rtp(5, 6, payloads(1)[0])
    for step in range(5_000):
        damaged = bytearray(good)
        for _ in range(rng.randrange(4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        for data in (bytes(damaged[: rng.randrange(len(damaged) + 1)]), rng.randbytes(rng.randrange(80))):
            receiver.receive(data, 50 + step / 100)
            parse_rtcp(data)
            parse_rtcp(bytes((0x81, 200 + step % 8)) + data)
    assert receiver.broken > 1_000
