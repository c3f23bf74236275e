"""How each written form is said in English: numbers, telephones, times, dates, money, measures, addresses, names.

Rules: pure; a rule is a pattern, from the beginning of a word to the end of one, and what it says of a match: None if
it is none after all. It may look at what stands around it, since "St." is a street after a name and a saint before it.
What spans several written words ("020 7946 0958") is said as one: half of a number is of use to nobody.

eSpeak takes "A M" for an article and an M, and "J. Smith" for two sentences: letters are joined by full stops, and no
full stop is left where no sentence ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from parley_dataplane.engines import abbreviations as short
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

Match = re.Match[str]
Say = Callable[[Match], str | None]


class Rule(NamedTuple):
    pattern: re.Pattern[str]
    say: Say


Rules = Mapping[str, tuple[Rule, ...]]
"""By what a word begins with: "digit", "letter" or "sign"."""

CLOSING = "\"')\\]}”’»*_~`,;:!?.…"
"""What may stand between a word and the blank after it, for a set of characters in a pattern."""

_END = rf"(?=[{CLOSING}]*(?:\s|—|$))"


def rule(pattern: str, say: Say, end: str = _END) -> Rule:
    """`end` is what has to follow a match: the end of a word."""
    return Rule(re.compile(pattern + end), say)


def _before(match: Match) -> str:
    return match.string[: match.start()]


# Numbers

_N = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TO = r"\s?[-–‑]\s?"
_AMOUNT = rf"{_N}(?:(?:{_TO}|\s?[x×]\s?){_N})?"
_PLURAL = re.compile(r"\s+(?:people|men|women|children|percent|(?!was\b|is\b|has\b|as\b|this\b)[a-z]{3,}s)\b")
"""After a number that counts something: "1999 guests"."""

_CODE = re.compile(
    r"\b(?:code|PIN|ID|reference|ref|booking|ticket|confirmation|serial|extension|ext|account|order)\b"
    r"[.:]?(?: (?:number|code|is|no\.?))*[ #]*$",
    re.IGNORECASE,
)
"""Before a number that is a name: said digit by digit."""


def _amount(text: str) -> str:
    """ "10-12" is "ten to twelve", "3x4" is "three by four"."""
    said = [decimal(number) for number in re.findall(_N, text)]
    return (" by " if re.search("[x×]", text) else " to ").join(said)


def _number(match: Match) -> str:
    number, rest = match[1], match.string[match.end() :]
    if not number.isdigit() or len(number) < 3:
        return decimal(number)
    if _CODE.search(_before(match)) or (len(number) > 6 and not number.endswith("000")):
        return digits(number)
    is_year = len(number) == 4 and "1100" <= number <= "2099"
    return in_pairs(number) if is_year and not _PLURAL.match(rest) else decimal(number)


def _range(match: Match) -> str:
    first, last = match[1], match[2]
    is_year = len(first) == 4 and "1100" <= first <= "2099" and len(last) in (2, 4)
    if is_year and not _PLURAL.match(match.string, match.end()):
        return f"{in_pairs(first)} to {in_pairs(last)}"
    return f"{decimal(first)} to {decimal(last)}"


def _house(match: Match) -> str:
    return f"{in_pairs(match[1])} {_letter(match[2] or '')}".rstrip()


def _with_letter(match: Match) -> str:
    return f"{in_pairs(match[1])} {_letter(match[2])}"


def _letter(letter: str) -> str:
    """eSpeak takes an A within a text for the article."""
    return "eigh" if letter == "A" else letter


def _spelled(letters: str) -> str:
    """With full stops between them an A is the letter, and without one at the end no sentence ends there."""
    return ".".join(letters)


def _named(match: Match) -> str:
    """ "Room 204": its digits in pairs."""
    return f"{match[1]} {in_pairs(match[2])}" + (f" {_letter(match[3])}" if match[3] else "")


_OF_ONE = re.compile(r"\s(?:(hour)|cup|teaspoon|tablespoon|mile|pound|liter|litre|bottle|portion)\b")


def _part(above: int, below: int, match: Match | None = None) -> str:
    """ "a half", and "half a" or "three quarters of a" before what there is one of."""
    one = match and _OF_ONE.match(match.string, match.end())
    if one:
        article = "an" if one[1] else "a"
        return f"half {article}" if (above, below) == (1, 2) else f"{_part(above, below)} of {article}"
    return f"a {fraction(1, below).removeprefix('one ')}" if above == 1 else fraction(above, below)


def _mixed(match: Match) -> str | None:
    whole, above, below = map(int, match.groups())
    return f"{cardinal(whole)} and {_part(above, below)}" if 0 < above < below else None


def _slashed(match: Match) -> str:
    """ "3/4" by what stands around it: a date, a share, or one number over another."""
    above, below = int(match[1]), int(match[2])
    if re.search(r"\b(?:on|by|until|till|from|since) $", _before(match)) and _is_day(above, below):
        return _month_and_day(above, below)
    if (above, below) == (24, 7):
        return "twenty four seven"
    if above == below or re.match(r"\s(?:stars?|points?)\b", match.string[match.end() :]):
        return f"{cardinal(above)} out of {cardinal(below)}"
    if 0 < above < below and below in (2, 3, 4, 5, 6, 8, 10):
        return _part(above, below, match)
    return f"{in_pairs(match[1])} over {in_pairs(match[2])}"


_VULGAR = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8)}


def _vulgar(match: Match) -> str:
    above, below = _VULGAR[match[2]]
    return f"{cardinal(int(match[1]))} and {_part(above, below)}" if match[1] else _part(above, below, match)


# Telephones

_CALL = re.compile(
    r"\b(?:call|dial|ring|phone|telephone|tel|hotline)\b[.:]?(?: (?:number|us|me|at|on|is))*[: ]*$",
    re.IGNORECASE,
)


def _telephone(match: Match) -> str | None:
    """Digit by digit, with a pause between the groups."""
    written = match[0]
    count = sum(letter.isdigit() for letter in written)
    if not 7 <= count <= 15:
        return None
    said = ", ".join(_group(group) for group in re.findall(r"\d+", written))
    return f"plus {said}" if written.startswith("+") else said


def _local(match: Match) -> str | None:
    """ "555-0123", unless something is counted: "200-1500 guests"."""
    return None if _PLURAL.match(match.string, match.end()) else _telephone(match)


def _told_number(match: Match) -> str | None:
    """Digits after "call"."""
    if not _CALL.search(_before(match)):
        return None
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _solid(match: Match) -> str:
    """ "07700900123": in threes, and what is left in the first group."""
    number = match[1]
    first = len(number) % 3 or 3
    first += 3 if first < 3 else 0
    rest = number[first:]
    groups = [number[:first], *(rest[at : at + 3] for at in range(0, len(rest), 3))]
    if len(number) == 10:
        groups = [number[:3], number[3:6], number[6:]]
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _group(group: str) -> str:
    return cardinal(int(group)) if group in ("800", "900") else digits(group)


# Times

_HALF = r"(?:\s?([AaPp])\.?[Mm]\b\.?)?"
_TIME = rf"(\d{{1,2}})(?::([0-5]\d))?{_HALF}"


def _time(match: Match) -> str | None:
    hour, minute, half, last_hour, last_minute, last_half = match.groups()
    if not (minute or half or last_minute or last_half):
        return None
    if last_hour is None:
        said = _clock(hour, minute, half)
        return said and said + _stop_after(match)
    first = cardinal(int(hour)) if not minute and not half else _clock(hour, minute, half)
    last = _clock(last_hour, last_minute, last_half)
    return None if first is None or last is None else f"{first} to {last}{_stop_after(match)}"


def _clock(hour: str, minute: str | None, half: str | None) -> str | None:
    if int(hour) > 24:
        return None
    return clock(int(hour), int(minute or 0), f"{half.upper()}.M" if half else "")


# Dates

_MONTH = r"(January|February|March|April|May|June|July|August|September|October|November|December|" + (
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?)"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s(\d{4}))?"


def _month(name: str) -> str:
    return next(month for month in short.MONTHS if month.startswith(name[:3]))


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _month_and_day(month: int, day: int) -> str:
    return f"{short.MONTHS[month - 1]} {ordinal(day)}"


def _date(year: str, month: int, day: int, *, day_first: bool) -> str | None:
    if not _is_day(month, day):
        return None
    named = f"the {ordinal(day)} of {short.MONTHS[month - 1]}" if day_first else _month_and_day(month, day)
    return f"{named} {in_pairs(year if len(year) == 4 else '20' + year)}"


def _iso(day_first: bool) -> Say:
    return lambda match: _date(match[1], int(match[2]), int(match[3]), day_first=day_first)


def _numeric(day_first: bool) -> Say:
    def say(match: Match) -> str | None:
        one, other = int(match[1]), int(match[3])
        month, day = (other, one) if day_first or one > 12 or match[2] == "." else (one, other)
        return _date(match[4], month, day, day_first=day_first)

    return say


def _month_first(match: Match) -> str | None:
    name, day, last, year = match.groups()
    if _PLURAL.match(match.string, match.end()) or not 1 <= int(day) <= 31:
        return None
    to = f" to {ordinal(int(last))}" if last else ""
    return f"{_month(name)} {ordinal(int(day))}{to}" + (f" {in_pairs(year)}" if year else "")


def _day_first(match: Match) -> str | None:
    day, last, name, year = match.groups()
    if not 1 <= int(day) <= 31:
        return None
    the = "" if re.search(r"\bthe $", _before(match), re.IGNORECASE) else "the "
    to = f" to the {ordinal(int(last))}" if last else ""
    return f"{the}{ordinal(int(day))}{to} of {_month(name)}" + (f" {in_pairs(year)}" if year else "")


def _short_month(match: Match) -> str:
    return _month(match[1])


_SHORT_DAY = r"(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)"
_ANY_DAY = rf"(?:{_SHORT_DAY}\b\.?|{'|'.join(short.WEEKDAYS)})"
_BESIDE_DAY = re.compile(rf"\.?(?:[,:]?\s\d|(?:{_TO}|,\s|\s?(?:&|and)\s){_ANY_DAY}(?!\w))")
_AFTER_DAY = re.compile(rf"\b{_ANY_DAY}(?:\s?[-–‑]\s?|,\s|,?\s?(?:&|and)\s)$")


def _weekdays(match: Match) -> str | None:
    """ "Mon-Fri"; "Sat", "Sun" and "Wed" are words unless something beside them is a day or a time."""
    if match[2]:
        return f"{_weekday(match[1])} to {_weekday(match[2])}"
    name = match[1].rstrip(".")
    is_sure = name not in ("Sat", "Sun", "Wed") or name != match[1]
    if is_sure or _BESIDE_DAY.match(match.string, match.end()) or _AFTER_DAY.search(_before(match)):
        return _weekday(name)
    return None


def _weekday(name: str) -> str:
    return next(day for day in short.WEEKDAYS if day.startswith(name[:3]))


# Money and measures


def _money(match: Match) -> str:
    symbol, amount, large, period = match.groups()
    one, many, cent, cents = short.CURRENCIES[symbol]
    per = f" per {short.PERIODS.get(period, period)}" if period else ""
    amount = re.sub(r"[$€£¥₹]", "", amount)
    if large:
        return f"{_amount(amount)} {short.LARGE.get(large.lower(), large)} {many}{per}"
    whole, point, part = amount.partition(".")
    if not point or len(part) != 2:
        return f"{_amount(amount)} {one if amount == '1' else many}{per}"
    said = [] if whole == "0" else [f"{decimal(whole)} {one if whole == '1' else many}"]
    if int(part):
        said.append(f"{cardinal(int(part))} {cent if int(part) == 1 else cents}")
    return " and ".join(said or [f"zero {many}"]) + per


def _measure(match: Match) -> str:
    minus, amount, unit, period = match.groups()
    one, many = short.UNITS[unit.replace("° ", "°")]
    per = f" per {short.PERIODS.get(period, period)}" if period else ""
    return f"{'minus ' if minus else ''}{_amount(amount)} {one if amount == '1' else many}{per}"


_UNIT = "|".join(re.escape(unit) for unit in sorted(short.UNITS, key=len, reverse=True)) + "|° [CF]"


# Addresses, names and abbreviations

_STREET = rf"(?:{'|'.join(short.STREETS)})"
_HOUSE_BEFORE = re.compile(r"(?:^|\s)\d+[A-Za-z]?\s(?:[A-Z][\w'’]*\.?\s)+$")
_NAME_BEFORE = re.compile(r"\b[A-Z][\w'’]*\.?\s$")
_NAME_AFTER = re.compile(r"\s[A-Z]")


def _saint(match: Match) -> str:
    """A street after its name; a saint before theirs."""
    return _by_name(match, "saint", "street")


def _doctor(match: Match) -> str:
    return _by_name(match, "doctor", "drive")


def _by_name(match: Match, person: str, way: str) -> str:
    before = _before(match)
    if _HOUSE_BEFORE.search(before):
        return way
    is_person = _NAME_AFTER.match(match.string, match.end()) or not _NAME_BEFORE.search(before)
    return person if is_person else way


def _british_postcode(match: Match) -> str:
    area, district, sector, unit = match.groups()
    number = cardinal(int(re.match(r"\d+", district)[0]))  # type: ignore[index]
    letter = f" {_letter(district[-1])}" if district[-1].isalpha() else ""
    return f"{_spelled(area)} {number}{letter}, {cardinal(int(sector))} {_spelled(unit)}"


def _zip(match: Match) -> str | None:
    state = short.STATES.get(match[1])
    if state is None:
        return None
    return f"{state} {digits(match[2])}" + (f", {digits(match[3])}" if match[3] else "")


def _ruler(match: Match) -> str | None:
    title, name, numeral, of = match.groups()
    if not title and name not in short.RULERS:
        return None
    number = roman(numeral)
    if number == 1 and not _FIRST.match(match.string, match.end()):
        return None  # "Charles I think"
    return f"{title or ''}{name} the {ordinal(number)}{of or ''}" if number else None


_FIRST = re.compile(r"\s*(?:[,.;:!?)]|$|(?:of|was|became|ruled|reigned|died|and|who|built)\b)")


def _numbered(match: Match) -> str | None:
    number = roman(match[2])
    if number == 1 and not _FIRST.match(match.string, match.end()):
        return None  # "the book I read"
    return f"{match[1]} {cardinal(number)}" if number else None


def _century(match: Match) -> str | None:
    number = roman(match[1])
    return ordinal(number) if number else None


def _abbreviation(match: Match) -> str | None:
    word = match[0].lower()
    core = word.removesuffix(".")
    says = short.ALWAYS.get(core) or (short.DOTTED.get(core) if core != word else None)
    # A sentence that ends with one ends there all the same.
    return says and says + _stop_after(match)


def _stop_after(match: Match) -> str:
    ends = match[0].endswith(".") and not match.string[match.end() :].strip(CLOSING + " ")
    return "." if ends else ""


def _acronym(match: Match) -> str | None:
    if match[1] not in short.SPELLED:
        return None
    return _spelled(match[1]) + ("'s" if match[2] else "")


def _initial(match: Match) -> str:
    return match[1]


def _said(what: str) -> Say:
    return lambda match: what


# Addresses of the net

_LETTERED = frozenset("uk us de fr eu io ai tv ch at nl es".split())
_TOP = "com|org|net|edu|gov|info|biz|dev|app|uk|eu|io|de|fr|nl"
"""Of a bare domain; others are words that somebody forgot a blank before."""


def _net(match: Match) -> str:
    address = re.sub(r"^https?://", "", match[0])
    parts = re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", address.rstrip("/"))
    said = [_NET_SIGNS.get(part) or _net_word(part) for part in parts]
    return " ".join(filter(None, said))


_NET_SIGNS = {
    ".": "dot", "@": "at", "/": "slash", "-": "dash", "_": "underscore", "+": "plus", ":": "colon", "#": "hash",
    "?": "question mark", "=": "equals", "&": "and", "%": "percent", "~": "tilde",
}  # fmt: skip


def _net_word(part: str) -> str:
    if part.isdigit():
        return in_pairs(part) if len(part) <= 4 and part[0] != "0" else digits(part)
    if part.lower() == "www":
        return "W W W"
    return _spelled(part.upper()) if part.lower() in _LETTERED else part


# The rules


def english(day_first: bool) -> Rules:
    """In the order in which they are tried. `day_first`: "3/4/2026" is in April."""
    net = (
        rule(r"[\w.+-]{1,64}@[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+", _net),
        rule(r"(?:https?://|www\.)[^\s—]+?/?", _net),
        rule(rf"[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)*\.(?:{_TOP})(?:/[^\s—]*?)?", _net),
    )
    money = rule(
        rf"(?:US)?([$€£¥₹])\s?({_N}(?:{_TO}[$€£¥₹]?{_N})?)"
        r"(?:\s?(k|K|m|M|bn|B|tn|thousand|million|billion|trillion))?(?:/([a-z]+))?",
        _money,
    )
    vulgar = rule(r"(\d*)([½⅓⅔¼¾⅛])", _vulgar)
    digit = (
        net[0],
        rule(r"(\d{4})-(\d{2})-(\d{2})", _iso(day_first)),
        rule(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})", _numeric(day_first)),
        rule(rf"{_DAY}(?:{_TO}{_DAY})?\s(?:of\s)?{_MONTH}{_YEAR}", _day_first),
        rule(r"(?:1[-. ])?\(?[2-9]\d{2}\)?[-. ]\d{3}[-. ]\d{4}", _telephone),
        rule(r"0\d{1,4}(?:[ .-]\d{2,4}){1,4}", _telephone),
        rule(r"[2-9]\d{2}[-.]\d{4}", _local),
        rule(r"\d{3}(?: \d{3,4})?", _told_number),
        rule(r"(0\d{8,11}|\d{10})", _solid),
        rule(rf"{_TIME}(?:{_TO}{_TIME})?", _time),
        rule(r"(\d{4}|\d0)['’]?s", lambda match: decade(match[1])),
        rule(rf"()({_AMOUNT})\s?({_UNIT})(?:\.(?=\s+[a-z\d]))?(?:/([a-z]+))?", _measure),
        rule(
            rf"(\d{{3,5}})([A-Z])?(?=\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'’-]*\.?\s){{1,4}}?{_STREET}\b)",
            _house,
            "",
        ),
        rule(r"(\d+)\s(\d)/(\d{1,2})", _mixed),
        vulgar,
        rule(r"(\d{1,3})/(\d{1,3})", _slashed),
        rule(r"(\d{4})/(\d{2})", _range),
        rule(r"(\d+)(?:st|nd|rd|th)", lambda match: ordinal(int(match[1]))),
        rule(rf"({_N}){_TO}({_N})", _range),
        rule(rf"({_N})\s?[x×]\s?({_N})", lambda match: _amount(match[0])),
        rule(r"(\d+)x", lambda match: f"{cardinal(int(match[1]))} times"),
        rule(r"(\d+):(\d+)", lambda match: f"{decimal(match[1])} to {decimal(match[2])}"),
        rule(r"\d+(?:\.\d+){2,}", lambda match: " point ".join(map(decimal, match[0].split(".")))),
        rule(r"(\d{1,3})([A-Z])", _with_letter),
        rule(rf"({_N})", _number),
        rule(rf"({_N})", lambda match: decimal(match[1]), r"(?=[-–][A-Za-z])"),
    )
    sign = (
        rule(r"\+(\d{8,15})", _solid),
        rule(r"\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){1,5}", _telephone),
        rule(r"\(\d{2,5}\)[ .-]?\d{2,4}(?:[ .-]\d{2,4}){0,2}", _telephone),
        money,
        rule(rf"([-−‑])({_AMOUNT})\s?({_UNIT})(?:\.(?=\s+[a-z\d]))?(?:/([a-z]+))?", _measure),
        rule(rf"[-−‑]({_N})", lambda match: f"minus {decimal(match[1])}"),
        vulgar,
        rule(r"[~≈]\s?(?=\d)", _said("about "), ""),
        rule(r"(?:>=?|≥)\s?(?=\d)", _said("over "), ""),
        rule(r"(?:<=?|≤)\s?(?=\d)", _said("under "), ""),
        rule(r"(?:#|№)\s?(\d+)", lambda match: f"number {cardinal(int(match[1]))}"),
        rule(r"'(\d0)s", lambda match: decade(match[1])),
        rule(r"[-–]", _said(",")),
        rule("[" + re.escape("".join(short.SYMBOLS)) + "]", lambda match: short.SYMBOLS[match[0]]),
    )
    letter = (
        *net,
        money,
        rule(r"([A-Za-z]+)[-‑](?=\d)", lambda match: f"{match[1]} ", ""),
        rule(rf"{_MONTH}\s{_DAY}(?:{_TO}{_DAY})?{_YEAR}", _month_first),
        rule(r"((?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.)", _short_month),
        rule(r"(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?=\s\d)", _short_month),
        rule(rf"({_ANY_DAY}){_TO}({_ANY_DAY})", _weekdays),
        rule(rf"({_SHORT_DAY}\.?)()", _weekdays),
        rule(r"St\.?", _saint),
        rule(r"Dr\.?", _doctor),
        rule(r"Nos?\.(?=\s?\d)", _said("number"), ""),
        rule(r"([A-Z]{1,2})(\d{1,2}[A-Z]?)\s(\d)([A-Z]{2})", _british_postcode),
        rule(r"([A-Z]{2})\s(\d{5})(?:-(\d{4}))?", _zip),
        rule(
            r"((?:[Rr]oom|[Ss]uite|[Ff]lat|[Aa]partment|[Gg]ate|[Ff]light|[Bb]us|[Hh]ighway|[Rr]oute))\s(\d{3,4})([A-Z])?",
            _named,
        ),
        rule(
            r"((?:King|Queen|Pope|Emperor|Empress|Tsar|Kaiser|Sultan|Pharaoh|Prince)\s)?([A-Z][a-z]+)\s([IVXL]+)(['’]s)?",
            _ruler,
        ),
        rule(rf"({'|'.join(short.NUMBERED)})\s([IVX]+)", _numbered),
        rule(r"([IVX]+)(?:th|st|nd|rd)?(?=\s(?:century|centuries))", _century, ""),
        rule(r"([A-Z])\.(?=\s[A-Z])", _initial, ""),
        rule(r"([A-Z]{2,4})(s)?", _acronym),
        rule(r"[A-Za-z]/[A-Za-z]?|and/or", _abbreviation),
        rule(r"[A-Za-z]+(?:\.[A-Za-z]+)*\.?", _abbreviation),
    )
    return {"digit": digit, "letter": letter, "sign": sign}
