"""Who may write: one holder, until its own deadline, and never two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from parley_operator.api import Unreachable
from parley_operator.fence import Fence, no_fence
from parley_operator.lease import ORDERLY_SECONDS, Lease
from parley_operator.main import Operator
from parley_operator.settings import Settings
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run, stall

PATH = "/apis/coordination.k8s.io/v1/namespaces/parley-system/leases/parley-operator"


class Left(Exception):
    """The process would have ended."""


def leave() -> None:
    raise Left


def lease(api: FakeApi, name: str, leave: Callable[[], None] = leave, fence: Fence = no_fence) -> Lease:
    return Lease(api, Settings(identity=name), fence, leave, clock=asyncio.get_running_loop().time)


def may_write(one: Lease) -> bool:
    try:
        one.check()
    except Left:
        return False
    return True


def test_the_first_replica_holds_it_and_renews_for_as_long_as_it_lives() -> None:
    async def main() -> None:
        api = FakeApi()
        one = lease(api, "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        assert may_write(one)
        await asyncio.sleep(600)
        assert may_write(one)
        assert api.objects[PATH]["spec"]["holderIdentity"] == "one"
        assert api.objects[PATH]["spec"]["leaseTransitions"] == 0
        task.cancel()

    run(main())


def test_a_second_replica_waits_while_the_first_renews() -> None:
    async def main() -> None:
        api = FakeApi()
        one, two = lease(api, "one"), lease(api, "two")
        tasks = [asyncio.create_task(one.run()), asyncio.create_task(two.run())]
        await asyncio.sleep(300)
        assert not two.held.is_set()
        for task in tasks:
            task.cancel()

    run(main())


def test_a_replica_that_dies_is_replaced_within_fifteen_seconds_and_not_before_its_deadline() -> None:
    async def main() -> None:
        api = FakeApi()
        one, two = lease(api, "one"), lease(api, "two")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        other = asyncio.create_task(two.run())
        await asyncio.sleep(100)
        task.cancel()
        assert one._watchdog is not None
        one._watchdog.cancel()  # as a process that was killed
        died = asyncio.get_running_loop().time()
        await two.held.wait()
        now = asyncio.get_running_loop().time()
        assert one.deadline is not None
        assert now > one.deadline
        assert now - died < 15
        assert api.objects[PATH]["spec"]["leaseTransitions"] == 1
        other.cancel()

    run(main())


def test_a_holder_that_was_frozen_finds_its_deadline_gone_before_it_writes() -> None:
    async def main() -> None:
        one = lease(FakeApi(), "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        stall(6.5)
        assert may_write(one)
        stall(1)
        assert not may_write(one)
        task.cancel()
        one._forget()

    run(main())


def test_a_holder_whose_machine_slept_finds_its_deadline_gone_though_its_loop_has_seen_no_time_pass() -> None:
    """Bug: it wrote beside the replica that had taken over. Cause: the clock of an event loop stands still while a
    machine is suspended.
    """

    async def main() -> None:
        slept = 0.0
        loop = asyncio.get_running_loop()
        one = Lease(FakeApi(), Settings(identity="one"), no_fence, leave, clock=lambda: loop.time() + slept)
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        assert may_write(one)
        slept = 3600.0
        assert not may_write(one)
        task.cancel()
        one._forget()

    run(main())


def test_the_kernel_is_told_each_new_deadline_and_keeps_the_last_when_the_lease_is_let_go() -> None:
    async def main() -> None:
        told: list[float] = []
        one = lease(FakeApi(), "one", fence=told.append)
        began = asyncio.get_running_loop().time()
        task = asyncio.create_task(one.run())
        await asyncio.sleep(3.1)
        assert told == pytest.approx([began + 7.0, began + 8.5, began + 10.0])
        assert told[-1] == one.deadline
        task.cancel()
        await one.release()
        assert len(told) == 3

    run(main())


def test_a_holder_that_can_not_renew_ends_by_itself_just_before_the_kernel_would_end_it() -> None:
    async def main() -> None:
        api = FakeApi()
        ended: list[float] = []
        one = lease(api, "one", lambda: ended.append(asyncio.get_running_loop().time()))
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: None)
        task = asyncio.create_task(one.run())
        await asyncio.sleep(20)
        assert one.deadline is not None
        deadline = one.deadline
        api.errors.extend(Unreachable("gone") for _ in range(1000))
        await asyncio.sleep(20)
        assert ended[0] == pytest.approx(deadline - ORDERLY_SECONDS, abs=0.01)
        task.cancel()

    run(main())


def test_the_deadline_counts_from_before_the_renewal_was_sent() -> None:
    async def main() -> None:
        api = FakeApi()
        one = lease(api, "one")
        started = asyncio.get_running_loop().time()
        api.seconds = 2.0
        task = asyncio.create_task(one.run())
        await one.held.wait()
        assert one.deadline == started + 7.0
        task.cancel()
        one._forget()

    run(main())


class SlowLoop(FakeApi):
    """Its answers come in time, and we take so long to see them."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._stalls = seconds

    async def request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = await super().request(method, path, **more)
        stall(self._stalls)
        return answer


@pytest.mark.parametrize("seconds", [8.0, 6.9], ids=["after the deadline", "just before it"])
def test_a_renewal_whose_answer_was_seen_too_late_is_worth_nothing(seconds: float) -> None:
    async def main() -> None:
        one = lease(SlowLoop(seconds), "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(30)
        assert not one.held.is_set()
        task.cancel()

    run(main())


def test_a_request_that_hangs_is_given_up_while_there_is_time_for_another() -> None:
    async def main() -> None:
        api = FakeApi()
        one = lease(api, "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(20)
        api.seconds = 600.0
        asyncio.get_running_loop().call_later(3, setattr, api, "seconds", 0.0)
        await asyncio.sleep(20)
        assert may_write(one)
        assert not task.done()
        task.cancel()
        one._forget()

    run(main())


def test_a_renewal_is_one_request() -> None:
    async def main() -> None:
        api = FakeApi()
        one = lease(api, "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(5)
        before = len(api.requests)
        await asyncio.sleep(15)
        assert [request.method for request in api.requests[before:]] == ["PUT"] * 10
        task.cancel()
        one._forget()

    run(main())


def test_of_two_that_try_at_the_same_time_one_gets_it() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seconds = 0.1
        several = [lease(api, name) for name in "abc"]
        tasks = [asyncio.create_task(one.run()) for one in several]
        await asyncio.sleep(60)
        assert sum(one.held.is_set() for one in several) == 1
        for task in tasks:
            task.cancel()
        for one in several:
            one._forget()

    run(main())


def test_a_replica_that_ends_lets_it_go_and_another_has_it_at_once() -> None:
    async def main() -> None:
        api = FakeApi()
        one, two = lease(api, "one"), lease(api, "two")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        other = asyncio.create_task(two.run())
        await asyncio.sleep(10)
        task.cancel()
        await one.release()
        assert not may_write(one)
        released = asyncio.get_running_loop().time()
        await two.held.wait()
        assert asyncio.get_running_loop().time() - released < 2
        other.cancel()
        two._forget()

    run(main())


def test_a_new_process_of_the_same_name_waits_for_what_the_old_one_held() -> None:
    """The old one may still live for a moment: kubelet started another, or two were given one name."""

    async def main() -> None:
        api = FakeApi()
        old = lease(api, "one")
        task = asyncio.create_task(old.run())
        await asyncio.sleep(5)
        task.cancel()
        new = lease(api, "one")
        started = asyncio.get_running_loop().time()
        other = asyncio.create_task(new.run())
        await new.held.wait()
        now = asyncio.get_running_loop().time()
        assert old.deadline is not None
        assert now > old.deadline
        assert now - started < 15
        other.cancel()
        new._forget()
        old._forget()

    run(main())


def test_a_holder_whose_lease_somebody_took_ends_at_once() -> None:
    async def main() -> None:
        api = FakeApi()
        one = lease(api, "one")
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        taken = api.objects[PATH]
        await api.put(PATH, {**taken, "spec": {**taken["spec"], "holderIdentity": "somebody"}})
        await asyncio.sleep(2)
        assert task.done()
        assert isinstance(task.exception(), Left)
        one._forget()

    run(main())


def test_a_renewal_in_flight_does_not_take_the_lease_again_that_was_let_go() -> None:
    """Bug: it was held anew once its answer came, and said so. Cause: the renewing task outlived the release."""

    async def main() -> None:
        api = FakeApi()
        operator = Operator(Settings(identity="test"), api, no_fence)
        operator._lease._leave = lambda: None
        lease = asyncio.create_task(operator._lease.run())
        await operator._lease.held.wait()
        api.seconds = 0.5
        await asyncio.sleep(operator._settings.renew_seconds + 0.1)
        await operator._finish(asyncio.create_task(asyncio.sleep(60)), lease)
        await asyncio.sleep(10)
        assert not operator._lease.held.is_set()
        (held,) = (obj for path, obj in api.objects.items() if "/leases/" in path)
        assert held["spec"]["holderIdentity"] == ""

    run(main())
