"""Nothing but known words can be spelled, whatever pieces they fall into."""

from __future__ import annotations

import random

from parley_dataplane.engines.workers.closed_words import BLANK, ClosedWords

PIECES = [
    "<end>",
    BLANK + "p",
    "ar",
    "k",
    BLANK + "park",
    BLANK + "Park",
    "ing",
    BLANK + "the",
    "t",
    ".",
    "?",
    "x",
]
END = 0
CLOSED = ClosedWords(PIECES, {"park", "parking", "the"}, END)


def after(word: str) -> set[str]:
    return {PIECES[token] for token in CLOSED.after(word)}


def test_a_text_begins_with_a_word_in_any_case_and_is_not_empty() -> None:
    assert after("") == {BLANK + "p", BLANK + "park", BLANK + "Park", BLANK + "the"}


def test_a_word_that_is_not_whole_goes_on_with_what_is_left_of_a_known_one() -> None:
    assert after(BLANK + "p") == {"ar"}
    assert after(BLANK + "par") == {"k"}


def test_a_whole_word_may_go_on_be_followed_or_be_the_last() -> None:
    assert after(BLANK + "park") == after("") | {"ing", ".", "?", "<end>"}
    assert after(BLANK + "the") == after("") | {".", "?", "<end>"}


def test_behind_a_mark_there_is_another_word_or_the_end() -> None:
    assert after(BLANK + "park?") == after("") | {"<end>"}


def test_whatever_is_spelled_is_made_of_known_words() -> None:
    chance = random.Random(6)
    for _ in range(200):
        text, word = "", ""
        for _ in range(12):
            piece = PIECES[int(chance.choice(CLOSED.after(word)))]
            if piece == "<end>":
                break
            text += piece
            word = piece.lower() if piece.startswith(BLANK) else word + piece
        whole = text.lower().replace(".", "").replace("?", "").split(BLANK)[1:-1]
        assert set(whole) <= {"park", "parking", "the"}
