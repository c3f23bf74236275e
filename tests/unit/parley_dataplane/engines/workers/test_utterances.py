"""Whole utterances, decoded while they are spoken: what is shown, when, and how often, without any network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from parley_dataplane.engines.workers import utterances
from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import RefusedError
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.engines.workers.utterances import RATE, Decoded, Samples, Utterances

LOUD, SOFT = 8_000, 80
TICK = round(0.04 * RATE)


class Sent:
    """In the place of the channel: what was sent, and who has given up."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.done: list[int] = []
        self.cancelled: set[int] = set()

    def send_json(self, kind: Kind, stream: int, value: Any) -> None:
        assert kind is Kind.RESULT
        self.told.append(value)

    def send(self, kind: Kind, stream: int, payload: bytes = b"") -> None:
        assert kind is Kind.DONE
        self.done.append(stream)

    def is_cancelled(self, stream: int) -> bool:
        return stream in self.cancelled


class Counting(Utterances):
    """Hears a word for each half second, and remembers what it was given."""

    def __init__(self, channel: Any, **more: float) -> None:
        super().__init__(channel, **more)
        self.finals: list[int] = []
        self.guesses: list[int] = []

    def begin(self, request: Any) -> Agreement:
        return Agreement("en")

    def decode(self, samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        (self.finals if final else self.guesses).append(len(samples))
        spoken = int(np.sum(np.abs(samples.astype(np.int32)) > SOFT))
        text = " ".join(["la"] * (2 * spoken // RATE))
        return Decoded(text, ("other",), 0.5)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(utterances.time, "monotonic", lambda: now[0])
    return now


def sound(secs: float, level: int) -> bytes:
    samples = np.full(round(secs * RATE), level, np.int16)
    samples[::2] *= -1
    return samples.tobytes()


def push(handler: Utterances, secs: float, level: int, now: list[float], stream: int = 1) -> None:
    """At the pace of speech."""
    audio = sound(secs, level)
    for start in range(0, len(audio), 2 * TICK):
        now[0] += 0.04
        handler.data(stream, audio[start : start + 2 * TICK])


def test_the_end_after_a_pause_needs_no_decoding_of_its_own(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    push(handler, 1.0, LOUD, clock)
    push(handler, 0.3, SOFT, clock)
    assert len(handler.finals) == 1
    handler.end(1)
    assert len(handler.finals) == 1
    assert sent.told[-1] == {"final": True, "text": "la la", "alternatives": ["other"], "confidence": 0.5}
    assert sent.done == [1]


def test_who_goes_on_after_a_pause_is_heard_to_the_end(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    push(handler, 1.0, LOUD, clock)
    push(handler, 0.2, SOFT, clock)
    push(handler, 1.0, LOUD, clock)
    handler.end(1)
    assert sent.told[-1]["text"] == "la la la la"


def test_what_was_shown_as_stable_only_grows(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    push(handler, 3.0, LOUD, clock)
    stable = [told["text"][: told["stable"]] for told in sent.told]
    assert stable[-1]
    assert all(later.startswith(earlier) for earlier, later in pairwise(stable))


def test_a_first_word_is_shown_with_the_first_decoding(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    handler.data(1, sound(0.5, LOUD))
    assert sent.told == [{"text": "la", "stable": 0}]


def test_a_word_that_was_shown_as_stable_is_in_the_final_text(clock: list[float]) -> None:
    heard = iter(["I want", "I want a", "I won a prize"])
    sent = Sent()
    handler = Counting(sent)
    handler.decode = lambda *_: Decoded(next(heard), ("I want a pie",))  # type: ignore[method-assign]
    handler.open(1, {})
    push(handler, 0.24, LOUD, clock)
    handler.end(1)
    assert sent.told[-2] == {"text": "I want a", "stable": 6}
    assert sent.told[-1]["text"] == "I want a pie"
    assert sent.told[-1]["alternatives"] == ["I won a prize"]


def test_decodings_in_between_leave_the_worker_two_thirds_of_its_time(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    slow = handler.decode

    def decode(samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        clock[0] += 0.6
        return slow(samples, request, final, go_on)

    handler.decode = decode  # type: ignore[method-assign]
    handler.open(1, {})
    began = clock[0]
    push(handler, 6.0, LOUD, clock)
    assert 0.6 * len(handler.guesses) <= 0.4 * (clock[0] - began)


def test_a_long_utterance_is_decoded_in_parts_that_end_where_it_is_quietest(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent, part_secs=4.0)
    handler.open(1, {})
    push(handler, 3.0, LOUD, clock)
    push(handler, 0.1, SOFT, clock)
    push(handler, 2.0, LOUD, clock)
    handler.end(1)
    assert abs(handler.finals[0] - 3.05 * RATE) < 0.06 * RATE
    assert sent.told[-1]["text"] == " ".join(["la"] * 10)
    assert sent.told[-1]["alternatives"] == [" ".join(["la"] * 6 + ["other"])]


def test_an_utterance_without_an_end_is_refused_and_costs_a_bounded_memory(clock: list[float]) -> None:
    handler = Counting(Sent())
    handler.open(1, {})
    with pytest.raises(RefusedError, match="speak in parts"):
        for _ in range(200):
            handler.data(1, sound(1.0, LOUD))


def test_less_than_a_tenth_of_a_second_is_no_word(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    handler.data(1, sound(0.05, LOUD))
    handler.end(1)
    assert handler.finals == []
    assert sent.told[-1]["text"] == ""


def test_an_utterance_that_was_given_up_is_forgotten(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    handler.cancel(1)
    handler.data(1, sound(1.0, LOUD))
    handler.end(1)
    handler.cancel(1)
    assert sent.told == sent.done == []


def test_a_click_at_the_start_does_not_make_a_soft_voice_a_pause(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    push(handler, 0.04, 30_000, clock)
    push(handler, 0.5, 0, clock)
    push(handler, 2.0, 900, clock)
    handler.end(1)
    assert sent.told[-1]["text"] == "la la la la"


def test_at_a_pause_it_is_told_once_what_the_end_would_be(clock: list[float]) -> None:
    sent = Sent()
    handler = Counting(sent)
    handler.open(1, {})
    push(handler, 1.0, LOUD, clock)
    push(handler, 0.6, SOFT, clock)
    push(handler, 1.0, LOUD, clock)
    push(handler, 0.6, SOFT, clock)
    handler.end(1)
    likely = [told for told in sent.told if told.get("likely")]
    assert [told["text"] for told in likely] == ["la la", "la la la la"]
    assert (likely[-1]["text"], likely[-1]["alternatives"]) == (
        sent.told[-1]["text"],
        sent.told[-1]["alternatives"],
    )


def test_decodings_ahead_of_an_end_take_half_of_the_time_at_most(clock: list[float]) -> None:
    handler = Counting(Sent())
    quick = handler.decode

    def decode(samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        clock[0] += 1.0 if final else 0.0
        return quick(samples, request, final, go_on)

    handler.decode = decode  # type: ignore[method-assign]
    handler.open(1, {})
    began = clock[0]
    for _ in range(20):
        push(handler, 0.5, LOUD, clock)
        push(handler, 0.2, SOFT, clock)
    assert len(handler.finals) <= 0.55 * (clock[0] - began)
