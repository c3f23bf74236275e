"""When a turn begins and ends, and how many calls there may be for how long."""

from __future__ import annotations

from pydantic import Field

from parley_api.model import Model

VAD_THRESHOLD = (0, 1)
SILENCE_MS = (50, 10_000)
UTTERANCE_MS = (1_000, 120_000)
MINIMUM_SPEECH_MS = (0, 1_000)
"""The least and the most, of a file and of what a caller may set for its own session."""


class TurnTaking(Model):
    """When a person's turn begins, when it has ended, and whether they may interrupt."""

    vad_threshold: float = Field(
        default=0.5,
        ge=VAD_THRESHOLD[0],
        le=VAD_THRESHOLD[1],
        description="Probability of speech from which a sound counts as speech.",
    )
    end_of_turn_silence_ms: int = Field(
        default=300,
        ge=SILENCE_MS[0],
        le=SILENCE_MS[1],
        description="Milliseconds of silence after which the turn has ended.",
    )
    longest_utterance_ms: int = Field(
        default=30_000,
        ge=UTTERANCE_MS[0],
        le=UTTERANCE_MS[1],
        description="Milliseconds after which a turn ends even if the person goes on speaking. What follows is heard"
        " after a pause of 0.2 s, or without one after 3 s.",
    )
    minimum_speech_ms: int = Field(
        default=100,
        ge=MINIMUM_SPEECH_MS[0],
        le=MINIMUM_SPEECH_MS[1],
        description="Milliseconds of voice below which a sound is no speech: a cough, a click.",
    )
    barge_in: bool = Field(
        default=True,
        description="Whether speech interrupts the agent. If not, nothing that is said while it speaks is heard.",
    )
    ask_after_silence_seconds: int = Field(
        default=15,
        ge=0,
        le=3_600,
        description="Seconds in which nobody says anything before the agent asks whether the person is still there, in"
        " a WebRTC call; it asks twice. 0: never.",
    )
    echo_check: bool = Field(
        default=True,
        description="Whether the agent's own voice, heard back through the caller's microphone, is told from speech.",
    )


class Sessions(Model):
    """How many calls one pod (or `parley run`) takes, and for how long."""

    limit: int = Field(
        default=100, ge=1, le=10_000, description="Calls at the same time; one more is refused."
    )
    idle_timeout_seconds: int = Field(
        default=300, ge=1, le=86_400, description="Seconds without audio or message after which a call ends."
    )
    longest_call_seconds: int = Field(
        default=3_600, ge=1, le=86_400, description="Seconds after which any call ends."
    )
