"""What happened in one session, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SessionMetrics:
    """True to what happened; a view of it is every older system's session metrics."""

    bytes_heard: int = 0
    bytes_said: int = 0
    stt_calls: int = 0
    llm_calls: int = 0
    llm_words: int = 0
    tts_calls: int = 0
    tts_characters: int = 0
    turns: int = 0
    interruptions: int = 0
    total_latency_ms: float = 0.0
    latencies: int = 0
    total_answer_ms: int = 0


def answer_ms(stt_ms: float, llm_ms: float, tts_ms: float) -> int:
    """How long an answer took to make, in whole milliseconds: the silence that ended the turn is a setting, and the
    way out no stage of its own.
    """
    return round(stt_ms) + round(llm_ms) + round(tts_ms)
