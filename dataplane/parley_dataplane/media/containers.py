"""A caller's bytes -> 16 kHz mono PCM, whatever they are: WAV, WebM/Opus, Ogg/Opus, else raw Int16 at 16 kHz
mono.

    bytes -> header? -> wav.py -> resample -> Pcm
                     webm.py | ogg.py -> opus -> Pcm

What a recording is, its first bytes tell. Those that follow belong to it (MediaRecorder's slices and cut
files have one header), until it is complete or a message begins with a new header. Rules: nothing is decoded
twice, nothing is kept but the unfinished block, so memory does not grow with a recording; `pieces` hands out
at most a second or so at a time, so that its caller can let the loop run in between. After a broken recording
its remaining slices are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from parley_dataplane.errors import BadAudio, PeerError, UnsupportedMedia
from parley_dataplane.media import HEARING_RATE, Pcm
from parley_dataplane.media.ogg import OggReader
from parley_dataplane.media.opus import CLOCK_RATE, Decoder, new_decoder
from parley_dataplane.media.resample import HIGHEST_RATE, Resampler
from parley_dataplane.media.wav import WavReader
from parley_dataplane.media.webm import WebmReader

MAX_MESSAGE_SECS = 600.0
"""Audio in one message: Opus can claim 120 ms in two bytes, so that the size of a message alone bounds
nothing.
"""

KNOWN = "send WAV, WebM/Opus, Ogg/Opus, or raw Int16 at 16 kHz mono"

_PIECE_BYTES = 4_096
_SNIFFED_BYTES = 12
_OGG_FIRST_PAGE = 0x02  # RFC 3533, 6
_NOTHING = np.zeros(0, np.int16)


class Recording(Protocol):
    """One recording of a known kind. `complete`: all its audio is out. `done`: no more bytes belong to it."""

    @property
    def complete(self) -> bool: ...

    @property
    def done(self) -> bool: ...

    def push(self, data: bytes) -> Iterator[Pcm]: ...

    def flush(self) -> Pcm:
        """No more will come. Raises BadAudio when that can't be."""


class AudioDecoder:
    """Everything one caller sends, message by message. Its errors end a recording, never the decoder."""

    def __init__(self) -> None:
        self.complete = False
        """The recording whose audio was handed out last has ended (a WAV by its length, Ogg and WebM by their
        end).
        """
        self._recording: Recording | None = None
        self._head = b""
        self._lost = False

    def feed(self, data: bytes) -> Pcm:
        """Take one message; return what became decodable. Raises BadAudio or UnsupportedMedia."""
        return np.concatenate([_NOTHING, *self.pieces(data)])

    def pieces(self, data: bytes) -> Iterator[Pcm]:
        """As `feed`, bit by bit, for messages of any size; `complete` is true of the piece handed out last."""
        self.complete = False
        samples = 0
        try:
            for pcm in self._decode(data):
                samples += len(pcm)
                if samples > MAX_MESSAGE_SECS * HEARING_RATE:
                    raise BadAudio(
                        f"more than {MAX_MESSAGE_SECS:.0f} s of audio in one message: send shorter ones"
                    )
                yield pcm
        except PeerError:
            self._forget()
            self._lost = True
            raise

    def finish(self) -> Pcm:
        """No more bytes will come: return what was held back. Raises BadAudio when the recording is cut in a
        sample.
        """
        recording, head = self._recording, self._head
        self._forget()
        self._lost = False
        if recording is None and head:
            recording = _Raw()
            return np.concatenate([*recording.push(head), recording.flush()])
        return recording.flush() if recording else _NOTHING

    def _forget(self) -> None:
        self._recording = None
        self._head = b""

    def _decode(self, data: bytes) -> Iterator[Pcm]:
        if self._recording is not None and _begins_anew(data):
            yield self.finish()
        if self._recording is None:
            data = self._head + data
            if len(data) < _SNIFFED_BYTES:
                self._head = data
                return
            self._head = b""
            self._recording = self._begin(data)
        if self._recording is not None:
            yield from self._push(self._recording, data)

    def _begin(self, data: bytes) -> Recording | None:
        """What the bytes are; None for what is left of a broken recording."""
        known = _container(data)
        if known is None and self._lost and _is_noise(data):
            return None
        self._lost = False
        return known or _Raw()

    def _push(self, recording: Recording, data: bytes) -> Iterator[Pcm]:
        for start in range(0, len(data), _PIECE_BYTES):
            if start and not self.complete:
                yield _NOTHING  # whatever the piece before was made of, others have their turn now
            was_complete = recording.complete
            yield from recording.push(data[start : start + _PIECE_BYTES])
            if recording.complete and not was_complete:
                self.complete = True
                yield recording.flush()
            if recording.done:
                # What is behind the end of a file in the same message is no audio.
                self._recording = None
                return


def _container(data: bytes) -> Recording | None:
    """The container that begins here, or None. Raises UnsupportedMedia for well-known ones that nobody
    decodes.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _Wav()
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return _Opus(WebmReader())
    if data[:5] == b"OggS\0":
        return _Opus(OggReader())
    for name, seen in (
        ("MP4", data[4:8] == b"ftyp"),
        ("FLAC", data[:4] == b"fLaC"),
        ("MP3", data[:3] == b"ID3"),
    ):
        if seen:
            raise UnsupportedMedia(f"the audio is {name}: {KNOWN}")
    return None


def is_known(data: bytes) -> bool:
    """Whether a container that is decoded here begins so. Raises UnsupportedMedia for well-known others."""
    return _container(data) is not None


def _begins_anew(data: bytes) -> bool:
    """Whether a message begins another recording. Every page of an Ogg begins alike, but for a flag of the first."""
    if data[:5] == b"OggS\0":
        return len(data) > 5 and bool(data[5] & _OGG_FIRST_PAGE)
    return _container(data) is not None


def _is_noise(data: bytes) -> bool:
    """Compressed bytes read as Int16 are white noise at full scale (an RMS of 18,900), which nobody's voice
    is.
    """
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64)
    return bool(len(samples)) and float(np.sqrt(np.mean(samples**2))) > 12_000.0


class _Raw:
    """Int16, 16 kHz, mono: it never is complete by itself."""

    complete = False
    done = False

    def __init__(self) -> None:
        self._odd = b""

    def push(self, data: bytes) -> Iterator[Pcm]:
        data = self._odd + data
        even = len(data) // 2 * 2
        self._odd = data[even:]
        if even:
            yield np.frombuffer(data[:even], "<i2").astype(np.int16)

    def flush(self) -> Pcm:
        if self._odd:
            raise BadAudio("the raw recording ends in the middle of a sample: Int16 takes two bytes each")
        return _NOTHING


class _Wav:
    def __init__(self) -> None:
        self._reader = WavReader()
        self._resampler: Resampler | None = None
        self._thin = 1  # of so many samples one is made, before resampling
        self._held = _NOTHING

    @property
    def complete(self) -> bool:
        return self._reader.complete

    @property
    def done(self) -> bool:
        return self._reader.done

    def push(self, data: bytes) -> Iterator[Pcm]:
        pcm = self._reader.push(data)
        if len(pcm):
            yield self._resample(pcm)

    def flush(self) -> Pcm:
        if self._reader.format is None:
            raise BadAudio("the WAV file ended before its samples began: send it whole, or all its pieces")
        return self._resampler.flush() if self._resampler else _NOTHING

    def _resample(self, pcm: Pcm) -> Pcm:
        if self._resampler is None:
            assert self._reader.format is not None
            self._thin = -(-self._reader.format.rate // HIGHEST_RATE)
            self._resampler = Resampler(self._reader.format.rate // self._thin, HEARING_RATE)
        if self._thin > 1:  # a studio's 96 or 192 kHz: what lies up there is no speech, so means will do
            pcm = np.concatenate((self._held, pcm))
            even = len(pcm) // self._thin * self._thin
            self._held = pcm[even:]
            pcm = pcm[:even].reshape(-1, self._thin).mean(axis=1).astype(np.int16)
        return self._resampler.push(pcm)


class _Opus:
    """An Opus stream in either container, decoded to mono whatever it was."""

    def __init__(self, reader: OggReader | WebmReader) -> None:
        self._reader = reader
        self._decoder: Decoder | None = None
        self._to_skip = 0

    @property
    def complete(self) -> bool:
        return self._reader.complete

    @property
    def done(self) -> bool:
        return self._reader.complete

    def push(self, data: bytes) -> Iterator[Pcm]:
        for packet in self._reader.push(data):
            if self._decoder is None:
                self._decoder = self._open(packet)
            elif packet:
                yield self._trim(self._decoder.decode(packet))

    def flush(self) -> Pcm:
        if self._decoder is None:
            raise BadAudio("the recording ended before its audio began: send it whole, or all its slices")
        return _NOTHING

    def _open(self, head: bytes) -> Decoder:
        """RFC 7845, 5.1: pre-skip (48 kHz) at byte 10, mapping family at byte 18."""
        if len(head) < 19 or head[:8] != b"OpusHead":
            raise BadAudio(
                "the Opus header is missing or cut: record audio/webm or audio/ogg with codecs=opus"
            )
        if head[18] != 0:
            raise UnsupportedMedia("Opus with more than two channels: record mono or stereo")
        self._to_skip = int.from_bytes(head[10:12], "little") * HEARING_RATE // CLOCK_RATE
        return new_decoder()

    def _trim(self, pcm: Pcm) -> Pcm:
        """The first samples are the codec settling (RFC 7845, 4.2)."""
        kept, self._to_skip = pcm[self._to_skip :], max(0, self._to_skip - len(pcm))
        return kept
