"""JSON from strangers: whatever it is, it is read or it is one BadMessage that says what to write instead."""

from __future__ import annotations

import json

import pytest

from parley_dataplane.errors import BadMessage, TooBig
from parley_dataplane.protocols.fields import MAX_JSON_BYTES, Fields, dump, read_object

NOT_AN_OBJECT = {
    "nothing": ("", "not JSON"),
    "nonsense": ("{nonsense", "at character 1"),
    "a list": ("[1,2]", "type a list: send an object"),
    "a text": ('"hello"', "type a text"),
    "a number": ("17", "type a number"),
    "null": ("null", "type missing"),
    "NaN": ('{"a": NaN}', "NaN is no JSON number"),
    "infinity": ('{"a": -Infinity}', "-Infinity is no JSON number"),
    "a number of 5,000 digits": ('{"a": ' + "9" * 5_000 + "}", "too many digits"),
    "a depth bomb": ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    "a depth bomb of lists": ("[" * 60_000, "nested too deeply"),
    "bytes that are no UTF-8": (b'{"a": "\xff"}', "no UTF-8"),
}


@pytest.mark.parametrize("name", NOT_AN_OBJECT)
def test_what_is_no_json_object_is_a_bad_message(name: str) -> None:
    raw, words = NOT_AN_OBJECT[name]
    with pytest.raises(BadMessage, match=words):
        read_object(raw)


def test_a_message_over_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(TooBig, match=f"at most {MAX_JSON_BYTES}"):
        read_object("{" * (MAX_JSON_BYTES + 1))


@pytest.mark.parametrize(
    "value",
    [True, "1", [1], {}, -0.1, 1.1, 10**400, float("inf"), float("nan")],
    ids=["true", "a text", "a list", "an object", "below", "above", "huge", "infinite", "not a number"],
)
def test_a_number_is_a_number_within_its_range(value: object) -> None:
    with pytest.raises(BadMessage, match=r'"x" is .*: write a number from 0 to 1'):
        Fields({"x": value}).number("x", 0, 1)


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_a_flag_is_true_or_false_and_nothing_like_it(value: object) -> None:
    with pytest.raises(BadMessage, match=r'"x" is .*: write true or false'):
        Fields({"x": value}).flag("x")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert Fields({"x": 1500.0}).whole("x", 50, 10_000) == 1_500


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "missing: write a text"),
        (3, "a number: write a text"),
        (["a"], "a list: write a text"),
        ("x" * 11, "11 characters: at most 10"),
        ("a\0b", "NUL"),
        (json.loads('"\\ud800"'), "surrogate"),
    ],
    ids=["missing", "number", "list", "too long", "NUL", "lone surrogate"],
)
def test_a_text_is_unicode_within_its_length(value: object, words: str) -> None:
    with pytest.raises(BadMessage, match=words):
        Fields({"x": value}).text("x", 10)


def test_an_unknown_type_is_told_which_ones_there_are() -> None:
    with pytest.raises(BadMessage, match=r'type "x+": "type" is one of ping, pong'):
        Fields({"type": "x" * 1_000}).type(("ping", "pong"))
    with pytest.raises(BadMessage, match="no type"):
        Fields({}).type(("ping", "pong"))


def test_no_more_than_forty_characters_of_a_stranger_are_repeated() -> None:
    with pytest.raises(BadMessage) as caught:
        Fields({"type": "secret " * 100}).type(("ping",))
    assert len(caught.value.detail) < 100


def test_what_is_written_can_be_read() -> None:
    message = {"type": "text", "text": 'Grüße, "Welt" \u2028'}
    assert json.loads(dump(message)) == message
