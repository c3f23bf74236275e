"""What counts as heard."""

import numpy as np
import pytest

from parley_dataplane.media import SPEAKING_RATE
from parley_dataplane.media.ledger import Heard, Ledger
from parley_dataplane.media.speaker import Speaker


def ledger(*clauses: tuple[str, int, tuple[tuple[int, int], ...]]) -> Ledger:
    made = Ledger()
    for text, samples, words in clauses:
        made.open(text)
        made.add(samples, words)
        made.close()
    return made


def test_nothing_is_heard_before_the_first_sample() -> None:
    assert ledger(("One two.", 1000, ())).heard(0) == Heard("", "One two.", 0.0)


def test_a_word_counts_once_the_next_one_begins() -> None:
    words = ((3, 0), (7, 400), (13, 800))
    made = ledger(("One two three.", 1200, words))
    assert made.heard(399).text == ""
    assert made.heard(400).text == "One"
    assert made.heard(799).text == "One"
    assert made.heard(800).text == "One two"
    assert made.heard(1199).text == "One two"
    assert made.heard(1200) == Heard("One two three.", "", 1200 / SPEAKING_RATE)


def test_without_word_marks_the_share_of_samples_decides_and_no_word_is_cut() -> None:
    made = ledger(("alpha beta gamma delta", 2200, ()))
    assert made.heard(1100).text == "alpha beta"
    assert made.heard(1100).unheard == "gamma delta"


def test_clauses_lie_one_after_the_other() -> None:
    made = ledger(("First one.", 1000, ()), ("Second one.", 1000, ()))
    heard = made.heard(1600)
    assert heard.text == "First one. Second"
    assert heard.unheard == "one."


def test_a_clause_that_is_still_being_made_is_not_heard_to_its_end() -> None:
    made = Ledger()
    made.open("This clause has just begun to be made by the engine.")
    made.add(480)
    assert made.heard(480).text == ""


def test_a_clause_must_be_closed_before_the_next_one_opens() -> None:
    made = Ledger()
    made.open("a")
    with pytest.raises(ValueError, match="close it before"):
        made.open("b")


@pytest.mark.parametrize("samples", range(0, 3000, 37))
def test_heard_and_unheard_together_are_always_the_whole_answer(samples: int) -> None:
    made = ledger(("One two three.", 1200, ((3, 0), (7, 400), (13, 800))), ("Four five six.", 1200, ()))
    heard = made.heard(min(samples, 2400))
    assert f"{heard.text} {heard.unheard}".split() == "One two three. Four five six.".split()


def test_the_last_word_is_heard_before_the_pause_that_follows_it_has_ended() -> None:
    """Bug: who interrupted between two sentences had not heard the last word of the first, says the history ("On Sunday
    we are", of 7.84 s out of 7.92). Cause: the last word counted once its clause's pause had sounded as well, and that
    is where people interrupt. Without the fix "two." is unheard.
    """
    made = Ledger()
    made.open("One two.")
    made.add(1000, ((3, 0), (7, 400)))
    made.add(7200, is_pause=True)
    made.close()
    assert made.heard(999).text == "One"
    assert made.heard(1000) == Heard("One two.", "", 1000 / SPEAKING_RATE)


def test_the_silence_that_fills_up_the_last_frame_is_no_word() -> None:
    speaker = Speaker()
    speaker.begin(0)
    speaker.open_clause("One two.")
    speaker.push(np.ones(500, np.int16), ((3, 0), (7, 400)))
    speaker.close_clause()
    speaker.take(0.0)
    speaker.take(0.02)
    assert speaker.heard(501 / SPEAKING_RATE).text == "One two."
