"""The pacer on a virtual clock."""

import asyncio

import pytest

from parley_dataplane.media.alarm import LoopAlarm
from parley_dataplane.media.pacer import CATCH_UP, PHASES, Paced, Pacer
from tests import virtual_time


class Call:
    def __init__(self, fails_at: int = -1) -> None:
        self.ticks: list[float] = []
        self.fails_at = fails_at

    def tick(self, now: float) -> None:
        self.ticks.append(now)
        if len(self.ticks) == self.fails_at:
            raise ValueError("a bug in one call")


def run(seconds: float, *calls: Call) -> list[tuple[Paced, Exception]]:
    failures: list[tuple[Paced, Exception]] = []

    async def main() -> None:
        pacer = Pacer(lambda call, error: failures.append((call, error)))
        for call in calls:
            pacer.add(call)
        pacer.start()
        await asyncio.sleep(seconds)
        await pacer.close()

    virtual_time.run(main())
    return failures


def test_ticks_are_20_ms_apart_for_every_call() -> None:
    calls = [Call(), Call()]
    run(1.001, *calls)
    assert [len(call.ticks) for call in calls] == [51, 50]  # the second one's phase comes 5 ms later
    for call in calls:
        assert [
            after - before for before, after in zip(call.ticks, call.ticks[1:], strict=False)
        ] == pytest.approx([0.02] * (len(call.ticks) - 1))


def test_a_call_whose_tick_fails_is_told_and_the_others_do_not_notice() -> None:
    broken, well = Call(fails_at=3), Call()
    ((call, error),) = run(1.0, broken, well)
    assert call is broken
    assert str(error) == "a bug in one call"
    assert len(broken.ticks) == 3
    assert len(well.ticks) >= 50


@pytest.mark.parametrize(("stall", "skips"), [(0.1, False), (CATCH_UP * 0.02 + 0.1, True)])
def test_a_short_stall_is_made_good_and_a_long_one_is_skipped_and_counted(stall: float, skips: bool) -> None:
    async def main() -> tuple[int, Pacer]:
        pacer, call = Pacer(lambda call, error: None), Call()
        pacer.add(call)
        pacer.start()
        await asyncio.sleep(0.05)
        virtual_time.stall(stall)
        await asyncio.sleep(0.055)
        await pacer.close()
        due = 1 + int((0.05 + stall + 0.055) / 0.02)
        return due - len(call.ticks), pacer

    missing, pacer = virtual_time.run(main())
    assert pacer.late_ticks > 0
    assert (pacer.skipped_ticks > 0) == skips
    assert missing == pacer.skipped_ticks


def test_a_call_that_leaves_in_its_own_tick_takes_no_other_with_it() -> None:
    class Leaving(Call):
        def tick(self, now: float) -> None:
            super().tick(now)
            pacer.remove(self)

    pacer = Pacer(lambda call, error: None)
    leaving, staying = Leaving(), Call()
    pacer.add(leaving)
    pacer.add(staying)
    pacer.tick(0.0)
    pacer.tick(0.02)
    assert (len(leaving.ticks), len(staying.ticks)) == (1, 2)


def test_calls_are_spread_over_the_phases_and_stay_where_they_are() -> None:
    calls = [Call() for _ in range(2 * PHASES)]
    run(0.5, *calls)
    starts = [round((call.ticks[0] - 1000) * 1000) for call in calls]
    assert starts == [0, 5, 10, 15, 0, 5, 10, 15]
    for call, start in zip(calls, starts, strict=True):
        assert {round((tick - 1000) * 1000) % 20 for tick in call.ticks} == {start}


def test_a_call_takes_the_place_of_one_that_left() -> None:
    async def main() -> list[float]:
        pacer, calls = Pacer(lambda call, error: None), [Call() for _ in range(PHASES)]
        for call in calls:
            pacer.add(call)
        pacer.start()
        await asyncio.sleep(0.1)
        pacer.remove(calls[2])
        late = Call()
        pacer.add(late)
        pacer.add(late)  # again is no harm
        await asyncio.sleep(0.1)
        await pacer.close()
        return late.ticks

    ticks = virtual_time.run(main())
    assert [round((tick - 1000) * 1000) for tick in ticks] == [110, 130, 150, 170, 190]


def test_what_comes_before_is_called_once_for_each_phase_that_has_calls() -> None:
    order: list[str] = []

    class Named(Call):
        def tick(self, now: float) -> None:
            order.append("call")

    async def main() -> None:
        pacer = Pacer(lambda call, error: None, before=lambda: order.append("before"))
        for _ in range(PHASES + 2):
            pacer.add(Named())
        pacer.remove(next(iter(pacer._phases[3])))
        pacer.start()
        await asyncio.sleep(0.019)
        await pacer.close()

    virtual_time.run(main())
    assert order == ["before", "call", "call", "before", "call", "call", "before", "call"]


def test_where_what_comes_before_fails_the_calls_have_their_ticks_and_the_loop_is_told() -> None:
    told: list[object] = []

    def fail() -> None:
        raise ValueError("a bug in what is shared")

    async def main() -> Call:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
        pacer, call = Pacer(lambda call, error: None, before=fail), Call()
        pacer.add(call)
        pacer.start()
        await asyncio.sleep(0.05)
        await pacer.close()
        return call

    assert len(virtual_time.run(main()).ticks) == len(told) == 3


def test_an_hour_without_a_call_costs_no_wake_up_and_the_next_call_starts_at_once() -> None:
    rings = 0

    class Counting(LoopAlarm):
        def set(self, at: float) -> None:
            nonlocal rings
            rings += 1
            super().set(at)

    async def main() -> tuple[Call, Pacer]:
        pacer, call = Pacer(lambda call, error: None, alarm=Counting), Call()
        pacer.start()
        await asyncio.sleep(3_600)
        pacer.add(call)
        await asyncio.sleep(0.1)
        await pacer.close()
        return call, pacer

    call, pacer = virtual_time.run(main())
    assert 4_600 <= call.ticks[0] <= 4_600.02
    assert rings <= 7
    assert (pacer.late_ticks, pacer.skipped_ticks) == (0, 0)


@pytest.mark.parametrize(
    ("stall", "late", "skipped"),
    [
        (0.098, 2 * 4, 0),  # due at 60 to 125 ms, done at 148; what was due at 140 is in time
        (0.398, 1, 2 * 19),  # 388 ms behind: each phase gives up 380
    ],
)
def test_lateness_is_counted_for_each_phase_that_has_calls(stall: float, late: int, skipped: int) -> None:
    async def main() -> Pacer:
        pacer = Pacer(lambda call, error: None)
        for _ in range(2):
            pacer.add(Call())
        pacer.start()
        await asyncio.sleep(0.05)
        virtual_time.stall(stall)
        await asyncio.sleep(0.05)
        await pacer.close()
        return pacer

    pacer = virtual_time.run(main())
    assert (pacer.late_ticks, pacer.skipped_ticks) == (late, skipped)


def test_what_is_made_good_lets_others_have_the_loop_in_between() -> None:
    async def main() -> int:
        pacer, call, turns = Pacer(lambda call, error: None), Call(), 0
        pacer.add(call)
        pacer.start()
        await asyncio.sleep(0.05)
        virtual_time.stall(0.1)
        before = len(call.ticks)
        while len(call.ticks) < before + 5:
            await asyncio.sleep(0)
            turns += 1
        await pacer.close()
        return turns

    assert virtual_time.run(main()) >= 5


def test_a_clock_that_was_closed_can_be_started_again() -> None:
    async def main() -> Call:
        pacer, call = Pacer(lambda call, error: None), Call()
        pacer.add(call)
        for _ in range(2):
            pacer.start()
            await asyncio.sleep(0.05)
            await pacer.close()
        return call

    assert len(virtual_time.run(main()).ticks) == 6
