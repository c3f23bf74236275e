"""What a peer may change of its own session, with the range of each value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from parley_api import VoiceAgentSpec
from parley_api.turntaking import SILENCE_MS, UTTERANCE_MS, VAD_THRESHOLD
from parley_dataplane.errors import BadMessage

MAX_TYPED_CHARS = 2_000
"""Of one typed text: two minutes of speech."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Times in ms, `vad_threshold` 0 to 1; `voice` None means the engine's own."""

    vad_threshold: float
    silence_ms: int
    max_utterance_ms: int
    language: str
    voice: str | None
    barge_in: bool

    LIMITS = {  # noqa: RUF012 - a constant, not a field
        "vad_threshold": VAD_THRESHOLD,
        "silence_ms": SILENCE_MS,
        "max_utterance_ms": UTTERANCE_MS,
    }

    @classmethod
    def of(cls, spec: VoiceAgentSpec) -> SessionSettings:
        turn_taking = spec.turn_taking
        return cls(
            vad_threshold=turn_taking.vad_threshold,
            silence_ms=turn_taking.end_of_turn_silence_ms,
            max_utterance_ms=turn_taking.longest_utterance_ms,
            language=spec.language,
            voice=None,
            barge_in=turn_taking.barge_in,
        )

    def changed(self, **changes: Any) -> SessionSettings:
        """A copy with `changes`; raises BadMessage that names the first one out of its range."""
        for name, (low, high) in self.LIMITS.items():
            value = changes.get(name, low)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise BadMessage(f"{name} {value!r:.40}: use a number from {low} to {high}")
        for name in ("language", "voice"):
            value = changes.get(name)
            if value is not None and (not isinstance(value, str) or not 0 < len(value) <= 64):
                raise BadMessage(f"{name}: use a text of 1 to 64 characters")
        return replace(self, **changes)
