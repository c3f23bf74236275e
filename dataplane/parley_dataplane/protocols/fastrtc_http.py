"""FastRTC Voice AI's HTTP bodies: sessions with their metrics, the statistics of the service, and a recording that is
answered by itself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import TypedDict

from parley_dataplane.errors import BadMessage, UnsupportedMedia
from parley_dataplane.events import TurnTiming
from parley_dataplane.media import HEARING_RATE, SPEAKING_RATE, Pcm, wav
from parley_dataplane.media.containers import is_known
from parley_dataplane.pipeline_stats import PipelineStats
from parley_dataplane.protocols import multipart
from parley_dataplane.protocols.fastrtc import (
    MAX_AUDIO_BYTES,
    MAX_ID_CHARS,
    Config,
    ShownConfig,
    ShownTiming,
    StartSession,
    read_base64,
    read_start,
    show_config,
    show_timing,
)
from parley_dataplane.protocols.fields import read_object, shown
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import SessionSettings

RAW_TYPES = ("audio/pcm", "audio/l16")
"""What says that bytes are Int16 samples: only a container tells by itself what it is."""

_HOW_RAW = f"Int16, little endian, {HEARING_RATE} Hz, mono"
_SEND = f"send WAV, WebM/Opus or Ogg/Opus, or {_HOW_RAW}, as {RAW_TYPES[0]}"
_PIECE_BYTES = 3 * 64 * 1024  # three bytes are four letters: only the last piece is padded


@dataclass(frozen=True, slots=True)
class Recording:
    """`session_id`: of a session that waits; None is answered in one of its own."""

    data: bytes
    is_raw: bool
    session_id: str | None


class Processed(TypedDict):
    """`audio`: one WAV in base64, None where nothing was spoken."""

    session_id: str
    transcript: str
    response: str
    timing: ShownTiming
    audio: str | None
    audio_type: str


class ShownMetrics(TypedDict):
    total_audio_bytes: int
    stt_calls: int
    llm_calls: int
    tts_calls: int
    avg_latency_ms: int
    total_latency_ms: int


class ShownSession(TypedDict):
    """`created_at` in seconds since 1970."""

    session_id: str
    state: str
    created_at: float
    config: ShownConfig
    metrics: ShownMetrics


class Ended(TypedDict):
    session_id: str
    status: str
    metrics: ShownMetrics


class ShownPipeline(TypedDict):
    total_requests: int
    total_latency_ms: int
    avg_latency_ms: int
    throughput_per_min: int


class Stats(TypedDict):
    service: str
    version: str
    status: str
    active_sessions: int
    max_sessions: int
    pipeline_stats: ShownPipeline


def parse_recording(content_type: str, body: bytes, session_id: str | None) -> Recording:
    """A body that is a recording, a form with one, or JSON as audio_base64 has it. `session_id` is the query's.

    Raises TooBig, BadMessage, or UnsupportedMedia for what is no known container and does not say that it is raw.
    """
    kind, _ = multipart.parameters(content_type)
    if kind == "multipart/form-data":
        return _read_form(content_type, body, session_id)
    if kind == "application/json":
        fields = read_object(body, MAX_AUDIO_BYTES)
        named = fields.optional_text("session_id", MAX_ID_CHARS)
        return _recording("", read_base64(fields), named or session_id)
    return _recording(content_type, body, session_id)


def _read_form(content_type: str, body: bytes, session_id: str | None) -> Recording:
    """The first file of a form is the recording, whatever its field is called."""
    parts = multipart.parse(content_type, body)
    file = next((part for part in parts if part.filename is not None), None)
    if file is None:
        raise BadMessage("a form without a file: send the recording as a file of it")
    named = next((part.data for part in parts if part.name == "session_id"), b"")
    return _recording(file.content_type, file.data, named.decode("utf-8", "replace") or session_id)


def _recording(content_type: str, data: bytes, session_id: str | None) -> Recording:
    kind, parameters = multipart.parameters(content_type)
    if kind in RAW_TYPES:
        _check_raw(parameters)
    elif not is_known(data):
        raise UnsupportedMedia(f"the {len(data)} bytes begin no recording that is known here: {_SEND}")
    return Recording(data, kind in RAW_TYPES, session_id)


def _check_raw(parameters: dict[str, str]) -> None:
    taken = {"rate": str(HEARING_RATE), "channels": "1", "endianness": "little-endian"}
    for name, value in taken.items():
        if (seen := parameters.get(name, value)) != value:
            raise UnsupportedMedia(f"raw audio of {name} {shown(seen)}: {_SEND}")


def render_audio(pcm: Pcm) -> Iterator[str]:
    """One WAV in base64, bit by bit, so that a long one never holds up calls; nothing where nothing was spoken."""
    file = wav.render(pcm, SPEAKING_RATE) if len(pcm) else b""
    for start in range(0, len(file), _PIECE_BYTES):
        yield base64.b64encode(file[start : start + _PIECE_BYTES]).decode()


def answer(
    session_id: str, transcript: str, response: str, timing: TurnTiming | None, audio: str
) -> Processed:
    """What was understood, what is answered, and that as one WAV; no audio where nothing was spoken."""
    return {
        "session_id": session_id,
        "transcript": transcript,
        "response": response,
        "timing": show_timing(timing),
        "audio": audio or None,
        "audio_type": "audio/wav",
    }


def parse_create(raw: bytes) -> StartSession:
    """What start_session may say; no body at all asks for nothing special. Raises TooBig or BadMessage."""
    return read_start(read_object(raw or b"{}"))


def session(
    session_id: str, state: str, created_at: float, settings: SessionSettings, metrics: SessionMetrics
) -> ShownSession:
    """One session, as it is now."""
    return {
        "session_id": session_id,
        "state": state,
        "created_at": created_at,
        "config": show_config(Config.of(settings)),
        "metrics": show_metrics(metrics),
    }


def ended(session_id: str, metrics: SessionMetrics) -> Ended:
    return {"session_id": session_id, "status": "ended", "metrics": show_metrics(metrics)}


def show_metrics(metrics: SessionMetrics) -> ShownMetrics:
    """Six counts under this system's names; its latencies are those of `response`."""
    return {
        "total_audio_bytes": metrics.bytes_heard,
        "stt_calls": metrics.stt_calls,
        "llm_calls": metrics.llm_calls,
        "tts_calls": metrics.tts_calls,
        "avg_latency_ms": round(metrics.total_answer_ms / metrics.latencies) if metrics.latencies else 0,
        "total_latency_ms": metrics.total_answer_ms,
    }


def stats(version: str, *, running: bool, active: int, limit: int, pipeline: PipelineStats) -> Stats:
    return {
        "service": "FastRTC",
        "version": version,
        "status": "running" if running else "draining",
        "active_sessions": active,
        "max_sessions": limit,
        "pipeline_stats": {
            "total_requests": pipeline.requests,
            "total_latency_ms": pipeline.total_latency_ms,
            "avg_latency_ms": pipeline.average_latency_ms,
            "throughput_per_min": pipeline.last_minute,
        },
    }
