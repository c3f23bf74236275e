"""Values as people speak them. The time of day is said only outside of the hours that one without it means."""

from __future__ import annotations

from parley_dataplane.engines.scripted.slots.vocabulary import MONTHS, ONES, ORDINALS, TENS, WEEKDAYS


def speak(kind: str, value: str) -> str:
    """The value as it is said in a sentence: "10:30" -> "half past ten", "tuesday" -> "Tuesday"."""
    if kind == "time":
        return _speak_time(value)
    if kind in ("weekday", "date"):
        return _speak_day(value)
    return value.title() if kind == "name" else value


def goes_without_on(kind: str, value: str) -> bool:
    """ "On Tuesday", but "tomorrow" and "next Tuesday"."""
    return kind == "date" and not value[:1].isdigit() and value not in WEEKDAYS


def _speak_time(value: str) -> str:
    hour, minute = (int(part) for part in value.split(":"))
    if (hour, minute) in ((12, 0), (0, 0)):
        return "noon" if hour else "midnight"
    named = {0: "{0}", 15: "quarter past {0}", 30: "half past {0}", 45: "quarter to {1}"}
    pattern = named.get(minute, "{0} oh " + _in_words(minute) if minute < 10 else "{0} " + _in_words(minute))
    spoken = pattern.format(ONES[(hour - 1) % 12 + 1], ONES[hour % 12 + 1])
    if 7 <= hour < 19:
        return spoken
    return spoken + (" in the morning" if hour < 12 else " in the evening" if hour < 22 else " at night")


def _speak_day(value: str) -> str:
    if value[:1].isdigit():
        *month, day = value.split("-")
        named = _ordinal_words(int(day))
        return f"the {named} of {MONTHS[int(month[0]) - 1].title()}" if month else f"the {named}"
    return " ".join(word.title() if word in WEEKDAYS else word for word in value.split())


def _ordinal_words(day: int) -> str:
    if day <= 20:
        return ORDINALS[day]
    if day == 30:
        return "thirtieth"
    return f"{TENS[day // 10 - 2]} {ORDINALS[day % 10]}"


def _in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f" {ONES[ones]}" if ones else "")
