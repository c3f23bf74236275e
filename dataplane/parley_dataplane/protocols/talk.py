"""What a data channel says: the page's own protocol, for every WebRTC client that opens a channel."""

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
from parley_dataplane.protocols.fields import dump, read_object
from parley_dataplane.session_settings import MAX_TYPED_CHARS


@dataclass(frozen=True, slots=True)
class Interrupt:
    pass


@dataclass(frozen=True, slots=True)
class Text:
    """Typed instead of spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Bye:
    pass


Message = Interrupt | Text | Bye


def parse(raw: str | bytes) -> Message:
    """Raises TooBig or BadMessage."""
    fields = read_object(raw)
    match fields.type(("interrupt", "text", "bye")):
        case "interrupt":
            return Interrupt()
        case "text":
            return Text(fields.text("text", MAX_TYPED_CHARS))
        case _:
            return Bye()


def render_session(session_id: str, agent: str, greeting: bool) -> str:
    """The first message on a channel; `greeting` says whether the agent speaks first."""
    return dump({"type": "session", "session_id": session_id, "agent": agent, "greeting": greeting})


def render(event: Event) -> list[str]:
    """The messages of an event, at most one; the whole answer says nothing that its clauses have not said."""
    body = _body(event)
    return [] if body is None else [dump(body)]


def _body(event: Event) -> dict[str, Any] | None:
    match event:
        case StateChanged(state):
            return {"type": "state", "state": state}
        case UserTranscript():
            return {"type": "transcript", **asdict(event)}
        case AgentFiller():
            return {"type": "filler", **asdict(event)}
        case AgentClause():
            return {"type": "reply", **asdict(event)}
        case AgentText():
            return None
        case AgentHeard():
            return {"type": "heard", **asdict(event)}
        case TurnTiming():
            return {"type": "timing", **asdict(event)}
        case TurnCost():
            return {"type": "cost", **asdict(event)}
        case Problem(code, detail):
            return {"type": "problem", "code": code, "detail": detail}
        case CallEnded(reason):
            return {"type": "ended", "reason": reason}
