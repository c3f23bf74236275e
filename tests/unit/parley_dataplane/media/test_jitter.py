"""What comes out of the jitter buffer, for every order, loss and pause that may go in."""

from __future__ import annotations

import random

import pytest

from parley_dataplane.media.jitter import (
    BEHIND,
    STALL_SECS,
    WINDOW,
    JitterBuffer,
    Lost,
    Packet,
    Piece,
)
from parley_dataplane.media.lateness import FIRST_SECS, LONGEST_SECS, SHORTEST_SECS
from tests.network import Network

STARTS = [0, 1, 32_767, 32_768, 65_534, 65_535]
STEP = 960


def payload(index: int) -> bytes:
    return index.to_bytes(4, "big")


class Stream:
    """A sender of 20 ms packets and the buffer that they arrive at."""

    def __init__(self, start: int = 0, timestamp: int = 0, *, hurry: bool = False) -> None:
        self.start, self.timestamp, self.hurry = start, timestamp, hurry
        self.buffer = JitterBuffer()
        self.now = 100.0
        self.sensed: list[int | str] = []
        self._passed: list[int | str] = []

    def push(self, index: int, *, pause: int = 0, ticks: int = STEP) -> None:
        """Packet `index` of the stream, its timestamp `pause` ticks later than its place says."""
        sequence = (self.start + index) & 0xFFFF
        timestamp = (self.timestamp + index * STEP + pause) & 0xFFFFFFFF
        if self.hurry and self.buffer.pass_on(sequence, timestamp, ticks, self.now):
            self._passed.append(index)
            self.sensed.append(index)
        else:
            self.buffer.push(sequence, timestamp, payload(index), ticks, self.now)

    def pop(self, after: float = 0.0) -> list[int | str]:
        """What is heard: indices of packets, "lost", or "quiet <ticks>". What is sensed is added to `sensed`."""
        self.now += after
        sensed, heard = self.buffer.pop(self.now)
        self.sensed += [self._say(item) for item in sensed]
        passed, self._passed = self._passed, []
        return passed + [self._say(item) for item in heard]

    def receive(self, index: int, after: float = 0.0) -> list[int | str]:
        self.now += after
        self.push(index)
        return self.pop()

    def _say(self, item: Piece) -> int | str:
        if isinstance(item, Packet):
            return int.from_bytes(item.payload, "big")
        return "lost" if isinstance(item, Lost) else f"quiet {item.ticks}"


def ticks_in(pieces: list[int | str]) -> int:
    return sum(int(item[6:]) if isinstance(item, str) and item != "lost" else STEP for item in pieces)


@pytest.mark.parametrize("start", STARTS)
def test_packets_in_order_pass_at_once(start: int) -> None:
    stream = Stream(start, timestamp=0xFFFFFFFF - 2 * STEP)
    for index in range(10):
        stream.push(index)
        assert stream.pop() == [index]
        stream.now += 0.020


@pytest.mark.parametrize("start", STARTS)
def test_packets_that_overtook_each_other_come_out_in_order(start: int) -> None:
    stream = Stream(start)
    heard: list[int | str] = []
    for index in (0, 2, 1, 5, 4, 3, 6):
        stream.push(index)
        heard += stream.pop(0.005)
    assert heard == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("start", STARTS)
def test_a_hole_is_waited_for_and_then_given_up(start: int) -> None:
    stream = Stream(start)
    stream.push(0)
    stream.push(2)
    assert stream.pop() == [0]
    assert stream.pop(FIRST_SECS - 0.001) == []
    assert stream.pop(0.002) == ["lost", 2]
    assert stream.buffer.lost == 1


def test_each_of_many_lost_packets_has_its_marker_and_the_last_knows_what_follows() -> None:
    stream = Stream()
    stream.push(0)
    stream.buffer.pop(stream.now)
    stream.push(4)
    lost = [item for item in stream.buffer.pop(stream.now + 0.09).heard if isinstance(item, Lost)]
    assert lost == [Lost(STEP, None), Lost(STEP, None), Lost(STEP, payload(4))]


@pytest.mark.parametrize("start", STARTS)
def test_a_packet_that_comes_after_it_was_given_up_is_late(start: int) -> None:
    stream = Stream(start)
    stream.push(0)
    stream.push(2)
    stream.pop(0.09)
    stream.push(1)
    assert stream.pop() == []
    assert (stream.buffer.late, stream.buffer.duplicate) == (1, 0)


@pytest.mark.parametrize("start", STARTS)
def test_a_duplicate_is_heard_once(start: int) -> None:
    stream = Stream(start)
    heard: list[int | str] = []
    for index in (0, 0, 1, 3, 3, 2):
        stream.push(index)
        heard += stream.pop()
    assert heard == [0, 1, 2, 3]
    assert (stream.buffer.late, stream.buffer.duplicate) == (0, 2)


def test_a_pause_of_the_sender_is_heard_as_quiet() -> None:
    stream = Stream()
    stream.push(0)
    stream.push(1, pause=4 * STEP)
    assert stream.pop() == [0, f"quiet {4 * STEP}", 1]


def test_a_timestamp_that_jumps_by_an_hour_is_a_second_of_quiet() -> None:
    stream = Stream()
    stream.push(0)
    stream.push(1, pause=3_600 * 48_000)
    assert stream.pop() == [0, "quiet 48000", 1]


def test_a_timestamp_that_jumps_back_is_no_pause() -> None:
    stream = Stream(timestamp=10 * STEP)
    stream.push(0)
    stream.push(1, pause=-5 * STEP)
    assert stream.pop() == [0, 1]


def test_while_nothing_comes_quiet_keeps_time() -> None:
    stream = Stream()
    stream.push(0)
    stream.pop()
    assert stream.pop(STALL_SECS - 0.001) == []
    assert stream.pop(0.0011) == [f"quiet {STEP}"] * 5
    assert stream.pop(0.020) == [f"quiet {STEP}"]


def test_quiet_that_was_heard_already_is_not_heard_again() -> None:
    stream = Stream()
    stream.push(0)
    stream.pop()
    filled = len(stream.pop(0.2001))
    stream.push(1, pause=12 * STEP)
    assert stream.pop() == [f"quiet {(12 - filled) * STEP}", 1]


def test_what_a_frozen_network_delivers_at_once_is_all_heard() -> None:
    stream = Stream()
    stream.push(0)
    stream.pop()
    stream.pop(0.3)
    for index in range(1, 16):
        stream.push(index)
    assert stream.pop() == list(range(1, 16))


def test_a_caller_that_slept_for_an_hour_is_owed_a_second_of_quiet() -> None:
    stream = Stream()
    stream.push(0)
    stream.pop()
    assert len(stream.pop(3_600.0)) <= 50


@pytest.mark.parametrize("start", STARTS)
def test_a_sender_that_starts_anew_is_followed_from_its_second_packet_and_loses_none(start: int) -> None:
    stream = Stream(start)
    assert stream.receive(0) == [0]
    assert stream.receive(1_000) == []
    assert stream.receive(1_001) == [1_000, 1_001]
    assert stream.sensed == [0, 1_000, 1_001]
    assert stream.buffer.restarts == 1


@pytest.mark.parametrize("hurry", [True, False])
def test_one_stray_packet_does_not_move_the_window_and_is_counted(hurry: bool) -> None:
    stream = Stream(hurry=hurry)
    assert [heard for index in (0, 30_000, 1, 30_002, 2) for heard in stream.receive(index)] == [0, 1, 2]
    assert stream.buffer.late == 2


def test_another_source_keeps_the_counts_and_nothing_of_the_order() -> None:
    stream = Stream(start=5)
    stream.receive(0)
    stream.receive(2)
    stream.buffer.renew()
    stream.start, stream.timestamp = 40_000, 77
    assert stream.receive(0) == [0]
    assert (stream.buffer.lost, stream.buffer.restarts) == (1, 1)
    assert not stream.buffer.ahead


def test_before_the_first_packet_there_is_nothing_to_hear() -> None:
    stream = Stream()
    assert not stream.buffer.may_pop(stream.now)
    sensed, heard = stream.buffer.pop(stream.now)
    assert sensed is heard
    assert heard == []


def test_a_packet_without_payload_keeps_its_place_and_makes_no_sound() -> None:
    stream = Stream()
    stream.receive(0)
    stream.buffer.push(1, 0, b"", 0, stream.now)
    stream.buffer.push(2, STEP, payload(1), STEP, stream.now)
    assert stream.pop() == [1]
    assert stream.buffer.lost == 0


# Who senses


@pytest.mark.parametrize("start", STARTS)
def test_what_comes_behind_a_hole_is_sensed_at_once_and_what_was_overtaken_is_not_sensed(start: int) -> None:
    stream = Stream(start)
    assert stream.receive(0) == [0]
    assert stream.receive(2, 0.020) == []
    assert stream.sensed == [0, "lost", 2]
    assert stream.receive(3, 0.020) == []
    assert stream.sensed == [0, "lost", 2, 3]
    assert stream.receive(1) == [1, 2, 3]
    assert stream.sensed == [0, "lost", 2, 3]
    assert not stream.buffer.ahead


def test_once_the_order_is_whole_again_both_get_one_list() -> None:
    stream = Stream()
    for index in (0, 2, 1, 3):
        stream.push(index)
        sensed, heard = stream.buffer.pop(stream.now)
    assert sensed is heard


def test_the_hole_that_is_sensed_knows_what_follows_it() -> None:
    stream = Stream()
    stream.receive(0)
    stream.push(2)
    sensed, heard = stream.buffer.pop(stream.now)
    assert sensed[0] == Lost(STEP, payload(2))
    assert heard == []


def test_a_hole_that_stays_one_is_heard_exactly_as_it_was_sensed() -> None:
    stream = Stream()
    stream.receive(0)
    stream.push(2)
    sensed, _ = stream.buffer.pop(stream.now)
    stream.push(3)
    sensed += stream.buffer.pop(stream.now + 0.020).sensed
    assert stream.buffer.pop(stream.now + 0.099).heard == sensed


def test_silence_behind_a_hole_is_sensed_while_the_hole_is_still_waited_for() -> None:
    stream = Stream()
    stream.buffer = JitterBuffer(lambda: 1.0)  # a wild network: 200 ms of patience
    stream.receive(0)
    stream.receive(2)
    assert stream.pop(STALL_SECS + 0.001) == []
    assert stream.sensed == [0, "lost", 2, *[f"quiet {STEP}"] * 5]
    assert stream.pop(LONGEST_SECS - STALL_SECS) == ["lost", 2, *[f"quiet {STEP}"] * 10]
    assert ticks_in(stream.sensed) == 13 * STEP


# Patience


def test_on_a_calm_network_a_hole_is_soon_given_up() -> None:
    stream = Stream()
    for index in range(3_000):
        stream.receive(index, 0.020)
    assert stream.buffer.patience(stream.now) == SHORTEST_SECS


def test_where_packets_are_overtaken_by_120_ms_holes_are_waited_for_as_long() -> None:
    stream = Stream()
    for at, index in Network(3, overtaken=0.05, detour=0.120).carry((n / 50, n) for n in range(3_000)):
        stream.now = 100.0 + at
        stream.receive(index)
    assert 0.100 <= stream.buffer.patience(stream.now) <= 0.140
    assert stream.buffer.late <= 3


# Bad weather, bad peers


def test_a_peer_at_ten_times_real_time_is_cut_to_twice() -> None:
    stream = Stream()
    heard = 0
    for index in range(5_000):  # 100 s of audio in 10 s
        stream.push(index)
        heard += ticks_in(stream.pop(0.002))
    assert heard <= (10 * 50 * 2 + 2 * 50 + 5) * STEP
    assert ticks_in(stream.sensed) == heard
    assert stream.buffer.flooded >= 3_000


@pytest.mark.parametrize("leap", [STEP, 48_000, 3_600 * 48_000])
@pytest.mark.parametrize("hop", [1, 2, 60])
def test_no_leaps_of_timestamps_or_holes_bring_more_than_twice_real_time(leap: int, hop: int) -> None:
    stream = Stream()
    heard = 0
    for step in range(500):  # 10 s
        stream.buffer.push((step * hop) & 0xFFFF, (step * leap) & 0xFFFFFFFF, b"x", 5_760, stream.now)
        heard += ticks_in(stream.pop(0.020))
    heard += ticks_in(stream.pop(LONGEST_SECS))
    for listener in (heard, ticks_in(stream.sensed)):
        assert listener <= (10 * 50 * 2 + 2 * 50 + 50 + 10) * STEP


def test_no_order_of_arrival_makes_it_hold_more_than_its_window() -> None:
    rng = random.Random(3)
    stream = Stream()
    stream.push(0)
    for _ in range(5_000):
        near = (
            rng.randrange(65_536) if rng.random() < 0.1 else stream.buffer._hearing.next + rng.randrange(80)
        )
        stream.buffer.push(near & 0xFFFF, rng.randrange(2**32), b"x", STEP, stream.now)
        stream.now += 0.002
        assert len(stream.buffer._held) <= WINDOW
        assert len(stream.buffer._missing) <= 2 * WINDOW + BEHIND
        stream.buffer.pop(stream.now)


WEATHER = {
    "a_good_line": {"jitter": 0.001},
    "crowded_wifi": {"jitter": 0.010, "in_order": True, "loss": 0.02, "burst": 2.0},
    "two_ways_at_once": {"jitter": 0.008, "overtaken": 0.10, "detour": 0.045, "duplicates": 0.01},
    "a_train_in_the_hills": {"jitter": 0.025, "loss": 0.10, "burst": 3.0, "overtaken": 0.02},
    "everything_twice": {"duplicates": 1.0, "jitter": 0.005},
}


@pytest.mark.parametrize("seed", range(len(STARTS)))
@pytest.mark.parametrize("weather", WEATHER)
def test_in_any_weather_order_holds_and_both_get_as_much_as_was_sent(weather: str, seed: int) -> None:
    """Half a minute. Only stalls (over 100 ms without a packet) may add quiet, and only for packets that come after."""
    stream = Stream(STARTS[seed], timestamp=0xFFFF0000, hurry=True)
    heard: list[int | str] = []
    last = 1_500
    arrivals = Network(seed, **WEATHER[weather]).carry((n / 50, n) for n in range(last))  # type: ignore[arg-type]
    tick = 0.0
    for at, index in arrivals:
        while tick < at:
            stream.now = 100.0 + tick
            heard += stream.pop()
            tick += 0.020
        stream.now = 100.0 + at
        before = len(stream.sensed)
        ahead = index > max((item for item in stream.sensed if isinstance(item, int)), default=-1)
        stream.push(index)
        heard += stream.pop()
        assert not ahead or stream.sensed[before:][-1] == index  # sensed on arrival, whatever is missing
    heard += stream.pop(LONGEST_SECS / 2)
    for listener in (heard, stream.sensed):
        packets = [item for item in listener if isinstance(item, int)]
        assert packets == sorted(set(packets))
        quiet = sum(ticks_in([item]) for item in listener if isinstance(item, str) and item != "lost")
        sent = (max(packets) + 1) * STEP
        assert sent <= ticks_in(listener) + 120 * len(listener) // 50
        assert ticks_in(listener) - quiet <= sent
    arrived = {index for _, index in arrivals}
    assert len({item for item in heard if isinstance(item, int)}) >= 0.97 * len(arrived)


@pytest.mark.parametrize("seed", range(10))
def test_the_short_way_and_the_long_way_give_the_same(seed: int) -> None:
    weather = Network(seed, jitter=0.015, loss=0.05, overtaken=0.05, duplicates=0.02)
    streams = [Stream(65_000, timestamp=0xFFFFFF00, hurry=hurry) for hurry in (True, False)]
    heard: list[list[int | str]] = [[], []]
    for at, index in weather.carry((n / 50, n) for n in range(2_000)):
        for stream, listener in zip(streams, heard, strict=True):
            stream.now = 100.0 + at
            listener.extend(stream.receive(index))
    assert heard[0] == heard[1]
    assert streams[0].sensed == streams[1].sensed


def test_twelve_hours_without_a_pause_are_heard_to_the_last_packet() -> None:
    """2,160,000 packets: the sequence wraps 32 times, the timestamps nearly; every 10,000th is lost."""
    stream = Stream(65_535, timestamp=0x80000000, hurry=True)
    heard = 0
    for index in range(2_160_000):
        stream.now += 0.020
        if index % 10_000 != 5_000:
            sequence, timestamp = (65_535 + index) & 0xFFFF, (0x80000000 + index * STEP) & 0xFFFFFFFF
            if stream.buffer.pass_on(sequence, timestamp, STEP, stream.now):
                heard += STEP
            else:
                stream.push(index)
                heard += ticks_in(stream.pop())
    assert heard == 2_160_000 * STEP
    assert stream.buffer.lost == 216
    assert len(stream.buffer._missing) <= WINDOW + BEHIND
