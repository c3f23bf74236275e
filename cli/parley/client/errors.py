"""Why there is no call: every error that a program meets, as one tree.

CallError
|- WrongUrl       the address is none of a server; the same again will fail again
|- Refused        the server said no; the same again will fail again
|- NoSound        this machine has no microphone or loudspeaker that can be used
`- Passing        may be over in a moment: what is lost is tried again for as long as these come
   |- Busy        no room, or about to stop: try again after `retry_after` seconds
   |- Unreachable nobody answers
   `- Blocked     the server answers, but no media gets through
"""

from __future__ import annotations


class CallError(Exception):
    """`detail` says what was seen and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class WrongUrl(CallError):
    pass


class Refused(CallError):
    """`code` is the server's own name for it, as docs/doors.md lists them; "" where it said none."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.code = code


class NoSound(CallError):
    pass


class Passing(CallError):
    pass


class Busy(Passing):
    """`retry_after` is in seconds, 0 where the server did not say."""

    def __init__(self, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unreachable(Passing):
    pass


class Blocked(Passing):
    pass
