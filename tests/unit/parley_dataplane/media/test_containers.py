"""A caller's bytes are told by themselves: whole, in slices, cut anywhere, broken, or no container at all."""

from __future__ import annotations

import io
import tracemalloc

import av
import numpy as np
import pytest

from parley_dataplane.errors import BadAudio, ParleyError, UnsupportedMedia
from parley_dataplane.media import Pcm, wav
from parley_dataplane.media.containers import MAX_MESSAGE_SECS, AudioDecoder

SECS = 1.5
TONE = (8_000 * np.sin(2 * np.pi * 440 * np.arange(int(SECS * 48_000)) / 48_000)).astype(np.int16)
RAW = TONE[::3]


def opus(container: str, options: dict[str, str] | None = None, layout: str = "mono") -> bytes:
    """As a browser writes it: with {"live": "1"} its sizes are unknown, as MediaRecorder's are."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options or {}) as out:
        stream = out.add_stream("libopus", rate=48_000, layout=layout)
        for start in range(0, len(TONE), 960):
            samples = np.repeat(TONE[start : start + 960], 2 if layout == "stereo" else 1).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
            frame.sample_rate, frame.pts = 48_000, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.fixture(scope="module")
def recordings() -> dict[str, bytes]:
    return {
        "WAV at 48 kHz": wav.render(TONE, 48_000),
        "WAV at 96 kHz": wav.render(np.repeat(TONE, 2), 96_000),
        "WebM": opus("webm"),
        "WebM, live": opus("webm", {"live": "1"}),
        "WebM, stereo": opus("webm", layout="stereo"),
        "Ogg": opus("ogg"),
        "raw": RAW.tobytes(),
    }


@pytest.fixture(scope="module")
def small(recordings: dict[str, bytes]) -> dict[str, bytes]:
    """0.1 s of WAV: it is ten times as many bytes as Opus, and those after the first are all alike."""
    brief = TONE[:4_800]
    return {
        **recordings,
        "WAV at 48 kHz": wav.render(brief, 48_000),
        "WAV at 96 kHz": wav.render(np.repeat(brief, 2), 96_000),
    }


NAMES = ["WAV at 48 kHz", "WAV at 96 kHz", "WebM", "WebM, live", "WebM, stereo", "Ogg", "raw"]
ENDLESS = ["WebM, live", "raw"]


def decode(data: bytes, size: int) -> tuple[Pcm, int]:
    """Return the sound of `data` sent in messages of `size` bytes, and how often it was complete."""
    decoder, heard, completions = AudioDecoder(), [], 0
    for start in range(0, len(data), size):
        heard.append(decoder.feed(data[start : start + size]))
        completions += decoder.complete
    return np.concatenate([*heard, decoder.finish()]), completions


def pitch(pcm: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(float)))
    return float(np.argmax(spectrum)) * 16_000 / len(pcm)


@pytest.mark.parametrize("name", NAMES)
def test_every_container_is_the_same_sound_at_16_khz(name: str, recordings: dict[str, bytes]) -> None:
    pcm, _ = decode(recordings[name], 10**9)
    assert len(pcm) / 16_000 == pytest.approx(SECS, abs=0.03)
    assert pitch(pcm) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_for_each_byte_changes_no_sample(name: str, small: dict[str, bytes]) -> None:
    whole, _ = decode(small[name], 10**9)
    cut, _ = decode(small[name], 1)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("size", [61, 1_000, 4_096])
@pytest.mark.parametrize("name", NAMES)
def test_how_a_recording_is_cut_changes_no_sample(name: str, size: int, recordings: dict[str, bytes]) -> None:
    whole, _ = decode(recordings[name], 10**9)
    cut, _ = decode(recordings[name], size)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("size", [100, 4_096, 10**9])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_complete_once_and_a_microphone_never(
    name: str, size: int, recordings: dict[str, bytes]
) -> None:
    assert decode(recordings[name], size)[1] == (0 if name in ENDLESS else 1)


@pytest.mark.parametrize("name", NAMES[:-1])  # raw bytes have no header to begin with
def test_a_recording_after_a_recording_is_heard_in_full(name: str, recordings: dict[str, bytes]) -> None:
    decoder = AudioDecoder()
    decoder.feed(recordings["Ogg"][:200])
    pcm = np.concatenate([decoder.feed(recordings[name]), decoder.finish()])
    assert len(pcm) / 16_000 == pytest.approx(SECS, abs=0.03)


def test_sound_comes_with_its_slice_and_not_at_the_end(recordings: dict[str, bytes]) -> None:
    data = recordings["WebM, live"]
    decoder = AudioDecoder()
    first = decoder.feed(data[: len(data) // 2])
    assert len(first) / 16_000 == pytest.approx(SECS / 2, abs=0.2)


def test_an_odd_byte_waits_for_its_other_half() -> None:
    decoder = AudioDecoder()
    data = RAW.tobytes()
    heard = np.concatenate([decoder.feed(data[:1_001]), decoder.feed(data[1_001:2_000])])
    assert np.array_equal(heard, RAW[:1_000])


def test_a_raw_recording_that_ends_in_half_a_sample_is_an_error_and_the_next_is_not() -> None:
    decoder = AudioDecoder()
    decoder.feed(RAW.tobytes()[:1_001])
    with pytest.raises(BadAudio, match="middle of a sample"):
        decoder.finish()
    assert np.array_equal(decoder.feed(RAW.tobytes()), RAW)


def test_a_few_bytes_are_heard_when_no_more_come() -> None:
    decoder = AudioDecoder()
    assert not len(decoder.feed(b"\1\0\2\0"))
    assert decoder.finish().tolist() == [1, 2]


@pytest.mark.parametrize("name", ["WAV at 48 kHz", "WebM", "Ogg"])
def test_a_recording_cut_in_its_middle_is_heard_as_far_as_it_goes(
    name: str, recordings: dict[str, bytes]
) -> None:
    data = recordings[name]
    pcm, completions = decode(data[: len(data) * 9 // 10], 4_096)
    assert 0.9 <= len(pcm) / 16_000 < SECS - 0.05  # pages of an Ogg are a second long
    assert completions == 0


@pytest.mark.parametrize("name", ["WAV at 48 kHz", "WebM", "Ogg"])
def test_a_header_without_audio_is_an_error_at_its_end(name: str, recordings: dict[str, bytes]) -> None:
    decoder = AudioDecoder()
    decoder.feed(recordings[name][:20])
    with pytest.raises(BadAudio, match="ended before its"):
        decoder.finish()


REFUSED: dict[str, tuple[bytes, type[ParleyError]]] = {
    "MP4": (b"\0\0\0\x20ftypisom" + bytes(50), UnsupportedMedia),
    "FLAC": (b"fLaC" + bytes(50), UnsupportedMedia),
    "MP3": (b"ID3\4" + bytes(50), UnsupportedMedia),
    "WebM of noise": (b"\x1a\x45\xdf\xa3" + b"\0" * 50, BadAudio),
    "Ogg of noise": (b"OggS\0\2" + bytes(20) + b"\1\0" + b"\xff" * 300, UnsupportedMedia),
    "Ogg whose pages do not follow": (b"OggS\0\2" + bytes(20) + b"\0" + b"\xff" * 300, BadAudio),
    "Ogg of Vorbis": (b"OggS\0\2" + bytes(20) + b"\1\x1e\1vorbis" + bytes(23), UnsupportedMedia),
    "WAV without format": (b"RIFF\4\0\0\0WAVEdata\4\0\0\0abcd", BadAudio),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_heard_is_a_typed_error_and_the_next_recording_is_heard(
    name: str, recordings: dict[str, bytes]
) -> None:
    data, error = REFUSED[name]
    decoder = AudioDecoder()
    with pytest.raises(error):
        decoder.feed(data + bytes(300))
    assert len(decoder.feed(recordings["WAV at 48 kHz"])) / 16_000 == pytest.approx(SECS, abs=0.01)


def test_the_rest_of_a_broken_recording_is_not_heard_as_noise(recordings: dict[str, bytes]) -> None:
    decoder = AudioDecoder()
    noise = np.random.default_rng(3).bytes(4_096)
    with pytest.raises(BadAudio):
        decoder.feed(b"\x1a\x45\xdf\xa3" + bytes(60) + noise)
    assert not len(decoder.feed(noise))
    assert len(decoder.feed(RAW.tobytes())) == len(RAW)


def test_any_byte_of_a_recording_may_be_wrong(recordings: dict[str, bytes]) -> None:
    """Whatever happens is sound or a typed error."""
    random = np.random.default_rng(7)
    for name in ("WAV at 48 kHz", "WebM", "WebM, live", "Ogg"):
        for _ in range(150):
            data = bytearray(recordings[name][:4_000])
            for position in random.integers(0, 300, 3):
                data[position] = random.integers(0, 256)
            decoder = AudioDecoder()
            try:
                decoder.feed(bytes(data))
                decoder.finish()
            except (BadAudio, UnsupportedMedia):
                pass


def test_a_message_that_claims_hours_in_a_few_bytes_is_cut() -> None:
    """Opus: two bytes are 120 ms, so that a small file can hold more sound than anyone can say."""
    head = b"OpusHead\1\1" + bytes(8) + b"\0"
    tags = b"OpusTags" + bytes(8)
    packet = bytes([3 << 3 | 3, 2])  # RFC 6716, 3.2.5: two frames of 60 ms, of no bytes each
    page = ogg_page([packet] * 127)
    data = ogg_page([head], 2) + ogg_page([tags]) + page * 200
    decoder = AudioDecoder()
    heard: list[int] = []
    with pytest.raises(BadAudio, match="600 s"):
        heard.extend(len(pcm) for pcm in decoder.pieces(data))
    assert sum(heard) <= MAX_MESSAGE_SECS * 16_000


def ogg_page(packets: list[bytes], flags: int = 0) -> bytes:
    return (
        b"OggS\0" + bytes([flags]) + bytes(20) + bytes([len(packets), *map(len, packets)]) + b"".join(packets)
    )


def test_an_endless_recording_takes_no_more_memory_than_a_short_one(recordings: dict[str, bytes]) -> None:
    data = recordings["WebM, live"]
    cluster = data[data.index(b"\x1f\x43\xb6\x75") :]
    decoder = AudioDecoder()
    decoder.feed(data)
    tracemalloc.start()
    for _ in range(40):
        decoder.feed(cluster)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 200_000


def test_a_large_message_is_handed_out_bit_by_bit() -> None:
    longest = max(len(pcm) for pcm in AudioDecoder().pieces(wav.render(np.tile(RAW, 40), 16_000)))
    assert longest <= 16_000


_SEGMENT = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7
HOLLOW = {
    "WebM of empty elements": _SEGMENT + b"\xec\x80" * 50_000,
    "WebM of tracks without content": _SEGMENT + b"\x16\x54\xae\x6b\x80" + b"\xae\x80" * 50_000,
    "WebM of another's blocks": _SEGMENT + b"\xa3\x81\x05" * 30_000,
    "WAV of empty chunks": b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 12_500,
    "WAV of one endless chunk": b"RIFF\xff\xff\xff\xffWAVEjunk\xff\xff\xff\xff" + bytes(100_000),
}


@pytest.mark.parametrize("name", [name for name in HOLLOW if "endless" not in name])
def test_a_file_that_holds_nothing_is_given_up(name: str) -> None:
    """Eight million empty elements in one message of 16 MiB were stepped over: no call heard anything for ten seconds.
    Fails when what stands between two pieces of audio has no limit.
    """
    with pytest.raises(BadAudio, match="more than"):
        AudioDecoder().feed(HOLLOW[name])


def test_an_ogg_of_empty_packets_is_given_up(recordings: dict[str, bytes]) -> None:
    """The same, of 255 empty packets a page."""
    ogg = recordings["Ogg"]
    head = ogg[: ogg.index(b"OggS", 4)]
    page = b"OggS\0\0" + bytes(8) + head[14:18] + bytes(8) + b"\xff" + bytes(255)
    with pytest.raises(BadAudio, match="more than"):
        AudioDecoder().feed(head + page * 500)


def test_a_chunk_that_is_stepped_over_gives_others_their_turn() -> None:
    """Only sound was handed out, and others have their turn where something is. Fails when a piece without is not."""
    data = HOLLOW["WAV of one endless chunk"]
    pieces = list(AudioDecoder().pieces(data))
    assert sum(map(len, pieces)) == 0
    assert len(pieces) >= len(data) // 4_096
