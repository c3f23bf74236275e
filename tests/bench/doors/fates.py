"""Owns what became of each question of a call over FastRTC's door, judged by what its caller was told. Pure."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

ANSWERED = "answered"
CUT = "interrupted"
LATE = "understood late"
OTHERWISE = "understood otherwise"
NOTHING = "not understood"
REFUSED = "refused"

SAID = {
    ANSWERED: "answered before the next began",
    CUT: "interrupted by the next: the agent spoke, its answer was not told yet",
    LATE: "understood so late that the next began first: one answer is for both",
    OTHERWISE: "understood as something else",
    NOTHING: "not understood",
    REFUSED: "refused with an error",
}
"""All fates, and what is printed of them."""


def fates(asked: Sequence[tuple[float, str]], told: Sequence[tuple[float, dict[str, Any]]]) -> list[str]:
    """Return one of SAID for each question. `asked` are (when it began, its text), `told` are (when, the message).

    Two questions in a row must have different texts: what was understood late is known by its words.
    """
    begins = [at for at, _ in asked] + [math.inf, math.inf]
    texts = [_words(text) for _, text in asked]
    windows = [
        [message for at, message in told if begin <= at < end] for begin, end in itertools.pairwise(begins)
    ]
    return [
        _fate(text, before, here, after)
        for text, before, here, after in zip(texts, [None, *texts], windows[:-1], windows[1:], strict=False)
    ]


def _fate(
    text: str, before: str | None, here: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> str:
    understood = _understood(here)
    if any(message["type"] == "error" for message in here):
        return REFUSED
    if text in understood:
        if any(message["type"] == "response" for message in here):
            return ANSWERED
        return CUT if any(message.get("state") == "speaking" for message in here) else LATE
    if text in _understood(after):
        return LATE
    return OTHERWISE if set(understood) - {before} else NOTHING


def _understood(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [_words(message["text"]) for message in messages if message["type"] == "transcript"]


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))
