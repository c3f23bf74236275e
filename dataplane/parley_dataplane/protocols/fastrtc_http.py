"""FastRTC Voice AI's HTTP bodies: sessions with their metrics, and the statistics of the service."""

from __future__ import annotations

from typing import Any

from parley_dataplane.pipeline_stats import PipelineStats
from parley_dataplane.protocols.fastrtc import Config, StartSession, read_start, show_config
from parley_dataplane.protocols.fields import read_object
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import SessionSettings


def parse_create(raw: bytes) -> StartSession:
    """What start_session may say; no body at all asks for nothing special. Raises TooBig or BadMessage."""
    return read_start(read_object(raw or b"{}"))


def session(
    session_id: str, state: str, created_at: float, settings: SessionSettings, metrics: SessionMetrics
) -> dict[str, Any]:
    """One session, as it is now."""
    return {
        "session_id": session_id,
        "state": state,
        "created_at": created_at,
        "config": show_config(Config.of(settings)),
        "metrics": show_metrics(metrics),
    }


def ended(session_id: str, metrics: SessionMetrics) -> dict[str, Any]:
    return {"session_id": session_id, "status": "ended", "metrics": show_metrics(metrics)}


def show_metrics(metrics: SessionMetrics) -> dict[str, int]:
    """Six counts under this system's names; its latencies are those of `response`."""
    return {
        "total_audio_bytes": metrics.bytes_heard,
        "stt_calls": metrics.stt_calls,
        "llm_calls": metrics.llm_calls,
        "tts_calls": metrics.tts_calls,
        "avg_latency_ms": round(metrics.total_answer_ms / metrics.latencies) if metrics.latencies else 0,
        "total_latency_ms": metrics.total_answer_ms,
    }


def stats(version: str, *, running: bool, active: int, limit: int, pipeline: PipelineStats) -> dict[str, Any]:
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
