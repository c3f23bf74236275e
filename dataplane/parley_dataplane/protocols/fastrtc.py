"""FastRTC Voice AI's messages: JSON texts and binary audio on one WebSocket.

Times in ms are whole numbers, as in that system's own examples, and its `total_ms` is the sum of its
three stages: the silence that it waits for is a setting of the caller's, not a latency.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict

from parley_api.turntaking import SILENCE_MS, UTTERANCE_MS, VAD_THRESHOLD
from parley_dataplane.errors import BadMessage, TooBig
from parley_dataplane.events import (
    AgentHeard,
    AgentText,
    CallEnded,
    Event,
    Problem,
    StateChanged,
    TurnTiming,
    UserTranscript,
)
from parley_dataplane.media import SPEAKING_RATE, Pcm, wav
from parley_dataplane.protocols import problem
from parley_dataplane.protocols.fields import MAX_JSON_BYTES, Fields, dump, read_object
from parley_dataplane.protocols.talk import Interrupt
from parley_dataplane.session_metrics import answer_ms
from parley_dataplane.session_settings import SessionSettings

MAX_AUDIO_BYTES = 16 * 1024 * 1024
"""One message that holds audio, binary or base64."""

MAX_WAV_BYTES = 1024 * 1024
"""One WAV down: Python's `websockets` takes no larger frame unless told so."""

MAX_ID_CHARS = 128
"""Of a session id."""

_TYPES = ("start_session", "end_session", "config", "audio_base64", "interrupt")
MAX_USER_CHARS = 256
_MOST_MARKS = 1_000
"""Quotes, brackets and commas of a long message: base64 has none. Five million values take a second to read."""
MAX_NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a session; None leaves one as it is. Times in ms, `vad_threshold` 0 to 1."""

    vad_threshold: float | None = None
    silence_timeout_ms: int | None = None
    max_audio_duration_ms: int | None = None
    language: str | None = None
    voice_id: str | None = None

    @classmethod
    def of(cls, settings: SessionSettings) -> Config:
        """The settings as this protocol names them; its languages are the short ones ("en")."""
        return cls(
            settings.vad_threshold,
            settings.silence_ms,
            settings.max_utterance_ms,
            settings.language.partition("-")[0],
            settings.voice,
        )

    def settings(self) -> dict[str, Any]:
        """What is set, by Parley's own names of session settings."""
        named: dict[str, Any] = {
            "vad_threshold": self.vad_threshold,
            "silence_ms": self.silence_timeout_ms,
            "max_utterance_ms": self.max_audio_duration_ms,
            "language": self.language,
        }
        changes = {name: value for name, value in named.items() if value is not None}
        if self.voice_id is not None:
            changes["voice"] = None if self.voice_id == "default" else self.voice_id
        return changes


class ShownConfig(TypedDict):
    vad_threshold: float | None
    silence_timeout_ms: int | None
    max_audio_duration_ms: int | None
    language: str | None
    voice_id: NotRequired[str]


class ShownTiming(TypedDict):
    """Milliseconds; None where nothing was spoken."""

    stt_ms: int | None
    llm_ms: int | None
    tts_ms: int | None
    total_ms: int | None


DEFAULTS = Config(vad_threshold=0.3, silence_timeout_ms=1_500, max_audio_duration_ms=30_000)
"""What a session of this system starts with (its "Session Configuration"); the language is the agent's own."""


@dataclass(frozen=True, slots=True)
class StartSession:
    """`session_id`: of a session that waits for its peer; None begins a new one."""

    user_id: str
    config: Config = field(default_factory=Config)
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class EndSession:
    pass


@dataclass(frozen=True, slots=True)
class Audio:
    """Bytes of a recording: a whole file, or the next of its slices."""

    data: bytes


Message = StartSession | EndSession | Config | Audio | Interrupt


def parse(raw: str | bytes) -> Message:
    """Binary is audio, text is JSON. Raises TooBig or BadMessage."""
    if isinstance(raw, bytes):
        return Audio(raw)
    if len(raw) > MAX_JSON_BYTES and sum(map(raw.count, '"[{,')) > _MOST_MARKS:
        raise TooBig(f"a JSON message of {len(raw)} bytes: only the data of audio_base64 may be that long")
    fields = read_object(raw, MAX_AUDIO_BYTES)
    kind = fields.type(_TYPES)
    if kind == "audio_base64":
        return Audio(read_base64(fields))
    if len(raw) > MAX_JSON_BYTES:
        raise TooBig(f"a {kind} message of {len(raw)} bytes: at most {MAX_JSON_BYTES} are read")
    match kind:
        case "start_session":
            return read_start(fields)
        case "end_session":
            return EndSession()
        case "config":
            return _read_nonempty_config(fields)
        case _:
            return Interrupt()


def read_start(fields: Fields) -> StartSession:
    """What a session may begin with, in a message or an HTTP body."""
    config = _read_config(fields.object("config")) if fields.has("config") else Config()
    user_id = fields.text("user_id", MAX_USER_CHARS, default="")
    return StartSession(user_id, config, fields.optional_text("session_id", MAX_ID_CHARS))


def _read_config(fields: Fields) -> Config:
    return Config(
        fields.number("vad_threshold", *VAD_THRESHOLD),
        fields.whole("silence_timeout_ms", *SILENCE_MS),
        fields.whole("max_audio_duration_ms", *UTTERANCE_MS),
        fields.optional_text("language", MAX_NAME_CHARS),
        fields.optional_text("voice_id", MAX_NAME_CHARS),
    )


def _read_nonempty_config(fields: Fields) -> Config:
    config = _read_config(fields)
    if config == Config():
        raise BadMessage(f"a config message without a setting: write one of {', '.join(Config.__slots__)}")
    return config


def read_base64(fields: Fields) -> bytes:
    """The bytes of the field "data". Raises BadMessage."""
    data = fields.text("data", MAX_AUDIO_BYTES)
    if data.startswith("data:"):  # FileReader.readAsDataURL's prefix, which browser clients forget to cut off
        data = data.partition(",")[2]
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        pass  # lines, or no padding: tidied up only where needed, since 16 MiB take their time
    tidy = data.encode().translate(None, b" \t\r\n")
    try:
        return base64.b64decode(tidy + b"=" * (-len(tidy) % 4), validate=True)
    except ValueError:
        raise BadMessage(
            '"data" is not base64 (RFC 4648, 4): write the bytes with A-Z a-z 0-9 + / ='
        ) from None


def render_started(session_id: str, config: Config) -> str:
    return dump({"type": "session_started", "session_id": session_id, "config": show_config(config)})


def render_config(config: Config) -> str:
    """The answer to a config message: the settings as they are now."""
    return dump({"type": "config_updated", "config": show_config(config)})


def render_audio(pcm: Pcm) -> list[bytes]:
    """A clause as playable files: one, unless it is longer than 21 s."""
    step = (MAX_WAV_BYTES - wav.HEADER_BYTES) // 2
    return [wav.render(pcm[start : start + step], SPEAKING_RATE) for start in range(0, len(pcm), step)]


def show_config(config: Config) -> ShownConfig:
    """Its four printed fields; the voice only where one was chosen."""
    shown: ShownConfig = {
        "vad_threshold": config.vad_threshold,
        "silence_timeout_ms": config.silence_timeout_ms,
        "max_audio_duration_ms": config.max_audio_duration_ms,
        "language": config.language,
    }
    return shown if config.voice_id is None else {**shown, "voice_id": config.voice_id}


class Renderer:
    """One session's events as messages; it keeps an answer's text until its timing is known, and vice versa."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._text: AgentText | None = None
        self._timing: TurnTiming | None = None

    def render(self, event: Event) -> list[str]:
        match event:
            case StateChanged(state):
                return [dump({"type": "state_change", "state": state})]
            case UserTranscript(_, text, True) if text:
                return [dump({"type": "transcript", "text": text})]
            case AgentText():
                self._text = event
                return self._response()
            case TurnTiming():
                self._timing = event
                return self._response()
            case AgentHeard():
                return self._last_chance(event)
            case Problem(code, detail):
                return [problem.message(code, detail)]
            case CallEnded(reason):
                return [dump({"type": "session_ended", "session_id": self._session_id, "reason": reason})]
            case _:
                return []

    def _response(self) -> list[str]:
        """Once both halves of the same answer are known."""
        text, timing = self._text, self._timing
        if text is None or timing is None or text.turn != timing.turn:
            return []
        self._text = self._timing = None
        return [_render_response(text.text, timing)]

    def _last_chance(self, heard: AgentHeard) -> list[str]:
        """An answer that nobody heard the audio of (TTS failed) still has its text; a cut one has been replaced."""
        text, self._text, self._timing = self._text, None, None
        if text is None or text.turn != heard.turn or heard.interrupted:
            return []
        return [_render_response(text.text, None)]


def _render_response(text: str, timing: TurnTiming | None) -> str:
    return dump({"type": "response", "text": text, "timing": show_timing(timing)})


def show_timing(timing: TurnTiming | None) -> ShownTiming:
    """The stages of an answer; null where nothing was spoken."""
    if timing is None:
        return {"stt_ms": None, "llm_ms": None, "tts_ms": None, "total_ms": None}
    return {
        "stt_ms": round(timing.stt_ms),
        "llm_ms": round(timing.llm_ms),
        "tts_ms": round(timing.tts_ms),
        "total_ms": answer_ms(timing.stt_ms, timing.llm_ms, timing.tts_ms),
    }
