"""Which engine does each role. A new engine is one model here, one member in its role's union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parley_api.access import HOST, PORT
from parley_api.metadata import DnsLabel, Name
from parley_api.model import Model, OneOf, Rule

SHORTEST_TONE, LONGEST_TONE = 0.02, 600
"""Seconds."""

HEARS = Rule(
    "!has(self.engines) || !has(self.engines.stt)"
    " || !(has(self.engines.stt.moonshine) || has(self.engines.stt.pocketsphinx))"
    " || !has(self.language) || self.language == 'en' || self.language.startsWith('en-')",
    "write en-US, or choose another engine for stt: fasterWhisper hears other languages, moonshine and pocketsphinx"
    " English alone",
    ".language",
)
"""Both have their defaults before CEL sees them."""

FilePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_024,
        pattern=r"^[^\n]+$",
        json_schema_extra={"x-advice": "a path on this machine, from this file's folder on or absolute"},
    ),
]


Temperature = Annotated[float, Field(ge=0, le=2)]
MaxTokens = Annotated[int, Field(ge=1, le=32_768)]


class Silero(Model):
    """Silero VAD, built in."""


class Moonshine(Model):
    """Moonshine, built in: any English; the intents and the knowledge weigh what it hears."""


class PocketSphinx(Model):
    """PocketSphinx, built in; its vocabulary and language model come from the intents and the knowledge."""


class FasterWhisper(Model):
    """Whisper, run by faster-whisper from a folder on this machine: a hundred languages."""

    model: FilePath = Field(
        description="Folder of a Whisper model as CTranslate2 takes it: config.json, model.bin, tokenizer.json and the"
        " vocabulary. From this file's folder on, or absolute."
    )
    threads: int = Field(
        default=2, ge=1, le=64, description="CPU threads that decode, for all calls together."
    )


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


class OpenAi(Model):
    """Any server that streams chat completions as OpenAI's does: vLLM, Ollama, Groq, OpenAI itself."""

    url: str = Field(
        min_length=1,
        max_length=1_024,
        pattern=rf"^https?://{HOST}(:{PORT})?(/[^\s@?#]*)?$",
        description="Base URL, to which /chat/completions is added.",
        json_schema_extra={
            "x-advice": "a URL such as http://127.0.0.1:11434/v1, without a login or a question mark"
        },
    )
    model: str = Field(min_length=1, max_length=255, description="Name of the model, as the server calls it.")
    key_variable: str | None = Field(
        default=None,
        min_length=1,
        max_length=63,
        pattern=r"^[A-Z_][A-Z0-9_]*$",
        description="Name of the environment variable that holds the server's key; never the key itself.",
        json_schema_extra={
            # What stands here by mistake is a key: it is not shown.
            "format": "password",
            "x-advice": "the name of an environment variable in capitals such as OPENAI_API_KEY, not the key itself",
        },
    )
    temperature: Temperature | None = Field(
        default=None, description="How freely it words its answers; unless set, as the server has it."
    )
    max_tokens: MaxTokens | None = Field(
        default=None, description="Longest answer in tokens; unless set, as the server has it."
    )


class ModelServer(Model):
    """A ModelServer of the cluster, by its name; the operator finds its address and the name of its model."""

    name: Name = Field(description="Name of the ModelServer, whose engine is vllm.")
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of the ModelServer; unless set, the agent's own."
    )
    temperature: Temperature | None = Field(
        default=None, description="How freely it words its answers; unless set, as the server has it."
    )
    max_tokens: MaxTokens | None = Field(
        default=None, description="Longest answer in tokens; unless set, as the server has it."
    )


class Piper(Model):
    """Piper's voices, from a file on this machine."""

    voice: FilePath = Field(
        description="A voice's .onnx file, with its .onnx.json beside it. From this file's folder on, or absolute."
    )
    speaker: str | None = Field(
        default=None,
        min_length=1,
        max_length=63,
        description="Who of a voice with several speakers, by name or number; unless set, the first.",
    )
    speed: float = Field(
        default=1.0, ge=0.5, le=2, description="1 is the voice's own speed, 2 twice as fast."
    )


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

    moonshine: Moonshine | None = Field(default=None, description="Moonshine, built in.")
    pocketsphinx: PocketSphinx | None = Field(default=None, description="PocketSphinx, built in.")
    faster_whisper: FasterWhisper | None = Field(default=None, description="Whisper, from a folder.")
    instant: InstantStt | None = Field(default=None, description="The same text at once, for measurements.")


class Llm(OneOf):
    """What makes the answer: exactly one member."""

    scripted: Scripted | None = Field(default=None, description="Intents and knowledge of this file.")
    openai: OpenAi | None = Field(default=None, description="A server of chat completions, by its URL.")
    model_server: ModelServer | None = Field(
        default=None, description="A ModelServer of the cluster, by its name."
    )
    instant: InstantLlm | None = Field(default=None, description="The same answer at once, for measurements.")


class Tts(OneOf):
    """What makes speech from text: exactly one member."""

    espeak: Espeak | None = Field(default=None, description="eSpeak NG, built in.")
    piper: Piper | None = Field(default=None, description="A voice of Piper's, from a file.")
    tone: Tone | None = Field(default=None, description="A tone instead of speech, for measurements.")


class Engines(Model):
    """One engine per role."""

    vad: Vad = Field(default=Vad(silero=Silero()), description="What tells speech from silence.")
    stt: Stt = Field(default=Stt(moonshine=Moonshine()), description="What makes text from speech.")
    llm: Llm = Field(default=Llm(scripted=Scripted()), description="What makes the answer.")
    tts: Tts = Field(default=Tts(espeak=Espeak()), description="What makes speech from text.")
