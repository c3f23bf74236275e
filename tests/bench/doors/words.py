"""Owns when callers can read what they say: the first text of an utterance, its first word once that stays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Read:
    """When the first text came, and when its first word came as it stayed; in seconds of who received them.

    `partial`: whether the first text was told while the caller still spoke.
    """

    first: float
    stable: float
    partial: bool


def read(transcripts: Sequence[tuple[float, str]], ended: float) -> Read | None:
    """`transcripts` are (when, the whole text so far), the last one final; the caller fell silent at `ended`.

    None where nothing was understood in the end: what was shown before was taken back.
    """
    shown = [(at, text.split()[0].lower()) for at, text in transcripts if text.strip()]
    if not shown or not transcripts[-1][1].strip():
        return None
    stable, word = shown[-1]
    for at, earlier in reversed(shown):
        if earlier != word:
            break
        stable = at
    return Read(shown[0][0], stable, partial=shown[0][0] < ended)
