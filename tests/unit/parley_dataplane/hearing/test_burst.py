"""What comes in one reading is heard in its order, at its end, by everyone whom nothing is wrong with."""

import asyncio

import numpy as np

from parley_dataplane.hearing.burst import Burst
from parley_dataplane.hearing.levels import FRAME, Measured
from parley_dataplane.media import Pcm


class Hearer:
    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int | None]] = []

    def by(self, name: str):
        def hear(pcm: Pcm, measured: Measured | None) -> None:
            self.heard.append((name, int(pcm[0]), len(measured.levels) if measured else None))

        return hear


def packet(mark: int, samples: int = 2 * FRAME) -> Pcm:
    return np.full(samples, mark, np.int16)


def test_a_burst_is_heard_at_its_end_in_the_order_of_arrival() -> None:
    burst, hearer = Burst(), Hearer()
    burst.begin()
    burst.add(hearer.by("anna"), packet(1))
    burst.add(hearer.by("ben"), packet(2, FRAME + 1))
    burst.add(hearer.by("anna"), packet(3))
    assert hearer.heard == []
    burst.end()
    assert hearer.heard == [("anna", 1, 2), ("ben", 2, None), ("anna", 3, 2)]
    burst.end()
    assert len(hearer.heard) == 3


def test_outside_a_burst_audio_is_heard_at_once() -> None:
    burst, hearer = Burst(), Hearer()
    burst.add(hearer.by("anna"), packet(1))
    assert hearer.heard == [("anna", 1, 2)]


def test_flush_hears_what_waits_and_the_burst_goes_on() -> None:
    burst, hearer = Burst(), Hearer()
    burst.begin()
    burst.add(hearer.by("anna"), packet(1))
    burst.flush()
    assert len(hearer.heard) == 1
    burst.add(hearer.by("anna"), packet(2))
    assert len(hearer.heard) == 1
    burst.end()
    assert [mark for _, mark, _ in hearer.heard] == [1, 2]


def test_a_caller_whose_hearing_raises_is_reported_and_the_others_are_heard() -> None:
    reported: list[dict[str, object]] = []
    burst, hearer = Burst(), Hearer()

    def broken(pcm: Pcm, measured: Measured | None) -> None:
        raise RuntimeError("out of order")

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        burst.begin()
        burst.add(broken, packet(1))
        burst.add(hearer.by("ben"), packet(2))
        burst.end()

    asyncio.run(scene())
    assert hearer.heard == [("ben", 2, 2)]
    assert [str(context["exception"]) for context in reported] == ["out of order"]
