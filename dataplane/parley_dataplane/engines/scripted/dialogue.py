"""What the agent says next: `(state, turn) -> (answer, new state)`.

    readings -> nothing but "stop", "wait" -> quiet
             -> matcher -> how likely is it?
      in a slot dialogue: never mind -> another intent, then back -> values (also corrections) -> asked once
      more else: yes or no to "is that right?" -> correction of what was just agreed -> intent, follow-up, built in
      -> knowledge -> "is that right?", or again? -> fallback

Rules: pure and deterministic; every text, however long or odd, gets an answer; nothing is guessed: what is less likely
than LIKELY is asked about first, and twice in a row is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from parley_api.conversation import Conversation, FollowUp, Intent, Slot
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.confidence import POSSIBLE, confidence, is_sure
from parley_dataplane.engines.scripted.filling import CORRECTION_WORDS, fill, says_only_values
from parley_dataplane.engines.scripted.knowledge import Knowledge, Told, tell
from parley_dataplane.engines.scripted.matcher import Match
from parley_dataplane.engines.scripted.meaning import NOWHERE, Near
from parley_dataplane.engines.scripted.ranking import NEAR, Heard, Ranking
from parley_dataplane.engines.scripted.slots.finding import is_possible
from parley_dataplane.engines.scripted.slots.free import FREE_KINDS
from parley_dataplane.engines.scripted.state import DEEPEST, Filling, State
from parley_dataplane.engines.scripted.templates import Templates
from parley_dataplane.engines.scripted.words import is_content

SURE = 0.49
"""The score from which something else is heard where a value was asked for."""

TOLD, AHEAD = 0.45, 0.05
"""The cosine from which a sentence of the texts is an answer, if it is so much nearer than any intent. All of 18 typed
questions to texts have it, and 3 % of 288 that no agent knows."""

CERTAIN = 0.65
"""From here on an intent is preferred even to a text that holds all that was asked."""

ASIDE = 0.75
"""From here on an intent is heard even where its words could be the value that was asked for."""

SLOT_TRIES = 3
TRIES = 2

NOTHING: Mapping[str, str] = {}

Outcome = tuple[str, State]


class Dialogue:
    """The conversation of a file, ready to be talked to; shared by all calls."""

    def __init__(self, conversation: Conversation, entries: Iterable[KnowledgeText] = ()) -> None:
        self._conversation = conversation
        self._intents = {intent.name: intent for intent in conversation.intents}
        self._knowledge = Knowledge(entries)
        self.ranking = Ranking(conversation)
        self._templates = Templates(conversation.intents)

    @property
    def passages(self) -> Sequence[str]:
        """The sentences of the texts that `Near.passage` counts."""
        return self._knowledge.passages

    def answer(self, state: State, turn: UserTurn, near: Near = NOWHERE) -> Outcome:
        """`near`: what is near in meaning to what was said; without it the words alone have to do."""
        heard = Heard.of(turn, near)
        state = self._known(state)
        if not heard.said and heard.typed:
            return self._unanswered(state)
        if not heard.said:
            return builtin.DEAF[state.misses % 2], replace(state, misses=state.misses + 1)
        if (
            self.ranking.is_plainly(builtin.QUIET, state, heard)
            and len(heard.first) <= builtin.MOST_QUIET_WORDS
        ):
            return builtin.QUIETED, replace(state, misses=0)
        if self.ranking.is_plainly(builtin.CLOCK, state, heard):
            return self._unanswered(state)
        if state.filling:
            return self._in_slots(state, heard)
        return self._confirmed(state, heard) or self._corrected(state, heard) or self._afresh(state, heard)

    # Outside of a slot dialogue

    def _afresh(self, state: State, heard: Heard) -> Outcome:
        ranked = self.ranking.rank(state, heard)
        best, sure = ranked[0], is_sure(ranked)
        text = heard.readings[0]
        found = self._knowledge.find(text) if not sure or best.score < CERTAIN else None
        if found and (not sure or self._knowledge.holds_all(text)):
            return self._told(found, state)
        if heard.near.passage is not None and heard.near.told >= max(TOLD, best.near + AHEAD):
            return self._told(self._knowledge.passage(heard.near.passage), state)
        if sure:
            return self._meant(best.key, state, heard)
        if state.misses < TRIES:
            is_near = best.fit >= NEAR
            if (
                is_near
                and confidence(ranked) >= POSSIBLE
                and (doubted := self._doubted(ranked, state, heard))
            ):
                return self._confirm(builtin.CONFIRM, doubted, state)
            if (is_near or not any(is_content(word) for word in heard.first)) and not heard.typed:
                return builtin.ASK_AGAIN[state.misses % 2], replace(state, misses=state.misses + 1)
        return self._unanswered(state)

    def _unanswered(self, state: State) -> Outcome:
        answer = self._conversation.fallback
        return f"{answer} {self._question(state)}" if state.filling else answer, replace(
            state, misses=0, offered=False, doubted=(), rest=None
        )

    # "Is that right?"

    def _doubted(self, ranked: Sequence[Match], state: State, heard: Heard) -> tuple[Filling, ...]:
        """The likeliest, and the next likely; nothing if there are no words to ask whether the first is wanted."""
        near = [match for match in ranked[:2] if match.fit >= NEAR or match is ranked[0]]
        wanted = [self._begun_by(match.key) for match in near]
        if wanted[0] is None or wanted[0].wish is None:
            return ()
        return tuple(
            Filling(intent.name, self._opening(intent, heard, {}, state))
            for intent in wanted
            if intent is not None and intent.wish is not None
        )

    def _begun_by(self, key: str) -> Intent | None:
        kind, _, name = key.partition(" ")
        return self._intents[name] if kind == "intent" else None

    def _confirm(self, question: str, doubted: tuple[Filling, ...], state: State) -> Outcome:
        said = question.format(wish=self._intents[doubted[0].intent].wish)
        return said, replace(
            state, said=said, misses=state.misses + 1, doubted=doubted, offered=False, rest=None
        )

    def _confirmed(self, state: State, heard: Heard) -> Outcome | None:
        """ "Is that right?" Yes, or the same once more; no, and what else it may be. Anything else is a new one."""
        if not state.doubted:
            return None
        (meant, *others), asked = state.doubted, replace(state, doubted=(), open="")
        ranked = self.ranking.rank(asked, heard)
        best, first = ranked[0].key, heard.first[0]
        is_same = best == f"intent {meant.intent}"
        if not (is_same or best.startswith("builtin")) and is_sure(ranked):
            return None
        if best == "builtin no" or first in builtin.DENIED_BY:
            if others:
                return self._confirm(builtin.CONFIRM_OTHER, tuple(others), asked)
            return builtin.DENIED, asked
        if best == "builtin yes" or first in builtin.AFFIRMED or (is_same and ranked[0].fit >= NEAR):
            return self._begin(self._intents[meant.intent], asked, heard, meant.values)
        return None

    # What was meant is answered

    def _told(self, told: Told, state: State) -> Outcome:
        answer, after = self._said(told.answer, state)
        return answer, replace(after, rest=told.rest)

    def _more(self, state: State) -> Outcome:
        return self._told(tell(state.rest) if state.rest else Told(builtin.ALL_TOLD), state)

    def _meant(self, key: str, state: State, heard: Heard) -> Outcome:
        kind, _, name = key.partition(" ")
        if kind == "builtin":
            return self._built_in(name, state)
        if kind == "follow":
            intent, _, at = name.rpartition(" ")
            return self._follow(self._intents[intent].follow_ups[int(at)], state, heard)
        return self._begin(self._intents[name], state, heard)

    def _follow(self, follow_up: FollowUp, state: State, heard: Heard) -> Outcome:
        if follow_up.intent:
            return self._begin(self._intents[follow_up.intent], state, heard)
        return self._said(follow_up.answer or builtin.YES, state)

    def _built_in(self, name: str, state: State) -> Outcome:
        greeting = self._conversation.greeting or builtin.HELLO
        if name == "repeat":
            return state.said or greeting, replace(state, misses=0)
        if name == "more":
            return self._more(state)
        says = {
            "hello": greeting,
            "help": self._help(),
            "human": self._conversation.hand_over,
            "here": builtin.HERE,
            "goodbye": builtin.GOODBYE,
            "thanks": builtin.THANKS,
            "yes": builtin.YES,
            "no": builtin.NO,
            "cancel": builtin.NOTHING_TO_CANCEL,
        }
        return self._said(says[name], state)

    def _help(self) -> str:
        topics = [re.sub(r"[-_]+", " ", name) for name in self._intents][:6]
        if not topics:
            return builtin.YES
        listed = topics[0] if len(topics) == 1 else ", ".join(topics[:-1]) + " or " + topics[-1]
        return f"You can ask me about {listed}. What would you like?"

    def _begin(
        self, intent: Intent, state: State, heard: Heard, known: Mapping[str, str] = NOTHING
    ) -> Outcome:
        """`known`: what was said of it before."""
        if intent.requires and intent.requires not in state.records:
            answer, after = self._said(intent.otherwise or builtin.MISSING_RECORD, state)
            return answer, _opened(after, intent, "otherwise")
        return self._advance(Filling(intent.name, self._opening(intent, heard, known, state)), state)

    def _opening(
        self, intent: Intent, heard: Heard, known: Mapping[str, str], state: State
    ) -> Mapping[str, str]:
        """The values with which an intent begins. One that changes a record leaves the others as they were, where it
        was said what is to change: a value, or the name of its slot ("another day").
        """
        values = self._values_in(intent, heard, known, "")
        record = self._changes(intent, state)
        changed = {slot.name for slot in intent.slots if slot.name in values or slot.name in heard.first}
        if not changed:
            return values
        kept = {slot.name for slot in intent.slots if slot.name in record} - changed
        return {name: record[name] for name in kept} | dict(values)

    def _changes(self, intent: Intent, state: State) -> Mapping[str, str]:
        """The record that the intent changes, as it is; empty for one that changes none."""
        changes = intent.stores is not None and intent.stores == intent.requires
        return state.records.get(intent.stores or "", NOTHING) if changes else NOTHING

    def _corrected(self, state: State, heard: Heard) -> Outcome | None:
        """ "No, Tuesday", right after an appointment for Monday was agreed; "no, make it Tuesday" also later."""
        best = self.ranking.rank(state, heard)[0]
        swaps = not builtin.SWAP.isdisjoint(heard.first)
        for agreed, said_so, elsewhere in (
            (state.done, builtin.CORRECTION, ASIDE),
            (state.stored, builtin.LATE_CORRECTION, SURE),
        ):
            if agreed is None:
                continue
            corrects = swaps or not said_so.isdisjoint(heard.first[:CORRECTION_WORDS])
            if not corrects and not (agreed is state.done and says_only_values(heard.first)):
                continue
            intent = self._intents[agreed.intent]
            is_other = best.key != f"intent {intent.name}" and not (
                swaps and self._stores(best.key, intent.stores)
            )
            values = self._values_in(intent, heard, agreed.values, self._answered_last(agreed, state, heard))
            if values != agreed.values and not (is_other and best.evidence and best.score >= elsewhere):
                return self._advance(replace(agreed, values=values), state)
        return None

    def _answered_last(self, agreed: Filling, state: State, heard: Heard) -> str:
        """The slot that "no, five" is about, right after it was asked for: its values need no more than themselves."""
        if agreed is not state.done or not agreed.asked or len(heard.first) > CORRECTION_WORDS:
            return ""
        return "" if self._asked_slot(agreed).kind in FREE_KINDS else agreed.asked

    def _stores(self, key: str, record: str | None) -> bool:
        kind, _, name = key.partition(" ")
        return kind == "intent" and record is not None and self._intents[name].stores == record

    # In a slot dialogue

    def _in_slots(self, state: State, heard: Heard) -> Outcome:
        filling = state.filling[-1]
        intent = self._intents[filling.intent]
        values = self._values_in(intent, heard, filling.values, filling.asked)
        before = self._changes(intent, state)
        if filling.asked in before and not builtin.SAME.isdisjoint(heard.first):
            values = {filling.asked: before[filling.asked]} | dict(values)
        ranked = self.ranking.rank(state, heard)
        best = ranked[0]
        if best.key == "builtin cancel" and best.score >= SURE and not self._wants_text(filling, best):
            return self._leave(state, builtin.CANCELLED)
        if self._asks_for_choices(filling, best, heard):
            return self._said(self._with_choices(filling, state), state)
        if self._is_aside(best, filling, values, heard):
            if any(match.key == "builtin goodbye" and match.score >= ASIDE for match in ranked):
                state = replace(state, filling=())  # who takes leave is asked nothing more
                return self._meant(best.key, state, heard)
            return self._aside(best.key, state, heard)
        if values != filling.values:
            outcome = self._advance(replace(filling, values=values, misses=0), _waiting(state))
            ended = len(outcome[1].filling) < len(state.filling)
            return self._back(outcome) if ended else outcome
        if filling.misses + 1 >= SLOT_TRIES:
            return self._leave(state, builtin.SLOT_GIVEN_UP)
        missed = replace(filling, misses=filling.misses + 1)
        return f"{builtin.SLOT_MISSED} {self._with_choices(filling, state)}", _waiting(state, missed)

    def _with_choices(self, filling: Filling, state: State) -> str:
        """The question, after what there is to choose from, unless it says so itself."""
        choices, question = self._asked_slot(filling).choices, self._question(state)
        if all(choice.casefold() in question.casefold() for choice in choices):
            return question
        told = choices[: builtin.MOST_CHOICES]
        last = "more" if told != choices else told.pop() if len(told) > 1 else ""
        listed = ", ".join(told) + (f" {'and' if last == 'more' else 'or'} {last}" if last else "")
        return f"{builtin.CHOICES_ARE.format(choices=listed)} {question}"

    def _is_aside(self, best: Match, filling: Filling, values: Mapping[str, str], heard: Heard) -> bool:
        """Is this another question, rather than the value that was asked for?"""
        if best.key in (f"intent {filling.intent}", "builtin yes", "builtin no", "builtin hello"):
            return False
        if self._asked_slot(filling).kind in FREE_KINDS:
            return best.score >= ASIDE and len(heard.first) > 1
        # "Six people" answers "for how many people", also where another intent changes how many they are.
        other = self._begun_by(best.key)
        if other and filling.asked in values and filling.asked in {slot.name for slot in other.slots}:
            return False
        return best.score >= (ASIDE if values != filling.values else SURE)

    def _asks_for_choices(self, filling: Filling, best: Match, heard: Heard) -> bool:
        """ "What have you got", unless it is a phrase of the file's own."""
        is_own = best.key.startswith("intent") and best.score >= builtin.REPLACED
        asks = builtin.CHOICES.fullmatch(" ".join(heard.first)) is not None
        return asks and not is_own and self._asked_slot(filling).kind == "choice"

    def _wants_text(self, filling: Filling, best: Match) -> bool:
        return self._asked_slot(filling).kind == "text" and best.score < ASIDE

    def _aside(self, key: str, state: State, heard: Heard) -> Outcome:
        """Answer, then ask again for what is missing. An intent with slots of its own is dealt with first."""
        answer, after = self._meant(key, state, heard)
        if key == "builtin repeat" or len(after.filling) != len(state.filling):
            return answer, after
        return f"{answer} {self._question(state)}", after

    def _leave(self, state: State, words_of_parting: str) -> Outcome:
        return self._back(self._said(words_of_parting, _waiting(state)))

    def _advance(self, filling: Filling, state: State) -> Outcome:
        """Ask for the next slot, or answer if there is none left. `state` holds the dialogues that wait."""
        intent = self._intents[filling.intent]
        values = filling.values
        refused = [
            slot for slot in intent.slots if slot.name in values and not is_possible(slot, values[slot.name])
        ]
        if refused:
            names = {slot.name for slot in refused}
            filling = replace(filling, values={name: v for name, v in values.items() if name not in names})
        empty = [slot for slot in _needed(intent) if slot.name not in filling.values]
        missing = next(iter(refused or empty), None)
        if missing is None:
            return self._deliver(intent, filling, state)
        waiting = (*state.filling, replace(filling, asked=missing.name))[-DEEPEST:]
        asked = self._ask(missing, filling, state)
        if refused:
            asked = f"{_refusal(missing, values[missing.name])} {asked}"
        return self._said(asked, replace(state, filling=waiting, open=""))

    def _deliver(self, intent: Intent, filling: Filling, state: State) -> Outcome:
        records = dict(state.records)
        if intent.stores:
            kept = records.get(intent.stores, {}) if intent.requires == intent.stores else {}
            records[intent.stores] = {**kept, **filling.values}
        count = state.told.get(intent.name, 0)
        template = (
            intent.every_answer[count % len(intent.every_answer)] if intent.every_answer else builtin.YES
        )
        answer = self._templates.filled(template, intent, filling.values, records)
        if intent.removes:
            records.pop(intent.removes, None)
        after = replace(
            state,
            records=records,
            told={**state.told, intent.name: count + 1},
            done=filling if filling.values and not intent.removes else None,
            stored=filling if intent.stores else None if intent.removes else state.stored,
        )
        said, after = self._said(answer, after)
        return said, _opened(after, intent, "answer")

    def _said(self, answer: str, state: State) -> Outcome:
        """An answer that counts: it is what "say that again" repeats; misses begin anew, and offers are over."""
        return answer, replace(state, said=answer, misses=0, offered=False, doubted=(), rest=None)

    def _back(self, outcome: Outcome) -> Outcome:
        """After a slot dialogue has ended: go on with the one that waited for it."""
        answer, state = outcome
        if not state.filling:
            return outcome
        return f"{answer} {builtin.RESUME} {self._question(state)}", state

    # Slots and templates

    def _values_in(
        self, intent: Intent, heard: Heard, known: Mapping[str, str], asked: str
    ) -> Mapping[str, str]:
        """`known`, with what the best reading says. Others are believed only where it holds no value, and only for
        the slot that was asked for: a value that nobody asked for would come out of the blue.
        """
        phrases = self.ranking.phrases[intent.name]
        values = fill(intent.slots, phrases, heard.first, known, asked)
        wanted = [slot for slot in intent.slots if slot.name == asked and slot.name not in known]
        for said in heard.said[1:] if wanted else ():
            if values != known:
                break
            values = fill(wanted, phrases, said, known, asked)
        return values

    def _asked_slot(self, filling: Filling) -> Slot:
        return next(slot for slot in self._intents[filling.intent].slots if slot.name == filling.asked)

    def _question(self, state: State) -> str:
        """What was asked last, in the slot dialogue that is talked about."""
        filling = state.filling[-1]
        return self._ask(self._asked_slot(filling), filling, state)

    def _ask(self, slot: Slot, filling: Filling, state: State) -> str:
        return self._templates.filled(slot.ask, self._intents[filling.intent], filling.values, state.records)

    def _known(self, state: State) -> State:
        """The state without what this file does not have (the memory may be of another version of it)."""
        return replace(
            state,
            filling=tuple(one for one in state.filling if self._fits(one)),
            records={
                name: values
                for name, values in state.records.items()
                if all((name, slot) in self._templates.record_kinds for slot in values)
            },
            doubted=tuple(one for one in state.doubted if one.intent in self._intents),
            open=state.open if state.open in self._intents else "",
            done=state.done if state.done and state.done.intent in self._intents else None,
            stored=state.stored if state.stored and state.stored.intent in self._intents else None,
        )

    def _fits(self, filling: Filling) -> bool:
        intent = self._intents.get(filling.intent)
        return intent is not None and filling.asked in {slot.name for slot in intent.slots}


def _needed(intent: Intent) -> list[Slot]:
    """The slots that are asked for: all but free text that no answer says and no record keeps."""
    said = " ".join(intent.every_answer)
    return [s for s in intent.slots if s.kind != "text" or intent.stores or "{" + s.name + "}" in said]


def _refusal(slot: Slot, value: str) -> str:
    """Why the slot does not take `value`."""
    return builtin.UNTAKEN.get(value) or slot.otherwise or builtin.NOT_POSSIBLE


def _waiting(state: State, top: Filling | None = None) -> State:
    """The state without the dialogue talked about, or with `top` in its place."""
    return replace(state, filling=state.filling[:-1] + ((top,) if top else ()))


def _opened(state: State, intent: Intent, after: str) -> State:
    """The state after `intent` has said its answer, or its `otherwise`."""
    return replace(state, open=intent.name if intent.follow_ups else "", after=after, offered=True)
