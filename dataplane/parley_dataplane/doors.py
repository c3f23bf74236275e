"""What a way in is: how a session sees its peer, and what each kind of door means for the conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from parley_api.conversation import FillersWhen
from parley_dataplane.events import Event
from parley_dataplane.media.speaker import Chunk, Unit


@dataclass(frozen=True, slots=True)
class DoorKind:
    """What a way in means for a conversation.

    `lead_secs`: how far ahead of what is heard audio may leave. `speaks_first`: whether the greeting is
    spoken. `audio_is_use`: whether audio without speech keeps the session from its idle timeout; not so where
    a forgotten browser tab sends silence for ever. `whole_recordings`: what comes is said to its end, and silence in
    it ends nothing. `fillers`: when they are said unless the agent says otherwise; "never" holds in any case: nobody
    listens yet. `asks_after_silence`: whether a caller who says nothing for long is asked if they are still there.
    """

    name: str
    lead_secs: float
    unit: Unit
    speaks_first: bool
    audio_is_use: bool
    whole_recordings: bool = False
    fillers: FillersWhen = "onlyWhenSlow"
    asks_after_silence: bool = False


WEBRTC_OFFER = DoorKind("offer", 0.0, "frame", speaks_first=True, audio_is_use=False, asks_after_silence=True)
WEBRTC_SIGNALING = replace(WEBRTC_OFFER, name="signaling")
DUPLEX = DoorKind("duplex", 0.3, "frame", speaks_first=False, audio_is_use=True, fillers="always")
FASTRTC = DoorKind("fastrtc", 0.3, "clause", speaks_first=False, audio_is_use=True)
FASTRTC_FULL = replace(FASTRTC, whole_recordings=True)
FASTRTC_FILE = replace(FASTRTC_FULL, unit="file", fillers="never")
"""FastRTC's three doors are one in metrics: a stream, recordings on a socket, and one recording over HTTP."""


class Door(Protocol):
    """A peer's way in. Every method is plain and must not wait."""

    def send_audio(self, chunk: Chunk) -> None: ...

    @property
    def rests(self) -> bool:
        """Whether silence sends nothing now: only then can a slot be left open for a while."""
        ...

    def send_silence(self) -> None:
        """Nothing is due in this tick."""

    def send_event(self, event: Event) -> None: ...

    def close(self, reason: str) -> None:
        """The session has ended: tell the peer, and go."""


class NoDoor:
    """A session that was made before its peer connects (POST /v2/sessions)."""

    def send_audio(self, chunk: Chunk) -> None: ...

    rests = True

    def send_silence(self) -> None: ...

    def send_event(self, event: Event) -> None: ...

    def close(self, reason: str) -> None: ...
