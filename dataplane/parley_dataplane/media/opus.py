"""Opus for one call: frames of the speaker to payloads, payloads of the peer to what is heard (RFC 6716, RFC 7587).

Rules: mono both ways, in line, no thread and no clock. A payload is made from exactly one frame of 20 ms. Whatever a
peer sends, decoding yields at most 120 ms or BadAudio. Lost packets are really concealed, from the FEC copy inside the
next packet or by Opus' own concealment, which FFmpeg's decoder has no call for: so libopus itself is called, the one
inside PyAV's wheel. Where none can be loaded, PyAV's codec stands in and a lost packet is silence.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import av
import av.error
import numpy as np

from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_RATE, SPEAKING_FRAME, SPEAKING_RATE, Pcm

CLOCK_RATE = 48_000
"""Hz of RTP timestamps of Opus at any audio rate (RFC 7587, 4.1); a "tick" is one period of it."""

FRAME_TICKS = 960
"""Ticks of one frame of 20 ms."""

LONGEST_TICKS = 5_760
"""Ticks of the longest packet there is, 120 ms (RFC 6716, 3.2.5)."""

_TICKS_PER_SAMPLE = CLOCK_RATE // HEARING_RATE
_LONGEST_HEARD = LONGEST_TICKS // _TICKS_PER_SAMPLE
_SHORTEST_TICKS = 120  # 2.5 ms: what libopus conceals is a multiple of it
_LARGEST_PAYLOAD = 1_000  # bytes; fits any path's MTU with all headers, and 20 ms at 64 kb/s are 160

FEC_FROM = 8
"""Percent of loss from which each packet brings a copy of the one before it; see LibOpusEncoder."""

FEC_UNTIL = 6
"""Percent of loss below which it stops again: lower, so that a loss near the limit does not switch to and fro."""

_APPLICATION_AUDIO = 2049
_SIGNAL_VOICE = 3001
_VOICE_UP_TO = 32_000  # bits a second
_VOICE_COMPLEXITY = range(5, 8)  # above, libopus looks at the signal itself
_SET_BITRATE = 4002
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS = 4014
_SET_SIGNAL = 4024


@dataclass(frozen=True, slots=True)
class OpusSettings:
    """How the agent's voice is encoded.

    `bitrate` in bits a second, `complexity` 0..10 (CPU for quality), `expected_loss` in percent: what the peer is
    taken to lose until it reports. With `dtx` the sender leaves long silence out; the encoder knows nothing of it.
    """

    bitrate: int = 64_000
    complexity: int = 3
    dtx: bool = True
    expected_loss: int = 0


class Encoder(Protocol):
    def encode(self, frame: Pcm) -> bytes: ...
    def expect_loss(self, percent: int) -> None: ...


class Decoder(Protocol):
    def decode(self, payload: bytes) -> Pcm: ...
    def recover(self, following: bytes, ticks: int) -> Pcm: ...
    def conceal(self, ticks: int) -> Pcm: ...
    def clone(self) -> Decoder: ...


def new_encoder(settings: OpusSettings | None = None) -> Encoder:
    settings = settings or OpusSettings()
    return LibOpusEncoder(settings) if libopus() is not None else AvEncoder(settings)


def new_decoder() -> Decoder:
    return LibOpusDecoder() if libopus() is not None else AvDecoder()


def _frame_ticks(config: int) -> int:
    """Ticks of each frame in a packet, by the five bits that its first byte begins with (RFC 6716, 3.1, table 2)."""
    if config < 12:
        return (480, 960, 1920, 2880)[config & 3]
    if config < 16:
        return (480, 960)[config & 1]
    return (120, 240, 480, 960)[config & 3]


_TICKS = tuple(_frame_ticks(first >> 3) * (1, 2, 2, 0)[first & 3] for first in range(256))
"""Ticks of a packet by its first byte; 0 where the second one says how many frames there are."""


def ticks_of(payload: bytes) -> int:
    """Ticks that a payload lasts, from its first bytes (RFC 6716, 3.1); 0 where they make no sense."""
    if not payload:
        return 0
    ticks = _TICKS[payload[0]]
    if ticks or len(payload) < 2:
        return ticks
    ticks = _frame_ticks(payload[0] >> 3) * (payload[1] & 0x3F)
    return ticks if ticks <= LONGEST_TICKS else 0


def has_copy(payload: bytes) -> bool:
    """Whether a payload brings a copy of the audio before it (in-band FEC): the LBRR flag of its first SILK frame,
    after one flag of voice for each 20 ms (RFC 6716, 4.2.3). Where that frame lies is told for packets of one frame,
    or two of one size; of other ones, which no browser sends, False.
    """
    if len(payload) < 2 or payload[0] >> 3 >= 16 or payload[0] & 3 > 1:
        return False
    frames = max(1, _frame_ticks(payload[0] >> 3) // FRAME_TICKS)
    flags = 1 << (7 - frames)
    if payload[0] & 4:  # stereo: the same flags again, of the side
        flags |= 1 << (6 - 2 * frames)
    return payload[1] & flags != 0


@functools.cache
def libopus() -> ctypes.CDLL | None:
    """The Opus library, its functions typed; None where none can be loaded."""
    for path in _library_paths():
        try:
            return _typed(ctypes.CDLL(path))
        except (OSError, AttributeError):  # not loadable, or a library that lacks a function
            continue
    return None


def _library_paths() -> Iterator[str]:
    """The copy that PyAV has loaded already (auditwheel's, delvewheel's, delocate's folder), then the system's."""
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs"):
        yield from map(str, sorted(folder.glob("*opus*")))
    yield from ("libopus.so.0", "libopus.0.dylib")


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    """Arm64 macOS passes variadic arguments elsewhere: ctypes knows where from the types of the fixed ones."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    signatures: dict[str, list[type]] = {
        "opus_encoder_get_size": [integer],
        "opus_encoder_init": [pointer, ctypes.c_int32, integer, integer],
        "opus_encoder_ctl": [pointer, integer],
        "opus_encode": [pointer, pointer, integer, pointer, ctypes.c_int32],
        "opus_decoder_get_size": [integer],
        "opus_decoder_init": [pointer, ctypes.c_int32, integer],
        "opus_decoder_ctl": [pointer, integer],
        "opus_decode": [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, integer, integer],
    }
    for name, arguments in signatures.items():
        getattr(library, name).argtypes = arguments
        getattr(library, name).restype = integer
    return library


def needs_copies(percent: int, have_copies: bool) -> bool:
    """Whether a peer that loses so much should get a copy of each packet within the next (in-band FEC)."""
    return percent >= (FEC_UNTIL if have_copies else FEC_FROM)


def empty_payload(like: bytes) -> bytes:
    """A payload of 20 ms without content in the mode of another one: its first byte alone (RFC 6716, 3.2.1).

    A decoder goes on with the background noise that it knows; browsers take it for DTX.
    """
    return bytes((like[0] & 0xFC,))


def _signal(settings: OpusSettings) -> int | None:
    """What libopus is told of the signal, None: nothing. See LibOpusEncoder for the figures."""
    is_low = settings.bitrate <= _VOICE_UP_TO and settings.complexity in _VOICE_COMPLEXITY
    return _SIGNAL_VOICE if is_low else None


@functools.cache
def _opus_encode() -> Callable[..., int]:
    """`opus_encode`, called with the GIL held: see _opus_decode."""
    library = cast(ctypes.CDLL, libopus())
    return cast(Callable[..., int], ctypes.PyDLL(library._name).opus_encode)


class LibOpusEncoder:
    """libopus' state lies in memory of ours, so that there is no `destroy` to forget.

    The mode is chosen by cost and by distance (mean log-mel spectral distance after decoding, dB; 14 s of speech by
    four voices of eSpeak NG, one core of an EPYC; us are of one frame of 20 ms):

        kb/s, complexity    AUDIO (CELT)       AUDIO, VOICE (hybrid)    VOIP, VOICE
        64, 3                34 us, 1.80        109 us, 2.43             110 us, 2.45
        64, 5                46 us, 1.78        138 us, 1.68             139 us, 1.72
        32, 3                30 us, 3.51        104 us, 3.87             105 us, 3.92
        32, 5                42 us, 3.44        133 us, 2.82
        24, 3                27 us, 4.28        103 us, 4.44             103 us, 4.48
        24, 5                40 us, 4.21        131 us, 3.30             131 us, 3.31
        16, 3               100 us, 5.27         99 us, 5.27             100 us, 5.27

    So: AUDIO, never VOIP, whose high-pass changes the waveform for nothing (segmental SNR 7.5 against 18.7 dB). Voice
    is named only up to 32 kb/s at complexity 5 to 7, where it pays; below 5 it costs three times as much and is no
    better, from 8 on and below 18 kb/s libopus goes there by itself.

    CELT has no FEC, so with FEC libopus goes to hybrid: 159 us for 35. Distance by loss at 64 kb/s, complexity 3, the
    decoder using the copies: CELT against hybrid with FEC 2.5 and 2.9 at 5 % loss, 3.2 and 3.2 at 10, 4.0 and 3.6 at
    15, 4.7 and 3.9 at 20 (complexity 5: 2.3 and 2.1 at 5, 2.7 and 2.4 at 10). From FEC_FROM on it pays.
    """

    def __init__(self, settings: OpusSettings) -> None:
        self._library = cast(ctypes.CDLL, libopus())
        state = ctypes.create_string_buffer(self._library.opus_encoder_get_size(1))
        self._state = state
        if self._library.opus_encoder_init(state, SPEAKING_RATE, 1, _APPLICATION_AUDIO) < 0:
            raise RuntimeError("libopus refuses a mono encoder at 24 kHz: this build of it is broken")
        self._loss = settings.expected_loss
        self._copies = needs_copies(self._loss, have_copies=False)
        wanted = [
            (_SET_BITRATE, settings.bitrate),
            (_SET_COMPLEXITY, settings.complexity),
            (_SET_INBAND_FEC, int(self._copies)),
            (_SET_PACKET_LOSS, self._loss),
        ]
        if (signal := _signal(settings)) is not None:
            wanted.append((_SET_SIGNAL, signal))
        for request, value in wanted:
            if not self._set(request, value):
                raise ValueError(f"{settings}: libopus refuses a value; see OpusSettings for what is allowed")
        # Addresses are taken once: asking numpy for one costs as much as a third of the silent frame's encoding.
        self._pcm = np.zeros(SPEAKING_FRAME, np.int16)
        payload = ctypes.create_string_buffer(_LARGEST_PAYLOAD)
        self._payload = memoryview(payload).cast("B")
        self._arguments = (
            ctypes.c_void_p(ctypes.addressof(state)),
            ctypes.c_void_p(self._pcm.ctypes.data),
            SPEAKING_FRAME,
            ctypes.c_void_p(ctypes.addressof(payload)),
            _LARGEST_PAYLOAD,
        )
        self._call = _opus_encode()

    def encode(self, frame: Pcm) -> bytes:
        """One frame of SPEAKING_FRAME samples to one payload; ValueError for any other length."""
        self._pcm[:] = frame
        size = self._call(*self._arguments)
        if size < 0:
            raise RuntimeError(f"libopus failed to encode a frame of {SPEAKING_FRAME} samples (error {size})")
        return self._payload[:size].tobytes()

    def expect_loss(self, percent: int) -> None:
        """The peer loses so much lately, 0 to 100: what follows is made to stand that."""
        if percent == self._loss:
            return
        self._loss = percent
        self._set(_SET_PACKET_LOSS, percent)
        copies = needs_copies(percent, self._copies)
        if copies != self._copies:
            self._copies = copies
            self._set(_SET_INBAND_FEC, int(copies))

    def _set(self, request: int, value: int) -> bool:
        done: int = self._library.opus_encoder_ctl(self._state, request, ctypes.c_int32(value))
        return done == 0


@functools.cache
def _opus_decode() -> Callable[..., int]:
    """`opus_decode`, called with the GIL held: a wideband packet takes 13 us, and whoever gets the GIL may keep it.

    Its arguments are ready-made C values, which no signature need convert.
    """
    library = cast(ctypes.CDLL, libopus())
    return cast(Callable[..., int], ctypes.PyDLL(library._name).opus_decode)


class LibOpusDecoder:
    """Decodes to HEARING_RATE; stereo is mixed down by libopus itself."""

    def __init__(self) -> None:
        library = cast(ctypes.CDLL, libopus())
        self._place(ctypes.create_string_buffer(library.opus_decoder_get_size(1)))
        if library.opus_decoder_init(self._state, HEARING_RATE, 1) < 0:
            raise RuntimeError("libopus refuses a mono decoder at 16 kHz: this build of it is broken")

    def _place(self, state: ctypes.Array[ctypes.c_char]) -> None:
        """Where the state lies, and where results come; arguments are made once, not for each packet."""
        self._state = state
        self._state_at = ctypes.c_void_p(ctypes.addressof(state))
        self._pcm = np.empty(_LONGEST_HEARD, np.int16)
        self._pcm_at = ctypes.c_void_p(self._pcm.ctypes.data)
        self._call = _opus_decode()

    def clone(self) -> LibOpusDecoder:
        """One more with the same past. libopus' state is a block of memory without pointers into itself."""
        other = object.__new__(LibOpusDecoder)
        other._place(type(self._state).from_buffer_copy(self._state))
        return other

    def decode(self, payload: bytes) -> Pcm:
        """What a payload holds; BadAudio where it is broken, after which the next good one decodes as ever."""
        if not payload:  # libopus would take it for a lost one
            raise BadAudio(_broken(payload))
        return self._decode(payload, _LONGEST_HEARD, 0)

    def recover(self, following: bytes, ticks: int) -> Pcm:
        """The lost `ticks` before the payload `following`, from the copy inside it, if any (RFC 6716, 4.2.5)."""
        copied = min(ticks, ticks_of(following))
        before = self.conceal(ticks - copied)
        if copied < _SHORTEST_TICKS:
            return before
        try:
            return np.concatenate((before, self._decode(following, _whole(copied), 1)))
        except BadAudio:
            return np.concatenate((before, self.conceal(copied)))

    def conceal(self, ticks: int) -> Pcm:
        """`ticks` of what may have come, falling to background noise (RFC 6716, 4.4); whole 2.5 ms, rounded down."""
        parts = [
            self._decode(None, _whole(min(LONGEST_TICKS, ticks - done)), 0)
            for done in range(0, ticks - _SHORTEST_TICKS + 1, LONGEST_TICKS)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int16)

    def _decode(self, payload: bytes | None, samples: int, fec: int) -> Pcm:
        size = len(payload) if payload is not None else 0
        count = self._call(self._state_at, payload, size, self._pcm_at, samples, fec)
        if count < 0:
            raise BadAudio(_broken(payload or b""))
        return self._pcm[:count].copy()


class AvEncoder:
    """The stand-in where libopus can't be called: PyAV's, which may answer the first frames with nothing yet.

    FFmpeg takes options only when it opens a codec: FEC stays as `expected_loss` of the settings has it.
    """

    def __init__(self, settings: OpusSettings) -> None:
        codec = av.AudioCodecContext.create("libopus", "w")
        codec.bit_rate = settings.bitrate
        codec.format = av.AudioFormat("s16")
        codec.layout = av.AudioLayout("mono")
        codec.sample_rate = SPEAKING_RATE
        codec.options = {
            "application": "audio" if _signal(settings) is None else "voip",
            "frame_duration": "20",
            "compression_level": str(settings.complexity),
            "fec": str(int(needs_copies(settings.expected_loss, have_copies=False))),
            "packet_loss": str(settings.expected_loss),
        }
        self._codec = codec

    def encode(self, frame: Pcm) -> bytes:
        if len(frame) != SPEAKING_FRAME:
            raise ValueError(f"a frame of {len(frame)} samples: use {SPEAKING_FRAME}")
        audio = av.AudioFrame.from_ndarray(frame.reshape(1, -1), format="s16", layout="mono")
        audio.sample_rate = SPEAKING_RATE
        return b"".join(bytes(packet) for packet in self._codec.encode(audio))

    def expect_loss(self, percent: int) -> None:
        """Nothing: see the class."""


class AvDecoder:
    """The stand-in's other half: FFmpeg has no call for FEC or concealment, so what is lost is silence."""

    def __init__(self) -> None:
        codec = av.AudioCodecContext.create("libopus", "r")
        codec.sample_rate = CLOCK_RATE
        codec.format = av.AudioFormat("s16")
        codec.layout = av.AudioLayout("mono")
        self._codec = codec
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARING_RATE)

    def decode(self, payload: bytes) -> Pcm:
        if not ticks_of(payload):
            raise BadAudio(_broken(payload))
        try:
            decoded = self._codec.decode(av.Packet(payload))
        except av.error.FFmpegError as error:
            raise BadAudio(_broken(payload)) from error
        heard = [out for frame in decoded for out in self._resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in heard] or [np.empty(0, np.int16)])

    def recover(self, following: bytes, ticks: int) -> Pcm:
        return self.conceal(ticks)

    def clone(self) -> AvDecoder:
        """FFmpeg's state can't be copied: a fresh one, which needs a packet to get going."""
        return AvDecoder()

    def conceal(self, ticks: int) -> Pcm:
        return np.zeros(_whole(ticks), np.int16)


def _whole(ticks: int) -> int:
    """Samples at HEARING_RATE of `ticks`, rounded down to whole 2.5 ms."""
    return ticks // _SHORTEST_TICKS * _SHORTEST_TICKS // _TICKS_PER_SAMPLE


def _broken(payload: bytes) -> str:
    return f"{len(payload)} bytes that are no Opus packet: send Opus as in RFC 6716, at most 120 ms a packet"
