"""How a number is said in English words: counted, ordered, digit by digit, in pairs as years are.

Rules: pure; no hyphen and no comma in what is returned, since a voice pauses at the one and a language model
has no word for the other.
"""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = (
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_SIZES = (
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
    (100, "hundred"),
)
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_ROMAN = re.compile(r"C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def cardinal(number: int) -> str:
    """205 is "two hundred five", without an "and"; from a trillion on, digit by digit."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    for size, name in _SIZES:
        if number >= 1_000_000_000_000:
            return digits(str(number))
        if number >= size:
            rest = number % size
            return f"{cardinal(number // size)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """21 "twenty first", 100 "one hundredth"."""
    before, blank, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = (last.removesuffix("y") + "ie" if last.endswith("y") else last) + "th"
    return before + blank + last


def digits(number: str) -> str:
    """Each digit of a text by itself."""
    return " ".join(_ONES[int(digit)] for digit in number if digit in "0123456789")


def in_pairs(number: str) -> str:
    """As years, houses and rooms are said: 1984 "nineteen eighty four", 905 "nine oh five", 2000 "two thousand"."""
    if len(number) < 3 or (len(number) == 4 and number[1:3] == "00"):
        return cardinal(int(number))
    if len(number) > 4:
        return f"{in_pairs(number[:-3])} {in_pairs(number[-3:])}"
    return f"{cardinal(int(number[:-2]))} {_pair(number[-2:])}"


def decade(number: str) -> str:
    """1980 "nineteen eighties", 90 "nineties", 1900 "nineteen hundreds"."""
    said = in_pairs(number)
    return said.removesuffix("y") + "ies" if said.endswith("y") else said + "s"


def decimal(number: str) -> str:
    """1,200 "one thousand two hundred", 0.75 "zero point seven five", 007 "zero zero seven"."""
    whole, _, part = number.replace(",", "").partition(".")
    said = digits(whole) if len(whole) > 1 and whole[0] == "0" else cardinal(int(whole or "0"))
    return f"{said} point {digits(part)}" if part else said


def fraction(above: int, below: int) -> str:
    """3/4 "three quarters", 1/2 "one half"."""
    one, many = _PARTS.get(below) or (ordinal(below), ordinal(below) + "s")
    return f"{cardinal(above)} {one if above == 1 else many}"


def clock(hour: int, minute: int, half: str = "") -> str:
    """8:00 "eight o'clock", 8:05 "eight oh five", 18:30 "eighteen thirty"; `half` is what follows: "P M"."""
    if half:
        past = f" {_minutes(minute)}" if minute else ""
        return f"{cardinal(hour)}{past} {half}"
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if hour <= 12 else f"{cardinal(hour)} hundred hours"
    return f"{cardinal(hour)} {_minutes(minute)}"


def roman(numeral: str) -> int:
    """Up to 399; 0 for what is no numeral."""
    if not _ROMAN.fullmatch(numeral):
        return 0
    values = [_ROMAN_DIGITS[letter] for letter in numeral]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=False)
    )


def _minutes(minute: int) -> str:
    return f"oh {cardinal(minute)}" if minute < 10 else cardinal(minute)


def _pair(two: str) -> str:
    if two == "00":
        return "hundred"
    return f"oh {_ONES[int(two)]}" if two[0] == "0" else cardinal(int(two))
