"""The pacer on a virtual clock."""

import asyncio

import pytest

from parley_dataplane.media.pacer import CATCH_UP, Paced, Pacer
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
    for call in calls:
        assert len(call.ticks) == 51
        assert [
            after - before for before, after in zip(call.ticks, call.ticks[1:], strict=False)
        ] == pytest.approx([0.02] * 50)


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
