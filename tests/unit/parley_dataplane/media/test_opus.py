"""What Opus does for a call: both directions, real concealment, and nothing that a payload can break."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_FRAME, SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import (
    FEC_FROM,
    FEC_UNTIL,
    FRAME_TICKS,
    LONGEST_TICKS,
    AvDecoder,
    AvEncoder,
    LibOpusDecoder,
    LibOpusEncoder,
    OpusSettings,
    empty_payload,
    has_copy,
    libopus,
    ticks_of,
)

LOSSY = OpusSettings(bitrate=24_000, expected_loss=30)


def tone(hertz: float, frames: int) -> list[Pcm]:
    samples = 8_000 * np.sin(2 * np.pi * hertz * np.arange(frames * SPEAKING_FRAME) / 24_000)
    return list(samples.astype(np.int16).reshape(frames, SPEAKING_FRAME))


def chirps(frames: int) -> list[Pcm]:
    """A pitch that leaps every 40 ms, so that what went before tells nothing of what comes."""
    pitches = np.repeat(np.random.default_rng(7).uniform(120, 900, frames // 2 + 1), 2 * SPEAKING_FRAME)
    phase = np.cumsum(2 * np.pi * pitches[: frames * SPEAKING_FRAME] / 24_000)
    voice = np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase)
    return list((5_000 * voice).astype(np.int16).reshape(frames, SPEAKING_FRAME))


def pitch(pcm: Pcm, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * rate / len(pcm)


def test_the_libopus_inside_pyav_is_found_and_called() -> None:
    library = libopus()
    assert library is not None
    assert "av" in str(library._name)


@pytest.mark.parametrize("codec", [(LibOpusEncoder, LibOpusDecoder), (AvEncoder, AvDecoder)])
def test_a_tone_keeps_its_pitch_on_the_way_from_24_to_16_khz(codec: tuple[type, type]) -> None:
    encoder, decoder = codec[0](OpusSettings()), codec[1]()
    payloads = [payload for frame in tone(440, 50) if (payload := encoder.encode(frame))]
    heard = np.concatenate([decoder.decode(payload) for payload in payloads])
    assert len(heard) >= 48 * HEARING_FRAME
    assert pitch(heard[1_600:], 16_000) == pytest.approx(440, abs=2)
    assert np.abs(heard[1_600:]).max() == pytest.approx(8_000, rel=0.1)


def test_a_frame_becomes_one_mono_payload_of_20_ms() -> None:
    encoder = LibOpusEncoder(OpusSettings())
    payloads = [encoder.encode(frame) for frame in tone(440, 10)]
    assert {ticks_of(payload) for payload in payloads} == {FRAME_TICKS}
    assert not any(payload[0] & 4 for payload in payloads)  # the stereo bit (RFC 6716, 3.1)


def test_speech_takes_no_more_than_the_bitrate_in_the_settings() -> None:
    for bitrate in (16_000, 64_000):
        encoder = LibOpusEncoder(OpusSettings(bitrate=bitrate))
        size = sum(len(encoder.encode(frame)) for frame in chirps(200))
        assert size * 8 / 4 <= bitrate * 1.1


def test_a_frame_of_another_length_is_refused() -> None:
    for encoder in (LibOpusEncoder(OpusSettings()), AvEncoder(OpusSettings())):
        with pytest.raises(ValueError, match="480"):
            encoder.encode(np.zeros(481, np.int16))


def test_a_setting_out_of_range_is_refused_with_the_settings_in_the_sentence() -> None:
    with pytest.raises(ValueError, match="complexity=11"):
        LibOpusEncoder(OpusSettings(complexity=11))


def is_celt(payload: bytes) -> bool:
    return payload[0] >> 3 >= 16  # RFC 6716, 3.1, table 2


def modes(settings: OpusSettings) -> list[bool]:
    encoder = LibOpusEncoder(settings)
    return [is_celt(encoder.encode(frame)) for frame in chirps(40)][5:]


def test_the_default_is_the_mode_that_costs_a_third() -> None:
    assert all(modes(OpusSettings()))


def test_voice_mode_is_taken_at_low_rates_where_it_sounds_better() -> None:
    assert not any(modes(OpusSettings(bitrate=24_000, complexity=5)))
    assert not any(modes(OpusSettings(bitrate=16_000, complexity=3)))
    assert all(modes(OpusSettings(bitrate=24_000, complexity=3)))
    assert all(modes(OpusSettings(bitrate=48_000, complexity=5)))


def test_copies_begin_at_8_percent_loss_and_end_below_6() -> None:
    encoder = LibOpusEncoder(OpusSettings())
    begun = []
    for percent in (0, 7, FEC_FROM, 7, FEC_UNTIL, FEC_UNTIL - 1, 7, 0):
        encoder.expect_loss(percent)
        begun.append(sum(has_copy(encoder.encode(frame)) for frame in chirps(40)) > 15)
    assert begun == [False, False, True, True, True, False, False, False]


def test_a_change_of_mode_makes_no_click() -> None:
    """A click of 1 % of the tone's power would be 20 dB above what is allowed here."""
    frames = tone(440, 200)
    encoder, decoder = LibOpusEncoder(OpusSettings()), LibOpusDecoder()
    heard, celt = [], []
    for number, frame in enumerate(frames):
        encoder.expect_loss(20 if number // 40 % 2 else 0)
        payload = encoder.encode(frame)
        celt.append(is_celt(payload))
        heard.append(decoder.decode(payload))
    assert sum(before != after for before, after in pairwise(celt)) == 4
    steady = np.array(heard[5:]).astype(float)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(HEARING_FRAME))) ** 2
    assert (spectrum[:, 50:].sum(axis=1) / spectrum.sum(axis=1)).max() < 1e-4  # above 2.5 kHz
    loudness = np.sqrt((steady**2).mean(axis=1))
    assert loudness.min() > 0.95 * loudness.max()


def test_an_empty_payload_lasts_20_ms_and_sounds_like_what_was_there() -> None:
    for loss in (0, 20):
        encoder, decoder = LibOpusEncoder(OpusSettings(expected_loss=loss)), LibOpusDecoder()
        for _ in range(20):
            payload = encoder.encode(np.zeros(SPEAKING_FRAME, np.int16))
            decoder.decode(payload)
        empty = empty_payload(payload)
        assert ticks_of(empty) == FRAME_TICKS
        assert max(np.abs(decoder.decode(empty)).max() for _ in range(50)) <= 8


def test_a_lost_packet_is_recovered_from_the_copy_inside_the_next() -> None:
    frames = chirps(200)
    encoder = LibOpusEncoder(LOSSY)
    payloads = [encoder.encode(frame) for frame in frames]
    whole, copied, guessed = LibOpusDecoder(), LibOpusDecoder(), LibOpusDecoder()
    errors = {"copied": 0.0, "guessed": 0.0}
    for index, payload in enumerate(payloads[:-1]):
        truth = whole.decode(payload).astype(float)
        if index % 5 == 4:
            fec = copied.recover(payloads[index + 1], FRAME_TICKS).astype(float)
            plc = guessed.conceal(FRAME_TICKS).astype(float)
            errors["copied"] += float(np.sum((fec - truth) ** 2))
            errors["guessed"] += float(np.sum((plc - truth) ** 2))
        else:
            copied.decode(payload)
            guessed.decode(payload)
    assert errors["copied"] < 0.6 * errors["guessed"]


def test_concealment_prolongs_a_tone_and_falls_to_the_noise_behind_it() -> None:
    encoder, decoder = LibOpusEncoder(OpusSettings(bitrate=32_000, complexity=5)), LibOpusDecoder()
    for frame in tone(440, 50):
        decoder.decode(encoder.encode(frame))
    parts = [decoder.conceal(FRAME_TICKS) for _ in range(30)]
    assert {len(part) for part in parts} == {HEARING_FRAME}
    assert np.abs(parts[0]).max() > 4_000
    assert max(np.abs(part).max() for part in parts[5:]) < 3_000


@pytest.mark.parametrize("ticks", [0, 119, 120, 960, 1_000, 5_760, 5_761, 48_000])
def test_concealment_lasts_as_long_as_asked_in_whole_2_5_ms(ticks: int) -> None:
    decoder = LibOpusDecoder()
    assert abs(len(decoder.conceal(ticks)) * 3 - ticks) < 2 * 120
    assert len(AvDecoder().conceal(ticks)) == ticks // 120 * 40


@pytest.mark.parametrize("decoder", [LibOpusDecoder(), AvDecoder()])
@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\x3f", b"\xff\xff"])
def test_a_payload_that_is_no_opus_is_bad_audio(decoder: LibOpusDecoder | AvDecoder, payload: bytes) -> None:
    with pytest.raises(BadAudio, match="at most 120 ms"):
        decoder.decode(payload)


def test_whatever_bytes_come_decode_to_at_most_120_ms_or_bad_audio() -> None:
    rng = random.Random(11)
    decoder = LibOpusDecoder()
    longest = 0
    for _ in range(3_000):
        payload = rng.randbytes(rng.choice((1, 2, 3, 10, 100, 1_275, 4_000)))
        try:
            longest = max(longest, len(decoder.decode(payload)))
            decoder.recover(payload, FRAME_TICKS)
        except BadAudio:
            continue
    assert 0 < longest <= LONGEST_TICKS // 3


def test_stereo_of_120_ms_is_heard_as_mono_of_120_ms() -> None:
    encoder = LibOpusEncoder(OpusSettings())
    payload = encoder.encode(tone(440, 1)[0])
    bomb = bytes((payload[0] | 4 | 3, 6)) + bytes(600)  # code 3: six frames of 20 ms, constant size
    assert ticks_of(bomb) == LONGEST_TICKS
    assert len(LibOpusDecoder().decode(bomb)) == 1_920


def test_a_broken_payload_does_not_spoil_the_next() -> None:
    encoder, decoder = LibOpusEncoder(OpusSettings()), LibOpusDecoder()
    for frame in tone(440, 25):
        with pytest.raises(BadAudio):
            decoder.decode(b"\xff\xff")
        heard = decoder.decode(encoder.encode(frame))
    assert np.abs(heard).max() == pytest.approx(8_000, rel=0.15)


@pytest.mark.parametrize(
    ("payload", "ticks"),
    [
        (b"\x08", 960),  # SILK 20 ms
        (b"\x18", 2_880),  # SILK 60 ms
        (b"\x70", 480),  # hybrid 10 ms
        (b"\xe0", 120),  # CELT 2.5 ms
        (b"\xf9", 1_920),  # CELT, two of 20 ms
        (b"\xfb\x06", 5_760),  # CELT, six of 20 ms
        (b"\xfb\x07", 0),  # 140 ms: more than allowed
        (b"\xfb", 0),
        (b"", 0),
    ],
)
def test_a_payloads_length_is_told_from_its_first_bytes(payload: bytes, ticks: int) -> None:
    assert ticks_of(payload) == ticks


def test_a_cloned_decoder_goes_on_as_the_first_one_and_neither_disturbs_the_other() -> None:
    """libopus 1.6 could keep a pointer into its own state, which a copy would share: then this fails."""
    for settings in (LOSSY, OpusSettings(expected_loss=0)):
        encoder, decoder = LibOpusEncoder(settings), LibOpusDecoder()
        payloads = [encoder.encode(frame) for frame in chirps(100)]
        for payload in payloads[:50]:
            decoder.decode(payload)
        clone, third = decoder.clone(), decoder.clone()
        expected = [decoder.decode(payload) for payload in payloads[50:]]
        for payload, heard in zip(payloads[50:], expected, strict=True):
            third.conceal(FRAME_TICKS)
            assert np.array_equal(clone.decode(payload), heard)


def test_the_stand_ins_clone_hears_too() -> None:
    encoder, decoder = AvEncoder(OpusSettings()), AvDecoder()
    payloads = [payload for frame in tone(440, 20) if (payload := encoder.encode(frame))]
    decoder.decode(payloads[0])
    clone = decoder.clone()
    assert sum(len(clone.decode(payload)) for payload in payloads) >= 15 * HEARING_FRAME


def test_whether_a_payload_brings_a_copy_is_read_from_its_flags() -> None:
    with_copies, without = LibOpusEncoder(LOSSY), LibOpusEncoder(OpusSettings(expected_loss=0))
    frames = chirps(100)
    assert sum(has_copy(with_copies.encode(frame)) for frame in frames) > 50
    assert not any(has_copy(without.encode(frame)) for frame in frames)


@pytest.mark.parametrize(
    ("payload", "copied"),
    [
        (b"\x48\x40", True),  # SILK, one frame of 20 ms: one flag of voice, then the copy's
        (b"\x48\x80", False),
        (b"\x58\x10", True),  # 60 ms: three flags of voice
        (b"\x58\x40", False),
        (b"\x4c\x10", True),  # stereo: voice and copy of the middle, then of the side
        (b"\xf8\xff", False),  # CELT has none
        (b"\x48", False),
        (b"", False),
    ],
)
def test_the_copys_flag_stands_behind_those_of_voice(payload: bytes, copied: bool) -> None:
    assert has_copy(payload) is copied


def test_where_the_library_can_tell_it_says_the_same_of_any_payload() -> None:
    library = libopus()
    if library is None or not hasattr(library, "opus_packet_has_lbrr"):
        return
    rng = random.Random(3)
    for _ in range(5_000):
        payload = bytes((rng.randrange(256) & 0xFC,)) + rng.randbytes(rng.randrange(1, 40))
        assert has_copy(payload) == (library.opus_packet_has_lbrr(payload, len(payload)) == 1)
