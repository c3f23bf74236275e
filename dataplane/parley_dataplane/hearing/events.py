"""What an ear tells its session."""

from __future__ import annotations

from dataclasses import dataclass

from parley_dataplane.media import Pcm


@dataclass(frozen=True, slots=True)
class FirstSign:
    """A sound that may be speech has begun: neither the room's usual noise nor the agent's own echo."""


@dataclass(frozen=True, slots=True)
class SignRevoked:
    """It was no speech. Comes within 300 ms of FirstSign, unless SpeechStarted came."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`pcm` is the speech so far, with what came just before it; `since` is when its first voiced 10 ms arrived, in
    seconds of `now`.
    """

    pcm: Pcm
    since: float


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`spoke_until` is when the last voiced 10 ms arrived, in seconds of `now`; `voiced` are the seconds of audio from
    where speech was confirmed to there.
    """

    spoke_until: float
    voiced: float


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """A recording ended, and there was no speech in it."""


EarEvent = FirstSign | SignRevoked | SpeechStarted | SpeechAudio | SpeechEnded | NothingSaid
