"""What the environment sets, and nothing else does: the one reader of environment variables.

    LOG_LEVEL        debug, info (default), warning or error
    BENCH_TONE_SECS  seconds of a tone's reply, instead of what the agent's file says

Everything about an agent is in its file. A wrong value is a BadSetting that says what to write; it is never
guessed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from parley_api.engines import LONGEST_TONE, SHORTEST_TONE

LOG_LEVELS = ("debug", "info", "warning", "error")


class BadSetting(ValueError):
    """An environment variable that can't be used: which, what was seen, what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    log_level: str = "info"
    bench_tone_secs: float | None = None
    """None: what the agent's file says."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises BadSetting. A variable that is empty counts as not set."""
        return cls(
            log_level=_level(environ.get("LOG_LEVEL") or "info"),
            bench_tone_secs=_seconds(environ.get("BENCH_TONE_SECS") or None),
        )


def _level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise BadSetting(f"LOG_LEVEL={text[:20]!r}: write one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not SHORTEST_TONE <= seconds <= LONGEST_TONE:
        limits = f"{SHORTEST_TONE:g} to {LONGEST_TONE:g}"
        raise BadSetting(f"BENCH_TONE_SECS={text[:20]!r}: write seconds from {limits}, such as 3.0")
    return seconds
