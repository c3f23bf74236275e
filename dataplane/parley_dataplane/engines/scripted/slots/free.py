"""Names, choices and free text: values that are words as they were said, or as the agent's file has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parley_dataplane.engines.scripted.slots.found import Found, is_within
from parley_dataplane.engines.scripted.slots.vocabulary import ONES, ORDINALS, TENS, WEEKDAYS
from parley_dataplane.engines.scripted.words import QUESTIONS, STOP, alikeness, stem, words

FREE_KINDS = frozenset({"name", "text"})

LONGEST_NAME = 4

LONGEST_TEXT = 30

_BEFORE_NAME = (
    ("my", "name", "is"), ("the", "name", "is"), ("name", "is"), ("i", "am"), ("this", "is"), ("it", "is"),
    ("call", "me"), ("under", "the", "name"), ("that", "is"), ("under",), ("for",), ("the", "name"),
)  # fmt: skip

_NOT_A_NAME = (
    (STOP - {"may"})
    | QUESTIONS
    | frozenset((*ONES, *TENS, *ORDINALS, *WEEKDAYS, "hundred", "thousand", "dozen", "couple"))
    | frozenset(
        "please thanks thank hello hi hey bye goodbye name nope yep sure right correct nothing nobody none today "
        "tomorrow tonight never mind stop wait".split()
    )
)
"""Words that are no part of a name: a person who says nothing else is asked again."""


def find_names(said: Sequence[str], loose: bool) -> Iterator[Found]:
    """After "my name is" and the like; where a name was asked for, a whole short answer is one."""
    for lead in (*_BEFORE_NAME[:4], *_BEFORE_NAME[6:8]):
        for at in range(len(said) - len(lead)):
            if tuple(said[at : at + len(lead)]) == lead and (found := _name_at(said, at + len(lead))):
                yield found
                return
    if not loose:
        return
    leads = sorted(_BEFORE_NAME, key=len, reverse=True)
    at = next((len(lead) for lead in leads if tuple(said[: len(lead)]) == lead), 0)
    while at < len(said) and said[at] in _NOT_A_NAME:
        at += 1
    if found := _name_at(said, at):
        yield found


def _name_at(said: Sequence[str], at: int) -> Found | None:
    end = at
    while (
        end < len(said) and end - at < LONGEST_NAME and said[end] not in _NOT_A_NAME and said[end].isalpha()
    ):
        end += 1
    return Found(" ".join(said[at:end]), at, end) if end > at else None


def find_choices(said: Sequence[str], choices: Sequence[str], loose: bool) -> Iterator[Found]:
    """A choice whose words were all heard in a row; where asked for, also one that just sounds like it."""
    heard = [stem(word) for word in said]
    whole: list[Found] = []
    near: list[tuple[float, str, int]] = []
    for choice in choices:
        wanted = [stem(word) for word in words(choice)]
        for at in range(len(heard) - len(wanted) + 1):
            if not wanted:
                continue
            alike = min(alikeness(a, b) for a, b in zip(heard[at:], wanted, strict=False))
            near.append((alike, choice, at))
            if alike == 1.0:
                whole.append(Found(choice, at, at + len(wanted)))
    yield from (one for one in whole if not any(is_within(one, longer) for longer in whole))
    best = max(near, default=(0.0, "", 0), key=lambda one: one[0])
    if loose and 0.72 <= best[0] < 1.0:
        yield Found(best[1], best[2], best[2] + len(words(best[1])))


def find_text(said: Sequence[str], loose: bool) -> Iterator[Found]:
    """The whole answer, where one was asked for; elsewhere a phrase of the intent says where the text is."""
    if loose and said:
        kept = said[:LONGEST_TEXT]
        yield Found(" ".join(kept), 0, len(kept))
