"""Voice AI Backend v2's signaling messages: offer, answer, candidates, ping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import TypedDict

from parley_api.media import RtcIceServer
from parley_dataplane.errors import PeerError
from parley_dataplane.protocols.alice import Offer, answer, read_offer
from parley_dataplane.protocols.fields import Fields, dump, read_object

_MAX_CANDIDATE_CHARS = 1_024
_CANDIDATES = ("candidate", "ice-candidate", "ice_candidate")
_TYPES = ("offer", *_CANDIDATES, "ping")
KINDS = (*_TYPES, "unknown")
"""What metrics tell of a message's type: what a stranger invents is none of theirs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate as browsers write it, or the end of them all (`candidate` is None)."""

    candidate: str | None
    sdp_mid: str | None = None
    sdp_m_line_index: int | None = None

    def as_dict(self) -> dict[str, Any] | None:
        """RTCIceCandidateInit, with its own names."""
        if self.candidate is None:
            return None
        return {
            "candidate": self.candidate,
            "sdpMid": self.sdp_mid,
            "sdpMLineIndex": self.sdp_m_line_index,
        }


@dataclass(frozen=True, slots=True)
class Ping:
    pass


class Waiting(TypedDict):
    """A session that waits for its peer at `websocket_url`, a path."""

    session_id: str
    state: str
    websocket_url: str
    ice_servers: list[RtcIceServer]


class Listed(TypedDict):
    session_id: str
    state: str


class Listing(TypedDict):
    """The sessions of this door alone."""

    sessions: list[Listed]
    count: int


Message = Offer | Candidate | Ping


def parse(raw: str | bytes) -> Message:
    """Raises TooBig, BadMessage or BadSdp."""
    fields = read_object(raw)
    kind = fields.type(_TYPES)
    if kind == "offer":
        return read_offer(fields)
    return Ping() if kind == "ping" else _read_candidate(fields)


def kind_of(raw: str | bytes) -> str:
    """One of KINDS."""
    try:
        return read_object(raw).type(_TYPES)
    except PeerError:
        return "unknown"


def _read_candidate(fields: Fields) -> Candidate:
    """{"candidate": {candidate, sdpMid, sdpMLineIndex}}, or the three beside "type", or null at the end."""
    if isinstance(fields.values.get("candidate"), dict):
        fields = fields.object("candidate")
    # "" is how browsers say that there are no more of one generation (W3C WebRTC, 4.8.2).
    line = fields.text("candidate", _MAX_CANDIDATE_CHARS, default="")
    if not line:
        return Candidate(None)
    return Candidate(line, fields.optional_text("sdpMid", 64), fields.whole("sdpMLineIndex", 0, 255))


def render_answer(sdp: str, session_id: str) -> str:
    return dump(answer(sdp, session_id))


def render_pong() -> str:
    return dump({"type": "pong"})
