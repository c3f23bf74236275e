"""The audio clock: what is heard, what is said, and which sample left when.

    packet -> jitter -> opus -> resample -> Ear (hearing/)
    TTS -> Speaker -> pacer tick -> opus -> packet
                 \\-> Ledger: the one truth of what was said

Only the pacer reads a clock: elsewhere in this folder `now` is an argument, in seconds of the loop's
monotonic clock.
"""

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
"""Mono PCM, one dimension, signed 16 bit."""

HEARING_RATE = 16_000
"""Hz of all audio that VAD and STT hear."""

SPEAKING_RATE = 24_000
"""Hz of all audio that TTS makes and doors send; an Opus rate (RFC 6716, 2.1.3), so that nothing is resampled
twice.
"""

FRAME_SECS = 0.020
"""Seconds of one frame: the packet time of RFC 7587's default, on which the pacer ticks."""

HEARING_FRAME = 320
"""Samples of one frame at HEARING_RATE."""

SPEAKING_FRAME = 480
"""Samples of one frame at SPEAKING_RATE."""
