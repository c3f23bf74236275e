"""The ear of one call: 16 kHz audio in; signs, speech started, audio, ended out.

    packet -> Frames (10 ms levels) -> Scene (floor, background, the caller's level) -> Signs -> FirstSign, SignRevoked
           \\-> VAD windows, in batches of all calls ----------------------------------> Ear -> SpeechStarted
    in order -> Kept (pre-roll) -> SpeechAudio                 Ending (last voiced 10 ms) /  -> SpeechEnded

What many callers said in one moment is a Burst: their packets' levels are measured at once, then each ear gets its own.

No clock is read in this folder: `now` is an argument, in seconds of the loop's monotonic clock.
"""

from parley_dataplane.hearing.burst import Burst
from parley_dataplane.hearing.ear import BACKLOG_SECS, Ear
from parley_dataplane.hearing.events import (
    EarEvent,
    FirstSign,
    NothingSaid,
    SignRevoked,
    SpeechAudio,
    SpeechEnded,
    SpeechStarted,
)
from parley_dataplane.hearing.levels import Measured

__all__ = [
    "BACKLOG_SECS",
    "Burst",
    "Ear",
    "EarEvent",
    "FirstSign",
    "Measured",
    "NothingSaid",
    "SignRevoked",
    "SpeechAudio",
    "SpeechEnded",
    "SpeechStarted",
]
