"""A word that was shown stays; what only one decoding has is not shown."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.workers.agreement import Agreement

CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "the first decoding shows nothing": ("en", ["when are"], [""]),
    "what two in a row have is shown": ("en", ["when are", "when are you"], ["", "when are"]),
    "a word that changes waits": ("en", ["when are your", "when are you open", "when are you open"],
                                  ["", "when are", "when are you open"]),
    "case and punctuation make no difference": ("en", ["When are you?", "when, are you open?"], ["", "when, are you"]),
    "a mark at the end is not shown": ("en", ["Hello.", "Hello."], ["", "Hello"]),
    "what was shown does not change": ("en", ["I want a", "I want a", "I won a prize", "I won a prize"],
                                       ["", "I want a", "I want a", "I want a"]),
    "and grows again once it is back": ("en", ["I want", "I want", "I won", "I want a", "I want a car"],
                                        ["", "I want", "I want", "I want", "I want a"]),
    "a shorter decoding takes nothing back": ("en", ["one two", "one two", "", "one"], ["", *["one two"] * 3]),
    "without blanks each character counts": ("ja", ["何時に開", "何時に明きますか", "何時に明きますか"],
                                             ["", "何時に", "何時に明きますか"]),
}  # fmt: skip


@pytest.mark.parametrize(("language", "decoded", "shown"), CASES.values(), ids=CASES)
def test_what_is_shown(language: str, decoded: list[str], shown: list[str]) -> None:
    agreement = Agreement(language)
    seen = []
    for text in decoded:
        before = agreement.text
        grew = agreement.tell(text)
        seen.append(agreement.text)
        assert grew == (agreement.text != before)
    assert seen == shown


def test_what_is_not_agreed_on_yet_stands_behind_what_is() -> None:
    agreement = Agreement("en")
    for text in ("when are", "When are you"):
        agreement.tell(text)
    assert agreement.text == "When are"
    assert agreement.with_rest("when are you open?") == "When are you open"
    assert agreement.with_rest("where are you open?") == "When are"


def test_a_last_decoding_keeps_what_was_agreed_on() -> None:
    agreement = Agreement("en")
    for text in ("I want", "I want a"):
        agreement.tell(text)
    assert agreement.holds("I want, a car.")
    assert not agreement.holds("I won a car.")
    assert agreement.kept_in("I won a car.") == "I want a car."
