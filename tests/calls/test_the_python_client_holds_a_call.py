"""`parley.client` against a real server, over both transports: asked aloud, interrupted, refused, lost and found."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import yaml

from parley.client import (
    Audio,
    Busy,
    Call,
    Ended,
    Event,
    Interrupted,
    Metrics,
    Reconnected,
    Reconnecting,
    State,
    Text,
    Transcript,
    Unreachable,
    WrongUrl,
    connect,
)
from parley.client.call import Transport
from parley.client.events import DOWN_RATE
from tests import agent_file, speech
from tests.calls.doors import OTHER_QUESTION, QUESTION, in_callers_voice
from tests.clients.listening import SAME, resemblance
from tests.server import ROOT, ParleyServer, free_port
from tests.speech import Pcm

pytestmark = pytest.mark.calls

TRANSPORTS: list[Transport] = ["webrtc", "websocket"]
SECS = 30.0


async def until(call: Call, claim: Callable[[Event], bool]) -> list[Event]:
    """The events up to the first for which `claim` holds, with that one."""
    events: list[Event] = []
    async with asyncio.timeout(SECS):
        async for event in call:
            events.append(event)
            if claim(event):
                return events
    raise AssertionError(f"the call ended before: {[e for e in events if not isinstance(e, Audio)]}")


def sound(events: list[Event]) -> Pcm:
    return np.frombuffer(b"".join(event.pcm for event in events if isinstance(event, Audio)), np.int16)


async def asked(server: ParleyServer, transport: Transport) -> list[Event]:
    """Ask aloud, a greeting heard out before; return the events until the answer was over."""
    question = in_callers_voice(QUESTION, 16_000)
    silence = speech.pink_noise(16_000, -50.0).astype(np.int16)
    async with connect(server.url, transport=transport) as call:
        if transport == "webrtc":
            await until(call, lambda event: event == State("speaking"))
            await until(call, lambda event: event == State("idle"))
        await asyncio.sleep(1.0)  # an echo of the greeting is over too
        call.send_audio(np.concatenate([question, silence]).tobytes())
        before = await until(call, lambda event: event == State("speaking"))
        events = before + await until(call, lambda event: event == State("idle"))
        assert call.dropped == 0
        return events


@pytest.fixture(scope="module")
def answered(reception: ParleyServer) -> dict[Transport, list[Event]]:
    """What a call over each transport told, both at once."""
    for text in (QUESTION, *agent_file.answers_to(QUESTION)):
        reception.private(text)
    in_callers_voice(QUESTION, 16_000)  # computed before: it would delay the calls

    async def both() -> list[list[Event]]:
        return await asyncio.gather(*(asked(reception, transport) for transport in TRANSPORTS))

    return dict(zip(TRANSPORTS, asyncio.run(both()), strict=True))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_spoken_question_is_understood_and_its_answer_is_read_and_heard(
    transport: Transport, answered: dict[Transport, list[Event]]
) -> None:
    events = answered[transport]
    [answer] = agent_file.answers_to(QUESTION)
    [other] = agent_file.answers_to(OTHER_QUESTION)
    transcripts = [event.text for event in events if isinstance(event, Transcript) and event.final]
    assert transcripts[-1:] == [QUESTION]
    said = [event.text for event in events if isinstance(event, Text) and not event.filler]
    assert " ".join(said) == answer
    heard = sound(events)
    assert resemblance(heard, DOWN_RATE, answer) >= SAME > resemblance(heard, DOWN_RATE, other)
    [metrics] = [event for event in events if isinstance(event, Metrics)]
    assert metrics.total_ms > 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_answer_that_is_interrupted_says_so_and_stops(transport: Transport, bench: ParleyServer) -> None:
    async def scenario() -> None:
        async with connect(bench.url, transport=transport) as call:
            call.say("hello")
            await until(call, lambda event: isinstance(event, Audio))
            call.interrupt()
            await until(call, lambda event: event == Interrupted())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # what had left before may still come
                    await until(call, lambda event: False)
            assert not any(np.abs(sound(await briefly(call)).astype(int)) > 100)

    asyncio.run(scenario())


async def briefly(call: Call) -> list[Event]:
    """What comes within half a second."""
    events: list[Event] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            async for event in call:
                events.append(event)
    return events


def test_a_server_that_is_started_again_goes_on_with_the_calls_in_new_conversations() -> None:
    async def go_on(call: Call, restarted: asyncio.Event) -> None:
        before = call.session_id
        await until(call, lambda event: event == Reconnecting("server-stopping"))
        restarted.set()
        [*_, back] = await until(call, lambda event: isinstance(event, Reconnected))
        assert back == Reconnected(call.session_id, resumed=False)
        assert call.session_id != before
        call.say("hello")
        await until(call, lambda event: isinstance(event, Audio))
        await call.hang_up()

    async def scenario() -> None:
        first, second = at_port(port := free_port()), at_port(port)
        with contextlib.ExitStack() as stack:
            stack.enter_context(first)
            async with connect(first.url) as one, connect(first.url, transport="websocket") as other:
                told = [asyncio.Event(), asyncio.Event()]
                going_on = [
                    asyncio.create_task(go_on(*each)) for each in zip((one, other), told, strict=True)
                ]
                assert await asyncio.to_thread(first.stop) == []
                async with asyncio.timeout(SECS):
                    await asyncio.gather(*(event.wait() for event in told))
                await asyncio.to_thread(stack.enter_context, second)
                await asyncio.gather(*going_on)

    asyncio.run(scenario())


def at_port(port: int) -> ParleyServer:
    server = ParleyServer("examples/bench.yaml")
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    return server


def test_a_connection_that_is_lost_goes_on_with_the_same_conversation(bench: ParleyServer) -> None:
    """Over WebRTC: the process stands still for longer than a client waits, as a network does that has gone."""

    async def scenario() -> None:
        async with connect(bench.url) as call:
            before = call.session_id
            call.say("hello")
            await until(call, lambda event: event == State("speaking"))
            os.kill(bench.pid, signal.SIGSTOP)
            try:
                await until(call, lambda event: event == Reconnecting("lost"))
            finally:
                os.kill(bench.pid, signal.SIGCONT)
            [*_, back] = await until(call, lambda event: isinstance(event, Reconnected))
            assert back == Reconnected(before, resumed=True)
            call.say("hello again")
            await until(call, lambda event: isinstance(event, Audio))

    asyncio.run(scenario())


def test_a_full_server_says_when_to_come_back(tmp_path: Path) -> None:
    agent = yaml.safe_load((ROOT / "examples/bench.yaml").read_text())
    agent["spec"]["sessions"]["limit"] = 1
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(agent))

    async def scenario(url: str) -> None:
        async with connect(url):
            for transport in TRANSPORTS:
                with pytest.raises(Busy, match="1 of 1 sessions are in use") as refused:
                    async with connect(url, transport=transport):
                        pass
                assert refused.value.retry_after == 5

    with ParleyServer(file) as server:
        asyncio.run(scenario(server.url))


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is none of Parley's: it knows no path."""

    class Nothing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.send_error(404)

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *args: object, **kwargs: object) -> None:
            """pytest shows enough."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_wrong_address_is_told_from_a_server_that_is_not_there(transport: Transport, stranger: str) -> None:
    async def scenario() -> None:
        with pytest.raises(WrongUrl, match=r"HTTP 404 at .*: no Parley server is there"):
            async with connect(stranger, transport=transport):
                pass
        with pytest.raises(
            Unreachable, match=r"nobody answers at .* \(ConnectionRefusedError\): is it running"
        ):
            async with connect(f"http://127.0.0.1:{free_port()}", transport=transport):
                pass

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_that_is_hung_up_leaves_no_task_here_and_no_session_there(
    transport: Transport, bench: ParleyServer
) -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with connect(bench.url, transport=transport) as call:
            call.say("hello")
            await until(call, lambda event: isinstance(event, Audio))
        [*_, last] = [event async for event in call]
        assert last == Ended("hung-up")
        async with asyncio.timeout(5):
            while asyncio.all_tasks() != before or bench.metric("parley_sessions_active"):
                await asyncio.sleep(0.05)

    asyncio.run(scenario())
