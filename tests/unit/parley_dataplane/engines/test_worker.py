"""A worker process is shared, bounded, replaced when it fails, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from parley_dataplane.engines.worker import Worker, WorkerStream
from parley_dataplane.errors import EngineCrashed, EngineTimeout, EngineUnavailable

ECHO = "tests.unit.parley_dataplane.engines.echo_worker"
T = TypeVar("T")


def run(test: Coroutine[Any, Any, T]) -> T:
    async def limited() -> T:
        async with asyncio.timeout(20):
            return await test

    return asyncio.run(limited())


@asynccontextmanager
async def echo(**options: Any) -> AsyncIterator[Worker]:
    worker = Worker("echo", ECHO, {}, **options)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.close()


async def answers(stream: WorkerStream) -> list[bytes]:
    return [frame.payload async for frame in stream.frames()]


async def say(worker: Worker, *parts: bytes) -> list[bytes]:
    stream = worker.open({})
    for part in parts:
        stream.send(part)
    stream.end()
    return await answers(stream)


def is_alive(pid: int) -> bool:
    """A zombie is still there: it counts as alive."""
    return Path(f"/proc/{pid}").exists()


def test_streams_that_share_a_worker_keep_their_own_order() -> None:
    async def test() -> None:
        async with echo() as worker:
            parts = [[f"{stream} {part}".encode() for part in range(50)] for stream in range(20)]
            assert await asyncio.gather(*(say(worker, *each) for each in parts)) == parts
            assert worker.load == 0

    run(test())


def test_a_crash_fails_the_streams_in_flight_and_the_next_one_is_served_within_a_second() -> None:
    async def test() -> None:
        async with echo() as worker:
            in_flight = worker.open({})
            before = worker.pid
            worker.open({"do": "die"})
            with pytest.raises(EngineCrashed, match="the echo worker ended"):
                await answers(in_flight)
            async with asyncio.timeout(1):
                assert await say(worker, b"again") == [b"again"]
            assert worker.pid != before

    run(test())


def test_a_lost_stream_says_so_to_everyone_who_asks() -> None:
    async def test() -> None:
        async with echo() as worker:
            stream = worker.open({"do": "die"})
            for _ in range(2):
                with pytest.raises(EngineCrashed):
                    await answers(stream)

    run(test())


def test_a_hang_is_noticed_by_the_deadline_and_the_worker_replaced() -> None:
    async def test() -> None:
        async with echo(deadline=0.4) as worker:
            hung = worker.pid
            with pytest.raises(EngineTimeout, match=r"said nothing for 0\.4 s"):
                await answers(worker.open({"do": "hang"}))
            assert await say(worker, b"again") == [b"again"]
            assert hung is not None
            assert not is_alive(hung)

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process does")
def test_a_process_that_is_stopped_is_replaced_within_a_second() -> None:
    """Bug: it took 2 to 3 s. Cause: it might have been at work, and nobody looked."""

    async def test() -> None:
        async with echo() as worker:
            in_flight, stopped = worker.open({}), worker.pid
            assert stopped is not None
            os.kill(stopped, signal.SIGSTOP)
            began = asyncio.get_running_loop().time()
            with pytest.raises(EngineTimeout, match="said nothing"):
                await answers(in_flight)
            assert await say(worker, b"again") == [b"again"]
            assert asyncio.get_running_loop().time() - began < 1.0
            assert not is_alive(stopped)

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process does")
def test_a_process_that_computes_in_silence_has_the_whole_deadline() -> None:
    async def test() -> None:
        async with echo(deadline=60, asleep=0.1) as worker:
            computing = worker.open({"do": "compute", "secs": 1.0})
            computing.end()
            assert await answers(computing) == []

    run(test())


def test_a_process_that_ends_before_it_is_ready_does_not_cost_the_next_one_a_second() -> None:
    async def test() -> None:
        async with echo() as worker:
            os.kill(worker.pid or 0, signal.SIGKILL)
            spawn, tried = worker._spawn, 0

            async def ends_the_first_time() -> Any:
                nonlocal tried
                tried += 1
                if tried == 1:
                    raise EngineUnavailable("it ended before")
                return await spawn()

            worker._spawn = ends_the_first_time  # type: ignore[method-assign]
            async with asyncio.timeout(1):
                while tried < 2 or worker.pid is None:
                    await asyncio.sleep(0.01)
                assert await say(worker, b"again") == [b"again"]

    run(test())


def test_a_worker_that_works_for_long_is_not_taken_for_hung() -> None:
    async def test() -> None:
        async with echo(deadline=0.6) as worker:
            stream = worker.open({"do": "count"})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await answers(stream)

    run(test())


def test_a_stream_opened_while_no_worker_is_up_waits_for_the_next() -> None:
    async def test() -> None:
        async with echo() as worker:
            with pytest.raises(EngineCrashed):
                await answers(worker.open({"do": "die"}))
            assert worker.pid is None
            assert await say(worker, b"kept", b"in order") == [b"kept", b"in order"]

    run(test())


def test_a_worker_killed_ten_times_serves_every_stream_opened_after_a_kill() -> None:
    async def test() -> None:
        async with echo() as worker:
            for _ in range(10):
                killed = worker.pid
                assert killed is not None
                os.kill(killed, signal.SIGKILL)
                while worker.pid == killed:  # a stream that is opened before its end is noticed shares it
                    await asyncio.sleep(0.005)
                assert await say(worker, b"here") == [b"here"]

    run(test())


def test_a_cancelled_stream_is_worked_on_no_more() -> None:
    async def test() -> None:
        async with echo() as worker:
            stream = worker.open({"do": "count"})
            await asyncio.sleep(0.05)
            stream.close()
            stream.close()
            # The worker has one thread: it answers only because it has left the cancelled work.
            async with asyncio.timeout(2):
                assert await say(worker, b"free") == [b"free"]
            assert worker.load == 0

    run(test())


def test_a_stream_that_gets_too_far_ahead_fails_and_the_pipe_is_never_waited_for() -> None:
    async def test() -> None:
        async with echo(deadline=30) as worker:
            stream = worker.open({"do": "hang"})
            for _ in range(80):
                stream.send(bytes(100_000))
            with pytest.raises(EngineTimeout, match="can't keep up"):
                await answers(stream)

    run(test())


def test_a_request_that_is_refused_fails_alone() -> None:
    async def test() -> None:
        async with echo() as worker:
            with pytest.raises(EngineUnavailable, match="not today"):
                await answers(worker.open({"do": "refuse"}))
            assert await say(worker, b"fine") == [b"fine"]

    run(test())


def test_what_a_library_prints_reaches_neither_the_pipe_nor_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def test() -> None:
        async with echo() as worker:
            stream = worker.open({"do": "print"})
            stream.send(b"mine")
            stream.end()
            assert await answers(stream) == [b"mine"]

    run(test())
    assert capfd.readouterr() == ("", "")


def test_a_workers_environment_holds_nothing_of_the_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_TOKEN", "secret")

    async def test() -> None:
        async with echo() as worker:
            stream = worker.open({"do": "environment"})
            stream.end()
            (environment,) = await answers(stream)
            assert json.loads(environment).keys() == {"PYTHONPATH", "OPENBLAS_NUM_THREADS", "LC_ALL"}

    run(test())


@pytest.mark.parametrize(
    ("module", "config", "why"),
    [
        (ECHO, {"refuse": "no model here"}, "no model here"),
        (ECHO, {"die": True}, "was not ready"),
        ("no.such.module", {}, "was not ready"),
    ],
    ids=["that says why", "that dies", "that is not there"],
)
def test_a_worker_that_cannot_start_is_unavailable_at_once(module: str, config: Any, why: str) -> None:
    async def test() -> None:
        worker = Worker("broken", module, config)
        with pytest.raises(EngineUnavailable, match=why):
            await worker.start()
        await worker.close()

    run(test())


def test_closing_leaves_no_process_task_or_descriptor() -> None:
    async def test() -> None:
        async with echo():
            pass  # What asyncio itself keeps for its first child is there from now on.
        before = len(os.listdir("/proc/self/fd"))
        async with echo() as worker:
            pid = worker.pid
            stream = worker.open({})
        assert pid is not None
        assert not is_alive(pid)
        assert len(os.listdir("/proc/self/fd")) == before
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(EngineUnavailable, match="was closed"):
            await answers(stream)
        with pytest.raises(EngineUnavailable, match="is not started"):
            worker.open({})

    run(test())


def test_a_worker_dies_with_a_parent_that_is_killed() -> None:
    """The worker computes and reads nothing: only the kernel's parent-death signal can end it."""
    program = f"""
import asyncio
from parley_dataplane.engines.worker import Worker
async def main():
    worker = Worker("echo", {ECHO!r}, {{}}, deadline=60)
    await worker.start()
    worker.open({{"do": "hang"}})
    await asyncio.sleep(0.1)
    print(worker.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    environment = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    run(_gone(pid))


async def _gone(pid: int) -> None:
    while is_alive(pid) and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]:
        await asyncio.sleep(0.01)
