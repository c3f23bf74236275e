"""The keyed queue: each key once, in order, by one worker, later after each failure."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from parley_operator.queue import LAST_RETRY_SECONDS, Key, Queue
from tests.virtual_time import run

A, B, C = (Key("VoiceAgent", "tenant", name) for name in "abc")


class Hands:
    """What workers did: `seen` in order, each piece of work taking `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.seen: list[tuple[Key, float]] = []
        self.at_once: dict[Key, int] = {}
        self.most_at_once = 0

    async def __call__(self, key: Key) -> None:
        self.seen.append((key, asyncio.get_running_loop().time() - 1000))
        self.at_once[key] = self.at_once.get(key, 0) + 1
        assert self.at_once[key] == 1, "two workers have one key"
        self.most_at_once = max(self.most_at_once, sum(self.at_once.values()))
        await asyncio.sleep(self.seconds)
        self.at_once[key] -= 1

    @property
    def keys(self) -> list[Key]:
        return [key for key, _ in self.seen]


async def work(queue: Queue, hands: Hands, seconds: float, workers: int = 2) -> None:
    task = asyncio.create_task(queue.run(workers, hands))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_key_that_is_added_many_times_is_looked_at_once() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands()
        for key in (A, B, A, A, B):
            queue.add(key)
        assert queue.depth == 2
        await work(queue, hands, 10)
        assert hands.keys == [A, B]

    run(main())


def test_a_key_that_is_added_while_a_worker_has_it_comes_again_when_that_is_done() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=5)
        queue.add(A)
        asyncio.get_running_loop().call_later(1, queue.add, A)
        asyncio.get_running_loop().call_later(2, queue.add, A)
        await work(queue, hands, 20)
        assert hands.seen == [(A, 0), (A, 5)]

    run(main())


def test_what_changed_goes_before_what_is_routine_and_a_change_lifts_a_routine_key() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=1)
        queue.add(A, routine=True)
        queue.add(B, routine=True)
        queue.add(C)
        queue.add(B)
        await work(queue, hands, 10, workers=1)
        assert hands.keys == [C, B, A]

    run(main())


def test_no_more_workers_than_asked_for_work_at_once() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=1)
        for number in range(20):
            queue.add(Key("VoiceAgent", "tenant", str(number)))
        await work(queue, hands, 3.5, workers=3)
        assert hands.most_at_once == 3
        assert len(hands.seen) == 12

    run(main())


def test_a_key_that_is_to_come_later_comes_at_the_sooner_of_two_times() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands()
        queue.add(A, after=30)
        queue.add(A, after=10)
        queue.add(A, after=20)
        assert queue.delayed == 1
        await work(queue, hands, 100)
        assert hands.seen == [(A, 10)]

    run(main())


def test_a_change_does_not_wait_for_the_time_that_a_retry_has_set() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands()
        queue.add(A, after=30)
        queue.add(A)
        await work(queue, hands, 100)
        assert hands.seen == [(A, 0)]

    run(main())


def test_a_key_that_fails_comes_back_later_each_time_up_to_a_bound() -> None:
    async def main() -> None:
        queue = Queue()
        times = []

        async def fail(key: Key) -> None:
            times.append(asyncio.get_running_loop().time())
            queue.retry(key)

        queue.add(A)
        task = asyncio.create_task(queue.run(1, fail))
        await asyncio.sleep(600)
        task.cancel()
        pauses = [after - before for before, after in pairwise(times)]
        full = [min(LAST_RETRY_SECONDS, 0.2 * 2**number) for number in range(len(pauses))]
        assert all(bound / 2 <= pause <= bound + 0.001 for pause, bound in zip(pauses, full, strict=True))
        assert pauses[-1] > LAST_RETRY_SECONDS / 2

    run(main())


def test_a_success_makes_the_next_failure_the_first_and_retry_after_is_obeyed() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands()
        for _ in range(8):
            queue.retry(A)
        queue.succeeded(A)
        assert queue.failing == 0
        queue.add(A)
        await work(queue, hands, 0)
        queue.retry(B, at_least=17)
        await work(queue, hands, 100)
        assert [(key, round(at)) for key, at in hands.seen] == [(A, 0), (B, 17)]

    run(main())


def test_the_queue_tells_its_age_and_how_long_a_worker_has_been_busy() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=50)
        queue.add(A)
        queue.add(B)
        task = asyncio.create_task(queue.run(1, hands))
        await asyncio.sleep(20)
        assert (queue.age(), queue.longest_at_work(), queue.workers) == (20, 20, 1)
        task.cancel()

    run(main())


def test_what_waited_in_a_standby_for_an_hour_is_not_stuck_when_it_takes_over() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=1)
        queue.add(A)
        await asyncio.sleep(3600)
        task = asyncio.create_task(queue.run(1, hands))
        await asyncio.sleep(0.5)
        assert queue.finished_at == 4600
        task.cancel()

    run(main())


def test_a_closed_queue_finishes_what_is_at_work_and_takes_nothing_new() -> None:
    async def main() -> None:
        queue, hands = Queue(), Hands(seconds=3)
        queue.add(A)
        queue.add(B)
        task = asyncio.create_task(queue.run(1, hands))
        await asyncio.sleep(1)
        queue.close()
        await queue.finished()
        assert asyncio.get_running_loop().time() == 1003
        await asyncio.sleep(50)
        assert hands.keys == [A]
        task.cancel()

    run(main())


def test_the_loop_turns_between_two_keys_though_no_look_ever_waits() -> None:
    """Bug: with thousands of agents a new leader lost its Lease at once. Cause: a look that has nothing to write never
    gave up the loop, so that nothing else ran until the queue was empty.
    """

    async def main() -> None:
        queue, seen = Queue(), list[str]()

        async def look(key: Key) -> None:
            seen.append(key.name)
            asyncio.get_running_loop().call_soon(seen.append, "renewed")

        for key in (A, B, C):
            queue.add(key)
        task = asyncio.create_task(queue.run(1, look))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == ["a", "renewed", "b", "renewed", "c", "renewed"]

    run(main())
