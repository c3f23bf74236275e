"""FastRTC over HTTP: sessions that are made, read, used and ended, and the service's statistics."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from parley_dataplane.doors import FASTRTC
from parley_dataplane.records import TurnStarted
from parley_dataplane.session_metrics import SessionMetrics

SESSION, STATS, STREAM = "/api/v1/rtc/session", "/api/v1/rtc/stats", "/api/v1/rtc/stream"

CONFIG = {"vad_threshold": 0.3, "silence_timeout_ms": 1500, "max_audio_duration_ms": 30000, "language": "en"}
NOTHING_YET = {
    "total_audio_bytes": 0, "stt_calls": 0, "llm_calls": 0, "tts_calls": 0,
    "avg_latency_ms": 0, "total_latency_ms": 0,
}  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{}", b'{"user_id": "user_123"}'])
def test_a_session_is_made_with_the_seeds_own_settings_and_waits(server: Any, body: bytes) -> None:
    async def scenario() -> None:
        answer = await server.http("POST", SESSION, body)
        made = answer.json()
        assert answer.status == 200
        assert made["session_id"].startswith("rtc_")
        assert len(made["session_id"]) == len("rtc_abc123def456")
        assert (made["state"], made["config"], made["metrics"]) == ("idle", CONFIG, NOTHING_YET)
        assert server.session.kind is FASTRTC
        assert not server.session.has_door
        assert (await server.http("GET", f"{SESSION}/{made['session_id']}")).json() == made

    asyncio.run(scenario())


def test_a_session_may_be_made_with_settings_of_its_own(server: Any) -> None:
    body = json.dumps({"config": {"silence_timeout_ms": 700, "voice_id": "f3"}}).encode()
    config = asyncio.run(server.http("POST", SESSION, body)).json()["config"]
    assert config == {**CONFIG, "silence_timeout_ms": 700, "voice_id": "f3"}


@pytest.mark.parametrize(
    "body", [b"[]", b"{nonsense", b'{"config": {"vad_threshold": 2}}', b'{"user_id": 7}', b'{"config": "x"}']
)
def test_a_body_that_can_not_be_read_makes_no_session(server: Any, body: bytes) -> None:
    assert asyncio.run(server.http("POST", SESSION, body)).status == 400
    assert server.parley.errors == ["bad-message"]
    assert server.parley.sessions.active() == []


def test_sessions_that_wait_leave_room_for_calls_and_the_next_is_told_when_to_come_back(server: Any) -> None:
    async def scenario() -> None:
        limit = server.parley.agent.spec.sessions.limit
        answers = [await server.http("POST", SESSION) for _ in range(limit // 4 + 1)]
        assert [answer.status for answer in answers] == [200] * (limit // 4) + [503]
        assert int(answers[-1].headers["retry-after"]) > 0
        await server.http("DELETE", f"{SESSION}/{answers[0].json()['session_id']}")
        assert (await server.http("POST", SESSION)).status == 200

    asyncio.run(scenario())


def test_the_metrics_are_those_of_the_session_under_the_seeds_names(server: Any) -> None:
    async def scenario() -> None:
        session_id = (await server.http("POST", SESSION)).json()["session_id"]
        server.session.metrics = SessionMetrics(
            bytes_heard=160_000,
            bytes_said=1,
            stt_calls=5,
            llm_calls=4,
            tts_calls=9,
            total_latency_ms=9_999.0,
            latencies=5,
            total_answer_ms=4_250,
        )
        assert (await server.http("GET", f"{SESSION}/{session_id}")).json()["metrics"] == {
            "total_audio_bytes": 160_000,
            "stt_calls": 5,
            "llm_calls": 4,
            "tts_calls": 9,
            "avg_latency_ms": 850,
            "total_latency_ms": 4_250,
        }

    asyncio.run(scenario())


def test_an_ended_session_is_gone_and_one_that_never_was_is_unknown(server: Any) -> None:
    async def scenario() -> None:
        path = f"{SESSION}/{(await server.http('POST', SESSION)).json()['session_id']}"
        ended = await server.http("DELETE", path)
        assert (ended.status, ended.json()["status"], ended.json()["metrics"]) == (200, "ended", NOTHING_YET)
        assert server.session.ended == "end-session"
        for method in ("GET", "DELETE"):
            assert (await server.http(method, path)).status == 410
            assert (await server.http(method, f"{SESSION}/rtc_000000000000")).status == 404

    asyncio.run(scenario())


def test_a_session_that_waits_is_used_by_start_session(server: Any) -> None:
    async def scenario() -> None:
        body = b'{"config": {"silence_timeout_ms": 700, "vad_threshold": 0.5}}'
        session_id = (await server.http("POST", SESSION, body)).json()["session_id"]
        async with server.socket(STREAM) as peer:
            peer.say({"type": "start_session", "session_id": session_id, "config": {"vad_threshold": 0.6}})
            started = await peer.hear()
            assert started["session_id"] == session_id
            assert started["config"] == {**CONFIG, "silence_timeout_ms": 700, "vad_threshold": 0.6}
            assert len(server.parley.sessions.all) == 1
            assert server.session.has_door

    asyncio.run(scenario())


def test_start_session_tells_of_a_session_that_is_not_there_and_begins_another(server: Any) -> None:
    async def scenario() -> None:
        session_id = (await server.http("POST", SESSION)).json()["session_id"]
        await server.http("DELETE", f"{SESSION}/{session_id}")
        async with server.socket(STREAM) as peer:
            for wrong, code in (("rtc_000000000000", "unknown-session"), (session_id, "ended-session")):
                peer.say({"type": "start_session", "session_id": wrong})
                assert (await peer.hear())["code"] == code
            peer.say({"type": "start_session"})
            assert (await peer.hear())["type"] == "session_started"

    asyncio.run(scenario())


def test_a_session_that_is_ended_over_http_leaves_its_connection_to_the_next(server: Any) -> None:
    """Fails, by a connection that may stay for ever, where only end_session begins the wait for a start_session."""

    async def scenario() -> None:
        async with server.socket(STREAM) as peer:
            peer.say({"type": "start_session"})
            session_id = (await peer.hear())["session_id"]
            sessions = server.parley.agent.spec.sessions.model_copy(update={"idle_timeout_seconds": 0})
            server.parley.agent.spec = server.parley.agent.spec.model_copy(update={"sessions": sessions})
            await server.http("DELETE", f"{SESSION}/{session_id}")
            assert (await peer.hear())["reason"] == "end-session"
            assert await peer.hear() == ("close", 1008)

    asyncio.run(scenario())


def test_the_statistics_are_those_of_the_service(server: Any) -> None:
    async def scenario() -> None:
        await server.http("POST", SESSION)
        server.parley.fastrtc_stats(TurnStarted("s", "fastrtc", 1_500.0, 250.0, 300.0, 200.0, 9.0, 2_259.0))
        stats = (await server.http("GET", STATS)).json()
        assert stats.pop("version")
        assert stats == {
            "service": "FastRTC",
            "status": "running",
            "active_sessions": 1,
            "max_sessions": server.parley.agent.spec.sessions.limit,
            "pipeline_stats": {
                "total_requests": 1,
                "total_latency_ms": 750,
                "avg_latency_ms": 750,
                "throughput_per_min": 1,
            },
        }
        server.parley.ready = False
        assert (await server.http("GET", STATS)).json()["status"] == "draining"

    asyncio.run(scenario())
