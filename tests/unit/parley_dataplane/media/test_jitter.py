"""What comes out of the jitter buffer, for every order, loss and pause that may go in."""

from __future__ import annotations

import random

import pytest

from parley_dataplane.media.jitter import PATIENCE_SECS, STALL_SECS, WINDOW, JitterBuffer, Lost, Packet, Quiet

STARTS = [0, 1, 32_767, 32_768, 65_534, 65_535]
STEP = 960


def payload(index: int) -> bytes:
    return index.to_bytes(4, "big")


class Stream:
    """A sender of 20 ms packets and the buffer that they arrive at."""

    def __init__(self, start: int = 0, timestamp: int = 0) -> None:
        self.start, self.timestamp = start, timestamp
        self.buffer = JitterBuffer(lambda _: STEP)
        self.now = 100.0

    def push(self, index: int, *, pause: int = 0) -> None:
        """Packet `index` of the stream, its timestamp `pause` ticks later than its place says."""
        sequence = (self.start + index) & 0xFFFF
        timestamp = (self.timestamp + index * STEP + pause) & 0xFFFFFFFF
        self.buffer.push(sequence, timestamp, payload(index), self.now)

    def pop(self, after: float = 0.0) -> list[int | str]:
        """Indices of packets, "lost", or "quiet <ticks>"."""
        self.now += after
        return [self._say(item) for item in self.buffer.pop(self.now)]

    def _say(self, item: Packet | Lost | Quiet) -> int | str:
        if isinstance(item, Packet):
            return int.from_bytes(item.payload, "big")
        return "lost" if isinstance(item, Lost) else f"quiet {item.ticks}"


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
    assert stream.pop(PATIENCE_SECS - 0.001) == []
    assert stream.pop(0.002) == ["lost", 2]
    assert stream.buffer.lost == 1


def test_each_of_many_lost_packets_has_its_marker_and_the_last_knows_what_follows() -> None:
    stream = Stream()
    stream.push(0)
    stream.buffer.pop(stream.now)
    stream.push(4)
    lost = [item for item in stream.buffer.pop(stream.now + 0.1) if isinstance(item, Lost)]
    assert lost == [Lost(STEP, None), Lost(STEP, None), Lost(STEP, payload(4))]


@pytest.mark.parametrize("start", STARTS)
def test_a_packet_that_comes_after_it_was_given_up_is_late(start: int) -> None:
    stream = Stream(start)
    stream.push(0)
    stream.push(2)
    stream.pop(0.1)
    stream.push(1)
    assert stream.pop() == []
    assert stream.buffer.late == 1


@pytest.mark.parametrize("start", STARTS)
def test_a_duplicate_is_heard_once(start: int) -> None:
    stream = Stream(start)
    heard: list[int | str] = []
    for index in (0, 0, 1, 3, 3, 2):
        stream.push(index)
        heard += stream.pop()
    assert heard == [0, 1, 2, 3]
    assert stream.buffer.duplicate + stream.buffer.late == 2


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
def test_a_sender_that_starts_anew_is_followed_from_its_second_packet(start: int) -> None:
    stream = Stream(start)
    stream.push(0)
    stream.pop()
    stream.push(1_000)
    assert stream.pop() == []
    stream.push(1_001)
    assert stream.pop() == [1_001]


def test_one_stray_packet_does_not_move_the_window() -> None:
    stream = Stream()
    stream.push(0)
    stream.push(30_000)
    stream.push(1)
    stream.push(30_002)
    stream.push(2)
    assert stream.pop() == [0, 1, 2]


def test_a_peer_at_ten_times_real_time_is_cut_to_twice() -> None:
    stream = Stream()
    heard = 0
    for index in range(5_000):  # 100 s of audio in 10 s
        stream.push(index)
        heard += sum(isinstance(item, int) for item in stream.pop(0.002))
    assert heard <= 10 * 50 * 2 + 2 * 50 + WINDOW
    assert stream.buffer.flooded >= 3_000


def test_no_order_of_arrival_makes_it_hold_more_than_its_window() -> None:
    rng = random.Random(3)
    stream = Stream()
    stream.push(0)
    for _ in range(5_000):
        stream.buffer.push(rng.randrange(65_536), rng.randrange(2**32), b"x", stream.now)
        stream.now += 0.020
        assert len(stream.buffer._held) <= WINDOW
        stream.buffer.pop(stream.now)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_network_does_order_holds_and_nothing_is_heard_twice(start: int, seed: int) -> None:
    """A minute with 10 % loss, 2 % duplicates and up to 80 ms of jitter."""
    rng = random.Random(seed)
    arrivals: list[tuple[float, int]] = []
    for index in range(3_000):
        copies = 0 if index and rng.random() < 0.10 else 2 if rng.random() < 0.02 else 1
        arrivals += [(100.0 + index * 0.020 + rng.random() * 0.080, index) for _ in range(copies)]
    stream = Stream(start)
    stream.push(0)
    heard: list[int | str] = []
    for at, index in sorted(arrivals):
        stream.now = at
        heard += stream.pop()
        stream.push(index)
        heard += stream.pop()
    packets = [item for item in heard if isinstance(item, int)]
    assert packets == sorted(set(packets))
    assert len(packets) > 0.97 * 0.90 * 3_000
    # Every place in the sequence was heard or given up; where quiet had filled it by then, no marker came.
    assert len(packets) + stream.buffer.lost == packets[-1] + 1
    assert heard.count("lost") > 0.95 * stream.buffer.lost
