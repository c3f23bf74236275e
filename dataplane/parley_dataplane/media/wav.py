"""WAV (RIFF/WAVE): one clause of speech as a playable file, and a file in pieces as PCM.

Source: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, PCM), Microsoft's KSDATAFORMAT for
the extensible header. Rules: nothing is kept but a partial sample frame and the chunk header being read, so
memory does not grow with the file; the length in the file is a claim, and is only ever used to know the end.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parley_dataplane.errors import BadAudio, UnsupportedMedia
from parley_dataplane.media import Pcm

HEADER_BYTES = 44
"""Bytes before the samples in what `render` makes."""

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

_MAX_CHANNELS = 8
_RATES = range(8_000, 192_001)
_MAX_FMT_BYTES = 256
_MAX_CHUNKS = 256  # before the samples; editors write a dozen
# Live writers (ffmpeg to a pipe, browsers' polyfills) can't know the length and write one of these.
_UNKNOWN_LENGTHS = (0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
# Chunks behind the samples (LIST, id3) are skipped up to this size; a RIFF length beyond is a lie, not a
# chunk.
_MAX_TRAILER_BYTES = 64 * 1024


def render(pcm: Pcm, rate: int) -> bytes:
    """Return a whole file: 16 bit, mono, `rate` Hz. Every browser's `decodeAudioData` plays it."""
    samples = pcm.astype("<i2", copy=False).tobytes()
    return (
        struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + len(samples), b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, PCM, 1, rate, rate * 2, 2, 16)
        + struct.pack("<4sI", b"data", len(samples))
        + samples
    )


@dataclass(frozen=True, slots=True)
class Format:
    """How the samples of a file lie: `kind` is PCM or FLOAT, `bits` per sample, `rate` in Hz."""

    kind: int
    channels: int
    rate: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def parse_format(chunk: bytes) -> Format:
    """Read a "fmt " chunk. Raises BadAudio when it makes no sense, UnsupportedMedia when nobody here decodes
    it.
    """
    if len(chunk) < 16:
        raise BadAudio(f'WAV: its "fmt " chunk has {len(chunk)} bytes: it needs at least 16')
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == EXTENSIBLE and len(chunk) >= 26:
        (kind,) = struct.unpack_from("<H", chunk, 24)
    if (kind, bits) not in ((PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)):
        raise UnsupportedMedia(
            f"WAV: format {kind} with {bits} bits: send PCM (8, 16, 24 or 32 bits) or IEEE float (32 or 64)"
        )
    if not 1 <= channels <= _MAX_CHANNELS or rate not in _RATES:
        raise BadAudio(
            f"WAV of {channels} channels, {rate} Hz: send 1 to {_MAX_CHANNELS} channels at 8,000 to 192,000 Hz"
        )
    return Format(kind, channels, rate, bits)


class WavReader:
    """One file in pieces: `push` returns mono PCM at the file's own rate.

    `format` is known before the first samples are returned; `complete` when all samples that the file claims
    have been read (never, for a file of unknown length); `done` when nothing more belongs to it.
    """

    def __init__(self) -> None:
        self.format: Format | None = None
        self.complete = False
        self._pending = b""
        self._position = 0  # of the first pending byte, in the file
        self._end = 0  # of the file, as RIFF claims; 0: unknown
        self._skip = 0
        self._chunks = 0
        self._data_left: int | None = None  # None: before the samples, or their number is unknown
        self._in_data = False

    @property
    def done(self) -> bool:
        return self.complete and not self._skip

    def push(self, data: bytes) -> Pcm:
        """Take some more of the file, in pieces of some kB. Raises BadAudio or UnsupportedMedia."""
        self._pending += data
        while not self._in_data and not self.complete and self._step():
            pass
        pcm = self._read_samples() if self._in_data else np.zeros(0, np.int16)
        if self.complete:
            self._skip_pending()
            if self.done:
                self._pending = b""  # what comes now belongs to no file
        return pcm

    def _take(self, size: int) -> bytes:
        taken, self._pending = self._pending[:size], self._pending[size:]
        self._position += len(taken)
        return taken

    def _skip_pending(self) -> None:
        self._skip -= len(self._take(self._skip))

    def _step(self) -> bool:
        """Step over one header before the samples; False when that needs more bytes."""
        self._skip_pending()
        if self._skip:
            return False
        if self._position == 0:
            return self._read_riff()
        if len(self._pending) < 8:
            return False
        name, size = struct.unpack_from("<4sI", self._pending)
        if name == b"fmt ":
            return self._read_format(size)
        self._chunks += 1
        if self._chunks > _MAX_CHUNKS:
            raise BadAudio(f'WAV: more than {_MAX_CHUNKS} chunks before its "data": write the samples first')
        self._take(8)
        if name == b"data":
            self._start_samples(size)
        else:
            self._skip = size + size % 2  # chunks are padded to even lengths
        return True

    def _read_riff(self) -> bool:
        if len(self._pending) < 12:
            return False
        size = struct.unpack_from("<I", self._take(12), 4)[0]
        self._end = 0 if size in _UNKNOWN_LENGTHS else 8 + size
        return True

    def _read_format(self, size: int) -> bool:
        if size > _MAX_FMT_BYTES:
            raise BadAudio(f'WAV: its "fmt " chunk claims {size} bytes: at most {_MAX_FMT_BYTES} are read')
        if len(self._pending) < 8 + size + size % 2:
            return False
        self._take(8)
        self.format = parse_format(self._take(size + size % 2)[:size])
        return True

    def _start_samples(self, size: int) -> None:
        if self.format is None:
            raise BadAudio('WAV: "data" comes before "fmt ": write the format first')
        self._in_data = True
        self._data_left = None if size in _UNKNOWN_LENGTHS else size

    def _read_samples(self) -> Pcm:
        assert self.format is not None
        frame = self.format.frame_bytes
        wanted = len(self._pending) if self._data_left is None else min(len(self._pending), self._data_left)
        pcm = to_mono(self._take(wanted // frame * frame), self.format)
        if self._data_left is not None:
            self._data_left -= wanted // frame * frame
            if self._data_left < frame:
                self._end_samples()
        return pcm

    def _end_samples(self) -> None:
        """What follows in the file (half a frame, the pad byte, LIST or id3 chunks) is no sound."""
        self._in_data = False
        self.complete = True
        trailer = self._end - self._position
        self._skip = trailer if 0 <= trailer <= _MAX_TRAILER_BYTES else self._data_left or 0


def to_mono(data: bytes, form: Format) -> Pcm:
    """Turn whole sample frames into mono Int16: channels are averaged, longer samples rounded to 16 bit."""
    channels = _as_float(data, form).reshape(-1, form.channels)
    mono = channels[:, 0] if form.channels == 1 else channels.mean(axis=1)
    return np.clip(np.rint(np.nan_to_num(mono) * 32_768.0), -32_768, 32_767).astype(np.int16)


def _as_float(data: bytes, form: Format) -> npt.NDArray[np.float64]:
    """Samples as -1.0 to 1.0."""
    if form.kind == FLOAT:
        return np.clip(np.frombuffer(data, f"<f{form.bits // 8}").astype(np.float64), -1.0, 1.0)
    if form.bits == 8:  # the one unsigned width (RIFF: "1 to 8 bits: unsigned")
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128.0) / 128.0
    if form.bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1).astype(np.float64) / 2.0**31
    return np.frombuffer(data, f"<i{form.bits // 8}").astype(np.float64) / 2.0 ** (form.bits - 1)
