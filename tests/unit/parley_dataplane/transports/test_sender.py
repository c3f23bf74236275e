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
from numpy.typing import NDArray

from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import AvEncoder, LibOpusDecoder, LibOpusEncoder, OpusSettings, has_copy
from parley_dataplane.transports.webrtc import sender as sender_module
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


def sent_in(voice: AudioSender, frames: list[Pcm | None]) -> dict[int, RtpPacket]:
    """The packets that leave, by the number of the frame."""
    packets = {number: voice.packet(frame, WALL + 0.02 * number) for number, frame in enumerate(frames)}
    return {number: RtpPacket.parse(packet) for number, packet in packets.items() if packet is not None}


@pytest.fixture(params=[LibOpusEncoder, AvEncoder])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "new_encoder", request.param)


@pytest.mark.usefixtures("encoder")
def test_silence_is_a_tail_of_200_ms_and_then_an_empty_packet_each_400_ms() -> None:
    speech = loud(5)
    sent = sent_in(sender(), [*speech, *[None] * 70, *speech])
    silent = [number for number in sent if 5 <= number < 75]
    assert silent == [*range(5, 15), 34, 54, 74]
    assert [len(sent[number].payload) for number in silent[10:]] == [1, 1, 1]
    assert [number for number in sent if number >= 75] == [75, 76, 77, 78, 79]


def test_time_goes_on_while_nothing_is_sent_and_sequence_numbers_count_what_was() -> None:
    sent = sent_in(sender(), [loud()[0], *[None] * 100, loud()[0]])
    assert [packet.sequence_number for packet in sent.values()] == list(range(7, 7 + len(sent)))
    assert {number: packet.timestamp for number, packet in sent.items()} == {n: 1_000 + 960 * n for n in sent}
    assert [number for number, packet in sent.items() if packet.marker] == [0, 101]


def test_without_dtx_50_packets_a_second_go_out() -> None:
    assert len(sent_in(sender(settings=OpusSettings(dtx=False)), [None] * 100)) == 100


def test_nothing_is_encoded_after_the_tail() -> None:
    voice = sender()
    encoded: list[Pcm] = []
    encode = voice._encoder.encode
    voice._encoder.encode = lambda frame: encoded.append(frame) or encode(frame)  # type: ignore[method-assign,func-returns-value]
    sent_in(voice, [loud()[0], *[None] * 200])
    assert len(encoded) == 11


@pytest.mark.parametrize("loss", [0, 20])
def test_a_decoder_hears_silence_in_the_gap_and_the_next_word_as_if_there_was_none(loss: int) -> None:
    """What NetEq does: one decoder, empty payloads for its own silence, packets in order."""
    words = words_of(3)
    frames: list[Pcm | None] = [*words, *[None] * 50, *words]
    with_gap = sent_in(sender(settings=OpusSettings(expected_loss=loss)), frames)
    without = sent_in(sender(settings=OpusSettings(expected_loss=loss, dtx=False)), frames)
    heard = {}
    for name, packets in (("gap", with_gap), ("none", without)):
        decoder = LibOpusDecoder()
        heard[name] = np.concatenate(
            [
                decoder.decode(packets[number].payload) if number in packets else decoder.conceal(960)
                for number in range(len(frames))
            ]
        ).astype(int)
    silence = slice((len(words) + 2) * 320, (len(words) + 50) * 320)
    assert np.abs(heard["gap"][silence]).max() <= 8  # of 32,768: -72 dB
    again = slice((len(words) + 50) * 320, None)
    assert rms(heard["gap"][again] - heard["none"][again]) < 0.1 * rms(heard["none"][again])


def words_of(count: int) -> list[Pcm]:
    """Syllables of leaping pitch, each 200 ms: what a voice does, without one."""
    pitches = np.repeat(np.random.default_rng(5).uniform(120, 300, count), 10 * SPEAKING_FRAME)
    phase = np.cumsum(2 * np.pi * pitches / 24_000)
    voice = sum(np.sin(n * phase) / n for n in range(1, 12)) * np.abs(
        np.sin(np.pi * np.arange(len(phase)) / (10 * SPEAKING_FRAME))
    )
    return list((5_000 * voice).astype(np.int16).reshape(-1, SPEAKING_FRAME))


def rms(samples: NDArray[np.int64]) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def test_a_report_within_dtx_tells_the_timestamp_of_now() -> None:
    voice = sender()
    sent_in(voice, [loud()[0], *[None] * 100])
    (report, _) = RtcpPacket.parse(voice.report(WALL + 2.0))
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info.rtp_timestamp == 1_000 + 100 * 960
    assert report.sender_info.packet_count == 1 + 10 + 4


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
    voice.reported(told(lost=0.25, highest=1_000, lsr=lsr, dlsr=32_768), WALL + 0.580)
    assert voice.round_trip == pytest.approx(0.080, abs=0.001)
    assert voice.peer_lost == 0.25


def told(lost: float, highest: int, lsr: int = 0, dlsr: int = 0) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(
        ssrc=42,
        fraction_lost=round(256 * lost),
        packets_lost=5,
        highest_sequence=highest,
        jitter=0,
        lsr=lsr,
        dlsr=dlsr,
    )


def copies(voice: AudioSender) -> int:
    """How many of the next 50 packets bring a copy of the one before."""
    return sum(has_copy(RtpPacket.parse(voice.packet(frame, WALL) or b"").payload) for frame in words_of(5))


def test_copies_are_sent_while_the_peer_reports_loss_and_no_longer() -> None:
    voice = sender(sequence=65_000)
    assert copies(voice) == 0
    highest = 65_000
    for _ in range(5):  # 5 s of a peer that reports each second, over the wrap
        highest += 150
        voice.reported(told(lost=0.2, highest=highest), WALL)
    assert voice.peer_lost == pytest.approx(0.2, abs=0.01)
    assert copies(voice) > 25
    for _ in range(5):
        highest += 150
        voice.reported(told(lost=0.0, highest=highest), WALL)
    assert voice.peer_lost < 0.01
    assert copies(voice) == 0


def test_one_packet_lost_of_two_in_silence_is_no_loss_of_half() -> None:
    voice = sender(sequence=0)
    voice.reported(told(lost=0.5, highest=1), WALL)
    assert voice.peer_lost < 0.01


def test_a_report_that_is_older_or_tells_nothing_new_changes_nothing() -> None:
    voice = sender(sequence=0)
    voice.reported(told(lost=0.1, highest=500), WALL)
    for highest in (500, 400):
        voice.reported(told(lost=1.0, highest=highest), WALL)
    assert voice.peer_lost == pytest.approx(0.1, abs=0.01)


def test_without_extensions_there_are_none() -> None:
    plain = AudioSender(
        ssrc=42,
        cname="x",
        payload_type=111,
        sequence=0,
        timestamp=0,
        extensions={},
        mid="0",
        settings=OpusSettings(),
    )
    packet = plain.packet(loud()[0], WALL)
    assert packet is not None
    assert packet[0] == 0x80
