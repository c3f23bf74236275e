"""What the agent says next: `(state, turn) -> (answer, new state)`.

    readings -> nothing but "stop", "wait" -> quiet
             -> matcher -> verdict: sure, near, or nothing
      in a slot dialogue: never mind -> another intent, then back -> values (also corrections) -> asked once
      more else:               correction of what was just agreed -> intent, follow-up, built in -> knowledge
      -> again? -> fallback

Rules: pure and deterministic; every text, however long or odd, gets an answer; nothing is guessed: between
SURE and NEAR the person is asked to say it again, and twice in a row is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from parley_api.conversation import Conversation, FollowUp, Intent, Slot
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted import builtin, slots
from parley_dataplane.engines.scripted.knowledge import Knowledge
from parley_dataplane.engines.scripted.matcher import Match, Matcher, Phrase, Target
from parley_dataplane.engines.scripted.state import DEEPEST, Filling, State
from parley_dataplane.engines.scripted.words import is_content, words

SURE = 0.49
"""From here on a target is answered (tuned on paraphrases of examples/reception.yaml that no test uses)."""

NEAR = 0.34
"""From here on the person is asked to say it again."""

CLEAR = 0.12
"""Two intents are told apart if they are this far from each other, as a share of how far the first is from ASIDE:
the surer one is, the less it matters what else it might be."""

CERTAIN = 0.65
"""From here on an intent is preferred even to a text that holds all that was asked."""

FOLLOW_UP_BONUS = 0.1
"""A follow-up is what one expects to hear next."""

ASIDE = 0.75
"""From here on an intent is heard even where its words could be the value that was asked for."""

SLOT_TRIES = 3
TRIES = 2
CORRECTION_WORDS = 4

_TEMPLATE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")

Outcome = tuple[str, State]


@dataclass(frozen=True)
class Heard:
    """One turn: its readings, best first, and the words of each."""

    readings: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    typed: bool = False

    @classmethod
    def of(cls, turn: UserTurn) -> Heard:
        pairs = [(text, words(text)) for text in (turn.text, *turn.alternatives[:4])]
        kept = [(text, said) for text, said in pairs if said]
        return cls(tuple(text for text, _ in kept), tuple(said for _, said in kept), turn.typed)

    @property
    def first(self) -> tuple[str, ...]:
        return self.said[0]


class Dialogue:
    """The conversation of a file, ready to be talked to; shared by all calls."""

    def __init__(self, conversation: Conversation, entries: Iterable[KnowledgeText] = ()) -> None:
        self._conversation = conversation
        self._intents = {intent.name: intent for intent in conversation.intents}
        self._knowledge = Knowledge(entries)
        self._phrases = {intent.name: _phrases(intent) for intent in conversation.intents}
        self._matcher = Matcher(self._targets())
        self._always = [f"intent {name}" for name in self._intents] + [
            f"builtin {name}" for name in builtin.PHRASES if name != "cancel"
        ]
        self._record_kinds = {
            (intent.stores, slot.name): slot.kind for intent in conversation.intents for slot in intent.slots
        }

    def answer(self, state: State, turn: UserTurn) -> Outcome:
        heard = Heard.of(turn)
        state = self._known(state)
        if not heard.said and heard.typed:
            return self._unanswered(state)
        if not heard.said:
            return builtin.DEAF[state.misses % 2], replace(state, misses=state.misses + 1)
        if self._is_plainly(builtin.QUIET, state, heard) and len(heard.first) <= builtin.MOST_QUIET_WORDS:
            return builtin.QUIETED, replace(state, misses=0)
        if self._is_plainly(builtin.CLOCK, state, heard):
            return self._unanswered(state)
        if state.filling:
            return self._in_slots(state, heard)
        return self._corrected(state, heard) or self._afresh(state, heard)

    # What was meant

    def _targets(self) -> Iterable[Target]:
        for intent in self._conversation.intents:
            yield _target(f"intent {intent.name}", self._phrases[intent.name], intent)
            for at, follow_up in enumerate(intent.follow_ups):
                said = tuple(Phrase.read(p) for p in follow_up.phrases)
                begins = self._intents[follow_up.intent] if follow_up.intent else None
                yield _target(f"follow {intent.name} {at}", said, begins)
        for name, phrases in builtin.PHRASES.items():
            yield Target(f"builtin {name}", tuple(Phrase.read(p) for p in phrases), bias=builtin.BIAS)

    def _rank(self, state: State, heard: Heard) -> list[Match]:
        """Everything that may be meant now, best first."""
        eligible = list(self._always)
        if state.filling:
            eligible.append("builtin cancel")
        if state.open:
            eligible += [f"follow {state.open} {at}" for at in self._following(state)]
        ranked = self._matcher.rank(heard.readings, eligible)
        raised = [_raised(match) if match.key.startswith("follow") else match for match in ranked]
        return sorted(raised, key=lambda match: -match.score)

    def _following(self, state: State) -> Iterable[int]:
        """The follow-ups that may come now. An offer stands for one turn, and not in the middle of something."""
        takes_up = state.offered and not state.filling
        for at, follow_up in enumerate(self._intents[state.open].follow_ups):
            if follow_up.after == state.after and (takes_up or not follow_up.intent):
                yield at

    def _is_plainly(self, pattern: re.Pattern[str], state: State, heard: Heard) -> bool:
        """Was this said and nothing else, and is it no phrase of the file's own, nor a way to leave a dialogue?"""
        if not pattern.fullmatch(" ".join(heard.first)):
            return False
        best = self._rank(state, replace(heard, readings=heard.readings[:1]))[0]
        return best.score < builtin.REPLACED

    # Outside of a slot dialogue

    def _afresh(self, state: State, heard: Heard) -> Outcome:
        ranked = self._rank(state, heard)
        best = ranked[0]
        sure = best.score >= SURE and not _unclear(ranked)
        text = heard.readings[0]
        found = self._knowledge.find(text) if not sure or best.score < CERTAIN else None
        if found and (best.score < SURE or self._knowledge.holds_all(text)):
            return self._said(found, state)
        if sure:
            return self._meant(best.key, state, heard)
        unclear = best.score >= NEAR or not any(is_content(word) for word in heard.first)
        if unclear and not heard.typed and state.misses < TRIES:
            return builtin.ASK_AGAIN[state.misses % 2], replace(state, misses=state.misses + 1)
        return self._unanswered(state)

    def _unanswered(self, state: State) -> Outcome:
        answer = self._conversation.fallback
        return f"{answer} {self._question(state)}" if state.filling else answer, replace(
            state, misses=0, offered=False
        )

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
        says = {
            "hello": greeting,
            "help": self._help(),
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

    def _begin(self, intent: Intent, state: State, heard: Heard) -> Outcome:
        if intent.requires and intent.requires not in state.records:
            answer, after = self._said(intent.otherwise or builtin.MISSING_RECORD, state)
            return answer, _opened(after, intent, "otherwise")
        return self._advance(Filling(intent.name, self._values_in(intent, heard, {}, "")), state)

    def _corrected(self, state: State, heard: Heard) -> Outcome | None:
        """ "No, Tuesday", right after an appointment for Monday was agreed; "no, make it Tuesday" also later."""
        best = self._rank(state, heard)[0]
        swaps = not builtin.SWAP.isdisjoint(heard.first)
        for agreed, said_so, elsewhere in (
            (state.done, builtin.CORRECTION, ASIDE),
            (state.stored, builtin.LATE_CORRECTION, SURE),
        ):
            if agreed is None or not (swaps or not said_so.isdisjoint(heard.first[:CORRECTION_WORDS])):
                continue
            intent = self._intents[agreed.intent]
            is_other = best.key != f"intent {intent.name}" and not (
                swaps and self._stores(best.key, intent.stores)
            )
            values = self._values_in(intent, heard, agreed.values, "")
            if values != agreed.values and not (is_other and best.score >= elsewhere):
                return self._advance(replace(agreed, values=values), state)
        return None

    def _stores(self, key: str, record: str | None) -> bool:
        kind, _, name = key.partition(" ")
        return kind == "intent" and record is not None and self._intents[name].stores == record

    # In a slot dialogue

    def _in_slots(self, state: State, heard: Heard) -> Outcome:
        filling = state.filling[-1]
        intent = self._intents[filling.intent]
        values = self._values_in(intent, heard, filling.values, filling.asked)
        best = self._rank(state, heard)[0]
        if best.key == "builtin cancel" and best.score >= SURE and not self._wants_text(filling, best):
            return self._leave(state, builtin.CANCELLED)
        if self._is_aside(best, filling, values, heard):
            return self._aside(best.key, state, heard)
        if values != filling.values:
            outcome = self._advance(replace(filling, values=values, misses=0), _waiting(state))
            ended = len(outcome[1].filling) < len(state.filling)
            return self._back(outcome) if ended else outcome
        if filling.misses + 1 >= SLOT_TRIES:
            return self._leave(state, builtin.SLOT_GIVEN_UP)
        missed = replace(filling, misses=filling.misses + 1)
        return f"{builtin.SLOT_MISSED} {self._question(state)}", _waiting(state, missed)

    def _is_aside(self, best: Match, filling: Filling, values: Mapping[str, str], heard: Heard) -> bool:
        """Is this another question, rather than the value that was asked for?"""
        if best.key in (f"intent {filling.intent}", "builtin yes", "builtin no", "builtin hello"):
            return False
        if self._asked_slot(filling).kind in slots.FREE_KINDS:
            return best.score >= ASIDE and len(heard.first) > 1
        return best.score >= (ASIDE if values != filling.values else SURE)

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
        missing = next((slot for slot in _needed(intent) if slot.name not in filling.values), None)
        if missing is None:
            return self._deliver(intent, filling, state)
        waiting = (*state.filling, replace(filling, asked=missing.name))[-DEEPEST:]
        return self._said(self._ask(missing, filling, state), replace(state, filling=waiting, open=""))

    def _deliver(self, intent: Intent, filling: Filling, state: State) -> Outcome:
        records = dict(state.records)
        if intent.stores:
            kept = records.get(intent.stores, {}) if intent.requires == intent.stores else {}
            records[intent.stores] = {**kept, **filling.values}
        count = state.told.get(intent.name, 0)
        template = (
            intent.every_answer[count % len(intent.every_answer)] if intent.every_answer else builtin.YES
        )
        answer = self._filled(template, intent, filling.values, records)
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
        return answer, replace(state, said=answer, misses=0, offered=False)

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
        phrases = self._phrases[intent.name]
        values = _fill(intent.slots, phrases, heard.first, known, asked)
        wanted = [slot for slot in intent.slots if slot.name == asked and slot.name not in known]
        for said in heard.said[1:] if wanted else ():
            if values != known:
                break
            values = _fill(wanted, phrases, said, known, asked)
        return values

    def _asked_slot(self, filling: Filling) -> Slot:
        return next(slot for slot in self._intents[filling.intent].slots if slot.name == filling.asked)

    def _question(self, state: State) -> str:
        """What was asked last, in the slot dialogue that is talked about."""
        filling = state.filling[-1]
        return self._ask(self._asked_slot(filling), filling, state)

    def _ask(self, slot: Slot, filling: Filling, state: State) -> str:
        return self._filled(slot.ask, self._intents[filling.intent], filling.values, state.records)

    def _filled(
        self,
        template: str,
        intent: Intent,
        values: Mapping[str, str],
        records: Mapping[str, Mapping[str, str]],
    ) -> str:
        kinds = {slot.name: slot.kind for slot in intent.slots}

        def speak(match: re.Match[str]) -> str:
            first, second = match.groups()
            if second is None and first in values:
                return slots.speak(kinds[first], values[first])
            if second is not None and second in records.get(first, {}):
                return slots.speak(self._record_kinds[first, second], records[first][second])
            return f"the {second or first}".replace("_", " ")

        return _TEMPLATE.sub(speak, template)

    def _known(self, state: State) -> State:
        """The state without what this file does not have (the memory may be of another version of it)."""
        return replace(
            state,
            filling=tuple(one for one in state.filling if self._fits(one)),
            records={
                name: values
                for name, values in state.records.items()
                if all((name, slot) in self._record_kinds for slot in values)
            },
            open=state.open if state.open in self._intents else "",
            done=state.done if state.done and state.done.intent in self._intents else None,
            stored=state.stored if state.stored and state.stored.intent in self._intents else None,
        )

    def _fits(self, filling: Filling) -> bool:
        intent = self._intents.get(filling.intent)
        return intent is not None and filling.asked in {slot.name for slot in intent.slots}


def _phrases(intent: Intent) -> tuple[Phrase, ...]:
    free = {slot.name for slot in intent.slots if slot.kind in slots.FREE_KINDS}
    return tuple(Phrase.read(text, free) for text in intent.phrases)


def _target(key: str, phrases: tuple[Phrase, ...], filled: Intent | None) -> Target:
    """What these phrases mean; the values of the intent whose slots they fill are no foreign words in them."""
    wanted = filled.slots if filled else []
    choices = tuple(word for slot in wanted for choice in slot.choices for word in words(choice))
    return Target(key, phrases, frozenset(slot.kind for slot in wanted), choices)


def _needed(intent: Intent) -> list[Slot]:
    """The slots that are asked for: all but free text that no answer says and no record keeps."""
    said = " ".join(intent.every_answer)
    return [s for s in intent.slots if s.kind != "text" or intent.stores or "{" + s.name + "}" in said]


def _raised(match: Match) -> Match:
    return Match(match.key, match.score + FOLLOW_UP_BONUS if match.score >= NEAR else match.score)


def _unclear(ranked: Sequence[Match]) -> bool:
    """Two intents that can't be told apart. (What is built in gives way to an intent of the file.)"""
    rivals = [match for match in ranked[1:] if not match.key.startswith("builtin")]
    doubt = max(0.0, ASIDE - ranked[0].score) / (ASIDE - SURE)
    return bool(rivals) and ranked[0].score - rivals[0].score < CLEAR * doubt


def _waiting(state: State, top: Filling | None = None) -> State:
    """The state without the dialogue talked about, or with `top` in its place."""
    return replace(state, filling=state.filling[:-1] + ((top,) if top else ()))


def _opened(state: State, intent: Intent, after: str) -> State:
    """The state after `intent` has said its answer, or its `otherwise`."""
    return replace(state, open=intent.name if intent.follow_ups else "", after=after, offered=True)


def _is_correction(said: Sequence[str]) -> bool:
    return not builtin.CORRECTION.isdisjoint(said[:CORRECTION_WORDS])


def _fill(
    wished: Sequence[Slot],
    phrases: Sequence[Phrase],
    said: Sequence[str],
    known: Mapping[str, str],
    asked: str,
) -> Mapping[str, str]:
    """`known` with the values in `said`. A slot asked for is filled first; a value said again replaces."""
    values = dict(known)
    taken: set[int] = set()
    fresh: set[str] = set()
    wanted = sorted(wished, key=lambda slot: slots.PRECEDENCE.index(slot.kind))
    for slot in sorted(wanted, key=lambda slot: slot.name != asked):
        found = _free(slot, phrases, said) if slot.kind in slots.FREE_KINDS else []
        found = found or slots.find(slot.kind, said, slot.choices, loose=slot.name == asked)
        open_values = [one for one in found if not taken & set(range(one.start, one.end))]
        if not open_values or (slot.name in known and not _may_replace(slot, wished, said, asked)):
            continue
        # After "not Monday, Tuesday" the last is meant; several slots of one kind take the values in order.
        alone = sum(other.kind == slot.kind and other.name not in fresh for other in wished) == 1
        chosen = open_values[-1] if alone and _is_correction(said) else open_values[0]
        values[slot.name] = chosen.value
        fresh.add(slot.name)
        taken |= set(range(chosen.start, chosen.end))
    return values


def _may_replace(slot: Slot, wished: Sequence[Slot], said: Sequence[str], asked: str) -> bool:
    """May a known value be replaced? A name only when corrected; of two slots alike, only the one asked."""
    if slot.name == asked:
        return True
    if slot.kind in slots.FREE_KINDS:
        return _is_correction(said) and slot.kind == "name"
    alike = [other.name for other in wished if other.kind == slot.kind]
    return alike[-1] == slot.name and asked not in alike


def _free(slot: Slot, phrases: Sequence[Phrase], said: Sequence[str]) -> list[slots.Found]:
    """A name or text where a phrase of the intent says it is ("a story about {anything}")."""
    for phrase in sorted(phrases, key=lambda one: -len(one.before)):
        if phrase.free == slot.name and (place := phrase.free_words(said)):
            start, end = place
            end = min(end, start + slots.LONGEST_TEXT)
            return [slots.Found(" ".join(said[start:end]), start, end)]
    return []
