"""How times, counts and foreign words are written."""

from __future__ import annotations

import pytest

from parley_cli.cluster.words import age, age_in_words, at_least, plain, sentence
from tests.unit.parley_cli.cluster.objects import NOW


@pytest.mark.parametrize(
    ("since", "short", "words"),
    [
        ("2026-11-30T12:00:00Z", "0s", "0 seconds"),
        ("2026-11-30T11:59:59Z", "1s", "1 second"),
        ("2026-11-30T11:59:00Z", "1m", "1 minute"),
        ("2026-11-30T11:00:01Z", "59m", "59 minutes"),
        ("2026-11-29T12:00:01Z", "23h", "23 hours"),
        ("2026-11-28T12:00:00Z", "2d", "2 days"),
        ("2026-11-30T12:00:30Z", "0s", "0 seconds"),  # a server whose clock is ahead
        ("2026-11-30T14:00:00+02:00", "0s", "0 seconds"),
        (None, "-", ""),
        ("yesterday", "-", ""),
        ("2026-11-30T12:00:00", "-", ""),  # of no time zone
    ],
)
def test_an_age_is_told_in_its_largest_unit(since: str | None, short: str, words: str) -> None:
    assert age(since, NOW) == short
    assert age_in_words(since, NOW) == words


@pytest.mark.parametrize(("calls", "written"), [(0, "0"), (1, "1"), (2, "2+"), (500, "500+")])
def test_a_rounded_count_says_that_it_is_one(calls: int, written: str) -> None:
    assert at_least(calls) == written


def test_what_a_stranger_wrote_stays_in_its_line_and_commands_no_terminal() -> None:
    assert plain("a\x1b[2Jb\r\n\tc\x07 d\u202e") == "a [2Jb c d"


@pytest.mark.parametrize(
    ("text", "whole"), [("So", "So."), ("So.", "So."), ("So?", "So?"), ("(So.)", "(So.)"), ("", "")]
)
def test_a_sentence_ends_once(text: str, whole: str) -> None:
    assert sentence(text) == whole
