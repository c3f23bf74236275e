"""Phrases that mean the same to the scripted LLM and belong to two intents, or to two follow-ups of one answer.

It hears stems of words in no order, and takes the value of a slot for explained: "are you open on Sunday" and "you are
open on Sundays" are one phrase to it. Said word for word either would do, so that one of the two is never answered.
What has the very same words is told by `load` already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parley_api import VoiceAgent
from parley_api.conversation import Intent, Slot
from parley_api.problems import Location, Problem, path_text, shown
from parley_api.references import words as as_heard
from parley_dataplane.engines.scripted.matcher import SLOT, Phrase
from parley_dataplane.engines.scripted.slots.free import FREE_KINDS
from parley_dataplane.engines.scripted.words import stem

Meaning = tuple[frozenset[str], bool]
"""The stems, and whether anything may follow."""

Values = frozenset[tuple[str, ...]]
"""What may fill slots: their kinds, a choice's with what may be chosen."""


@dataclass(frozen=True)
class _Said:
    """A phrase: where it is, what has it, which values it holds, and which its intent explains."""

    location: Location
    text: str
    holder: str
    meaning: Meaning
    holds: Values
    explains: Values

    @classmethod
    def read(cls, location: Location, text: str, holder: str, slots: Iterable[Slot]) -> _Said:
        named = {slot.name: slot for slot in slots}
        free = {name for name, slot in named.items() if slot.kind in FREE_KINDS}
        phrase = Phrase.read(text, free)
        held = (named[name] for name in SLOT.findall(text) if name in named)
        meaning = (frozenset(map(stem, phrase.said)), phrase.free is not None)
        return cls(location, text, holder, meaning, _values(held), _values(named.values()))

    def is_taken_for(self, other: _Said) -> bool:
        """Whether either of the two may be said so that it is the other as well."""
        return self.holds <= other.explains or other.holds <= self.explains


def contradictions(agent: VoiceAgent) -> list[Problem]:
    """All of them in the order of the file; none where another LLM answers."""
    if agent.spec.engines.llm.scripted is None:
        return []
    intents = agent.spec.conversation.intents
    here: Location = ("spec", "conversation", "intents")
    said = [
        _Said.read(
            (*here, at, "phrases", number), text, f"intents[{at}] ({shown(intent.name)})", intent.slots
        )
        for at, intent in enumerate(intents)
        for number, text in enumerate(intent.phrases)
    ]
    problems = list(_alike(said))
    by_name = {intent.name: intent for intent in intents}
    for at, intent in enumerate(intents):
        for after in ("answer", "otherwise"):
            problems += _alike(_follow_ups((*here, at), intent, after, by_name))
    return problems


def _follow_ups(here: Location, intent: Intent, after: str, by_name: dict[str, Intent]) -> list[_Said]:
    return [
        _Said.read(
            (*here, "followUps", at, "phrases", number),
            text,
            f"followUps[{at}]",
            by_name[follow_up.intent].slots if follow_up.intent else (),
        )
        for at, follow_up in enumerate(intent.follow_ups)
        if follow_up.after == after
        for number, text in enumerate(follow_up.phrases)
    ]


def _alike(phrases: Iterable[_Said]) -> Iterator[Problem]:
    seen: dict[Meaning, list[_Said]] = defaultdict(list)
    for said in phrases:
        rivals = (one for one in seen[said.meaning] if one.holder != said.holder and said.is_taken_for(one))
        if (rival := next(rivals, None)) and as_heard(rival.text) != as_heard(said.text):
            seen_as = f"{shown(said.text)}, which is to the matcher {shown(rival.text)} of {rival.holder}"
            instead = "say more in one of the two: order, endings and what fills a slot tell nothing apart"
            yield Problem(path_text(said.location), seen_as, instead)
        seen[said.meaning].append(said)


def _values(slots: Iterable[Slot]) -> Values:
    return frozenset((slot.kind, *sorted(slot.choices)) for slot in slots if slot.kind not in FREE_KINDS)
