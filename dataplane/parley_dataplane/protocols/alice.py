"""Alice's HTTP bodies: an SDP offer and its answer, and the order to stop speaking."""

from __future__ import annotations

from dataclasses import dataclass, replace

from typing_extensions import TypedDict

from parley_dataplane.errors import BadMessage, BadSdp
from parley_dataplane.protocols.fields import MAX_JSON_BYTES, Fields, read_object

MAX_ID_CHARS = 128


@dataclass(frozen=True, slots=True)
class Offer:
    """An SDP offer (RFC 3264), at least by its first line. `test_tone`: the call begins with one, and no greeting.
    `resume`: the session id of the conversation that goes on with this connection.
    """

    sdp: str
    test_tone: bool = False
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class StopTts:
    session_id: str


def parse_offer(raw: bytes) -> Offer:
    """{"sdp", "type": "offer", "test_tone", "resume"}. Raises TooBig, BadMessage or BadSdp."""
    fields = read_object(raw)
    return replace(
        read_offer(fields),
        test_tone=fields.flag("test_tone"),
        resume=fields.optional_text("resume", MAX_ID_CHARS),
    )


def read_offer(fields: Fields) -> Offer:
    """An offer within any message. Raises BadMessage or BadSdp."""
    if fields.values.get("type") != "offer":
        raise BadMessage('"type" has to be "offer": this server answers offers, and makes none')
    sdp = fields.text("sdp", MAX_JSON_BYTES)
    if not sdp.startswith("v=0"):
        raise BadSdp(
            '"sdp" does not begin with v=0 (RFC 8866, 5.1): send the localDescription of a peer connection'
        )
    return Offer(sdp)


class Answer(TypedDict):
    sdp: str
    type: str
    session_id: str


class Stopped(TypedDict):
    """`stopped`: whether there was an answer to stop."""

    session_id: str
    stopped: bool


def answer(sdp: str, session_id: str) -> Answer:
    return {"sdp": sdp, "type": "answer", "session_id": session_id}


def parse_stop(raw: bytes) -> StopTts:
    """{"session_id"}. Raises TooBig or BadMessage."""
    return StopTts(read_object(raw).text("session_id", MAX_ID_CHARS))
