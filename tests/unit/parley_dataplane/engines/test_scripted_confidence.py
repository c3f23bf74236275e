"""How sure the agent is: a probability that grows with all that speaks for what fits best."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from parley_dataplane.engines.scripted.confidence import LIKELY, POSSIBLE, confidence, is_sure, probability
from parley_dataplane.engines.scripted.matcher import Match, Matcher, Phrase, Target

STEPS = [step / 10 for step in range(11)]


NAMES = ["near", "lead", "agreement", "evidence"]


@pytest.mark.parametrize("learnt", [False, True], ids=["by words", "learnt"])
@pytest.mark.parametrize("grows", range(len(NAMES)), ids=NAMES)
def test_it_grows_with_each_of_them_and_stays_a_probability(grows: int, learnt: bool) -> None:
    for others in product((0.0, 0.5, 1.0), repeat=len(NAMES) - 1):
        row = [probability((*others[:grows], step, *others[grows:]), learnt) for step in STEPS]
        assert all(one < next_one for one, next_one in pairwise(row))
        assert 0 < row[0] < row[-1] < 1


def test_what_fits_wholly_is_answered_and_what_fits_not_at_all_is_not_even_asked_about() -> None:
    assert probability((1.0, 1.0, 1.0, 1.0)) > LIKELY
    assert probability((0.1, 0.0, 0.2, 0.0)) < POSSIBLE


def test_what_means_the_same_in_other_words_is_answered() -> None:
    same = Match("intent one", 0.1, meaning=0.75)
    other = Match("intent two", 0.3, meaning=0.2)
    assert confidence([same, other]) > LIKELY > confidence([other, same])


def test_what_the_classifier_finds_unlikely_is_not_answered_however_near_it_is() -> None:
    def match(likely: float, near: float = 0.65) -> Match:
        return Match("intent one", 0.3, evidence=0.3, meaning=near, likely=likely)

    assert is_sure([match(0.9)])
    assert not is_sure([match(0.02)])
    assert confidence([match(0.9)]) > confidence([match(0.3)]) > confidence([match(0.02)])


def test_what_the_words_put_first_and_the_classifier_second_is_asked_about() -> None:
    first = Match("intent one", 0.9, meaning=0.65, evidence=0.5, likely=0.4)
    assert is_sure([first, Match("intent two", 0.1, meaning=0.3, likely=0.3)])
    assert not is_sure([first, Match("intent two", 0.1, meaning=0.3, likely=0.5)])
    assert is_sure([first, Match("builtin yes", 0.5, likely=0.5)])
    phrase_itself = Match("intent one", 0.9, meaning=0.8, evidence=0.5, likely=0.4)
    assert is_sure([phrase_itself, Match("intent two", 0.1, meaning=0.3, likely=0.5)])


def test_a_rival_makes_it_doubtful_and_what_is_built_in_is_no_rival() -> None:
    best = Match("intent one", 0.6)
    alone = confidence([best])
    assert (
        confidence([best, Match("intent two", 0.58)]) < confidence([best, Match("intent two", 0.2)]) < alone
    )
    assert confidence([best, Match("builtin yes", 0.58)]) == alone


def test_readings_that_agree_count_for_more_than_one() -> None:
    parking, hours = (
        Target(f"intent {name}", (Phrase.read(name),)) for name in ("where can I park", "when are you open")
    )
    matcher = Matcher([parking, hours])
    keys = ["intent where can I park", "intent when are you open"]
    torn = matcher.rank(["where can i park", "when are you open", "when are you open"], keys)
    assert {match.key: match.agreement for match in torn} == pytest.approx({keys[0]: 1 / 3, keys[1]: 2 / 3})
    (first, _) = matcher.rank(["where can i park", "can i park"], keys)
    assert (first.key, first.agreement) == (keys[0], 1.0)
