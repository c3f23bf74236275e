"""A client for programs: one conversation with a Parley server, over WebRTC or a WebSocket.

    send_audio -> Voice --20 ms--> Link -> server -> Link --events--> Inbox -> async for
    say, interrupt --------------->  |  (webrtc.py or websocket.py; a lost one is replaced by the next: call.py)

Only what is used is imported: aiortc with WebRTC, sounddevice with a microphone.
"""

from parley.client.call import Call, connect
from parley.client.errors import Blocked, Busy, CallError, NoSound, Refused, Unreachable, WrongUrl
from parley.client.events import (
    Audio,
    Ended,
    Error,
    Event,
    Heard,
    Interrupted,
    Metrics,
    Reconnected,
    Reconnecting,
    State,
    Text,
    Transcript,
)

__all__ = [
    "Audio",
    "Blocked",
    "Busy",
    "Call",
    "CallError",
    "Ended",
    "Error",
    "Event",
    "Heard",
    "Interrupted",
    "Metrics",
    "NoSound",
    "Reconnected",
    "Reconnecting",
    "Refused",
    "State",
    "Text",
    "Transcript",
    "Unreachable",
    "WrongUrl",
    "connect",
]
