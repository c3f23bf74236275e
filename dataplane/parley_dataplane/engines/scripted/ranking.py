"""What may have been meant, best first: every intent, follow-up and built-in sentence that may come now, by its words
and by what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from parley_api.conversation import Conversation, Intent
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.matcher import Match, Matcher, Phrase, Target
from parley_dataplane.engines.scripted.meaning import NOWHERE, Near
from parley_dataplane.engines.scripted.slots.free import FREE_KINDS
from parley_dataplane.engines.scripted.state import State
from parley_dataplane.engines.scripted.words import words

NEAR = 0.34
"""The score, or the rank, from which a target may be what was meant."""

FOLLOW_UP_BONUS = 0.1
"""A follow-up is what one expects to hear next."""


@dataclass(frozen=True)
class Heard:
    """One turn: its readings, best first, and the words of each; `near`: what is near to it in meaning."""

    readings: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    typed: bool = False
    near: Near = NOWHERE

    @classmethod
    def of(cls, turn: UserTurn, near: Near = NOWHERE) -> Heard:
        pairs = [(text, words(text)) for text in (turn.text, *turn.alternatives[:4])]
        kept = [(text, said) for text, said in pairs if said]
        return cls(tuple(text for text, _ in kept), tuple(said for _, said in kept), turn.typed, near)

    @property
    def first(self) -> tuple[str, ...]:
        return self.said[0]


class Ranking:
    """Of one file; shared by all calls."""

    def __init__(self, conversation: Conversation) -> None:
        self._intents = {intent.name: intent for intent in conversation.intents}
        self.phrases: Mapping[str, tuple[Phrase, ...]] = {
            intent.name: _phrases(intent) for intent in conversation.intents
        }
        self._matcher = Matcher(self._targets())
        self._always = [f"intent {name}" for name in self._intents] + [
            f"builtin {name}" for name in builtin.PHRASES if name not in ("cancel", "more")
        ]

    def _targets(self) -> Iterable[Target]:
        for intent in self._intents.values():
            yield _target(f"intent {intent.name}", self.phrases[intent.name], intent)
            for at, follow_up in enumerate(intent.follow_ups):
                said = tuple(Phrase.read(p) for p in follow_up.phrases)
                begins = self._intents[follow_up.intent] if follow_up.intent else None
                yield _target(f"follow {intent.name} {at}", said, begins)
        for name, phrases in builtin.PHRASES.items():
            yield Target(
                f"builtin {name}", tuple(Phrase.read(p) for p in phrases), bias=builtin.BIAS, plain=True
            )

    def rank(self, state: State, heard: Heard) -> list[Match]:
        """Everything that may be meant now, best first."""
        eligible = list(self._always)
        if state.filling:
            eligible.append("builtin cancel")
        if state.rest is not None:
            eligible.append("builtin more")
        if state.open:
            eligible += [f"follow {state.open} {at}" for at in self._following(state)]
        ranked = self._matcher.rank(heard.readings, eligible)
        raised = (_raised(match) if match.key.startswith("follow") else match for match in ranked)
        return sorted((_with_meaning(match, heard.near) for match in raised), key=lambda match: -match.rank)

    def _following(self, state: State) -> Iterable[int]:
        """The follow-ups that may come now. An offer stands for one turn, and not in the middle of something."""
        takes_up = state.offered and not state.filling
        for at, follow_up in enumerate(self._intents[state.open].follow_ups):
            if follow_up.after == state.after and (takes_up or not follow_up.intent):
                yield at

    def is_plainly(self, pattern: re.Pattern[str], state: State, heard: Heard) -> bool:
        """Was this said and nothing else, and is it no phrase of the file's own, nor a way to leave a dialogue?"""
        if not pattern.fullmatch(" ".join(heard.first)):
            return False
        best = self.rank(state, replace(heard, readings=heard.readings[:1]))[0]
        return best.score < builtin.REPLACED


def _phrases(intent: Intent) -> tuple[Phrase, ...]:
    free = {slot.name for slot in intent.slots if slot.kind in FREE_KINDS}
    return tuple(Phrase.read(text, free) for text in intent.phrases)


def _target(key: str, phrases: tuple[Phrase, ...], filled: Intent | None) -> Target:
    """What these phrases mean; the values of the intent whose slots they fill are no foreign words in them."""
    wanted = filled.slots if filled else []
    choices = tuple(word for slot in wanted for choice in slot.choices for word in words(choice))
    return Target(key, phrases, frozenset(slot.kind for slot in wanted), choices)


def _with_meaning(match: Match, near: Near) -> Match:
    """What has no meaning of its own, built in or a follow-up, counts beside the others by its words."""
    name = match.key.removeprefix("intent ")
    return replace(
        match,
        meaning=near.intents.get(name),
        likely=near.likely.get(name, match.score) if near.likely else None,
    )


def _raised(match: Match) -> Match:
    return replace(match, score=match.score + FOLLOW_UP_BONUS) if match.score >= NEAR else match
