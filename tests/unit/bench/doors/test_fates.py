"""What a caller is told until the next question tells what became of this one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.doors.fates import ANSWERED, CUT, LATE, NOTHING, OTHERWISE, REFUSED, SAID, fates

ASKED = [(0.0, "What are your opening hours?"), (9.0, "Where can I park my car?"), (18.0, "Tell me a story.")]
HOURS = {"type": "transcript", "text": "what are your opening hours"}
CAR = {"type": "transcript", "text": "where can i park my car"}
SPEAKING = {"type": "state_change", "state": "speaking"}
RESPONSE = {"type": "response", "text": "We are open."}
ERROR = {"type": "error", "code": "engine-timeout"}


@pytest.mark.parametrize(
    ("told", "fate"),
    [
        pytest.param([(3.0, HOURS), (3.1, SPEAKING), (3.1, RESPONSE)], ANSWERED, id="answered"),
        pytest.param([(8.0, HOURS), (8.5, SPEAKING), (10.0, CAR), (10.1, RESPONSE)], CUT, id="interrupted"),
        pytest.param([(8.9, HOURS), (12.0, CAR), (12.1, RESPONSE)], LATE, id="no answer before the next"),
        pytest.param([(10.5, HOURS), (12.0, CAR), (12.1, RESPONSE)], LATE, id="no words before the next"),
        pytest.param([(3.0, CAR), (3.1, SPEAKING), (3.1, RESPONSE)], OTHERWISE, id="other words"),
        pytest.param([(12.0, CAR), (12.1, RESPONSE)], NOTHING, id="no words"),
        pytest.param([(3.0, ERROR)], REFUSED, id="an error"),
    ],
)
def test_a_question_has_the_fate_that_its_caller_saw(
    told: list[tuple[float, dict[str, Any]]], fate: str
) -> None:
    assert fates(ASKED, told)[0] == fate


def test_words_that_come_late_are_those_of_the_question_before() -> None:
    told = [(9.5, HOURS), (12.0, CAR), (12.1, SPEAKING), (12.2, RESPONSE), (19.0, CAR)]
    assert fates(ASKED, told) == [LATE, ANSWERED, NOTHING]


def test_each_question_has_one_fate_and_each_fate_is_printed() -> None:
    assert fates(ASKED, []) == [NOTHING] * 3
    assert {ANSWERED, CUT, LATE, OTHERWISE, NOTHING, REFUSED} == set(SAID)
