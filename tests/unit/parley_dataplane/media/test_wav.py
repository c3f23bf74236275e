"""WAV down is what any player takes; WAV up is read whatever its width, rate and cut."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest

from parley_dataplane.errors import BadAudio, ParleyError, UnsupportedMedia
from parley_dataplane.media import Pcm, wav
from tests.fuzz.invariants import held_bytes


def chunk(name: bytes, content: bytes, claimed: int | None = None) -> bytes:
    size = len(content) if claimed is None else claimed
    return name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes, claimed: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if claimed is None else claimed) + body


def fmt(kind: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, extra: bytes = b"") -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits) + extra)


def read(data: bytes, size: int = 4_096) -> tuple[Pcm, wav.WavReader]:
    reader = wav.WavReader()
    pieces = [reader.push(data[start : start + size]) for start in range(0, len(data), size)]
    return np.concatenate(pieces), reader


RAMP = np.arange(-16_000, 16_000, 64).astype(np.int16)


def test_a_rendered_clause_is_read_by_the_standard_library() -> None:
    with wave.open(io.BytesIO(wav.render(RAMP, 24_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert np.array_equal(np.frombuffer(file.readframes(10_000), "<i2"), RAMP)


WIDTHS = {
    "8 bit": (1, 8, ((RAMP.astype(int) >> 8) + 128).astype(np.uint8).tobytes(), 256),
    "16 bit": (1, 16, RAMP.astype("<i2").tobytes(), 0),
    "24 bit": (1, 24, (RAMP.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes(), 0),
    "32 bit": (1, 32, (RAMP.astype("<i4") << 16).tobytes(), 0),
    "float": (3, 32, (RAMP / 32_768).astype("<f4").tobytes(), 0),
    "double": (3, 64, (RAMP / 32_768).astype("<f8").tobytes(), 0),
}


@pytest.mark.parametrize("size", [1, 7, 4_096])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_is_the_same_sound_however_it_is_cut(width: str, size: int) -> None:
    kind, bits, samples, tolerance = WIDTHS[width]
    pcm, reader = read(riff(fmt(kind, bits=bits), chunk(b"data", samples)), size)
    assert np.abs(pcm.astype(int) - RAMP).max() <= tolerance
    assert len(pcm) == len(RAMP)
    assert reader.complete
    assert reader.done


def test_channels_are_averaged() -> None:
    pcm, _ = read(riff(fmt(channels=2), chunk(b"data", np.array([100, 300, -8, -4], "<i2").tobytes())))
    assert pcm.tolist() == [200, -6]


def test_the_extensible_header_says_its_format_further_behind() -> None:
    extra = struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)
    pcm, _ = read(riff(fmt(0xFFFE, extra=extra), chunk(b"data", RAMP.tobytes())))
    assert np.array_equal(pcm, RAMP)


def test_other_chunks_before_and_behind_the_samples_are_no_sound() -> None:
    data = riff(
        chunk(b"JUNK", bytes(50_000)), fmt(), chunk(b"data", RAMP.tobytes()), chunk(b"LIST", b"\x7f" * 301)
    )
    pcm, reader = read(data, 333)
    assert np.array_equal(pcm, RAMP)
    assert reader.done


@pytest.mark.parametrize("claimed", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_live_file_of_unknown_length_goes_on(claimed: int) -> None:
    pcm, reader = read(riff(fmt(), chunk(b"data", RAMP.tobytes(), claimed), claimed=claimed))
    assert np.array_equal(pcm, RAMP)
    assert not reader.complete


def test_a_file_is_complete_with_its_last_sample_and_not_before() -> None:
    data = wav.render(RAMP, 16_000)
    reader = wav.WavReader()
    reader.push(data[:-1])
    assert not reader.complete
    reader.push(data[-1:])
    assert reader.complete


def test_a_length_that_lies_swallows_nothing_that_follows() -> None:
    _, reader = read(riff(fmt(), chunk(b"data", RAMP.tobytes()), claimed=2**30))
    assert reader.done


BROKEN: dict[str, tuple[bytes, type[ParleyError], str]] = {
    "A-law": (riff(fmt(6, bits=8)), UnsupportedMedia, "format 6 with 8 bits: send PCM"),
    "12 bits": (riff(fmt(bits=12)), UnsupportedMedia, "1 with 12 bits"),
    "no channel": (riff(fmt(channels=0)), BadAudio, "0 channels"),
    "a rate of 1 Hz": (riff(fmt(rate=1)), BadAudio, "1 Hz"),
    "samples before their format": (riff(chunk(b"data", b"1234")), BadAudio, "write the format first"),
    "a short format": (riff(chunk(b"fmt ", b"12")), BadAudio, "2 bytes"),
    "an endless format": (riff(chunk(b"fmt ", b"12", 2**31)), BadAudio, "at most 256"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_can_not_be_read_is_said(name: str) -> None:
    data, error, words = BROKEN[name]
    with pytest.raises(error, match=words):
        read(data)


def test_not_a_number_is_silence() -> None:
    pcm, _ = read(riff(fmt(3, bits=32), chunk(b"data", np.array([np.nan, np.inf, 0.5], "<f4").tobytes())))
    assert pcm.tolist() == [0, 32_767, 16_384]


def test_what_is_pushed_after_its_end_is_not_held() -> None:
    reader = wav.WavReader()
    reader.push(wav.render(RAMP, 16_000))
    for _ in range(10):
        reader.push(bytes(4_096))
    assert reader.done
    assert held_bytes(reader) < 1_024
