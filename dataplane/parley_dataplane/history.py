"""The conversation as it was heard: bounded, in order, and never holding what nobody heard as if it had been
said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

from typing_extensions import TypedDict

from parley_dataplane.engines.base import Message

MAX_MESSAGES = 400
"""The oldest go first: an hour of quick turns."""


class History:
    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=MAX_MESSAGES)

    def add(self, message: Message) -> None:
        self._messages.append(message)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def messages(self) -> list[Message]:
        return list(self._messages)


class HistoryMessage(TypedDict):
    """`unheard` is what was cut off, `seconds` what was heard."""

    role: Literal["user", "assistant"]
    text: str
    unheard: str
    seconds: float


def as_json(messages: Iterable[Message]) -> list[HistoryMessage]:
    """What a peer may read; seconds of audio heard to the millisecond."""
    return [
        {
            "role": message.role,
            "text": message.text,
            "unheard": message.unheard,
            "seconds": round(message.seconds, 3),
        }
        for message in messages
    ]
