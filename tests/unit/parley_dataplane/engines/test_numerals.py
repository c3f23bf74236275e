"""How numbers are said in English words."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.numerals import (
    cardinal,
    clock,
    decade,
    decimal,
    digits,
    fraction,
    in_pairs,
    ordinal,
    roman,
)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (cardinal(0), "zero"),
        (cardinal(21), "twenty one"),
        (cardinal(100), "one hundred"),
        (cardinal(2014), "two thousand fourteen"),
        (cardinal(999_999), "nine hundred ninety nine thousand nine hundred ninety nine"),
        (cardinal(3_000_000_020), "three billion twenty"),
        (cardinal(10**12), "one" + 12 * " zero"),
        (ordinal(1), "first"),
        (ordinal(12), "twelfth"),
        (ordinal(20), "twentieth"),
        (ordinal(23), "twenty third"),
        (ordinal(100), "one hundredth"),
        (digits("0-1"), "zero one"),
        (in_pairs("1905"), "nineteen oh five"),
        (in_pairs("2005"), "two thousand five"),
        (in_pairs("1900"), "nineteen hundred"),
        (in_pairs("204"), "two oh four"),
        (in_pairs("10450"), "ten four fifty"),
        (in_pairs("7"), "seven"),
        (decade("1980"), "nineteen eighties"),
        (decade("1900"), "nineteen hundreds"),
        (decimal("1,234.05"), "one thousand two hundred thirty four point zero five"),
        (decimal("007"), "zero zero seven"),
        (decimal("0.5"), "zero point five"),
        (fraction(1, 2), "one half"),
        (fraction(3, 4), "three quarters"),
        (fraction(2, 3), "two thirds"),
        (clock(12, 0), "twelve o'clock"),
        (clock(18, 0), "eighteen hundred hours"),
        (clock(8, 5), "eight oh five"),
        (clock(8, 0, "A.M"), "eight A.M"),
        (clock(8, 30, "P.M"), "eight thirty P.M"),
    ],
)
def test_a_number_is_said_in_words(said: str, words: str) -> None:
    assert said == words


@pytest.mark.parametrize(
    ("numeral", "number"),
    [("XIV", 14), ("VIII", 8), ("XCIX", 99), ("", 0), ("IIII", 0), ("VX", 0), ("MIX", 0)],
)
def test_only_what_is_a_roman_number_is_read_as_one(numeral: str, number: int) -> None:
    assert roman(numeral) == number
