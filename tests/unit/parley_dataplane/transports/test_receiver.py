"""What is heard of a person's stream, whatever the network and the peer do to it."""

from __future__ import annotations

import random

import numpy as np
import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtpPacket

from parley_dataplane.media import HEARING_FRAME, SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import OpusSettings, new_encoder
from parley_dataplane.transports.webrtc.receiver import NOTHING, AudioReceiver
from parley_dataplane.transports.webrtc.rtp import parse_rtcp


def rtp(sequence: int, timestamp: int, payload: bytes, ssrc: int = 9, payload_type: int = 111) -> bytes:
    return RtpPacket(
        payload_type=payload_type,
        sequence_number=sequence & 0xFFFF,
        timestamp=timestamp & 0xFFFFFFFF,
        ssrc=ssrc,
        payload=payload,
    ).serialize()


def heard(receiver: AudioReceiver, arrivals: list[tuple[int, bytes]], step: float = 0.020) -> Pcm:
    now, parts = 50.0, []
    for index, payload in arrivals:
        parts += receiver.receive(rtp(index, index * 960, payload), now).heard
        now += step
    parts += receiver.tick(now + 0.07).heard
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
        ).heard
    ]
    assert sum(map(len, parts)) == 10 * HEARING_FRAME


def test_a_muted_microphone_is_heard_as_silence_at_the_pace_of_time() -> None:
    receiver = AudioReceiver(111)
    for index, payload in enumerate(payloads(10)):
        receiver.receive(rtp(index, index * 960, payload), 50 + index / 50)
    silence = [pcm for tick in range(100) for pcm in receiver.tick(50.2 + tick / 50).heard]
    assert sum(map(len, silence)) == pytest.approx(100 * HEARING_FRAME, abs=2 * HEARING_FRAME)
    assert not np.concatenate(silence).any()


def test_another_payload_type_is_not_played() -> None:
    receiver = AudioReceiver(111)
    assert receiver.receive(rtp(0, 0, payloads(1)[0], payload_type=110), 50.0) == NOTHING
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
