"""What is heard of each kind of piece, and what two voices have in common after they part."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.media import HEARING_FRAME, SPEAKING_FRAME, Pcm
from parley_dataplane.media.jitter import Lost, Packet, Quiet
from parley_dataplane.media.opus import FRAME_TICKS, OpusSettings, has_copy, new_encoder
from parley_dataplane.media.voice import Voice


def payloads(count: int, settings: OpusSettings | None = None) -> list[bytes]:
    encoder = new_encoder(settings or OpusSettings(expected_loss=0))
    pitches = np.repeat(np.random.default_rng(7).uniform(120, 900, count // 5 + 1), 5 * SPEAKING_FRAME)
    phase = np.cumsum(2 * np.pi * pitches[: count * SPEAKING_FRAME] / 24_000)
    samples = (6_000 * (np.sin(phase) + 0.5 * np.sin(2 * phase))).astype(np.int16)
    return [encoder.encode(frame) for frame in samples.reshape(count, SPEAKING_FRAME)]


def listening(count: int = 20) -> tuple[Voice, list[Pcm]]:
    voice = Voice()
    return voice, [voice.decode(payload, FRAME_TICKS) for payload in payloads(count)]


def test_a_packet_is_what_its_payload_says_and_quiet_is_silence() -> None:
    voice, heard = listening()
    assert {len(pcm) for pcm in heard} == {HEARING_FRAME}
    assert np.abs(heard[-1]).max() > 3_000
    quiet = voice.hear(Quiet(4_800))
    assert len(quiet) == 1_600
    assert not quiet.any()


def test_what_is_lost_is_guessed_for_100_ms_and_then_silent() -> None:
    voice, _ = listening()
    heard = [voice.hear(Lost(FRAME_TICKS, None)) for _ in range(7)]
    assert [len(pcm) for pcm in heard] == [HEARING_FRAME] * 7
    assert np.abs(heard[0]).max() > 1_000
    assert [pcm.any() for pcm in heard[5:]] == [False, False]
    assert (voice.concealed, voice.recovered) == (7, 0)


def test_the_copy_inside_the_next_packet_is_taken_where_there_is_one_and_counted_as_such() -> None:
    copied = payloads(50, OpusSettings(bitrate=24_000, expected_loss=30))
    voice = Voice()
    for payload in copied[:40]:
        voice.decode(payload, FRAME_TICKS)
    following = next(payload for payload in copied[41:] if has_copy(payload))
    assert len(voice.hear(Lost(FRAME_TICKS, following))) == HEARING_FRAME
    plain = payloads(1, OpusSettings(expected_loss=0))[0]
    assert len(voice.hear(Lost(FRAME_TICKS, plain))) == HEARING_FRAME
    assert (voice.recovered, voice.concealed) == (1, 1)


@pytest.mark.parametrize("ticks", [480, 960, 5_760])
def test_a_broken_payload_lasts_as_long_as_it_says(ticks: int) -> None:
    voice, _ = listening()
    assert len(voice.hear(Packet(0, 0, b"\xff\xff", ticks))) * 3 == ticks
    assert (voice.broken, voice.concealed) == (1, 1)


def test_a_clone_hears_the_same_from_there_and_goes_its_own_way() -> None:
    voice, _ = listening()
    following = payloads(40)[20:]
    clone, straight = voice.clone(), voice.clone()
    clone.hear(Lost(FRAME_TICKS, None))
    heard = [voice.decode(payload, FRAME_TICKS) for payload in following]
    assert all(
        np.array_equal(straight.decode(payload, FRAME_TICKS), pcm)
        for payload, pcm in zip(following, heard, strict=True)
    )
    assert not np.array_equal(clone.decode(following[0], FRAME_TICKS), heard[0])
    assert (voice.concealed, clone.concealed) == (0, 1)


def test_another_source_is_decoded_from_nothing_and_the_counts_go_on() -> None:
    voice, heard = listening()
    voice.hear(Lost(FRAME_TICKS, None))
    voice.renew()
    assert np.array_equal(voice.decode(payloads(1)[0], FRAME_TICKS), heard[0])
    assert voice.concealed == 1
