"""What is heard of a person's stream, whatever the network and the peer do to it."""

from __future__ import annotations

import random

import numpy as np
import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtpPacket

from parley_dataplane.media import HEARING_FRAME, SPEAKING_FRAME, Pcm
from parley_dataplane.media import voice as voice_module
from parley_dataplane.media.opus import AvDecoder, OpusSettings, new_encoder, ticks_of
from parley_dataplane.transports.webrtc.receiver import (
    NOTHING,
    AudioReceiver,
    ReceiverCounts,
    ReceptionStatistics,
)
from parley_dataplane.transports.webrtc.rtp import parse_rtcp
from tests.network import Network


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
    assert receiver.counts.lost == 0


def test_a_broken_payload_is_concealed_and_counted() -> None:
    arrivals = list(enumerate(payloads(50)))
    arrivals[25] = (25, b"\xff\xff")
    receiver = AudioReceiver(111)
    pcm = heard(receiver, arrivals)
    assert receiver.counts.broken == 1
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
    assert receiver.counts.broken == 1


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
    assert receiver.counts.broken > 1_000


STARTS = [0, 1, 32_767, 32_768, 65_534, 65_535]


class Listening:
    """A receiver behind a network: packets as they arrive, a tick every 20 ms."""

    def __init__(self, sent: list[bytes], network: Network, start: int = 0) -> None:
        self.receiver = AudioReceiver(111)
        self.sensed: list[Pcm] = []
        self.heard: list[Pcm] = []
        self.latest_sense = 0.0
        tick = 0.0
        for at, index in network.carry((index / 50, index) for index in range(len(sent))):
            while tick < at:
                self._listen(*self.receiver.tick(50.0 + tick))
                tick += 0.020
            packet = rtp(start + index, 0xFFFF0000 + index * 960, sent[index])
            self._listen(*self.receiver.receive(packet, 50.0 + at))
        self._listen(*self.receiver.tick(50.0 + at + 0.065))

    def _listen(self, sensed: list[Pcm], heard: list[Pcm]) -> None:
        self.sensed += sensed
        self.heard += heard

    @property
    def counts(self) -> ReceiverCounts:
        return self.receiver.counts


def samples(pcm: list[Pcm]) -> int:
    return sum(map(len, pcm))


@pytest.mark.parametrize("start", STARTS)
def test_on_a_good_line_each_payload_is_decoded_once_and_both_get_the_same_arrays(start: int) -> None:
    line = Listening(voice(300), Network(1, jitter=0.002, in_order=True), start)
    assert all(sensed is heard for sensed, heard in zip(line.sensed, line.heard, strict=True))
    assert samples(line.heard) == 300 * HEARING_FRAME
    assert line.counts.lost == line.counts.concealed == line.counts.restarts == 0


@pytest.mark.parametrize("seed", range(len(STARTS)))
def test_on_a_crowded_wifi_as_much_is_heard_and_sensed_as_was_said(seed: int) -> None:
    wifi = Network(seed, jitter=0.006, in_order=True, loss=0.03, burst=1.5)
    line = Listening(voice(1_500), wifi, STARTS[seed])
    arrived = max(index for _, index in wifi.carry((index / 50, index) for index in range(1_500))) + 1
    assert samples(line.heard) == samples(line.sensed)
    # Quiet that filled a stall is too much where its packets come after all.
    assert 0 <= samples(line.heard) // HEARING_FRAME - arrived <= 2
    assert line.counts.lost > 10
    assert 0 <= line.counts.lost - line.counts.recovered - line.counts.concealed <= 5
    assert line.counts.late == 0


@pytest.mark.parametrize("seed", range(len(STARTS)))
def test_where_packets_overtake_each_other_stt_hears_them_in_order_and_nothing_is_lost(seed: int) -> None:
    sent = voice(1_000)
    straight = np.concatenate(Listening(sent, Network(seed), STARTS[seed]).heard)
    line = Listening(sent, Network(seed, overtaken=0.05, detour=0.030, duplicates=0.02), STARTS[seed])
    heard = np.concatenate(line.heard)
    assert np.array_equal(heard, straight[: len(heard)])
    assert len(heard) >= 998 * HEARING_FRAME
    assert (line.counts.lost, line.counts.late) == (0, 0)
    assert 0 < line.counts.duplicate < 40
    assert samples(line.sensed) == pytest.approx(samples(line.heard), abs=2 * HEARING_FRAME)


def test_behind_a_hole_the_detectors_go_on_at_once_while_stt_waits() -> None:
    receiver, sent = AudioReceiver(111), voice(60)
    for index in range(50):
        receiver.receive(rtp(index, index * 960, sent[index]), 50 + index / 50)
    sensed, heard = receiver.receive(rtp(51, 51 * 960, sent[51]), 51.02)
    assert (samples(sensed), samples(heard)) == (2 * HEARING_FRAME, 0)
    sensed, heard = receiver.receive(rtp(50, 50 * 960, sent[50]), 51.03)
    assert (samples(sensed), samples(heard)) == (0, 2 * HEARING_FRAME)
    sensed, heard = receiver.receive(rtp(52, 52 * 960, sent[52]), 51.04)
    assert sensed is heard
    assert samples(heard) == HEARING_FRAME


def test_a_hole_that_stays_one_is_decoded_once_for_both() -> None:
    receiver, sent = AudioReceiver(111), voice(60)
    for index in range(50):
        receiver.receive(rtp(index, index * 960, sent[index]), 50 + index / 50)
    first, _ = receiver.receive(rtp(51, 51 * 960, sent[51]), 51.02)
    second, _ = receiver.receive(rtp(52, 52 * 960, sent[52]), 51.04)
    sensed, heard = receiver.tick(51.09)
    assert sensed == []
    assert all(a is b for a, b in zip(heard, [*first, *second], strict=True))
    assert receiver.counts.lost == receiver.counts.recovered + receiver.counts.concealed == 1


def test_two_holes_of_which_one_is_filled_are_heard_in_order() -> None:
    sent = voice(60)
    receiver = AudioReceiver(111)
    heard: list[Pcm] = []
    sensed: list[Pcm] = []
    times = {50: 51.00, 52: 51.01, 54: 51.03, 53: 51.075}
    for index, at in [*((index, 50 + index / 50) for index in range(50)), *times.items()]:
        got = receiver.receive(rtp(index, index * 960, sent[index]), at)
        heard += got.heard
        sensed += got.sensed
    got = receiver.tick(51.099)
    heard += got.heard
    sensed += got.sensed
    assert samples(heard) == samples(sensed) == 55 * HEARING_FRAME
    assert receiver.counts.lost == 1
    assert receiver.receive(rtp(55, 55 * 960, sent[55]), 51.10).sensed


def test_a_replayed_stream_is_heard_once() -> None:
    receiver, sent = AudioReceiver(111), voice(100)
    heard = 0
    for index, payload in enumerate(sent):
        for _ in range(3):
            heard += samples(receiver.receive(rtp(index, index * 960, payload), 50 + index / 50).heard)
    assert heard == 100 * HEARING_FRAME
    assert receiver.counts.duplicate == 200


@pytest.mark.parametrize("hurry", [1, 10])
def test_an_opus_bomb_is_heard_at_most_at_twice_real_time(hurry: int) -> None:
    """Six stereo frames of 20 ms a packet at 510 kb/s, then in ten times the hurry, every other one broken."""
    receiver = AudioReceiver(111)
    first = new_encoder(OpusSettings()).encode(loud_frame())
    bomb = bytes((first[0] | 4 | 3, 6)) + bytes(1_272)
    assert ticks_of(bomb) == 5_760
    heard = {"sensed": 0, "heard": 0}
    for step in range(1_000):
        payload = bomb if step % 2 else bomb[:1] + b"\xff" + bomb[2:]
        got = receiver.receive(rtp(step, step * 5_760, payload), 50 + step * 0.120 / hurry)
        heard["sensed"] += samples(got.sensed)
        heard["heard"] += samples(got.heard)
    seconds = 1_000 * 0.120 / hurry
    assert max(heard.values()) <= (2 * seconds + 3.1) * 16_000
    assert receiver.counts.broken > 50
    assert receiver.counts.flooded == 0 if hurry == 1 else receiver.counts.flooded > 700


def loud_frame() -> Pcm:
    return (8_000 * np.sin(np.arange(SPEAKING_FRAME) / 5)).astype(np.int16)


def test_timestamps_that_jump_for_an_hour_stay_within_twice_real_time() -> None:
    rng = random.Random(23)
    receiver, payload = AudioReceiver(111), payloads(1)[0]
    heard = sensed = 0
    for step in range(2_000):
        got = receiver.receive(rtp(step, rng.randrange(2**32), payload), 50 + step / 50)
        heard, sensed = heard + samples(got.heard), sensed + samples(got.sensed)
    assert sensed == heard <= (2 * 40 + 3.1) * 16_000
    assert receiver.counts.patience_ms <= 200


def test_a_source_that_changes_with_every_packet_stays_within_twice_real_time() -> None:
    receiver, payload = AudioReceiver(111), payloads(1)[0]
    heard = 0
    for step in range(2_000):
        heard += samples(receiver.receive(rtp(0, 0, payload, ssrc=step), 50 + step / 500).heard)
    assert heard <= (2 * 4 + 3.1) * 16_000
    assert receiver.counts.restarts == 1_999
    assert receiver.counts.flooded > 1_000


def test_hours_without_a_pause_are_reported_without_a_loss() -> None:
    """Three hours: 540,000 packets, 8 wraps of the sequence, the timestamps once."""
    statistics = ReceptionStatistics(65_000)
    for index in range(540_000):
        timestamp = (0xF0000000 + index * 960) & 0xFFFFFFFF
        statistics.add((65_000 + index) & 0xFFFF, timestamp, 50 + index / 50)
    block = statistics.block(9, 0, 0)
    assert (block.packets_lost, block.fraction_lost) == (0, 0)
    assert block.highest_sequence == 65_000 + 539_999
    assert block.jitter == 0


def test_the_jitter_of_a_report_is_that_of_the_arrivals() -> None:
    statistics = ReceptionStatistics(0)
    for index in range(2_000):
        statistics.add(index, index * 960, 50 + index / 50 + (index % 2) * 0.005)
    assert statistics.block(9, 0, 0).jitter == pytest.approx(240, abs=2)  # every transit differs by 5 ms


def test_a_leap_of_the_sequence_is_no_loss_and_a_stray_packet_no_leap() -> None:
    statistics = ReceptionStatistics(0)
    for index in (0, 1, 30_000, 2, 3, 40_000, 40_001, 40_002):
        statistics.add(index, index * 960, 50 + index / 50)
    block = statistics.block(9, 0, 0)
    assert (block.packets_lost, block.highest_sequence) == (0, 40_002)


def test_reordered_and_double_packets_count_as_received() -> None:
    statistics = ReceptionStatistics(65_534)
    for index in (0, 2, 1, 3, 3, 5):
        statistics.add((65_534 + index) & 0xFFFF, index * 960, 50 + index / 50)
    assert statistics.block(9, 0, 0).packets_lost == 0  # one lost, one double: as RFC 3550, 6.4.1 has it


def test_without_libopus_lost_packets_are_silence_and_order_and_time_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice_module, "new_decoder", AvDecoder)
    line = Listening(voice(500), Network(4, loss=0.05, overtaken=0.05))
    assert line.counts.lost > 10
    for listener in (line.sensed, line.heard):
        # Each fresh decoder of FFmpeg's needs a packet to get going, and each hole has one.
        assert samples(listener) >= (500 - 3 - line.counts.lost - 0.1 * 500) * HEARING_FRAME
        assert samples(listener) <= 501 * HEARING_FRAME


def test_before_the_first_packet_and_between_packets_a_tick_gives_nothing() -> None:
    receiver = AudioReceiver(111)
    assert receiver.tick(50.0) is NOTHING
    receiver.receive(rtp(0, 0, payloads(1)[0]), 50.02)
    assert receiver.tick(50.05) is NOTHING


def test_padding_alone_is_no_hole_and_no_sound() -> None:
    receiver, sent = AudioReceiver(111), payloads(10)
    heard = 0
    for number, payload in enumerate(sent):
        heard += samples(receiver.receive(rtp(2 * number, number * 960, payload), 50 + number / 50).heard)
        probe = receiver.receive(rtp(2 * number + 1, number * 960, b""), 50 + number / 50)
        assert samples(probe.sensed) == samples(probe.heard) == 0
    assert heard == 10 * HEARING_FRAME
    assert receiver.counts.lost == 0


def test_the_counts_tell_how_long_a_hole_is_waited_for_in_this_weather() -> None:
    sent = payloads(1_500)
    calm = Listening(sent, Network(1)).counts
    wild = Listening(sent, Network(1, overtaken=0.10, detour=0.110)).counts
    assert calm.patience_ms <= 60 < 100 <= wild.patience_ms <= 200
    assert calm.jitter_ms < 1 < wild.jitter_ms
    assert calm.received == wild.received == 1_500
