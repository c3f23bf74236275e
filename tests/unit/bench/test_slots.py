"""A sender's slots: the grid is its own, and what is missing counts."""

from __future__ import annotations

import pytest

from tests.bench.slots import judged


def spurt(*late_ms: float, first: int = 0) -> list[tuple[float, int]]:
    """Packets of 20 ms each, so many milliseconds late."""
    return [
        (1_000.0 + number * 0.020 + late / 1000, (first + number * 960) & 0xFFFFFFFF)
        for number, late in enumerate(late_ms)
    ]


@pytest.mark.parametrize("first", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF - 959, 0xFFFFFFFF])
def test_an_even_sender_misses_nothing_whatever_its_first_timestamp(first: int) -> None:
    slots = judged(spurt(0, 0, 0, 0, first=first))
    assert (slots.slots, slots.missed) == (4, 0)
    assert slots.worst_ms == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("late", "missed"), [(9.9, 0), (10.1, 1), (-10.1, 1), (35.0, 1)])
def test_more_than_ten_milliseconds_off_is_missed(late: float, missed: int) -> None:
    assert judged(spurt(0, 0, late, 0, 0)).missed == missed


def test_a_first_packet_that_is_off_does_not_move_the_grid() -> None:
    assert judged(spurt(15, 0, 0, 0, 0)).missed == 1


def test_a_packet_that_never_came_is_a_missed_slot() -> None:
    packets = spurt(0, 0, 0, 0, 0)
    del packets[2]
    slots = judged(packets)
    assert (slots.slots, slots.missed) == (5, 1)


def test_audio_that_is_held_up_for_good_is_missed_from_there_on() -> None:
    assert judged(spurt(*[0] * 6, *[30] * 4)).missed == 4


@pytest.mark.parametrize("packets", [[], [(1.0, 960), (1.02, 0)]], ids=["none", "backwards"])
def test_what_is_no_spurt_is_a_value_error(packets: list[tuple[float, int]]) -> None:
    with pytest.raises(ValueError, match="spurt"):
        judged(packets)
