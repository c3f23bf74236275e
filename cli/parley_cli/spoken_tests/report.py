"""What came of all questions, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from parley_cli.spoken_tests.verdict import Asked, Verdict

_SHORT = {
    Verdict.RIGHT: "right",
    Verdict.AGAIN: "again",
    Verdict.UNANSWERED: "no answer",
    Verdict.WRONG: "wrong",
}


def as_text(name: str, asked: Sequence[Asked]) -> str:
    """A line for each question, under it what was not right, and the sum of all."""
    lines: list[str] = []
    for question, group in groupby(asked, key=lambda one: one.question):
        tries = list(group)
        lines.append(f"{_share(tries):>7}  {question.say}")
        lines += [
            f"         {one.verdict.value}, {one.voice}{' in noise' if one.noisy else ''}: "
            f'heard "{one.heard}", said "{_cut(one.said)}"'
            for one in tries
            if one.verdict is not Verdict.RIGHT
        ]
    clean, noisy = ([one for one in asked if one.noisy is is_noisy] for is_noisy in (False, True))
    lines += [
        f"{name}, {place}: {_sum(some)}" for place, some in (("quiet", clean), ("noise", noisy)) if some
    ]
    lines.append(f"{name}: {_sum(asked)}")
    return "\n".join(lines)


def as_json(asked: Sequence[Asked]) -> str:
    return json.dumps(
        {
            "right": percent(asked, Verdict.RIGHT),
            "asked": [
                {
                    "say": one.question.say,
                    "voice": one.voice,
                    "noise": one.noisy,
                    "verdict": one.verdict.value,
                    "heard": one.heard,
                    "said": one.said,
                }
                for one in asked
            ],
        },
        indent=2,
    )


def _share(tries: Sequence[Asked]) -> str:
    return f"{sum(one.verdict is Verdict.RIGHT for one in tries)} of {len(tries)}"


def _sum(asked: Sequence[Asked]) -> str:
    counts = Counter(one.verdict for one in asked)
    parts = ", ".join(f"{_SHORT[one]} {percent(asked, one):.0f} %" for one in Verdict if counts[one])
    return f"{len(asked)} asked, {parts}"


def percent(asked: Sequence[Asked], wanted: Verdict) -> float:
    """Of all that was asked, 0 to 100."""
    return 100 * sum(one.verdict is wanted for one in asked) / len(asked)


def _cut(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."
