"""What observers (metrics, logs) are told: one frozen record per thing that happened. The pipeline imports
neither.

Records hold ids, names, counts and times; never spoken words, addresses or secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallStarted:
    session: str
    door: str


@dataclass(frozen=True, slots=True)
class CallFinished:
    session: str
    door: str
    reason: str
    seconds: float
    turns: int
    bytes_heard: int
    bytes_said: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What was said has been understood. Milliseconds since its first voiced 10 ms arrived: `first_partial_ms` until
    something of it was told, `first_stable_ms` until its first word was told that stayed the first.
    """

    session: str
    door: str
    first_partial_ms: float
    first_stable_ms: float


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The first audio of an answer left; milliseconds of each stage since the end of speech."""

    session: str
    door: str
    endpointing_ms: float
    stt_ms: float
    llm_ms: float
    tts_ms: float
    send_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """`outcome` is "heard", "interrupted" or "failed"; `seconds` of the answer were heard."""

    session: str
    door: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReplyPaused:
    """A first sign of a voice held the answer up for `seconds`, until it was known what it was.

    `outcome` is "confirmed" (speech: the answer was cancelled), "revoked" (it went on), "overdue" (it went on because
    nobody had said in time what it was) or "overtaken" (the answer ended for another reason).
    """

    session: str
    door: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PeerReported:
    """A peer said how the agent's audio reaches it (RFC 3550, 6.4): seconds there and back, None where it does not
    say, and the share of packets that were lost since its last report.
    """

    door: str
    round_trip: float | None
    lost: float


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """A WebSocket was accepted at `door`, whether there is a session or not."""

    door: str


@dataclass(frozen=True, slots=True)
class SocketClosed:
    door: str


@dataclass(frozen=True, slots=True)
class SignalHandled:
    """A signaling message took `seconds` until it was answered or refused. `type` is one of protocols.signaling.KINDS,
    whatever a peer writes.
    """

    type: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """`code` is the ParleyError's; `session` and `door` are "" where there was none yet."""

    code: str
    session: str
    door: str


@dataclass(frozen=True, slots=True)
class DrainBegan:
    """No new call is taken any more; those that there are may last for `seconds`."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DrainEnded:
    """`outcome` is "last-call-ended", or, with `calls` still there that are told goodbye, "time-over" or "cut-short" by
    another signal.
    """

    outcome: str
    calls: int
    seconds: float


Record = (
    CallStarted
    | CallFinished
    | Transcribed
    | TurnStarted
    | TurnFinished
    | ReplyPaused
    | PeerReported
    | SocketOpened
    | SocketClosed
    | SignalHandled
    | ErrorSeen
    | DrainBegan
    | DrainEnded
)
Observer = Callable[[Record], None]


def to_all(*observers: Observer) -> Observer:
    """One observer that hands each record to all of `observers`, in order."""

    def observe(record: Record) -> None:
        for observer in observers:
            observer(record)

    return observe
