"""An alarm rings once for each setting, in the loop: asyncio's, and Linux' own where there is one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

from parley_dataplane.media import alarm as alarm_module
from parley_dataplane.media.alarm import Alarm, LoopAlarm, TimerfdAlarm, exact_alarm
from tests import virtual_time

KINDS = [LoopAlarm, TimerfdAlarm] if sys.platform == "linux" else [LoopAlarm]

New = Callable[[Callable[[], None]], Alarm]


def rings(new: New, *settings: float, wait: float = 0.06) -> list[float]:
    """Seconds after the start at which an alarm rang that was set to `settings` one after the other."""

    async def main() -> list[float]:
        loop, heard = asyncio.get_running_loop(), []
        start = loop.time()
        alarm = new(lambda: heard.append(loop.time() - start))
        for setting in settings:
            alarm.set(start + setting)
        await asyncio.sleep(wait)
        alarm.close()
        alarm.close()  # again is no harm
        return heard

    return asyncio.run(main())


@pytest.mark.parametrize("new", KINDS)
def test_it_rings_once_and_not_before_its_time(new: New) -> None:
    (rang,) = rings(new, 0.02)
    assert rang >= 0.02 - 1e-6


@pytest.mark.parametrize("new", KINDS)
def test_what_is_set_last_counts(new: New) -> None:
    (rang,) = rings(new, 0.01, 0.5, 0.03)
    assert rang >= 0.03 - 1e-6


@pytest.mark.parametrize("new", KINDS)
def test_a_time_that_has_passed_rings_at_once(new: New) -> None:
    assert len(rings(new, -1.0)) == 1
    assert len(rings(new, -1e9)) == 1


@pytest.mark.parametrize("new", KINDS)
def test_what_is_closed_does_not_ring_and_leaves_no_descriptor(new: New) -> None:
    async def main() -> list[str]:
        before = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()
        heard: list[str] = []
        alarm = new(lambda: heard.append("rang"))
        alarm.set(asyncio.get_running_loop().time() + 0.01)
        alarm.close()
        await asyncio.sleep(0.03)
        after = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()
        assert len(after) == len(before)
        return heard

    assert asyncio.run(main()) == []


def test_linux_has_the_exact_one_and_others_asyncios(monkeypatch: pytest.MonkeyPatch) -> None:
    async def kind() -> type:
        alarm = exact_alarm(lambda: None)
        alarm.close()
        return type(alarm)

    assert asyncio.run(kind()) is KINDS[-1]
    monkeypatch.setattr(alarm_module, "_libc", lambda: None)
    assert asyncio.run(kind()) is LoopAlarm


def test_asyncios_rings_on_a_virtual_clock() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        rang = loop.create_future()
        LoopAlarm(lambda: rang.set_result(loop.time())).set(5_000.0)
        return float(await rang)

    assert virtual_time.run(main()) == 5_000.0
