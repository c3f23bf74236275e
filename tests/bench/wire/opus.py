"""Opus by the libopus inside PyAV's wheel: one state for each voice that is encoded and each stream that is heard.

A binding of the client's own, so that a fault of the server's can't hide itself here (RFC 6716).
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE = 48_000
FRAME = 960
"""Samples of 20 ms at RATE."""

_VOIP, _SET_BITRATE, _SET_MAX_BANDWIDTH, _WIDEBAND = 2048, 4002, 4004, 1103
_LARGEST = 1275
_LONGEST_SECS = 0.120


@functools.cache
def library() -> ctypes.CDLL:
    """Return libopus; raises RuntimeError where the wheel has none."""
    for path in sorted((Path(av.__file__).parent.parent / "av.libs").glob("libopus*")):
        lib = ctypes.CDLL(str(path))
        lib.opus_encode.argtypes = [*[ctypes.c_void_p] * 2, ctypes.c_int, ctypes.c_void_p, ctypes.c_int32]
        lib.opus_decode_float.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
        ]
        return lib
    raise RuntimeError(
        "PyAV's wheel holds no libopus: the load generator runs on Linux with PyAV from a wheel"
    )


class Encoder:
    """Mono, 20 ms a payload, VoIP at `bitrate`, as a browser sends its microphone.

    `wideband`: nothing above 8 kHz, as browsers obey an answer's `maxplaybackrate=16000` (RFC 7587, 6.1).
    """

    def __init__(self, bitrate: int = 32_000, *, wideband: bool = False) -> None:
        self._lib = library()
        self._state = ctypes.create_string_buffer(self._lib.opus_encoder_get_size(1))
        if self._lib.opus_encoder_init(self._state, RATE, 1, _VOIP) != 0:
            raise RuntimeError("libopus refuses a mono encoder at 48 kHz")
        self._lib.opus_encoder_ctl(self._state, _SET_BITRATE, ctypes.c_int(bitrate))
        if wideband:
            self._lib.opus_encoder_ctl(self._state, _SET_MAX_BANDWIDTH, ctypes.c_int(_WIDEBAND))
        self._out = ctypes.create_string_buffer(_LARGEST)

    def encode(self, pcm: npt.NDArray[np.int16]) -> bytes:
        """Return the payload of exactly FRAME samples."""
        if pcm.size != FRAME:
            raise ValueError(f"{pcm.size} samples: a payload is made from {FRAME}")
        frame = np.ascontiguousarray(pcm, np.int16)
        size = self._lib.opus_encode(self._state, frame.ctypes.data, FRAME, self._out, _LARGEST)
        if size < 0:
            raise RuntimeError(f"opus_encode answered {size}")
        return self._out.raw[:size]


class Decoder:
    """Mono at `rate` Hz. Whoever wants only the level takes 8000: 20 ms cost a third of what they do at 48000."""

    def __init__(self, rate: int = 8_000) -> None:
        self._lib = library()
        self._state = ctypes.create_string_buffer(self._lib.opus_decoder_get_size(1))
        if self._lib.opus_decoder_init(self._state, rate, 1) != 0:
            raise RuntimeError(f"libopus refuses a mono decoder at {rate} Hz")
        self._most = round(rate * _LONGEST_SECS)
        self._out = np.zeros(self._most, np.float32)
        self._address = self._out.ctypes.data
        self._decode = self._lib.opus_decode_float

    def decode(self, payload: bytes) -> npt.NDArray[np.float32]:
        """Return samples of -1 to 1, valid until the next call; none for what is no Opus."""
        size = self._decode(self._state, payload, len(payload), self._address, self._most, 0)
        return self._out[: max(0, size)]

    def power(self, payload: bytes) -> float:
        """Return the mean square of a payload's samples, full scale being 1; 0.0 for what is no Opus."""
        size = self._decode(self._state, payload, len(payload), self._address, self._most, 0)
        if size <= 0:
            return 0.0
        out = self._out[:size]
        return float(np.dot(out, out)) / size
