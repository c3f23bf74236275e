"""Which engine does each role. A new engine is one model here, one member in its role's union."""

from __future__ import annotations

from pydantic import Field

from parley_api.model import Model, OneOf, Rule

SHORTEST_TONE, LONGEST_TONE = 0.02, 600
"""Seconds."""

HEARS = Rule(
    "!has(self.engines) || !has(self.engines.stt) || !has(self.engines.stt.pocketsphinx)"
    " || !has(self.language) || self.language == 'en' || self.language.startsWith('en-')",
    "write en-US, or choose another engine for stt: pocketsphinx hears English alone",
)
"""Both have their defaults before CEL sees them."""


class Silero(Model):
    """Silero VAD, built in."""


class PocketSphinx(Model):
    """PocketSphinx, built in; its vocabulary and language model come from the intents and the knowledge."""


class Scripted(Model):
    """Answers from the intents and the knowledge of the conversation, and says so when it has none."""


class Espeak(Model):
    """eSpeak NG, built in."""

    voice: str = Field(
        default="gmw/en-US",
        min_length=1,
        max_length=63,
        pattern=r"^[A-Za-z0-9_+/-]+$",
        description="eSpeak NG's own name of the voice, such as gmw/en-US or gmw/en.",
        json_schema_extra={
            "x-advice": "a name of eSpeak NG's voices such as gmw/en-US, at most 63 characters"
        },
    )
    words_per_minute: int = Field(default=165, ge=80, le=450, description="Speed of speech.")
    pitch: int = Field(default=50, ge=0, le=99, description="Pitch of the voice; 50 is the voice's own.")


class InstantStt(Model):
    """For measurements: understands the same text in every utterance, at once."""

    text: str = Field(default="hello", min_length=1, max_length=2_000, description="What it understands.")


class InstantLlm(Model):
    """For measurements: gives the same answer to everything, at once."""

    text: str = Field(
        default="This is an answer.", min_length=1, max_length=4_000, description="What it answers."
    )


class Tone(Model):
    """For measurements: 440 and 660 Hz in turn, one tone per reply, in frames of 20 ms."""

    seconds: float = Field(
        default=3.0, ge=SHORTEST_TONE, le=LONGEST_TONE, description="Length of a reply in seconds."
    )


class Vad(OneOf):
    """What tells speech from silence: exactly one member."""

    silero: Silero | None = Field(default=None, description="Silero VAD, built in.")


class Stt(OneOf):
    """What makes text from speech: exactly one member."""

    pocketsphinx: PocketSphinx | None = Field(default=None, description="PocketSphinx, built in.")
    instant: InstantStt | None = Field(default=None, description="The same text at once, for measurements.")


class Llm(OneOf):
    """What makes the answer: exactly one member."""

    scripted: Scripted | None = Field(default=None, description="Intents and knowledge of this file.")
    instant: InstantLlm | None = Field(default=None, description="The same answer at once, for measurements.")


class Tts(OneOf):
    """What makes speech from text: exactly one member."""

    espeak: Espeak | None = Field(default=None, description="eSpeak NG, built in.")
    tone: Tone | None = Field(default=None, description="A tone instead of speech, for measurements.")


class Engines(Model):
    """One engine per role."""

    vad: Vad = Field(default=Vad(silero=Silero()), description="What tells speech from silence.")
    stt: Stt = Field(default=Stt(pocketsphinx=PocketSphinx()), description="What makes text from speech.")
    llm: Llm = Field(default=Llm(scripted=Scripted()), description="What makes the answer.")
    tts: Tts = Field(default=Tts(espeak=Espeak()), description="What makes speech from text.")
