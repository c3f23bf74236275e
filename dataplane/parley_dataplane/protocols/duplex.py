"""The full-duplex agent's messages: Int16 audio both ways, texts of JSON beside it.

A client of its text shows every transcript and joins text chunks as it gets them. So what may still change has a type
of its own, and each chunk ends with the space before the next one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from parley_dataplane.events import (
    AgentClause,
    AgentFiller,
    AgentHeard,
    AgentText,
    CallEnded,
    Event,
    Problem,
    StateChanged,
    TurnCost,
    TurnTiming,
    UserTranscript,
)
from parley_dataplane.media import Pcm
from parley_dataplane.protocols import problem
from parley_dataplane.protocols.fields import dump, read_object
from parley_dataplane.protocols.talk import Interrupt, Text
from parley_dataplane.session_settings import MAX_TYPED_CHARS


@dataclass(frozen=True, slots=True)
class Audio:
    """Int16 at 16 kHz, mono; may be cut anywhere."""

    data: bytes


Message = Audio | Interrupt | Text


def parse(raw: str | bytes) -> Message:
    """Binary is audio, text is JSON. Raises TooBig or BadMessage."""
    if isinstance(raw, bytes):
        return Audio(raw)
    fields = read_object(raw)
    if fields.type(("interrupt", "text")) == "text":
        return Text(fields.text("text", MAX_TYPED_CHARS))
    return Interrupt()


def render_audio(pcm: Pcm) -> bytes:
    """Int16, little endian, 24 kHz, mono."""
    return pcm.astype("<i2", copy=False).tobytes()


def render_session(session_id: str) -> str:
    return dump({"type": "session", "session_id": session_id})


def render(event: Event) -> list[str]:
    """The messages of an event; an interruption is told by its own message too."""
    if isinstance(event, Problem):
        return [problem.message(event.code, event.detail)]
    return [dump(body) for body in _bodies(event)]


def _bodies(event: Event) -> list[dict[str, Any]]:
    match event:
        case StateChanged(state):
            return [{"type": "state", "state": state}]
        case UserTranscript(text=text, final=final):
            is_said = final and text != ""
            return [{"type": "transcript" if is_said else "partial", **asdict(event)}]
        case AgentFiller(text=text):
            return [{"type": "text", **asdict(event), "text": f"{text} ", "filler": True}]
        case AgentClause(text=text):
            return [{"type": "text", **asdict(event), "text": f"{text} "}]
        case TurnTiming():
            return [{"type": "metrics", **asdict(event)}]
        case TurnCost():
            return [{"type": "cost", **asdict(event)}]
        case AgentHeard():
            interrupted = [{"type": "interrupted"}] if event.interrupted else []
            return [*interrupted, {"type": "heard", **asdict(event)}]
        case CallEnded(reason):
            return [{"type": "ended", "reason": reason}]
        case AgentText() | Problem():
            return []
