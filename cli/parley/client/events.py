"""What a call tells its program: one frozen type for each thing that happens, and the messages they are read from.

Both doors say nearly the same in different words (docs/doors.md); here it is the same. What a message lacks, or has of
another type, makes it one that is not known, and such are left out: a newer server may say more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

DOWN_RATE = 24_000
"""Hz of what is heard, over either transport."""

MOST_MS = 1e9
"""What is more is no time of an answer."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was understood of the person so far, all of it each time; a final "" takes back what was shown."""

    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A clause of an answer, before it is heard. `filler`: "Hmm...", said while the answer is made, and none of it."""

    text: str
    filler: bool = False


@dataclass(frozen=True, slots=True)
class Audio:
    """The agent's voice: 16-bit mono, little endian, at 24 kHz, in the order in which it is to be played."""

    pcm: bytes = field(repr=False)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / DOWN_RATE


@dataclass(frozen=True, slots=True)
class State:
    """The turn is now "idle", "listening", "processing" or "speaking"."""

    state: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer has ended: what of it was heard, and what was not; a greeting is turn 0."""

    turn: int
    text: str
    unheard: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An answer was interrupted: throw away what is not played yet."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Milliseconds from the end of speech to the first sound of the answer, by stage; the last is of them all."""

    stt_ms: float
    llm_ms: float
    tts_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Error:
    """Something failed, and the call goes on; the codes are those of docs/doors.md."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection was lost ("lost"), or the server ended it and may take another; it is being made again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """There is a connection again. `resumed`: to the same conversation; otherwise the agent knows of none before."""

    session_id: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event. `reason` is the server's, or "lost", or "hung-up"; `detail` why there is no connection again."""

    reason: str
    detail: str = ""


Event = (
    Transcript
    | Text
    | Audio
    | State
    | Heard
    | Interrupted
    | Metrics
    | Error
    | Reconnecting
    | Reconnected
    | Ended
)


@dataclass(frozen=True, slots=True)
class Session:
    """The first message on each connection; `agent` is "" where the door does not say."""

    session_id: str
    agent: str = ""


def read(raw: str) -> list[Event | Session]:
    """What one message tells, of either door; nothing where it is not known."""
    match _object(raw):
        case {"type": "session", "session_id": str(session_id)} as message:
            agent = message.get("agent")
            return [Session(session_id, agent if isinstance(agent, str) else "")]
        case {"type": "state", "state": str(state)}:
            return [State(state)]
        case {"type": "transcript" | "partial", "text": str(text), "final": bool(final)}:
            return [Transcript(text, final)]
        case {"type": "text", "text": str(text)} as message:
            return [Text(text.rstrip(), message.get("filler") is True)]
        case {"type": "filler", "text": str(text)}:
            return [Text(text, filler=True)]
        case {"type": "reply", "text": str(text)}:
            return [Text(text)]
        case {"type": "heard", "turn": int(turn), "heard": str(text), "unheard": str(unheard)} as message:
            interrupted = message.get("interrupted") is True
            heard = Heard(turn, text, unheard, interrupted)
            return [Interrupted(), heard] if interrupted else [heard]
        case {
            "type": "timing" | "metrics",
            "stt_ms": int() | float() as stt,
            "llm_ms": int() | float() as llm,
            "tts_ms": int() | float() as tts,
            "total_ms": int() | float() as total,
        } if all(abs(ms) < MOST_MS for ms in (stt, llm, tts, total)):
            return [Metrics(float(stt), float(llm), float(tts), float(total))]
        case {"type": "error", "code": str(code), "message": str(detail)}:
            return [Error(code, detail)]
        case {"type": "problem", "code": str(code), "detail": str(detail)}:
            return [Error(code, detail)]
        case {"type": "ended", "reason": str(reason)}:
            return [Ended(reason)]
        case _:
            return []


def _object(raw: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
