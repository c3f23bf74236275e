"""The ear of one call: 16 kHz audio in; signs, speech started, audio, ended out.

    packet -> Frames (10 ms levels) -> Scene (floor, background, the caller's level) -> Signs -> FirstSign, SignRevoked
           \\-> VAD windows, in batches of all calls ----------------------------------> Ear -> SpeechStarted
    in order -> Kept (pre-roll) -> SpeechAudio                 Ending (last voiced 10 ms) /  -> SpeechEnded

No clock is read in this folder: `now` is an argument, in seconds of the loop's monotonic clock.
"""

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

__all__ = [
    "BACKLOG_SECS",
    "Ear",
    "EarEvent",
    "FirstSign",
    "NothingSaid",
    "SignRevoked",
    "SpeechAudio",
    "SpeechEnded",
    "SpeechStarted",
]
