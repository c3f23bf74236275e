"""The load generator's own Opus."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.wire.heard import AUDIBLE
from tests.bench.wire.opus import FRAME, RATE, Decoder, Encoder


def tone(db: float) -> list[bytes]:
    peak = 32767 * 10 ** (db / 20)
    samples = np.rint(peak * np.sin(2 * np.pi * 440 * np.arange(FRAME * 10) / RATE)).astype(np.int16)
    encoder = Encoder()
    return [encoder.encode(frame) for frame in samples.reshape(-1, FRAME)]


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize(("db", "audible"), [(-12, True), (-40, True), (-56, False)])
def test_a_tone_is_audible_from_50_db_below_full_scale_on(rate: int, db: float, audible: bool) -> None:
    decoder = Decoder(rate)
    assert (max(map(decoder.power, tone(db))) > AUDIBLE) is audible


def test_a_payload_gives_20_ms_at_the_rate_that_was_asked_for() -> None:
    assert Decoder(48_000).decode(tone(-12)[0]).size == FRAME


def test_what_is_no_opus_is_silence() -> None:
    assert Decoder().power(b"\xff\xff\xff") == 0.0


def test_only_whole_frames_are_encoded() -> None:
    with pytest.raises(ValueError, match="960"):
        Encoder().encode(np.zeros(100, np.int16))
