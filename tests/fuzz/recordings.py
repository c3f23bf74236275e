"""Recordings in every container, in messages cut anywhere, and Opus by itself.

The first three bytes of an input are choices (how it is cut, how often its tail is repeated, where the tail begins),
the rest is a file.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator
from typing import Protocol

import av
import numpy as np

from parley_dataplane.errors import BadAudio, PeerError
from parley_dataplane.media import HEARING_RATE, Pcm, wav
from parley_dataplane.media.containers import MAX_MESSAGE_SECS, AudioDecoder
from parley_dataplane.media.ogg import OggReader
from parley_dataplane.media.opus import (
    CLOCK_RATE,
    LONGEST_TICKS,
    AvDecoder,
    Decoder,
    new_decoder,
    new_encoder,
    ticks_of,
)
from parley_dataplane.media.wav import WavReader
from parley_dataplane.media.webm import WebmReader
from tests.fuzz.choices import Choices, slices
from tests.fuzz.invariants import check_sentence, held_bytes, refused

_TICKS = CLOCK_RATE // HEARING_RATE
_PIECE_BYTES = 4_096  # what a reader is handed at once, by its contract
_LONGEST_READ = 128 * 1024
_LONGEST_DECODED = 6 * 1024
_MOST_HELD = 192 * 1024
"""Bytes: an Ogg page and a packet, or a WebM block and sixteen tracks' heads, with what counting them costs."""
_SECS_PER_BYTE = 0.060
"""The most that one byte of a recording can be: an Opus packet of nothing but its first byte."""


class _Reader(Protocol):
    @property
    def complete(self) -> bool: ...
    def push(self, data: bytes) -> Iterator[bytes] | Pcm: ...


def webm(data: bytes) -> None:
    _container(data, WebmReader, 64 * 1024 * 17)


def ogg(data: bytes) -> None:
    _container(data, OggReader, _MOST_HELD)


def wave(data: bytes) -> None:
    _container(data, WavReader, 2 * _PIECE_BYTES)


def recording(data: bytes) -> None:
    """Messages of any kind one after the other, as one caller sends them."""
    choices = Choices(data)
    decoder = AudioDecoder()
    while choices:
        message = choices.take(choices.number(2) & 0x3FF)
        pcm = refused(lambda message=message: decoder.feed(message))  # type: ignore[misc]
        if not isinstance(pcm, PeerError):
            _check_pcm(pcm)
            assert len(pcm) / HEARING_RATE <= _SECS_PER_BYTE * (len(message) + 4_096) + 0.2
        assert held_bytes(decoder) <= 64 * 1024 * 17
    refused(decoder.finish)
    assert held_bytes(decoder) < 1_024, "what a finished recording leaves behind"


def opus(data: bytes) -> None:
    """A packet after the other: decoded, or lost and made up from the one that follows."""
    choices = Choices(data)
    decoder: Decoder = AvDecoder() if choices.byte() & 1 else new_decoder()
    while choices:
        kind = choices.byte()
        payload = choices.text()
        ticks = ticks_of(payload)
        assert 0 <= ticks <= LONGEST_TICKS
        if kind & 3 == 0:
            lost = choices.number(2)
            _within(decoder.conceal(lost), lost)
        elif kind & 3 == 1:
            lost = choices.number(2) % CLOCK_RATE
            _within(decoder.recover(payload, lost), lost)
        else:
            pcm = refused(lambda payload=payload: decoder.decode(payload))  # type: ignore[misc]
            if isinstance(pcm, PeerError):
                assert isinstance(pcm, BadAudio)
            elif not isinstance(decoder, AvDecoder):
                assert len(pcm) == ticks // _TICKS, "what its first bytes say is what a payload lasts"
            else:
                assert len(pcm) <= LONGEST_TICKS // _TICKS + 64  # its resampler holds some back
    if not isinstance(decoder, AvDecoder):
        assert len(decoder.decode(_good_packet())) == 320, "the next good one decodes as ever"


def _within(pcm: Pcm, ticks: int) -> None:
    _check_pcm(pcm)
    assert len(pcm) <= ticks // _TICKS
    assert len(pcm) >= ticks // _TICKS - 80, "what is lost takes its time, to 5 ms"


def _check_pcm(pcm: Pcm) -> None:
    assert pcm.dtype == np.int16
    assert pcm.ndim == 1


def _container(data: bytes, reader: Callable[[], _Reader], most_held: int) -> None:
    choices = Choices(data)
    cut, repeats, tail_at = choices.byte(), choices.byte(), choices.byte()
    body = choices.rest()
    tail = body[tail_at * len(body) // 256 :]
    body += tail * max(0, min(repeats - 191, (_LONGEST_READ - len(body)) // (len(tail) or 1)))
    whole = _read(reader(), _pieces(body, _PIECE_BYTES), most_held)
    assert _read(reader(), slices(body, cut), most_held) == whole, "how it is cut changes what it is"
    body = body[:_LONGEST_DECODED]
    once = _decode([body])
    assert len(once[0]) / HEARING_RATE <= min(MAX_MESSAGE_SECS, _SECS_PER_BYTE * len(body) + 0.2)
    assert _decode(_unambiguous(slices(body, cut and cut + 16))) == once, (
        "how it is sent changes what is heard"
    )


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _read(reader: _Reader, pieces: Iterator[bytes], most_held: int) -> tuple[bytes, str, bool]:
    """(all that came out, in frames of its own; the error's sentence; whether it is complete)."""
    out = io.BytesIO()
    try:
        for number, piece in enumerate(pieces):
            for start in range(0, len(piece), _PIECE_BYTES):
                read = reader.push(piece[start : start + _PIECE_BYTES])
                if isinstance(read, np.ndarray):
                    out.write(read.tobytes())
                else:
                    for packet in read:
                        out.write(len(packet).to_bytes(4, "big") + packet)
            if number % 32 == 31:
                assert held_bytes(reader) <= most_held, "more is held than one block"
    except PeerError as error:
        check_sentence(error)
        return out.getvalue(), error.detail, False
    return out.getvalue(), "", reader.complete


def _decode(messages: list[bytes]) -> tuple[bytes, str]:
    """(samples up to the recording's end, the error's sentence)."""
    decoder, heard = AudioDecoder(), []
    try:
        for message in messages:
            for pcm in decoder.pieces(message):
                _check_pcm(pcm)
                heard.append(pcm)
            if decoder.complete:
                return np.concatenate(heard).tobytes(), ""
        heard.append(decoder.finish())
    except PeerError as error:
        return np.concatenate([*heard, np.zeros(0, np.int16)]).tobytes(), error.detail
    return np.concatenate(heard).tobytes(), ""


def _unambiguous(pieces: Iterator[bytes]) -> list[bytes]:
    """A message that looks like the beginning of another file is one, whatever it was cut from: not cut there.

    Looked at as a whole: a short piece and what was joined to it may look like a beginning together.
    """
    messages: list[bytes] = []
    for piece in pieces:
        messages.append(piece)
        while len(messages) > 1 and _begins(messages[-1]):
            last = messages.pop()
            messages[-1] += last
    return messages


def _begins(message: bytes) -> bool:
    return (
        message.startswith((b"RIFF", b"\x1a\x45\xdf\xa3", b"OggS", b"fLaC", b"ID3"))
        or message[4:8] == b"ftyp"
    )


def container_seeds(container: str) -> list[bytes]:
    files = [_encoded(container, secs, layout, live) for secs, layout, live in _VARIANTS]
    return [bytes((cut, 0, 0)) + file for file in files for cut in (1, 7)]


def wav_seeds() -> list[bytes]:
    tone = _tone(0.02)
    files = [wav.render(tone, rate) for rate in (8_000, 16_000, 48_000, 96_000)]
    for kind, channels, bits in ((1, 2, 8), (1, 1, 24), (1, 2, 32), (3, 2, 32), (3, 1, 64), (0xFFFE, 2, 16)):
        files.append(_wav(kind, channels, bits, b"\x10\x32\x54\x3e" * 60))
    return [bytes((cut, 0, 0)) + file for file in files for cut in (1, 5)]


def recording_seeds() -> list[bytes]:
    parts = [
        _encoded("webm", 0.1, "mono", True),
        _encoded("ogg", 0.1, "mono", False),
        wav.render(_tone(0.02), 48_000),
    ]
    messages = [part[:900] for part in parts]
    messages += [
        b"ID3" + bytes(20),
        b"fLaC" + bytes(20),
        bytes(4) + b"ftypM4A " + bytes(12),
        _tone(0.03).tobytes(),
    ]
    framed = [len(m).to_bytes(2, "big") + m for m in messages]
    return [*framed, b"".join(framed), b"".join(reversed(framed))]


def opus_seeds() -> list[bytes]:
    packets = _packets()
    ordinary = b"".join(bytes((2, len(p) & 0xFF)) + p[:255] for p in packets)
    lossy = b"".join(bytes((1, len(p) & 0xFF)) + p[:255] + b"\x07\x80" for p in packets)
    bombs = [
        bytes((config << 3 | code, 0x30 | 6)) + bytes(range(60))
        for config in range(0, 32, 3)
        for code in range(4)
    ]
    return [b"\0" + ordinary, b"\0" + lossy, b"\1" + ordinary[:1_000]] + [
        b"\0\2" + bytes((len(bomb),)) + bomb for bomb in bombs
    ]


_VARIANTS = ((0.1, "mono", False), (0.1, "mono", True), (0.06, "stereo", False))


def _wav(kind: int, channels: int, bits: int, data: bytes) -> bytes:
    """A file with a chunk before its samples and one behind them, of any format."""
    step = channels * bits // 8
    form = b"".join(
        number.to_bytes(size, "little")
        for number, size in ((kind, 2), (channels, 2), (44_100, 4), (44_100 * step, 4), (step, 2), (bits, 2))
    )
    if kind == 0xFFFE:
        form += (22).to_bytes(2, "little") + bits.to_bytes(2, "little") + bytes(4) + b"\1\0" + bytes(14)
    chunks = b"".join(
        name + len(body).to_bytes(4, "little") + body
        for name, body in ((b"LIST", b"INFO"), (b"fmt ", form), (b"data", data), (b"id3 ", b"who"))
    )
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks


def _tone(secs: float, rate: int = 16_000) -> Pcm:
    return (6_000 * np.sin(np.arange(int(secs * rate)) * (2 * np.pi * 440 / rate))).astype(np.int16)


def _encoded(container: str, secs: float, layout: str, live: bool) -> bytes:
    file = io.BytesIO()
    options = {"live": "1"} if live and container == "webm" else {}
    with av.open(file, "w", format=container, options=options) as out:
        stream = out.add_stream("libopus", rate=48_000, layout=layout, options={"b": "16000"})
        tone = _tone(secs, 48_000)
        for start in range(0, len(tone), 960):
            samples = np.repeat(tone[start : start + 960], 2 if layout == "stereo" else 1).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
            frame.sample_rate, frame.pts = 48_000, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@functools.cache
def _packets() -> list[bytes]:
    encoder = new_encoder()
    tone = _tone(0.2, 24_000)
    return [encoder.encode(tone[start : start + 480]) for start in range(0, len(tone) - 479, 480)]


@functools.cache
def _good_packet() -> bytes:
    return _packets()[3]
