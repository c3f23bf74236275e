"""Owns how times, counts and foreign words are written. Nothing here reads a clock: `now` is an argument."""

from __future__ import annotations

import re
from datetime import datetime

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def plain(text: str) -> str:
    """In one line and without control characters: whoever may write an object could otherwise write to a terminal."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()


def age(since: str | None, now: datetime) -> str:
    """Of a timestamp as Kubernetes writes it, in its one largest unit: `4d`, `12m`; `-` where there is none."""
    found = _largest(since, now)
    return "-" if found is None else f"{found[0]}{found[1][0]}"


def age_in_words(since: str | None, now: datetime) -> str:
    """`4 days`, `1 minute`; nothing where there is no timestamp."""
    found = _largest(since, now)
    return "" if found is None else counted(*found)


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def at_least(calls: int) -> str:
    """A count of the operator's: it writes 0, 1, 2, 5, 10, 20, ..., the largest of them that is not over the truth."""
    return str(calls) if calls < 2 else f"{calls}+"


def sentence(text: str) -> str:
    """With a full stop, unless it ends a sentence already."""
    text = plain(text)
    return text if text.rstrip(")\"'")[-1:] in (*".!?", "") else f"{text}."


def _largest(since: str | None, now: datetime) -> tuple[int, str] | None:
    try:
        then = datetime.fromisoformat(since or "")
    except ValueError:
        return None
    if then.tzinfo is None:
        return None
    seconds = max(0, int((now - then).total_seconds()))  # the server's clock may be ahead of this one
    for size, unit in _UNITS:
        if seconds >= size:
            return seconds // size, unit
    return 0, "second"
