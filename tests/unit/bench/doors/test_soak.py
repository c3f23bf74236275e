"""The soak's tapes are what a MediaRecorder hands out: a header first, a slice each quarter of a second, or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.media.containers import AudioDecoder
from tests.bench.doors import fates, soak
from tests.bench.doors.questions import Question, understood
from tests.bench.doors.soak import QUESTION_SECS, SLICE_SECS, tape

EBML = b"\x1a\x45\xdf\xa3"
SLICES = round(QUESTION_SECS / SLICE_SECS)


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return understood(1)[:2]


def test_a_microphone_that_stays_open_makes_one_recording_of_all_questions(questions: list[Question]) -> None:
    slices = tape(questions, stays_open=True)
    assert len(slices) == 2 * SLICES
    assert [number for number, piece in enumerate(slices) if piece and piece.startswith(EBML)] == [0]


def test_a_question_recorded_by_itself_is_followed_by_nothing_until_the_next(
    questions: list[Question],
) -> None:
    slices = tape(questions, stays_open=False)
    assert len(slices) == 2 * SLICES
    assert [number for number, piece in enumerate(slices) if piece and piece.startswith(EBML)] == [0, SLICES]
    assert slices[SLICES - 1] is None


def test_what_is_sent_is_heard_as_long_as_it_was_and_as_it_goes(questions: list[Question]) -> None:
    decoder, heard = AudioDecoder(), []
    for piece in tape(questions[:1], stays_open=True):
        heard.append(len(decoder.feed(piece or b"")) / 16_000)
        assert not decoder.complete
    assert sum(heard) == pytest.approx(QUESTION_SECS, abs=0.3)
    assert np.max(heard[2:]) < 3 * SLICE_SECS


def test_the_soaks_table_says_how_far_memory_moved_once_it_was_warm() -> None:
    memory = [
        {"figure": soak.MEMORY, "minute": minute, "mib": mib}
        for minute, mib in enumerate((150, 200, 210, 212))
    ]
    assert "after minute 2 memory moved within 2.0 MiB" in soak.table(memory)


def test_the_soaks_table_says_what_became_of_each_question() -> None:
    talks = [
        {"figure": soak.TALK, "call": 0, "fates": {fates.ANSWERED: 3}, "errors": []},
        {
            "figure": soak.TALK,
            "call": 1,
            "fates": {fates.ANSWERED: 2, fates.REFUSED: 1},
            "errors": ["bad-audio"],
        },
    ]
    assert soak.table(talks) == [
        "2 calls asked 6 questions; errors: ['bad-audio']",
        "- 5 answered before the next began",
        "- 1 refused with an error",
    ]
