"""Every error that a call can meet, as one tree.

A type says whose fault it is and what a door answers; `detail` says what was seen, what is allowed and what
to write instead. `detail` never holds spoken words, secrets or addresses: it may be logged and is sent to the
peer.

    ParleyError
    |- PeerError            the peer sent something wrong; the same again will fail again
    |  |- BadMessage        not JSON, unknown type, wrong field
    |  |- BadSdp            an offer that can't be answered
    |  |- BadAudio          audio that can't be decoded
    |  |  `- NoSpeech       a recording in which nobody spoke
    |  |- UnsupportedMedia  a container or codec that nobody here decodes
    |  |- TooBig            over a stated limit
    |  |- SlowReader        does not read what it is sent
    |  |- ForeignOrigin     a browser's page that the agent does not list
    |  |- UnknownSession    never existed here
    |  `- EndedSession      existed, has ended
    |- Busy                 try again after `retry_after` seconds
    |  |- TooManySessions
    |  `- Draining
    |- EngineError          an engine failed; the call goes on
    |  |- EngineUnavailable
    |  |- EngineTimeout
    |  `- EngineCrashed
    |- AnswerOverdue        an answer that has to come in one piece was not complete in time
    `- UnexpectedEvent      the turn's table has no such row; nothing changed
"""

from __future__ import annotations


class ParleyError(Exception):
    """`code` names the error in metrics and problem types, `status` is its HTTP answer, `close_code` its
    WebSocket one.
    """

    code = "error"
    title = "Something went wrong"
    status = 500
    close_code = 1011

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PeerError(ParleyError):
    code = "peer-error"
    title = "The request can't be served as it is"
    status = 400
    close_code = 1008


class BadMessage(PeerError):
    code = "bad-message"
    title = "The message can't be understood"
    close_code = 1007


class BadSdp(PeerError):
    code = "bad-sdp"
    title = "The offer can't be answered"
    close_code = 1007


class BadAudio(PeerError):
    code = "bad-audio"
    title = "The audio can't be decoded"
    status = 422
    close_code = 1003


class NoSpeech(BadAudio):
    code = "no-speech"
    title = "Nobody speaks in the recording"


class UnsupportedMedia(PeerError):
    code = "unsupported-media"
    title = "The audio is of a kind that is not understood here"
    status = 415
    close_code = 1003


class TooBig(PeerError):
    code = "too-big"
    title = "The message is larger than allowed"
    status = 413
    close_code = 1009


class SlowReader(PeerError):
    """RFC 6455, 7.4.1 has no close code of its own for it: 1008, policy violation, with the reason in words."""

    code = "slow-reader"
    title = "The peer reads too slowly"


class ForeignOrigin(PeerError):
    code = "foreign-origin"
    title = "Pages of this origin may not use this server"
    status = 403


class UnknownSession(PeerError):
    code = "unknown-session"
    title = "There is no such session"
    status = 404
    close_code = 4404


class EndedSession(PeerError):
    code = "ended-session"
    title = "The session has ended"
    status = 410
    close_code = 4410


class Busy(ParleyError):
    """`retry_after` is in seconds (RFC 9110, 10.2.3)."""

    code = "busy"
    title = "No call can be taken right now"
    status = 503
    close_code = 1013

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManySessions(Busy):
    code = "too-many-sessions"


class TooManyOffers(Busy):
    code = "too-many-offers"


class Draining(Busy):
    """Another process may take the call at once."""

    code = "draining"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail, retry_after)


class EngineError(ParleyError):
    code = "engine-error"
    title = "An engine failed"
    status = 502


class EngineUnavailable(EngineError):
    code = "engine-unavailable"


class EngineTimeout(EngineError):
    code = "engine-timeout"


class EngineCrashed(EngineError):
    code = "engine-crashed"


class AnswerOverdue(ParleyError):
    code = "answer-overdue"
    title = "The answer took too long"
    status = 504


class UnexpectedEvent(ParleyError):
    code = "unexpected-event"
    title = "An event that this state of the turn does not take"

    def __init__(self, state: str, event: str) -> None:
        super().__init__(
            f"event {event} in state {state}: the turn's table has no such row, so nothing changed"
        )
        self.state = state
        self.event = event
