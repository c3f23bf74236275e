"""What the strangers ask, and the voice in which they do."""

from __future__ import annotations

from tests.server import ParleyServer
from tests.speech import CALLER_VARIANT, Pcm, say, trimmed

HOURS, PARKING, STORY = "what are your opening hours", "where can I park my car", "tell me a story"


def asked(question: str, rate: int, server: ParleyServer) -> Pcm:
    """Return the question as it is spoken at `rate` Hz; the server's log must not hold its words."""
    server.private(question)
    return trimmed(say(question, rate, variant=CALLER_VARIANT))
