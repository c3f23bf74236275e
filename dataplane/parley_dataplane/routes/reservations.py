"""Sessions that are made before their peers connect: a share of all, so that calls always find room."""

from __future__ import annotations

from parley_dataplane.doors import DoorKind
from parley_dataplane.errors import TooManySessions
from parley_dataplane.process import Parley
from parley_dataplane.session import Session
from parley_dataplane.session_settings import SessionSettings

RESERVED_SHARE, RESERVED_AT_LEAST = 4, 10
"""Of the sessions at most a quarter may wait for peers that nobody has seen, as calls need the others; a client that
makes its few before it connects any finds room on a small server too.
"""


def reserve(
    parley: Parley, kind: DoorKind, session_id: str | None = None, settings: SessionSettings | None = None
) -> Session:
    """A session that waits for its peer. Raises TooManySessions, and what Sessions.open raises."""
    reserved = sum(not session.has_door for session in parley.sessions.active())
    limit = parley.agent.spec.sessions.limit
    most = max(limit // RESERVED_SHARE, min(limit, RESERVED_AT_LEAST))
    if reserved >= most:
        raise TooManySessions(
            f"{reserved} of {most} sessions wait for their peers: connect one, or try later"
        )
    return parley.sessions.open(kind, session_id=session_id, settings=settings)
