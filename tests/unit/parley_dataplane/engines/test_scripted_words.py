"""Words: what is one word for the agent although it was said, heard or typed in another way."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.scripted.words import MAX_WORDS, Vocabulary, stem, words


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("What's the address?", ("what", "is", "the", "address")),
        ("whats up", ("what", "is", "up")),
        ("I'd like, uh, to book", ("i", "would", "like", "to", "book")),
        ("I can't", ("i", "can", "not")),
        ("at 10:30 a.m.", ("at", "10:30", "am")),
        ("The DOCTOR’S office", ("the", "doctor", "office")),
        ("three o'clock", ("three", "oclock")),
        ("¿Dónde está?", ("dónde", "está")),
        ("🙂 ... !!!", ()),
        ("", ()),
    ],
)
def test_what_is_said_becomes_plain_words(text: str, heard: tuple[str, ...]) -> None:
    assert words(text) == heard


def test_a_text_without_end_is_cut() -> None:
    assert len(words("a b " * 100_000)) == MAX_WORDS


@pytest.mark.parametrize(
    "same",
    [
        ("story", "stories"),
        ("cancel", "canceled", "cancelling", "cancels"),
        ("park", "parking", "parks"),
        ("close", "closed", "closes", "closing"),
        ("appointment", "appointments"),
    ],
)
def test_inflected_words_are_one(same: tuple[str, ...]) -> None:
    assert len({stem(word) for word in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("morning", "mor"), ("address", "addr"), ("bus", "bu"), ("thing", "th")]
)
def test_words_that_only_look_inflected_stay_whole(one: str, other: str) -> None:
    assert stem(one) != other


KNOWN = Vocabulary(
    [stem(w) for w in ("appointment", "prescription", "insurance", "parking", "hours", "our", "address")]
)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("appointmnet", "appointment"),
        ("apointment", "appointment"),
        ("prescribtion", "prescription"),
        ("inshurance", "insurance"),
        ("adress", "address"),
    ],
)
def test_a_word_that_was_misheard_or_mistyped_stands_for_the_known_one(heard: str, meant: str) -> None:
    assert list(KNOWN.likes(heard)) == [stem(meant)]


@pytest.mark.parametrize("heard", ["banana", "xyzzy", "qwerty", "blah", "a", "", "dress", "partner"])
def test_a_foreign_word_stands_for_none(heard: str) -> None:
    assert not KNOWN.likes(heard)


def test_a_known_word_stands_a_little_for_what_sounds_the_same() -> None:
    assert KNOWN.likes("our")["our"] == 1.0
    assert 0 < KNOWN.likes("our")["hour"] < 0.5


def test_a_word_heard_in_two_is_put_together() -> None:
    assert KNOWN.joined(("a", "pre", "scription", "please")) == {1: "prescription"}
