"""One clock and one epoll: everybody sends 50 times a second, and what comes bears the kernel's time."""

from __future__ import annotations

import asyncio
import socket
import time

from tests.bench.wire.switchboard import Switchboard


def test_calls_send_every_20_ms_and_not_all_at_once() -> None:
    sent: dict[int, list[float]] = {number: [] for number in range(4)}

    async def scenario() -> None:
        board = Switchboard()
        for times in sent.values():
            board.add(lambda times=times: times.append(time.monotonic()))  # type: ignore[misc]
        await asyncio.sleep(0.4)
        board.close()

    asyncio.run(scenario())
    for times in sent.values():
        assert abs((times[-1] - times[0]) / (len(times) - 1) - 0.020) < 0.002
    firsts = [round((times[0] - sent[0][0]) * 1000) for times in sent.values()]
    assert len(set(firsts)) > 1


def test_a_packet_bears_the_time_at_which_it_came_and_not_that_at_which_it_was_read() -> None:
    async def scenario() -> tuple[float, float]:
        board = Switchboard()
        came: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        opened = board.open("127.0.0.1", lambda _data, _source, at: came.set_result(at))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"first", opened.getsockname())  # the kernel may begin to stamp with it
            await came
            came = asyncio.get_running_loop().create_future()
            time.sleep(0.05)  # noqa: ASYNC251  the loop is busy: that is the case
            before = time.time()
            peer.sendto(b"second", opened.getsockname())
            time.sleep(0.05)  # noqa: ASYNC251
        at = await came
        board.shut(opened)
        board.shut(opened)
        board.close()
        return before, at

    before, at = asyncio.run(scenario())
    assert -0.001 < at - before < 0.03


def test_a_call_that_is_connected_is_looked_at_by_the_clock() -> None:
    async def scenario() -> bytes:
        board = Switchboard()
        came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        opened = board.open("127.0.0.1", lambda data, _source, _at: came.set_result(data))
        board.calm(opened)
        board.add(lambda: None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"media", opened.getsockname())
        data = await asyncio.wait_for(came, 1)
        board.shut(opened)
        board.close()
        return data

    assert asyncio.run(scenario()) == b"media"
